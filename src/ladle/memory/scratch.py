"""Room for arrays that may be larger than memory: memory while it does, else files without a name.

The system keeps in memory what is in use of such a file, and takes it back when others need the room. A file has no
name, so it is gone when the array is, or the process, however either ends.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.errors import FileError
from ladle.memory.budget import bytes_text
from ladle.memory.fetch import fetch_rows, read_at_random

SMALL_BYTES = 16 << 20  # not worth a file


@dataclass(frozen=True, slots=True)
class Scratch:
    """Where large arrays are made. folder: an existing one, on a disk and not in memory; None: no files."""

    folder: Path | None = None

    def empty(self, shape: tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
        """An array to be filled. Its disk space is taken at once: writing to it later never fails for want of it.

        Raises: FileError when the folder has no room for it, or cannot be written.
        """
        wanted = np.dtype(dtype)
        size = int(np.prod(shape, dtype=np.int64)) * wanted.itemsize
        if self.folder is None or size <= SMALL_BYTES:
            return np.empty(shape, wanted)
        try:
            with tempfile.TemporaryFile(dir=self.folder, prefix=".ladle-scratch-") as file:
                _take(file.fileno(), size)
                taken = np.asarray(np.memmap(file, wanted, "r+", shape=shape))
        except OSError as cause:
            raise FileError(
                f"the scratch folder {self.folder}",
                wanted=f"be writable and have {bytes_text(size)} of room for vectors that exceed memory",
                got=cause.strerror or str(cause),
                remedy="Make room, or name another folder.",
            ) from cause
        read_at_random(taken)
        return taken

    def rows_of(self, array: npt.NDArray[Any], rows: npt.NDArray[np.integer[Any]]) -> npt.NDArray[Any]:
        """array[rows], made here. Cost: one read of those rows."""
        if self.folder is None:
            return np.take(array, rows, axis=0)
        taken = self.empty((len(rows), *array.shape[1:]), array.dtype)
        step = max(1, SMALL_BYTES // max(1, array[:1].nbytes))
        for start in range(0, len(rows), step):
            part = rows[start : start + step]
            fetch_rows(array, part)
            taken[start : start + step] = array[part]
        return taken


IN_MEMORY = Scratch()


def _take(descriptor: int, size: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, 0, size)
    else:
        os.truncate(descriptor, size)
