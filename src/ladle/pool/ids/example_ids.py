"""Example ids: the user's own integers or texts, unique, in one compact Arrow array.

Integers become int64 and text becomes large_string. So ids are equal across formats, and the digest does not depend on
how they were stored.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterable, KeysView, Mapping, Set, ValuesView
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ladle.arraylikes import as_array, refuse_masked
from ladle.arrays import Rows
from ladle.dataset_columns import column_values, is_dataset_column
from ladle.errors import ArgumentError, IdError
from ladle.frames import is_frame
from ladle.numbers import shown
from ladle.pool.tables.id_types import REMEDY, SHOWN, join_ids, show_ids
from ladle.tensors import is_torch

__all__ = ["SHOWN", "Ids", "as_id_array", "show_ids"]


class Ids:
    """Unique ids in row order.

    Attributes
    ----------
    values : pyarrow.Array, (n,) int64 or large_string
        The ids.
    order_notice : str
        As `Pool.order_notice`, for the files that hold the ids.
    notice : str
        What users should know about where the ids come from.
    column : str or None
        The column of the pool that holds them, if there is one.
    place : str
        What `open_pool(ids=)` was given, if that was the path of a file or row numbers.
    """

    def __init__(self, values: Any, name: str = "the ids", order_notice: str = "") -> None:
        self.values = as_id_array(values, name)
        self.order_notice = order_notice
        self.notice = ""
        self.column: str | None = None
        self.place = ""
        check_distinct(self.values, name)

    @classmethod
    def row_numbers(cls, rows: int) -> Ids:
        """The row numbers 0 to rows - 1 as ids."""
        ids = cls.__new__(cls)  # distinct by construction, so the check by sorting is skipped
        ids.values = pa.array(np.arange(rows, dtype=np.int64))
        ids.order_notice = ids.notice = ids.place = ""
        ids.column = None
        return ids

    def subset(self, rows: Rows) -> Ids:
        """The ids at some distinct rows, unchanged: row numbers are not renumbered."""
        ids = copy.copy(self)
        ids.__dict__.pop("digest", None)
        ids.values = self.at(rows)
        return ids

    def __len__(self) -> int:
        return len(self.values)

    def __repr__(self) -> str:
        return f"<Ids: {len(self):,} of kind {self.kind}>"

    @property
    def kind(self) -> str:
        """The kind of the ids: "integer" or "text"."""
        return "integer" if pa.types.is_integer(self.values.type) else "text"

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of the kind, the count and the values in row order."""
        total = hashlib.sha256(f"ladle-ids-1 {self.kind} {len(self)}\n".encode())
        if len(self) == 0:
            return total.hexdigest()
        if self.kind == "integer":
            total.update(self.values.to_numpy().astype("<i8", copy=False).data)
            return total.hexdigest()
        offsets = np.frombuffer(self.values.buffers()[1], np.int64)[self.values.offset :][: len(self) + 1]
        total.update(np.diff(offsets).astype("<i8", copy=False).data)
        if offsets[-1] > offsets[0]:
            total.update(memoryview(self.values.buffers()[2])[int(offsets[0]) : int(offsets[-1])])
        return total.hexdigest()

    def at(self, rows: npt.ArrayLike) -> Any:
        """The ids at these rows as a pyarrow array. Raises: ArgumentError for a row outside the pool."""
        array = as_array(rows, "rows", by_index=False)
        if array.size == 0:
            return self.values.slice(0, 0)
        if array.ndim != 1 or array.dtype.kind not in "iu":
            raise ArgumentError("`rows`", wanted="be 1-D row numbers", got=f"{array.dtype}, shape {array.shape}")
        low, high = int(array.min()), int(array.max())
        if low < 0 or high >= len(self):
            raise ArgumentError(
                "`rows`", wanted=f"be from 0 to {len(self) - 1:,}", got=f"row {low if low < 0 else high:,}"
            )
        return self.values.take(pa.array(array.astype(np.int64, copy=False)))

    def rows_of(self, ids: object, *, pool: str = "the pool", name: str = "the ids asked for") -> Rows:
        """The int64 row of each id; repeats are allowed. Raises: IdError for unknown ids or ids of another kind."""
        array = as_id_array(ids, name)
        rows = self.find_rows(array, name=name)
        unknown_pos = np.flatnonzero(rows < 0)
        if unknown_pos.size:
            first = show_ids(array.take(unknown_pos[:SHOWN]))
            raise IdError(
                name,
                wanted=f"be in {pool}" if pool == "the pool" else f"be in the pool ({pool})",
                got=f"{unknown_pos.size:,} of {len(array):,} unknown, the first {first}",
            )
        return rows

    def find_rows(self, ids: object, *, name: str = "the ids asked for") -> Rows:
        """The int64 row of each id, -1 for an unknown one. Raises: IdError for ids of another kind."""
        array = as_id_array(ids, name)
        if len(array) == 0:
            return np.empty(0, np.int64)
        if array.type != self.values.type:
            raise IdError(
                name,
                wanted=f"be of the kind of the pool's ids ({self.kind})",
                got=f"{'integer' if self.kind == 'text' else 'text'} ids such as {show_ids(array)}",
            )
        if array.equals(self.values):
            return np.arange(len(self), dtype=np.int64)
        return _look_up(array, self.values)


