"""Your own code in a protocol: a data set, a learner or a strategy by its place, "module:name".

Only reading a protocol file, running it, and showing examples of a run import such code; opening, reporting and
comparing ledgers do not.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ladle.durable import file_digest
from ladle.errors import ArgumentError, MissingDependencyError

PARTS = ":"  # between the module and what is in it: no name of ours has one


def is_place(name: str) -> bool:
    """Whether it is the place of somebody's code, not a name of ours."""
    return PARTS in name


def imported(place: str, kind: str) -> Any:
    """What stands at `place`, as "mine:load"; modules in the current folder are found first.

    kind: what it should be, for errors. Raises: ArgumentError when there is no such module or nothing of that name;
    MissingDependencyError when the module misses another; whatever it raises when it is imported.
    """
    module_name, _, name = place.partition(PARTS)
    try:
        with _from_here():
            module = importlib.import_module(module_name)
    except (ImportError, ValueError) as cause:
        if isinstance(cause, ImportError) and cause.name not in (None, module_name, module_name.partition(".")[0]):
            raise MissingDependencyError(
                f"the module {module_name}", wanted="find what it imports", got=str(cause), remedy="Install that."
            ) from cause
        wanted = "name a module that can be imported, from the current folder or the environment"
        raise ArgumentError(f"the {kind} {place}", wanted=wanted, got=str(cause)) from cause
    found = getattr(module, name, None) if name else None
    if found is None:
        raise ArgumentError(
            f"the {kind} {place}", wanted=f"be in the module {module_name}", got=f"nothing called {name!r} there"
        )
    return found


def versions(names: list[str]) -> dict[str, str]:
    """The SHA-256, shortened, of each module that those of `names` which are places lie in: of what was imported."""
    told = {}
    for module_name in sorted({name.partition(PARTS)[0] for name in names if is_place(name)}):
        path = getattr(sys.modules.get(module_name), "__file__", None)
        if path is not None:
            told[module_name] = f"sha256 {file_digest(path)[:12]}"
    return told


@contextmanager
def _from_here() -> Iterator[None]:
    here = str(Path.cwd())
    sys.path.insert(0, here)
    try:
        yield
    finally:
        sys.path.remove(here)
