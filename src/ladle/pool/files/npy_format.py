"""Reading `.npy` and `.npz` files with checks: first the header, then the size of the file against the header.

`np.load` does not check enough: a short file crashes later, of several arrays in one file it silently takes the first,
and it decides by the content whether a file is a pickle.
"""

from __future__ import annotations

import math
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tokenize import TokenError
from typing import IO, Any, Literal

import numpy as np

from ladle.errors import CorruptFileError, FileError, FileFormatError, UnsafeFileError
from ladle.memory.budget import require
from ladle.pool.files.opening import open_file

_MAGIC = b"\x93NUMPY"
_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
# A header is a Python literal, which is parsed but not run; a damaged one raises any of these.
_DAMAGE = (ValueError, TypeError, SyntaxError, TokenError, RecursionError, MemoryError)
_LARGEST_COUNT = 1 << 48  # numbers in one array; more than any disk holds
_MOST_AXES = 32
_REMEDY = "Write it again; it may be a copy cut short."


@dataclass(frozen=True, slots=True)
class NpyHeader:
    """The header of a `.npy` array. offset: where the numbers begin, in bytes from the start of the array."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran: bool
    offset: int

    @property
    def data_bytes(self) -> int:
        """Bytes of the numbers after the header."""
        return math.prod(self.shape) * self.dtype.itemsize


def map_npy(path: Path) -> np.ndarray[Any, Any]:
    """A `.npy` file as a read-only memory map; an array without elements is a plain array.

    Raises: FileError when it cannot be opened, FileFormatError when it is not one `.npy` array, CorruptFileError
    when it is shorter than its header says, UnsafeFileError when it holds Python objects. Cost: the header.
    """
    with open_file(path) as file:
        header = read_header(file, str(path))
        size = path.stat().st_size
    check_length(header, size - header.offset, str(path))
    if header.data_bytes == 0:
        return np.empty(header.shape, header.dtype)
    order: Literal["C", "F"] = "F" if header.fortran else "C"
    mapped: np.ndarray[Any, Any] = np.memmap(
        path, header.dtype, "r", offset=header.offset, shape=header.shape, order=order
    )
    return mapped


def read_header(file: IO[bytes], name: str) -> NpyHeader:
    """The header of the array that starts here. Raises: FileFormatError, CorruptFileError, UnsafeFileError."""
    start = file.read(len(_MAGIC) + 2)
    if start[: len(_MAGIC)] != _MAGIC[: len(start)] or not start:
        if start[:1] == b"\x80":
            raise UnsafeFileError(name, wanted="be a .npy array", got="a pickle", remedy="Save it with numpy.save.")
        raise FileFormatError(name, wanted="be a .npy array", got="other content" if start else "an empty file")
    if len(start) < len(_MAGIC) + 2:
        raise CorruptFileError(name, wanted="hold a whole .npy header", got=f"{len(start)} bytes", remedy=_REMEDY)
    read = _HEADERS.get((start[-2], start[-1]))
    if read is None:
        raise FileFormatError(name, wanted="be .npy version 1.0 or 2.0", got=f"version {start[-2]}.{start[-1]}")
    try:
        shape, fortran, dtype = read(file)
    except _DAMAGE as cause:
        raise CorruptFileError(
            name, wanted="hold a whole .npy header", got=(str(cause) or "nonsense").splitlines()[0], remedy=_REMEDY
        ) from cause
    possible = all(type(count) is int and 0 <= count <= _LARGEST_COUNT for count in shape)  # numpy accepts True
    possible = possible and len(shape) <= _MOST_AXES
    if not possible or math.prod(shape) > _LARGEST_COUNT or dtype.itemsize == 0 or dtype.subdtype is not None:
        got = f"shape {shape} of {dtype}"
        raise CorruptFileError(name, wanted="have a possible shape and dtype in its header", got=got, remedy=_REMEDY)
    if dtype.hasobject:
        raise UnsafeFileError(
            name,
            wanted="hold numbers or text",
            got="Python objects, which only a pickle can hold",
            remedy="Ladle never reads pickles. Save a plain array: numbers, or text as `array.astype(str)`.",
        )
    return NpyHeader(shape, dtype, fortran, file.tell())


def check_length(header: NpyHeader, data_bytes: int, name: str) -> None:
    """Compare the bytes of numbers with those that the header states. Raises: CorruptFileError, FileFormatError."""
    wanted = f"hold {header.data_bytes:,} bytes of numbers, as its header says (shape {header.shape})"
    if data_bytes < header.data_bytes:
        raise CorruptFileError(name, wanted=wanted, got=f"{data_bytes:,} bytes", remedy=_REMEDY)
    if data_bytes > header.data_bytes:
        raise FileFormatError(
            name, wanted=wanted, got=f"{data_bytes:,} bytes", remedy="Keep each array in a file of its own."
        )


class NpzArchive:
    """An open `.npz` file. An array is read whole, after a check of the memory, and its checksum is verified."""

    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self._path = path
        self._archive = archive
        self.names = tuple(name[:-4] for name in archive.namelist() if name.endswith(".npy"))
        if len(set(self.names)) < len(self.names):
            twice = sorted({name for name in self.names if self.names.count(name) > 1})
            raise CorruptFileError(str(path), wanted="hold each array once", got=f"{', '.join(twice)} twice")

    def header(self, name: str) -> NpyHeader:
        """Shape and dtype of one array, without its numbers. Raises: as `read`."""
        with self._member(name) as file:
            return read_header(file, self._label(name))

    def read(self, name: str) -> np.ndarray[Any, Any]:
        """One array. Raises: FileFormatError, CorruptFileError, UnsafeFileError, MemoryPlanError."""
        label = self._label(name)
        with self._member(name) as file:
            header = read_header(file, label)
            check_length(header, self._archive.getinfo(f"{name}.npy").file_size - header.offset, label)
            require(header.data_bytes, f"loading {label}", remedy="Store it as a .npy file, which is mapped instead.")
            array = np.empty(math.prod(header.shape), header.dtype)
            _fill(file, array, label)
        return array.reshape(header.shape, order="F" if header.fortran else "C")

    def _label(self, name: str) -> str:
        return f"{self._path} ({name})"

    @contextmanager
    def _member(self, name: str) -> Iterator[IO[bytes]]:
        try:
            with self._archive.open(f"{name}.npy") as file:
                yield file
        except FileError:
            raise
        except (zipfile.BadZipFile, zlib.error, struct.error, OSError, EOFError, RuntimeError) as cause:
            raise CorruptFileError(self._label(name), wanted="be whole", got=str(cause), remedy=_REMEDY) from cause


@contextmanager
def open_archive(path: Path) -> Iterator[NpzArchive]:
    """A `.npz` file, open. Raises: FileError, CorruptFileError when it is not a whole zip archive."""
    with open_file(path) as file:
        try:
            archive = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, struct.error, NotImplementedError, ValueError, OSError) as cause:
            raise CorruptFileError(
                str(path), wanted="be a whole .npz archive", got=str(cause), remedy=_REMEDY
            ) from cause
        with archive:
            yield NpzArchive(path, archive)


def _fill(file: IO[bytes], array: np.ndarray[Any, Any], name: str) -> None:
    place = array.view(np.uint8).data if array.size else memoryview(b"")
    done = 0
    while done < len(place):
        piece = file.read(min(1 << 20, len(place) - done))
        if not piece:
            raise CorruptFileError(name, wanted="be whole", got=f"{done:,} of {len(place):,} bytes", remedy=_REMEDY)
        place[done : done + len(piece)] = piece
        done += len(piece)
    file.read(1)  # at the end of the member zipfile compares the checksum
