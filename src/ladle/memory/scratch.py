"""Make arrays that may be larger than memory: in memory where they fit, else in files without a name.

The system keeps the used pages of such a file in memory, and takes them back when others need the room. The file has no
name, so it is gone with the array or with the process, however either ends.
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

SMALL_BYTES = 16 << 20  # arrays up to this size stay in memory


@dataclass(frozen=True, slots=True)
class Scratch:
    """A place for large arrays. folder: an existing one, on a disk and not in memory; None: no files."""

    folder: Path | None = None

    def empty(self, shape: tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
        """Make an array to be filled. Its disk space is taken at once, so that writing to it later never fails.

        Raises: FileError when the folder has no room for it, or cannot be written.
        """
        item = np.dtype(dtype)
        size = int(np.prod(shape, dtype=np.int64)) * item.itemsize
        if self.folder is None or size <= SMALL_BYTES:
            return np.empty(shape, item)
        try:
            with tempfile.TemporaryFile(dir=self.folder, prefix=".ladle-scratch-") as file:
                _take(file.fileno(), size)
                taken = np.asarray(np.memmap(file, item, "r+", shape=shape))
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
        """Make a copy of array[rows] here. Cost: one read of those rows."""
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
