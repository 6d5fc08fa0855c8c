"""Opening a file for reading: as a file of Python, or as a file of Arrow for its parsers of text.

Arrow's parsers of text read ahead in threads of their own, and a thread that holds a file of Python needs Python
itself. If the parser refuses the file and the program ends, such a thread may still run, and it then aborts the
process. A file of Arrow needs no Python.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from ladle.errors import FileError
from ladle.plain_files import refuse_other_kinds


@contextmanager
def open_file(path: Path) -> Iterator[IO[bytes]]:
    """A file of Python, open for reading. Raises: FileError, also for a pipe or a device, which are not opened."""
    try:
        refuse_other_kinds(path, wanted="be a readable file")
        file = path.open("rb")
    except FileError:
        raise
    except (OSError, ValueError) as cause:  # ValueError: a NUL in the name
        raise FileError(
            str(path), wanted="be a readable file", got=getattr(cause, "strerror", "") or str(cause)
        ) from cause
    with file:
        yield file


@contextmanager
def open_native(path: Path, position: int) -> Iterator[Any]:
    """A file of Arrow, open for reading from the byte `position` on. Raises: FileError."""
    try:
        native = pa.OSFile(str(path))
    except OSError as cause:
        raise FileError(str(path), wanted="be a readable file", got=cause.strerror or str(cause)) from cause
    with native:
        native.seek(position)
        yield native
