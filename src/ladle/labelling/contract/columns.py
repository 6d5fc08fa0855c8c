"""Tables as columns: rules read and write a million rows at a time, without one object for each row.

A kind of table is a frozen dataclass of equally long arrays. Its fields are `Int64`, `Texts` (objects of str) or
`Octets` (objects of bytes), and its `KEY` names the fields that identify a row. There are no nulls: an unknown number
is 0, an unknown text is "". Stores keep these kinds without knowing what they mean.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from hashlib import blake2b
from operator import attrgetter
from typing import Annotated, Any, ClassVar, Literal, Self, get_type_hints

import numpy as np
import numpy.typing as npt

from ladle.errors import CorruptFileError
from ladle.mixing import GAMMA, MIX_1, MIX_2, mix

Holds = Literal["number", "text", "octets"]
# The mark of a column's type says what its values are: objects of str and of bytes are the same type to NumPy.
Int64 = Annotated[npt.NDArray[np.int64], "number"]
Texts = Annotated[npt.NDArray[np.object_], "text"]  # of str
Octets = Annotated[npt.NDArray[np.object_], "octets"]  # of bytes

_LAYOUTS: dict[type[Any], tuple[tuple[str, Holds], ...]] = {}
_GETTERS: dict[type[Any], Callable[[Any], tuple[npt.NDArray[Any], ...]]] = {}
_EMPTY: dict[type[Any], Any] = {}
_FEW = 6  # rows that are sealed one by one
_WORD, _GAMMA, _MIX_1, _MIX_2 = (1 << 64) - 1, int(GAMMA), int(MIX_1), int(MIX_2)
_PYTHON = {"number": int, "text": str, "octets": bytes}


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Equally long columns. Each kind of table is a subclass. Do not write to the arrays."""

    NAME: ClassVar[str]  # of the table
    KEY: ClassVar[tuple[str, ...]]  # no two rows have the same values in these fields

    @classmethod
    def layout(cls) -> dict[str, Holds]:
        """Each field and what its values are, in order."""
        return dict(_layout(cls))

    @classmethod
    def of(cls, rows: Sequence[Sequence[Any]]) -> Self:
        """Make columns from one tuple for each row, in the order of the fields.

        Raises: CorruptFileError for a value of another type.
        """
        return cls.of_fields(list(zip(*rows, strict=True)) if rows else [()] * len(cls.layout()))

    @classmethod
    def of_fields(cls, by_field: Sequence[Sequence[Any]]) -> Self:
        """Make columns from one sequence of int, str or bytes for each field. Raises: CorruptFileError, as `of`."""
        arrays = [
            _column(values, holds, cls.NAME, name) for values, (name, holds) in zip(by_field, _layout(cls), strict=True)
        ]
        return cls(*arrays)

    @classmethod
    def empty(cls) -> Self:
        """A table without rows: one object for all, which nobody can change."""
        if cls not in _EMPTY:
            _EMPTY[cls] = cls.of([])
            for name in cls.layout():
                _EMPTY[cls].column(name).flags.writeable = False
        found: Self = _EMPTY[cls]
        return found

    @classmethod
    def joined(cls, parts: Iterable[Self]) -> Self:
        """The rows of all parts, one after another."""
        listed = [part for part in parts if len(part)]
        if len(listed) < 2:
            return listed[0] if listed else cls.empty()
        return cls(*map(np.concatenate, zip(*map(_columns_of(cls), listed), strict=True)))

    def __len__(self) -> int:
        return len(getattr(self, self.KEY[0]))

    def column(self, name: str) -> npt.NDArray[Any]:
        """The column of one field."""
        values: npt.NDArray[Any] = getattr(self, name)
        return values

    def take(self, which: npt.NDArray[Any]) -> Self:
        """The rows at these places, or where a mask is set."""
        kind = type(self)
        if not len(self) and not len(which):
            return self
        return kind(*[column[which] for column in _columns_of(kind)(self)])

    def tuples(self) -> Iterator[tuple[Any, ...]]:
        """One tuple of int, str and bytes for each row."""
        return zip(*self.lists(), strict=True)

    def lists(self) -> list[list[Any]]:
        """One list of int, str or bytes for each field."""
        return [column.tolist() for column in _columns_of(type(self))(self)]

    def each_key(self) -> Iterator[tuple[Any, ...]]:
        """The key of each row."""
        return zip(*(self.column(name).tolist() for name in self.KEY), strict=True)

    def in_order(self) -> Self:
        """The rows in ascending order of their keys."""
        if len(self) < 2:
            return self
        if len(self.KEY) == 1 and self.layout()[self.KEY[0]] == "number":
            return self.take(np.argsort(self.column(self.KEY[0]), kind="stable"))
        keys = list(self.each_key())
        return self.take(np.array(sorted(range(len(keys)), key=keys.__getitem__), np.int64))

    def only(self) -> tuple[Any, ...]:
        """The only row. Raises: ValueError unless there is exactly one."""
        (row,) = self.tuples()
        return row

    def seals(self, salt: int) -> Int64:
        """(rows,) int64: a 64-bit checksum of each row. Every change of a single bit changes it.

        `salt` is the number of the campaign, so that a row moved to another campaign is noticed too. The checksum
        protects against damage, not against people. Cost: vectorised for numbers, a CRC for each text; few rows are
        sealed one by one, because an array has its own cost.
        """
        if len(self) <= _FEW:
            kinds = [holds for _, holds in _layout(type(self))]
            return np.array([_seal(row, kinds, salt) for row in self.tuples()], np.int64)
        sealed = np.full(len(self), salt, np.int64).view(np.uint64)
        for place, (name, holds) in enumerate(self.layout().items(), start=1):
            values = _as_bits(self.column(name), holds)
            sealed = _mixed(sealed ^ _mixed(values + np.uint64(place)))
        return sealed.view(np.int64)


