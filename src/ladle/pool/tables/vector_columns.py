"""Which columns of a table hold the vectors: one column of lists, or columns of one number each, named by a pattern.

A pattern such as `emb_*` takes the number columns whose names match, in natural order: `emb_2` before `emb_10`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import translate
from typing import Any

import numpy as np

from ladle.arrays import Embeddings, float_of
from ladle.errors import ArgumentError, MismatchError, ShapeError, did_you_mean
from ladle.pool.files.listing import natural_key
from ladle.pool.tables.fault_codes import NULL_NUMBER, Codes
from ladle.pool.tables.list_columns import (
    first_length,
    holds_floats,
    is_list,
    is_number_type,
    item_dtype,
    lengths_of,
    matrix_of,
    readable_of,
)
from ladle.pool.tables.table_readers import TableReader

_WILD = re.compile(r"[*?\[]")
_DIGITS = re.compile("[0-9]+")
_LENGTH_ROWS = 1 << 14  # rows of a batch in which the lengths of lists are counted


@dataclass(frozen=True, slots=True)
class Vectors:
    """The columns of the vectors. column: the name or pattern that chooses them. listed: one column of lists."""

    columns: TableReader
    column: str
    names: tuple[str, ...]
    listed: bool
    dtype: np.dtype[np.floating[Any]]

    def find_dim(self) -> int:
        """Numbers in a vector: the length of the first list that has any, or one per column. Raises: ShapeError."""
        if not self.listed:
            return len(self.names)
        empty = False
        for batch in self.columns.batches(self.names, 64):
            dim = first_length(batch.column(0))
            if dim:
                return dim
            empty = empty or dim == 0
        got = "lists of no numbers" if empty else "nulls only"
        raise ShapeError(f"`{self.column}`", wanted="hold vectors", got=got)

    def matrix(self, batch: Any, dim: int, first_row: int) -> Embeddings:
        """A batch of the columns as (b, dim) floats; a view if the layout allows it.

        first_row: the row of the pool where the batch begins.
        Raises: ShapeError for a null, and for a list of another length, with the number of the row.
        """
        if self.listed:
            return matrix_of(batch.column(0), dim, name=self.column, first_row=first_row)
        block = np.empty((batch.num_rows, dim), self.dtype)
        for place, name in enumerate(self.names):
            column = batch.column(place)
            if column.null_count:
                row = first_row + int(np.argmax(column.is_null().to_numpy(zero_copy_only=False)))
                raise ShapeError(f"`{name}`", wanted="have a number in every row", got=f"null in row {row:,}")
            block[:, place] = column.to_numpy(zero_copy_only=False)
        return block

    def readable(self, batch: Any, dim: int) -> tuple[Embeddings, Codes]:
        """As `matrix`, but a row without a vector of `dim` numbers gets a code for the reason, and any numbers."""
        if self.listed:
            return readable_of(batch.column(0), dim)
        block = np.zeros((batch.num_rows, dim), self.dtype)
        codes = np.zeros(batch.num_rows, np.uint8)
        for place in range(dim):
            column = batch.column(place)
            valid = column.is_valid().to_numpy(zero_copy_only=False)
            codes[~valid] = NULL_NUMBER
            block[valid, place] = column.drop_null().to_numpy(zero_copy_only=False)
        return block, codes

    def common_dim(self) -> int:
        """The most common length of a list; the smallest of equally common ones. Raises: as `find_dim`."""
        dim = self.find_dim()
        if not self.listed:
            return dim
        counts: dict[int, int] = {}
        for batch in self.columns.batches(self.names, _LENGTH_ROWS):
            for length, count in lengths_of(batch.column(0)).items():
                counts[length] = counts.get(length, 0) + count
        return max(sorted(length for length in counts if length), key=lambda length: counts[length])


def choose_vectors(columns: TableReader, column: str | None, id_name: str | None) -> Vectors:
    """The columns that hold the vectors: those that `column` names, or the one column of float lists.

    column: a name or a pattern of names. Raises: ArgumentError.
    """
    if column is None:
        lists = [field.name for field in columns.schema if field.name != id_name and holds_floats(field.type)]
        if len(lists) == 1:
            columns.check(lists)
            return _one_list(columns, lists[0])
        wide = "" if lists else _wide_hint(columns, id_name)
        raise ArgumentError(
            columns.source,
            wanted="have one column of float lists, or a column that `embedding` names",
            got=f"columns {list_names(lists or columns.schema.names)}",
            remedy=f"Name the column with `embedding`.{wide}",
        )
    if column in columns.schema.names:
        columns.check([column])
        return _one_list(columns, column)
    if _WILD.search(column):
        return _side_by_side(columns, column, id_name)
    got = f"columns {list_names(columns.schema.names)}"
    near = did_you_mean(column, columns.schema.names)
    raise ArgumentError(columns.source, wanted=f"have a column `{column}`", got=got, remedy=near)


def match_names(columns: TableReader, pattern: str, *, but: str | None = None) -> list[str]:
    """The columns whose names match a pattern; upper and lower case differ."""
    matches = re.compile(translate(pattern)).match
    return [name for name in columns.schema.names if name != but and matches(name)]


def list_names(names: list[str]) -> str:
    """Column names for an error; of more than 40 the first and the last."""
    shown = names if len(names) <= 40 else [*names[:20], "...", *names[-5:]]
    return ", ".join(name if name == "..." else f"`{name}`" for name in shown) or "none"


def _one_list(columns: TableReader, name: str) -> Vectors:
    kind = columns.schema.field(name).type
    if not is_list(kind):
        raise ArgumentError(
            f"the column `{name}` of {columns.source}",
            wanted="hold lists of numbers (FixedSizeList, List, LargeList, or views of lists)",
            got=str(kind),
            remedy=f"To name many columns, give a pattern: `{_stem(name)}*`." if is_number_type(kind) else "",
        )
    return Vectors(columns, name, (name,), True, item_dtype(kind))


def _side_by_side(columns: TableReader, pattern: str, id_name: str | None) -> Vectors:
    matched = match_names(columns, pattern, but=id_name)
    if len(matched) == 1 and is_list(columns.schema.field(matched[0]).type):
        return _one_list(columns, matched[0])
    if not matched:
        got = f"columns {list_names(columns.schema.names)}"
        raise ArgumentError(columns.source, wanted=f"have columns like `{pattern}`", got=got)
    columns.check(matched)
    for name in matched:
        kind = columns.schema.field(name).type
        if not is_number_type(kind):
            raise ArgumentError(
                f"the column `{name}` of {columns.source}",
                wanted=f"hold a number a row, like every column that `{pattern}` names",
                got=str(kind),
                remedy="Give a pattern that leaves it out.",
            )
    _check_one_form(columns, pattern, matched, id_name)
    names = tuple(sorted(matched, key=lambda name: (natural_key(name), name)))
    stored = [np.dtype(columns.schema.field(name).type.to_pandas_dtype()) for name in names]
    return Vectors(columns, pattern, names, False, float_of(np.result_type(*stored)))


def _check_one_form(columns: TableReader, pattern: str, names: list[str], id_name: str | None) -> None:
    """Refuse `emb_norm` or `emb_v2` beside `emb_0`, and files in which more columns match than in the first.

    Raises: ArgumentError, MismatchError.
    """
    by_form: dict[str, list[str]] = {}
    for name in names:
        by_form.setdefault(_DIGITS.sub("0", name), []).append(name)
    if len(by_form) > 1 and any("0" in form for form in by_form):
        groups = sorted(by_form.values(), key=len, reverse=True)
        raise ArgumentError(
            columns.source,
            wanted=f"have columns like `{pattern}` whose names differ in their numbers only",
            got=" and ".join(f"{len(group):,} like `{group[0]}`" for group in groups),
            remedy=f"Give a narrower pattern, such as `{_stem(groups[0][0])}[0-9]*`.",
        )
    for part in columns.parts:
        extra = sorted(set(match_names(part, pattern, but=id_name)) - set(names))
        if extra:
            raise MismatchError(
                part.source,
                wanted=f"have the same {len(names):,} columns like `{pattern}` as {columns.parts[0].source}",
                got=f"{list_names(extra)} beside them",
            )


def _wide_hint(columns: TableReader, id_name: str | None) -> str:
    """How to name columns of one number each, if there are several such as `emb_0`, `emb_1`; else ""."""
    stems: dict[str, int] = {}
    for field in columns.schema:
        if field.name != id_name and field.name[-1:].isdigit() and is_number_type(field.type):
            stems[_stem(field.name)] = stems.get(_stem(field.name), 0) + 1
    best = max(stems, key=lambda stem: stems[stem], default="")
    return f" Columns with a number each are named by a pattern: `{best}*`." if stems.get(best, 0) > 1 else ""


def _stem(name: str) -> str:
    return name.rstrip("0123456789")
