"""Tables as columns: what rules read and write, a million rows at a time, without an object a row.

A kind of table is a frozen dataclass of equally long arrays: fields are `Int64`, `Texts` (objects of str) or `Octets`
(of bytes). Its `KEY` names the fields that tell rows apart. There are no nulls: a number that is not known is 0, a text
"". Stores keep kinds without knowing what they mean.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from hashlib import blake2b
from typing import Any, ClassVar, Literal, Self

import numpy as np
import numpy.typing as npt

from ladle.errors import CorruptFileError
from ladle.mixing import GAMMA, mix

Int64 = npt.NDArray[np.int64]
Texts = npt.NDArray[np.object_]  # of str
Octets = npt.NDArray[np.object_]  # of bytes
Holds = Literal["number", "text", "octets"]

_HOLDS: dict[str, Holds] = {"Int64": "number", "Texts": "text", "Octets": "octets"}
_PYTHON = {"number": int, "text": str, "octets": bytes}


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Equally long columns; each kind of table is a subclass. The arrays are not to be written."""

    NAME: ClassVar[str]  # of the table
    KEY: ClassVar[tuple[str, ...]]  # the fields no two rows agree in

    @classmethod
    def layout(cls) -> dict[str, Holds]:
        """Each field and what it holds, in order."""
        return {each.name: _HOLDS[str(each.type)] for each in fields(cls)}

    @classmethod
    def of(cls, rows: Sequence[Sequence[Any]]) -> Self:
        """From one tuple a row, in the order of the fields. Raises: CorruptFileError for a value of another type."""
        return cls.of_fields(list(zip(*rows, strict=True)) if rows else [()] * len(cls.layout()))

    @classmethod
    def of_fields(cls, by_field: Sequence[Sequence[Any]]) -> Self:
        """From one sequence a field, of int, str or bytes. Raises: CorruptFileError for a value of another type."""
        arrays = [
            _column(values, holds, f"{cls.NAME}.{name}")
            for values, (name, holds) in zip(by_field, cls.layout().items(), strict=True)
        ]
        return cls(*arrays)

    @classmethod
    def empty(cls) -> Self:
        """No rows."""
        return cls.of([])

    @classmethod
    def joined(cls, parts: Iterable[Self]) -> Self:
        """The rows of all parts, one after another."""
        kept = [cls.empty(), *parts]
        return cls(*(np.concatenate([part.column(name) for part in kept]) for name in cls.layout()))

    def __len__(self) -> int:
        return len(self.column(self.KEY[0]))

    def column(self, name: str) -> npt.NDArray[Any]:
        """One field's column."""
        found: npt.NDArray[Any] = getattr(self, name)
        return found

    def take(self, which: npt.NDArray[Any]) -> Self:
        """The rows at these places, or where a mask is set."""
        return type(self)(*(self.column(name)[which] for name in self.layout()))

    def tuples(self) -> Iterator[tuple[Any, ...]]:
        """One tuple a row, of int, str and bytes."""
        return zip(*self.lists(), strict=True)

    def lists(self) -> list[list[Any]]:
        """One list a field, of int, str and bytes."""
        return [self.column(name).tolist() for name in self.layout()]

    def each_key(self) -> Iterator[tuple[Any, ...]]:
        """The key of each row."""
        return zip(*(self.column(name).tolist() for name in self.KEY), strict=True)

    def in_order(self) -> Self:
        """The rows in ascending order of their keys."""
        keys = list(self.each_key())
        return self.take(np.array(sorted(range(len(keys)), key=keys.__getitem__), np.int64))

    def only(self) -> tuple[Any, ...]:
        """The one row there is."""
        (row,) = self.tuples()
        return row

    def seals(self, salt: int) -> Int64:
        """(rows,) a 64-bit checksum of each row, under which no change of a single bit goes unnoticed.

        `salt` stands for where the row belongs, so that a row moved elsewhere shows too. It guards against decay, not
        against people. Cost: vectorised for numbers, a CRC for each text.
        """
        sealed = np.full(len(self), salt, np.int64).view(np.uint64)
        for place, (name, holds) in enumerate(self.layout().items(), start=1):
            values = _as_bits(self.column(name), holds)
            sealed = _mixed(sealed ^ _mixed(values + np.uint64(place)))
        return sealed.view(np.int64)


def repeated(value: Any, count: int) -> npt.NDArray[Any]:
    """(count,) the same value: int64, or objects for text and bytes."""
    if isinstance(value, (str, bytes)):
        column = np.empty(count, object)
        column[:] = value
        return column
    return np.full(count, value, np.int64)


def texts(values: Iterable[Any]) -> Texts:
    """Text as a column."""
    listed = list(values)
    column = np.empty(len(listed), object)
    column[:] = listed
    return column


def _column(values: Sequence[Any], holds: Holds, name: str) -> npt.NDArray[Any]:
    wanted = _PYTHON[holds]
    wrong = set(map(type, values)) - {wanted}
    if wrong:
        raise CorruptFileError(
            f"the column {name}",
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
        distinct = set(values)
        if len(distinct) > len(values) // 2:
            return np.fromiter(map(_code, values), np.uint64, len(values))
        codes = {value: _code(value) for value in distinct}
        return np.fromiter((codes[value] for value in values), np.uint64, len(values))
    hashed = (int.from_bytes(blake2b(value, digest_size=8).digest(), "little") for value in column.tolist())
    return np.fromiter(hashed, np.uint64, len(column))


def _code(text: str) -> int:
    encoded = text.encode("utf-8", "surrogatepass")
    return zlib.crc32(encoded) | (len(encoded) & 0xFFFFFFFF) << 32


def _mixed(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """A bijection of 64 bits in which every bit moves every other: a step of SplitMix64."""
    return mix(values + GAMMA)
