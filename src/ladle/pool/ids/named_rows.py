"""The rows that a list of examples names: ids, each once, or a mask with one boolean per example.

A list of 0 and 1 with as many entries as the pool could be either, so it is refused.
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
    """The rows (int64, ascending) of the examples that `values` names: ids of the pool, each once, or a boolean mask.

    Raises: IdError for ids that are unknown, of another kind or repeated, and for 0 and 1 in place of a mask;
    ShapeError for a mask of another length.
    """
    mask = as_mask(values)
    if mask is not None:
        if len(mask) != len(ids):
            wanted = f"have one boolean for each of the pool's {len(ids):,} examples, as a mask"
            raise ShapeError(name, wanted=wanted, got=f"{len(mask):,}")
        return np.flatnonzero(mask).astype(np.int64)
    listed = as_id_array(values, name)
    check_not_a_mask(listed, len(ids), name)
    rows = ids.rows_of(listed, pool=pool, name=name)
    check_distinct(listed, name)
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
    """The rows (int64, ascending) that the files name together; see `find_rows_named` and `read_ids_or_mask`.

    what: the name of such a list in errors. An example may be in several files, once in each.
    """
    rows_of_files = [np.empty(0, np.int64)]
    for path in paths:
        listed = read_ids_or_mask(path, like=ids.kind, column=column, id_name=id_name, remedy=remedy)
        rows_of_files.append(find_rows_named(listed, ids, name=f"{what} in {path}", pool=pool))
    return np.unique(np.concatenate(rows_of_files))


def as_mask(values: object) -> Any:
    """`values` as (n,) booleans if it is a mask, else None. Raises: IdError for nulls in a mask."""
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


def check_not_a_mask(ids: Any, pool_rows: int, name: str) -> None:
    """Refuse a list of 0 and 1 with as many entries as the pool: ids or a mask. Raises: IdError."""
    if len(ids) != pool_rows or pool_rows < 3:
        return
    first_values = set(pc.unique(ids.slice(0, 100)).to_pylist())
    if not first_values <= {0, 1} and not first_values <= {"0", "1"}:
        return
    if set(pc.unique(ids).to_pylist()) <= {0, 1, "0", "1"}:
        raise IdError(
            name,
            wanted="name each example once, or be a mask of true and false",
            got=f"{len(ids):,} entries, all 0 or 1, for a pool of {pool_rows:,} examples: the ids 0 and 1 "
            "repeated, or a mask",
            remedy=_REMEDY,
        )
