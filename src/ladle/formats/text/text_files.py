"""Opening text files: a file of another kind is refused by name before a parser reads it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from ladle.errors import CorruptFileError, FileFormatError, UnsafeFileError
from ladle.plain_files import check_plain_file
from ladle.pool.files.opening import open_file

REMEDY = "Write it again; it may be a copy cut short."
_BOM = b"\xef\xbb\xbf"
_WIDE = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")  # byte order marks of UTF-16 and UTF-32
_BEYOND_DOUBLES = 2**1024
_HALF = re.compile(rb"\\u[dD][89a-fA-F]")  # an escape of half a surrogate pair, or of one half of a whole one
# The first bytes of files that often have the name of a text file.
_OTHERS = {
    b"PAR1": "a Parquet file",
    b"PK\x03\x04": "a zip archive (such as .xlsx or .npz)",
    b"\x1f\x8b": "a gzip file",
    b"ARROW1": "an Arrow file",
    b"\x93NUMPY": "a .npy array",
    b"SQLite format 3\x00": "a SQLite database",
}


@contextmanager
def open_text(path: Path, *, wide: bool = False) -> Iterator[IO[bytes]]:
    """Open a file of UTF-8 text, after its byte order mark if it has one. wide: whether UTF-16 and UTF-32 pass too.

    Raises: FileError when it cannot be opened; UnsafeFileError for a pickle; FileFormatError for another kind of file
    or encoding; CorruptFileError for an empty file.
    """
    with open_file(check_plain_file(path)) as file:
        begins = file.read(16)
        if begins[:1] == b"\x80":
            raise UnsafeFileError(
                str(path),
                wanted="be a text file",
                got="a pickle",
                remedy="Ladle never reads pickles: write JSON lines.",
            )
        for magic, kind in _OTHERS.items():
            if begins.startswith(magic):
                raise FileFormatError(str(path), wanted="be a text file", got=kind)
        if begins.startswith(_WIDE) and not wide:
            raise FileFormatError(
                str(path), wanted="be UTF-8 text", got="UTF-16 or UTF-32", remedy="Save it again as UTF-8."
            )
        if begins.removeprefix(_BOM).strip() == b"" and len(begins) < 16:
            raise CorruptFileError(str(path), wanted="hold something", got="an empty file", remedy=REMEDY)
        file.seek(len(_BOM) if begins.startswith(_BOM) else 0)
        yield file


def numbered_lines(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """(line number from 1, line) of each line that is not blank."""
    for number, line in enumerate(file, 1):
        if line.strip():
            yield number, line


def has_object_a_line(file: IO[bytes]) -> int | None:
    """The number of lines that are not blank, if each begins and ends like a JSON object; otherwise None.

    No object can extend over two such lines, so a reader that finds as many objects as lines has found one in each.
    Arrow's reader accepts several objects in a line, and crashes when the first value of a file is null.
    """
    count = 0
    for line in file:
        text = line.strip()
        if text:
            if text[:1] != b"{" or text[-1:] != b"}":
                return None
            count += 1
    return count


def strict_json(text: bytes) -> Any:
    """A JSON value. Raises: ValueError, also for NaN, Infinity, repeated names and halves of surrogate pairs."""
    try:
        made = json.loads(text.decode(), parse_constant=_refused, object_pairs_hook=_without_repeats)
        if _HALF.search(text):
            json.dumps(made, ensure_ascii=False).encode()
    except UnicodeDecodeError as cause:
        raise ValueError(f"bytes that are not UTF-8, after {text[: cause.start][-20:]!r}") from cause
    except UnicodeEncodeError as cause:
        raise ValueError("half of a surrogate pair, which is no text") from cause
    except RecursionError as cause:
        raise ValueError("lists or objects nested without end") from cause
    except ValueError as cause:
        if "integer string conversion" in str(cause):
            raise ValueError("an integer of thousands of digits") from cause
        raise
    return made


def _refused(constant: str) -> None:
    raise ValueError(f"{constant}, which JSON has not")


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the name {next(name for name in names if names.count(name) > 1)!r} twice in one object")
    return made


def fits_type(value: Any, kind: Any) -> bool:
    """Whether a JSON value has an Arrow type of `ladle.formats.fields`; null has every type."""
    if value is None:
        return True
    if pa.types.is_list(kind):
        return isinstance(value, list) and all(item is not None and fits_type(item, kind.value_type) for item in value)
    if pa.types.is_integer(kind):
        return isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63
    if pa.types.is_floating(kind):
        return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < _BEYOND_DOUBLES
    return isinstance(value, str)


def json_text(value: Any) -> str:
    """A JSON value as text for an error, shortened to 60 characters."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."