def _layout(kind: type[Any]) -> tuple[tuple[str, Holds], ...]:
    """Each field of a kind of table and what its values are, in order."""
    if kind not in _LAYOUTS:
        hints = get_type_hints(kind, include_extras=True)
        _LAYOUTS[kind] = tuple((each.name, hints[each.name].__metadata__[0]) for each in fields(kind))
    return _LAYOUTS[kind]


def _columns_of(kind: type[Any]) -> Callable[[Columns], tuple[npt.NDArray[Any], ...]]:
    """A function from a table of this kind to its columns. Every kind has two fields at least."""
    if kind not in _GETTERS:
        _GETTERS[kind] = attrgetter(*(name for name, _ in _layout(kind)))
    return _GETTERS[kind]


def repeated(value: Any, count: int) -> npt.NDArray[Any]:
    """(count,) the same value in each place: int64, or objects for text and bytes."""
    if isinstance(value, (str, bytes)):
        column = np.empty(count, object)
        column[:] = value
        return column
    return np.full(count, value, np.int64)


def distinct(values: Int64) -> Int64:
    """The values, each once, ascending: `np.unique`, which hashes first, takes ten times as long for a million."""
    ordered = np.sort(values)
    first = np.ones(len(ordered), bool)
    first[1:] = ordered[1:] != ordered[:-1]
    return ordered[first]


def texts(values: Iterable[Any]) -> Texts:
    """Text as a column."""
    listed = list(values)
    column = np.empty(len(listed), object)
    column[:] = listed
    return column


def _column(values: Sequence[Any], holds: Holds, table: str, name: str) -> npt.NDArray[Any]:
    wanted = _PYTHON[holds]
    wrong = set(map(type, values)) - {wanted}
    if wrong:
        raise CorruptFileError(
            f"the column {table}.{name}",
            wanted=f"hold {wanted.__name__} only",
            got=f"a value of type {wrong.pop().__name__}: the database is damaged",
            remedy="Restore it from a backup.",
        )
    return np.fromiter(values, np.int64, len(values)) if holds == "number" else texts(values)


def _as_bits(column: npt.NDArray[Any], holds: Holds) -> npt.NDArray[np.uint64]:
    if holds == "number":
        return np.ascontiguousarray(column, np.int64).view(np.uint64)
    if holds == "text":
        values = column.tolist()
        different = set(values)
        if len(different) > len(values) // 2:
            return _codes(values)
        codes = dict(zip(different, _codes(different).tolist(), strict=True))
        return np.fromiter(map(codes.__getitem__, values), np.uint64, len(values))
    return np.fromiter(map(_digest, column.tolist()), np.uint64, len(column))


def _seal(row: Sequence[Any], holds: Sequence[Holds], salt: int) -> int:
    """The checksum of one row, as `Columns.seals` has it."""
    sealed = salt & _WORD
    for place, (value, what) in enumerate(zip(row, holds, strict=True), start=1):
        bits = value if what == "number" else _code(value) if what == "text" else _digest(value)
        # `_mixed` of one word as a Python int, twice, written out: calls would take half of the time of a label.
        word = (bits + place + _GAMMA) & _WORD
        word = ((word ^ word >> 30) * _MIX_1) & _WORD
        word = ((word ^ word >> 27) * _MIX_2) & _WORD
        word = ((sealed ^ word ^ word >> 31) + _GAMMA) & _WORD
        word = ((word ^ word >> 30) * _MIX_1) & _WORD
        word = ((word ^ word >> 27) * _MIX_2) & _WORD
        sealed = word ^ word >> 31
    return sealed - (1 << 64) if sealed >> 63 else sealed


def _digest(octets: bytes) -> int:
    return int.from_bytes(blake2b(octets, digest_size=8).digest(), "little")


def _code(text: str) -> int:
    encoded = text.encode("utf-8", "surrogatepass")
    return zlib.crc32(encoded) | (len(encoded) & 0xFFFFFFFF) << 32


def _codes(values: Collection[str]) -> npt.NDArray[np.uint64]:
    """As `_code`, of many texts. Cost: a tenth of as many calls."""
    try:
        encoded = list(map(str.encode, values))
    except UnicodeEncodeError:  # half of a character
        return np.fromiter(map(_code, values), np.uint64, len(values))
    lengths = np.fromiter(map(len, encoded), np.uint64, len(encoded))
    return np.fromiter(map(zlib.crc32, encoded), np.uint64, len(encoded)) | lengths << np.uint64(32)


def _mixed(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """A bijection of 64 bits in which each input bit affects every output bit: a step of SplitMix64."""
    return mix(values + GAMMA)
