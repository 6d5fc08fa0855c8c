"""Lists of ids that also say yes or no of each example: are those it says no of on the list?

`id,labelled` with `5,False` may name example 5 as one of the list, or as one that is not. Nothing decides, so such a
list is refused until the column of its ids is named.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ladle.errors import IdError
from ladle.pool.ids.text_files import as_flags

# Columns of 0 and 1 are a yes or no under these names; columns of true and false under any.
SAYING = {"labelled", "labeled", "is_labelled", "is_labeled", "has_label", "annotated", "done", "selected", "mask"}


def refuse_flags(columns: Mapping[str, Any], source: str, remedy: str) -> None:
    """Refuse a list in which one of these columns beside the ids says no of some examples. Raises: IdError."""
    for name, values in columns.items():
        if len(values) == 0:
            continue
        flags = _flags_of(name, values)
        if flags is not None and not pc.all(flags, skip_nulls=True).as_py():
            refused = int(pc.sum(pc.invert(flags)).as_py() or 0)
            raise IdError(
                f"the ids in {source}",
                wanted="be a list of examples, without a column that says no of some",
                got=f"`{name}`, which is false for {refused:,} of {len(values):,}: they may be meant, or may not",
                remedy=f"Leave those rows out, or the column; to list all of them, name the ids. {remedy}".strip(),
            )


def may_say_no(name: str, kind: pa.DataType) -> bool:
    """Whether a column may be one of yes or no, by its name and type."""
    text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    return pa.types.is_boolean(kind) or text or (pa.types.is_integer(kind) and name.lower() in SAYING)


def _flags_of(name: str, values: Any) -> Any:
    """The booleans that a column is; None where it is none."""
    if isinstance(values, pa.ChunkedArray):
        values = pa.concat_arrays(values.chunks) if values.num_chunks else pa.array([], values.type)
    if pa.types.is_boolean(values.type):
        return values
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        flags = as_flags(values)
        if flags is not None or name.lower() not in SAYING:
            return flags
        return pc.equal(values, "1") if pc.all(pc.is_in(values, pa.array(["0", "1"], values.type))).as_py() else None
    if pa.types.is_integer(values.type) and name.lower() in SAYING:
        return pc.equal(values, 1) if pc.all(pc.is_in(values, pa.array([0, 1], values.type))).as_py() else None
    return None
