"""What a campaign answers with: a small table that is read, not written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from ladle.errors import CorruptFileError
from ladle.labelling.tables import EARLIEST, LATEST

Column = npt.NDArray[Any] | list[Any]
SHOWN_ROWS = 10


class Record(SimpleNamespace):
    """One row, its values as attributes. Equal to another with the same values; changing it changes no table."""


class Records:
    """Rows with names, such as all labels of a campaign.

    `len(records)`; `for record in records: record.id`; `records[0]`, a row; `records["id"]`, a column: a numpy array of
    int64, float64, bool or datetime64[us] in UTC, or of objects for text; a list for labels, which may be text, numbers
    or lists. Rows give times as `datetime` in UTC; a time that is not known is None.
    Cost: columns are kept, rows are made when asked for.
    """

    __slots__ = ("_columns", "_rows")

    def __init__(self, columns: Mapping[str, Column]) -> None:
        self._columns = dict(columns)
        self._rows = len(next(iter(self._columns.values())))
        for column in self._columns.values():
            if isinstance(column, np.ndarray):
                column.flags.writeable = False

    @property
    def columns(self) -> list[str]:
        """The names of the columns, in order."""
        return list(self._columns)

    def __len__(self) -> int:
        return self._rows

    def __iter__(self) -> Iterator[Record]:
        plain = [_plain(column) for column in self._columns.values()]
        for values in zip(*plain, strict=True):
            yield Record(**dict(zip(self._columns, values, strict=True)))

    @overload
    def __getitem__(self, wanted: str) -> Any: ...
    @overload
    def __getitem__(self, wanted: int) -> Record: ...
    @overload
    def __getitem__(self, wanted: slice) -> Records: ...
    def __getitem__(self, wanted: str | int | slice) -> Any:
        if isinstance(wanted, str):
            column = self._columns[wanted]
            return list(column) if isinstance(column, list) else column
        if isinstance(wanted, slice):
            return Records({name: column[wanted] for name, column in self._columns.items()})
        if not -self._rows <= wanted < self._rows:
            raise IndexError(f"row {wanted} of {self._rows}")
        row = wanted % self._rows
        return next(iter(self[row : row + 1]))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Records) and self.to_pylist() == other.to_pylist()

    __hash__ = None  # type: ignore[assignment]  # rows may hold lists

    def to_pylist(self) -> list[dict[str, Any]]:
        """One dict a row."""
        return [vars(record) for record in self]

    def to_arrow(self) -> Any:
        """A `pyarrow.Table`. Labels of several kinds in one column are written as JSON text."""
        import pyarrow as pa

        return pa.table({name: _arrow(column) for name, column in self._columns.items()})

    def to_pandas(self) -> Any:
        """A `pandas.DataFrame`. Raises: ImportError without pandas."""
        return self.to_arrow().to_pandas()

    def __repr__(self) -> str:
        head = f"<{self._rows:,} records: {', '.join(self._columns)}>"
        shown = [", ".join(map(_shown, vars(record).values())) for record in self[:SHOWN_ROWS]]
        more = [f"... and {self._rows - SHOWN_ROWS:,} more"] if self._rows > SHOWN_ROWS else []
        return "\n".join([head, *(f"  {line}" for line in [*shown, *more])])


def times(microseconds: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
    """Microseconds since 1970 as datetime64[us]; 0 is not a time. Raises: CorruptFileError for one of no calendar."""
    if len(microseconds) and not (microseconds.min() >= EARLIEST and microseconds.max() <= LATEST):
        raise _timeless()
    return np.where(microseconds == 0, np.datetime64("NaT", "us"), microseconds.astype("datetime64[us]"))


def moment(microseconds: int) -> datetime:
    """Microseconds since 1970 as a datetime in UTC. Raises: CorruptFileError for one of no calendar."""
    if not EARLIEST <= microseconds <= LATEST:
        raise _timeless()
    return datetime.fromtimestamp(microseconds // 1_000_000, UTC).replace(microsecond=microseconds % 1_000_000)


def _timeless() -> CorruptFileError:
    return CorruptFileError(
        "the times of a campaign",
        wanted="be before the year 10000",
        got="others: the database is damaged",
        remedy="Restore it from a backup.",
    )


def _plain(column: Column) -> Sequence[Any]:
    if isinstance(column, np.ndarray) and column.dtype.kind == "M":
        return [None if value is None else value.replace(tzinfo=UTC) for value in column.astype(datetime)]
    return column.tolist() if isinstance(column, np.ndarray) else column


def _arrow(column: Column) -> Any:
    import pyarrow as pa

    if isinstance(column, np.ndarray) and column.dtype.kind == "M":
        return pa.array(column, pa.timestamp("us", tz="UTC"))
    if isinstance(column, np.ndarray):
        return pa.array(column, pa.large_string()) if column.dtype == object else pa.array(column)
    try:
        return pa.array(column)
    except (pa.ArrowInvalid, pa.ArrowTypeError):  # text and numbers among each other
        return pa.array([None if value is None else json.dumps(value, ensure_ascii=False) for value in column])


def _shown(value: Any) -> str:
    return value.strftime("%Y-%m-%d %H:%M") if isinstance(value, datetime) else str(value)