def _look_up(ids: Any, values: Any) -> Rows:
    """The int64 position of each id among the distinct `values`; -1 for an unknown one."""
    rows: Rows
    if len(ids) > len(values) // 8:
        rows = pc.fill_null(pc.index_in(ids, value_set=values), -1).to_numpy().astype(np.int64)
        return rows
    # Few of many: hash the few ids instead of the pool's, and scan the pool once.
    coded = ids.dictionary_encode()
    code_of_row = pc.index_in(values, value_set=coded.dictionary)
    row_of_code = np.full(len(coded.dictionary), -1, np.int64)
    is_wanted = code_of_row.is_valid().to_numpy(zero_copy_only=False)
    row_of_code[code_of_row.drop_null().to_numpy()] = np.flatnonzero(is_wanted)
    rows = row_of_code[coded.indices.to_numpy()]
    return rows


def as_id_array(values: object, name: str) -> Any:
    """Ids as one pyarrow array, int64 or large_string, without nulls.

    values: a list, a numpy array, or a column of a table or frame (pyarrow, polars, pandas).
    Raises: IdError; ArgumentError for another kind of object.
    """
    array = _as_arrow(values, name)
    array = join_ids(array.chunks if isinstance(array, pa.ChunkedArray) else [array], name)
    if array.null_count:
        first = int(np.argmax(array.is_null().to_numpy(zero_copy_only=False)))
        raise IdError(name, wanted="have no nulls", got=f"{array.null_count:,}, the first at position {first:,}")
    return array


def _as_arrow(values: object, name: str) -> Any:
    if isinstance(values, Ids):
        return values.values
    if isinstance(values, (pa.Array, pa.ChunkedArray)):
        return values
    if isinstance(values, (str, bytes)):
        raise ArgumentError(name, wanted="be a list or an array of ids", got=shown(values))
    refuse_masked(values, "ids")
    if isinstance(values, (Set, Mapping)) and not isinstance(values, KeysView):
        got = f"a {type(values).__name__}"
        raise ArgumentError(name, wanted="have an order", got=got, remedy="Give a list, such as sorted(ids).")
    if is_frame(values) or hasattr(values, "column_names") or hasattr(values, "iter_rows"):
        raise ArgumentError(name, wanted="be one column", got="a table", remedy="Give the column, such as table['id'].")
    is_tensor = hasattr(values, "__dlpack__") and not isinstance(values, np.ndarray)
    if is_tensor or is_torch(values) or isinstance(values, (KeysView, ValuesView)):
        values = as_array(values, "ids")
    if is_dataset_column(values):
        return column_values(values, "ids")
    can_be_read = ("__arrow_c_stream__", "__arrow_c_array__", "__array__")
    if not isinstance(values, Iterable) and not any(hasattr(values, each) for each in can_be_read):
        raise ArgumentError(name, wanted="be a list or an array of ids", got=shown(values))
    if isinstance(values, np.ndarray) and values.ndim != 1:
        raise IdError(name, wanted="be one-dimensional", got=f"shape {values.shape}")
    try:
        return pa.chunked_array(values) if hasattr(values, "__arrow_c_stream__") else pa.array(values)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as cause:
        raise IdError(name, wanted="be all integers or all text", got=str(cause), remedy=REMEDY) from cause


def check_distinct(values: Any, name: str) -> None:
    """Refuse repeated ids in one pyarrow array. Raises: IdError, with the first repeat."""
    if pa.types.is_integer(values.type):
        ordered = np.sort(values.to_numpy())  # several times faster than hashing integers
        if not (ordered[1:] == ordered[:-1]).any():
            return
    coded = values.dictionary_encode()
    if len(coded.dictionary) == len(values):
        return
    # Codes count up by first appearance, so a position repeats an earlier id if its code is not a new maximum.
    codes = coded.indices.to_numpy()
    repeat_pos = np.flatnonzero(codes[1:] <= np.maximum.accumulate(codes[:-1])) + 1
    first = int(repeat_pos[0])
    earlier = int(np.argmax(codes == codes[first]))
    raise IdError(
        name,
        wanted="be distinct",
        got=f"{repeat_pos.size:,} repeats, the first {show_ids(values.take(repeat_pos[:SHOWN]))} "
        f"(position {first:,} repeats position {earlier:,})",
    )
