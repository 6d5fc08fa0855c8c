"""From a list of examples to rows of the pool: ids, each once, or a mask with one boolean for each example.

A list of 0 and 1 with as many entries as the pool could be either, and is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ladle.arraylikes import as_array, refuse_masked
from ladle.arrays import Rows
from ladle.errors import IdError, ShapeError
from ladle.pool.ids.example_ids import Ids, as_id_array, check_distinct
from ladle.pool.ids.lists import read_ids_or_mask

_REMEDY = "Give booleans (`mask.astype(bool)`), or each id once."


def find_rows_named(values: object, ids: Ids, *, name: str, pool: str = "the pool") -> Rows:
    """int64 rows, ascending, of the examples that `values` names: ids of the pool, each once, or a boolean mask.

    Raises: IdError for ids that are unknown, of another kind or repeated, and for 0 and 1 in place of a mask;
    ShapeError for a mask of another length.
    """
    mask = as_mask(values)
    if mask is not None:
        if len(mask) != len(ids):
            wanted = f"have one boolean for each of the pool's {len(ids):,} examples, being a mask"
            raise ShapeError(name, wanted=wanted, got=f"{len(mask):,}")
        return np.flatnonzero(mask).astype(np.int64)
    asked = as_id_array(values, name)
    check_not_a_mask(asked, len(ids), name)
    rows = ids.rows_of(asked, pool=pool, name=name)
    check_distinct(asked, name)
    return np.sort(rows)


def find_rows_in_files(
    paths: Sequence[Path],
    ids: Ids,
    *,
    what: str = "the ids",
    pool: str = "the pool",
    column: str | None = None,
    id_name: str | None = None,
    remedy: str = "",
) -> Rows:
    """int64 rows, ascending, that these files name together: see `find_rows_named` and `read_ids_or_mask`.

    what: the name of such a list in errors. An example may stand in several files, in each of them once.
    """
    named = [np.empty(0, np.int64)]
    for path in paths:
        listed = read_ids_or_mask(path, like=ids.kind, column=column, id_name=id_name, remedy=remedy)
        named.append(find_rows_named(listed, ids, name=f"{what} in {path}", pool=pool))
    return np.unique(np.concatenate(named))


def as_mask(values: object) -> Any:
    """The (n,) booleans that `values` is, or None where it is no mask. Raises: IdError for nulls in it."""
    refuse_masked(values, "ids")
    if str(getattr(values, "dtype", "")).lower() in ("bool", "boolean"):  # a column of pandas or polars too
        values = as_array(values, "ids")
    if isinstance(values, (pa.Array, pa.ChunkedArray)):
        if not pa.types.is_boolean(values.type):
            return None
        if values.null_count:
            raise IdError("the mask", wanted="have no nulls", got=f"{values.null_count:,}")
        return np.asarray(values)
    if isinstance(values, np.ndarray):
        return values if values.dtype == bool and values.ndim == 1 else None
    if isinstance(values, (list, tuple)) and values and all(isinstance(each, (bool, np.bool_)) for each in values):
        return np.asarray(values, bool)
    return None


def check_not_a_mask(asked: Any, pool_rows: int, name: str) -> None:
    """Refuse as many entries as the pool has, all of them 0 or 1: ids, or a mask? Raises: IdError."""
    if len(asked) != pool_rows or pool_rows < 3:
        return
    seen = set(pc.unique(asked.slice(0, 100)).to_pylist())
    if not seen <= {0, 1} and not seen <= {"0", "1"}:
        return
    if set(pc.unique(asked).to_pylist()) <= {0, 1, "0", "1"}:
        raise IdError(
            name,
            wanted="name each example once, or be a mask of true and false",
            got=f"{len(asked):,} entries, all 0 or 1, for a pool of {pool_rows:,} examples: the ids 0 and 1 over and "
            "over, or a mask",
            remedy=_REMEDY,
        )
