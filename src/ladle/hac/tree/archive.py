"""Read the members of a sealed .npz file without trusting them: no pickle, no compression, no unexpected dtype.

`np.savez` stores arrays uncompressed. A compressed member is refused, so that no array is larger than its file.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.errors import CorruptFileError, FileError

HEADER = "header"
# The errors that zipfile, json and numpy raise for bytes whose seal is right but which are no archive of arrays.
UNREADABLE = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    NotImplementedError,
    RuntimeError,  # RecursionError too
    SyntaxError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
)


@contextmanager
def open_archive(path: Path, subject: str) -> Iterator[ArrayArchive]:
    """Open the archive at `path`, which errors call `subject`. Raises: CorruptFileError when unreadable; OSError."""
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as members:
            yield ArrayArchive(members, subject)
    except FileError:
        raise
    except UNREADABLE as cause:
        raise impossible(subject, "be an archive of arrays", f"contents that cannot be read ({cause})") from cause


def impossible(subject: str, wanted: str, got: str) -> CorruptFileError:
    """The error for contents that Ladle never writes."""
    return CorruptFileError(subject, wanted=wanted, got=got, remedy="Restore it from a copy, or make it again.")


class ArrayArchive:
    """An open archive. subject: what errors call it."""

    def __init__(self, members: zipfile.ZipFile, subject: str) -> None:
        self._members = members
        self.subject = subject

    def __contains__(self, name: str) -> bool:
        return f"{name}.npy" in self._members.namelist()

    def header(self) -> dict[str, Any]:
        """The JSON object in the array `header`. Raises: CorruptFileError."""
        header = json.loads(self.array(HEADER, np.dtype(np.uint8), axes=1).tobytes().decode())
        if not isinstance(header, dict):
            raise impossible(self.subject, "have a JSON object as its header", type(header).__name__)
        return header

    def array(self, name: str, dtype: np.dtype[Any], *, axes: int) -> npt.NDArray[Any]:
        """The array `name`, of this dtype and number of axes. Raises: CorruptFileError. Cost: reads it once."""
        if name not in self:
            raise impossible(self.subject, f"hold the array {name!r}", "none of that name")
        member = self._members.getinfo(f"{name}.npy")
        if member.compress_type != zipfile.ZIP_STORED:
            raise impossible(self.subject, "hold its arrays as they are", f"{name!r} compressed")
        with self._members.open(member) as file:
            array: npt.NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
        if array.dtype != dtype or array.ndim != axes:
            wanted = f"hold {name!r} as {dtype} with {axes} {'axis' if axes == 1 else 'axes'}"
            raise impossible(self.subject, wanted, f"{array.dtype} of shape {array.shape}")
        return array
