"""Columns of scores as blocks of floats. Entries whose scores nobody asks for may hold nulls, which become NaN."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ladle.errors import ShapeError
from ladle.pool.tables.list_columns import first_length, holds_floats, is_list, matrix_of
from ladle.pool.tables.table_readers import Columns
from ladle.scores.files.class_columns import Field, Holds, Sought, choose

Values = npt.NDArray[np.floating[Any]]
Waived = npt.NDArray[np.bool_]  # (entries,) whose scores nobody asks for, or (0,) for none


@dataclass(frozen=True, slots=True)
class ScoreColumns:
    """One list column (`listed`), or columns of numbers side by side; `single` for one number a row."""

    columns: Columns
    names: tuple[str, ...]
    listed: bool
    single: bool

    @classmethod
    def choose(cls, columns: Columns, id_name: str | None, sought: Sought) -> ScoreColumns:
        """The columns of scores: those named, or the only ones there can be. Raises: ArgumentError."""
        votes = sought.read_as == "votes"
        fields = [
            Field(field.name, _holds(field.type, votes=votes), str(field.type))
            for field in columns.schema
            if field.name != id_name
        ]
        chosen = choose(fields, sought, columns.source)
        return cls(columns, chosen.names, chosen.listed, sought.single)

    def width(self) -> int | None:
        """Numbers a row, or None for single ones. Raises: ShapeError when no row has any."""
        if self.single:
            return None
        if not self.listed:
            return len(self.names)
        for batch in self.columns.batches(self.names, 64):
            width = first_length(batch.column(0))
            if width:
                return width
        raise ShapeError(self.columns.source, wanted="hold scores", got="empty or null lists only")

    def read(self, block_bytes: int, waived: Waived) -> Iterator[Values]:
        """Blocks in row order: (b, width), or (b,) for single numbers; NaN where a waived row has a null.

        Raises: ShapeError for other nulls, CorruptFileError. Cost: one pass; memory of one block, twice where columns
        are put side by side.
        """
        width = self.width()
        start = 0
        for batch in self.columns.batches(self.names, max(1, block_bytes // (8 * (width or 1)))):
            free = waived[start : start + batch.num_rows]
            if self.listed:
                assert width is not None
                yield _matrix(batch.column(0), width, self.names[0], start, free)
            else:
                parts = [_plain(batch.column(place), name, start, free) for place, name in enumerate(self.names)]
                yield parts[0] if self.single else np.column_stack(parts)
            start += batch.num_rows


def _holds(kind: Any, *, votes: bool) -> Holds:
    if holds_floats(kind) or (votes and is_list(kind)):
        return "lists"
    if pa.types.is_floating(kind):
        return "floats"
    return "integers" if pa.types.is_integer(kind) else "others"


def _plain(array: Any, name: str, first_row: int, waived: Waived) -> Values:
    if array.null_count:
        null = array.is_null().to_numpy(zero_copy_only=False)
        asked = null & ~waived if waived.size else null
        if asked.any():
            row = first_row + int(np.argmax(asked))
            raise ShapeError(f"`{name}`", wanted="have a number in every row", got=f"null in row {row:,}")
        filled: Values = array.to_numpy(zero_copy_only=False)  # Arrow makes NaN of a null
        return filled
    values: Values = array.to_numpy(zero_copy_only=True)
    return values


def _matrix(array: Any, width: int, name: str, first_row: int, waived: Waived) -> Values:
    if not waived.any():
        return matrix_of(array, width, name=name, first_row=first_row)
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    without = _without_numbers(array, width)
    lacking = without & waived
    if not lacking.any():
        return matrix_of(array, width, name=name, first_row=first_row)
    there = np.flatnonzero(~lacking)
    matrix = np.full((len(array), width), np.nan, np.float64 if array.type.value_type == pa.float64() else np.float32)
    if there.size:
        for row in np.flatnonzero(without & ~waived)[:1]:  # refused by its own number
            matrix_of(array.slice(int(row), 1), width, name=name, first_row=first_row + int(row))
        matrix[there] = matrix_of(array.take(pa.array(there)), width, name=name, first_row=first_row)
    return matrix


def _without_numbers(array: Any, width: int) -> npt.NDArray[np.bool_]:
    """(rows,) which lists are null, of another length, or have a null among their numbers."""
    lacking: npt.NDArray[np.bool_] = pc.fill_null(pc.list_value_length(array), -1).to_numpy() != width
    rest = np.flatnonzero(~lacking)
    numbers = array.take(pa.array(rest)).flatten()
    if numbers.null_count:
        null = numbers.is_null().to_numpy(zero_copy_only=False).reshape(-1, width).any(axis=1)
        lacking[rest[null]] = True
    return lacking
