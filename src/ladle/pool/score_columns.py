"""Which columns of a table hold scores, and how they become blocks of floats."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ladle.errors import ArgumentError, ShapeError, did_you_mean
from ladle.pool.arrow_files import Columns
from ladle.pool.lists import first_length, holds_floats, matrix_of

MARGIN_COLUMN = "margin"


@dataclass(frozen=True, slots=True)
class ScoreColumns:
    """One list column (`listed`), or float columns side by side; `single` float column for one number a row."""

    columns: Columns
    names: tuple[str, ...]
    listed: bool
    single: bool

    @classmethod
    def choose(cls, columns: Columns, id_name: str, column: str | None, *, single: bool) -> ScoreColumns:
        """The columns of scores: those named, or the only ones there can be. Raises: ArgumentError."""
        kinds = {field.name: field.type for field in columns.schema if field.name != id_name}
        if column is not None and column not in kinds:
            got, near = ", ".join(kinds) or "none", did_you_mean(column, kinds)
            raise ArgumentError(columns.source, wanted=f"have a column `{column}`", got=got, remedy=near)
        lists = [name for name, kind in kinds.items() if holds_floats(kind) and column in (None, name)]
        floats = [name for name, kind in kinds.items() if pa.types.is_floating(kind) and column in (None, name)]
        if single:
            if column is None and MARGIN_COLUMN in floats:
                floats = [MARGIN_COLUMN]
            if len(floats) == 1:
                return cls(columns, (floats[0],), listed=False, single=True)
        elif len(lists) == 1:
            return cls(columns, (lists[0],), listed=True, single=False)
        elif not lists and len(floats) > 1:
            return cls(columns, tuple(floats), listed=False, single=False)
        raise ArgumentError(
            columns.source,
            wanted="have one float column of margins"
            if single
            else "have its scores in one column of float lists, or in a float column for each class",
            got=", ".join(f"`{name}` ({kind})" for name, kind in kinds.items()) or "no such columns",
            remedy="Name the column that holds them.",
        )

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

    def read(self, block_bytes: int) -> Iterator[npt.NDArray[np.floating[Any]]]:
        """Blocks in row order: (b, width), or (b,) for single numbers. Raises: ShapeError for nulls, CorruptFileError.

        Cost: one pass; memory of one block, twice where columns are put side by side.
        """
        width = self.width()
        start = 0
        for batch in self.columns.batches(self.names, max(1, block_bytes // (8 * (width or 1)))):
            if self.listed:
                assert width is not None
                yield matrix_of(batch.column(0), width, name=self.names[0], first_row=start)
            else:
                parts = [_plain(batch.column(place), name, start) for place, name in enumerate(self.names)]
                yield parts[0] if self.single else np.column_stack(parts)
            start += batch.num_rows


def _plain(array: Any, name: str, first_row: int) -> npt.NDArray[np.floating[Any]]:
    if array.null_count:
        row = first_row + int(np.argmax(array.is_null().to_numpy(zero_copy_only=False)))
        raise ShapeError(f"`{name}`", wanted="have a number in every row", got=f"null in row {row:,}")
    values: npt.NDArray[np.floating[Any]] = array.to_numpy(zero_copy_only=True)
    return values
