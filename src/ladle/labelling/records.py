"""The small read-only table that a campaign returns."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from ladle.errors import ArgumentError, CorruptFileError
from ladle.labelling.contract.tables import EARLIEST, LATEST

Column = npt.NDArray[Any] | list[Any]
SHOWN_ROWS = 10


class Record(SimpleNamespace):
    """One row of `Records`, its values as attributes. It is a copy: changing it does not change the table."""


class Records:
    """A table of named columns, such as all labels of a campaign.

    `len(records)` is the number of rows, `records[0]` a row, `records["id"]` a column, and a loop gives rows, so that
    `[record.id for record in records]` works.

    Parameters
    ----------
    columns : mapping of str to array or list
        Equally long columns.

    Notes
    -----
    A column is a NumPy array of int64, float64, bool or datetime64[us] in UTC, or of objects for text. Labels are a
    list of text, numbers or lists. A row has times as `datetime` in UTC; an unknown time is None.
    Cost: the columns are stored; a row is made when it is read.
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
        if not isinstance(other, Records) or (self.columns, len(self)) != (other.columns, len(other)):
            return False
        return all(_equal(column, other._columns[name]) for name, column in self._columns.items())

    __hash__ = None  # type: ignore[assignment]  # rows may hold lists

    def to_pylist(self) -> list[dict[str, Any]]:
        """The rows as a list of dicts."""
        return [vars(record) for record in self]

    def to_arrow(self) -> Any:
        """The table as a `pyarrow.Table`. A column of labels of several types becomes JSON text."""
        import pyarrow as pa

        return pa.table({name: _arrow(column) for name, column in self._columns.items()})

    def to_pandas(self) -> Any:
        """The table as a `pandas.DataFrame`. Raises: ImportError without pandas."""
        return self.to_arrow().to_pandas()

    def __repr__(self) -> str:
        title = f"<{self._rows:,} records: {', '.join(self._columns)}>"
        first = [", ".join(map(_shown, vars(record).values())) for record in self[:SHOWN_ROWS]]
        more = [f"... and {self._rows - SHOWN_ROWS:,} more"] if self._rows > SHOWN_ROWS else []
        return "\n".join([title, *(f"  {line}" for line in [*first, *more])])


class UnreadRecords(Records):
    """A table that was not read because that takes long. Its columns and rows raise an error that says how to read it.

    Parameters
    ----------
    what : str
        What the table has, for the error.
    why : str
        Why it was not read.
    remedy : str
        How to read it.
    """

    __slots__ = ("_error",)

    def __init__(self, what: str, why: str, remedy: str) -> None:
        super().__init__({"nothing": []})
        self._error = (what, why, remedy)

    @property
    def columns(self) -> list[str]:
        """Raises: ArgumentError, as all but `repr` and `==` do."""
        raise self._refusal()

    def __len__(self) -> int:
        raise self._refusal()

    def __iter__(self) -> Iterator[Record]:
        raise self._refusal()

    def __getitem__(self, wanted: str | int | slice) -> Any:
        raise self._refusal()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, UnreadRecords) and self._error == other._error

    __hash__ = None

    def to_arrow(self) -> Any:
        """See `columns`."""
        raise self._refusal()

    def __repr__(self) -> str:
        return f"<{self._error[0]}: not read, because {self._error[1]}>"

    def _refusal(self) -> ArgumentError:
        what, why, remedy = self._error
        return ArgumentError(what, wanted="be read before it is used", got=f"not read, because {why}", remedy=remedy)


def times(microseconds: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
    """Microseconds since 1970 as datetime64[us]; 0 is NaT. Raises: CorruptFileError for a year beyond 1 to 9999."""
    if len(microseconds) and not (microseconds.min() >= EARLIEST and microseconds.max() <= LATEST):
        raise _timeless()
    return np.where(microseconds == 0, np.datetime64("NaT", "us"), microseconds.astype("datetime64[us]"))


def moment(microseconds: int) -> datetime:
    """Microseconds since 1970 as a datetime in UTC. Raises: CorruptFileError for a year beyond 1 to 9999."""
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


def _equal(column: Column, other: Column) -> bool:
    """Whether two columns have equal values; what is unknown in both (NaN, NaT) is equal."""
    if isinstance(column, np.ndarray) and isinstance(other, np.ndarray) and column.dtype.kind in "fM":
        return bool(np.array_equal(column, other, equal_nan=True))
    return bool(_plain(column) == _plain(other))


def _plain(column: Column) -> Sequence[Any]:
    if isinstance(column, np.ndarray) and column.dtype.kind == "M":
        return [None if value is None else value.replace(tzinfo=UTC) for value in column.astype(datetime)]
    return column.tolist() if isinstance(column, np.ndarray) else column


def _arrow(column: Column) -> Any:
    import pyarrow as pa

    if isinstance(column, np.ndarray) and column.dtype.kind == "M":
        return pa.array(column, pa.timestamp("us", tz="UTC"))
    if isinstance(column, np.ndarray):
        # NaN stands for what is not known, which other tools write as null.
        return pa.array(column, pa.large_string()) if column.dtype == object else pa.array(column, from_pandas=True)
    try:
        return pa.array(column)
    except (pa.ArrowInvalid, pa.ArrowTypeError):  # text and numbers in one column
        return pa.array([None if value is None else json.dumps(value, ensure_ascii=False) for value in column])


def _shown(value: Any) -> str:
    return value.strftime("%Y-%m-%d %H:%M") if isinstance(value, datetime) else str(value)
