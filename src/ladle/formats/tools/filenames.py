"""Names of files as ids of a pool: a tool that got `images/7.jpg` may give back `7.jpg`, or a path of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ladle.counts import counted
from ladle.errors import IdError
from ladle.notices import notice


def as_known_ids(names: Sequence[str], known_ids: Any, source: Path) -> list[str]:
    """The id of each name of a file: the name itself where it is known, else the only id of its base name.

    known_ids: the ids of the pool as a pyarrow array, or None. A name that no id is like stays, as an unknown id.

    Raises: IdError where several ids have the base name, or several names are one id.
    Cost: a pass over the ids where some name is unknown.
    """
    given = pa.array(names, pa.large_string())
    if known_ids is None or not pa.types.is_large_string(known_ids.type) or len(given) == 0:
        return list(names)
    known = pc.is_in(given, value_set=known_ids)
    if pc.all(known).as_py():
        return list(names)
    unknown = pc.unique(given.filter(pc.invert(known)))
    base = pc.replace_substring_regex(known_ids, r"^.*[/\\]", "")
    bases = pc.unique(pc.replace_substring_regex(unknown, r"^.*[/\\]", ""))
    alike = pc.is_in(base, value_set=bases)
    ids_of: dict[str, list[str]] = {}
    for each, example_id in zip(base.filter(alike).to_pylist(), known_ids.filter(alike).to_pylist(), strict=True):
        ids_of.setdefault(each, []).append(example_id)
    found = {name: ids_of.get(_base(name), []) for name in unknown.to_pylist()}
    for name, ids in found.items():
        if len(ids) > 1:
            got = f"`{name}`, which could be {ids[0]!r} or {ids[1]!r}"
            raise IdError(f"the names of files in {source}", wanted="be ids, or base names of one id each", got=got)
    matched = {name: ids[0] for name, ids in found.items() if ids}
    _refuse_two_names({**{name: name for name in given.filter(known).to_pylist()}, **matched}, source)
    if matched:
        name, example_id = next(iter(matched.items()))
        notice(f"{counted(len(matched), 'file')} in {source} known by the base name: `{name}` is {example_id!r}.")
    return [matched.get(name, name) for name in names]


def _refuse_two_names(id_of: dict[str, str], source: Path) -> None:
    name_of: dict[str, str] = {}
    for name, example_id in id_of.items():
        other = name_of.setdefault(example_id, name)
        if other != name:
            got = f"`{other}` and `{name}`, which are both {example_id!r}"
            raise IdError(f"the names of files in {source}", wanted="be one for each id", got=got)


def _base(name: str) -> str:
    return name.replace("\\", "/").rpartition("/")[2]
