"""How a CSV file is written: the separator of its columns, its encoding, and Excel's first line `sep=;`.

The separator is the one under which the header has the columns that are wanted. Text that is not UTF-8 is UTF-16 by its
byte order mark or its zero bytes, else cp1252, the encoding of Western Europe. Where two readings are possible, the
file is refused. What was found is said in a notice, unless it is plain CSV.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

import pyarrow as pa

from ladle.errors import ArgumentError, CorruptFileError, FileFormatError
from ladle.formats.columns import plain_name
from ladle.formats.text.text_files import REMEDY, open_text
from ladle.pool.files.opening import open_file, open_native

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_WORDS = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "bar": "|"}
_SEP_LINE = re.compile(r'"?sep=(.)"?\r?\n?')
# Western text has few letters beyond ASCII. Three together are more likely Cyrillic, Greek, Chinese or Japanese.
_OTHER_SCRIPT = re.compile(rb"[\x80-\xff]{3}")
_HEAD_BYTES = 64


@dataclass(frozen=True, slots=True)
class CsvDialect:
    """How a CSV file is to be read, as users say it; None is found out.

    Attributes
    ----------
    delimiter : str, optional
        The character between columns, or "tab".
    encoding : str, optional
        The encoding, by a name that Python knows.
    """

    delimiter: str | None = None
    encoding: str | None = None

    def checked(self) -> CsvDialect:
        """The same with the delimiter as one character. Raises: ArgumentError."""
        delimiter = None if self.delimiter is None else _WORDS.get(self.delimiter, self.delimiter)
        if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n' or not delimiter.isascii()):
            raise ArgumentError("the delimiter", wanted='be one character, or "tab"', got=repr(self.delimiter))
        if self.encoding is not None:
            try:
                "a".encode(codecs.lookup(self.encoding).name)
            except (LookupError, ValueError) as cause:
                wanted = "be the name of an encoding, such as utf-8, utf-16, cp1252 or shift_jis"
                raise ArgumentError("the encoding", wanted=wanted, got=repr(self.encoding)) from cause
        return CsvDialect(delimiter, self.encoding)


@dataclass(frozen=True, slots=True)
class CsvText:
    """The text of a CSV file.

    Attributes
    ----------
    path : Path
        The file.
    delimiter : str
        The character between its columns.
    header : list of str
        The names of its columns.
    content : bytes or None
        All of its text as UTF-8, where the file is in another encoding.
    skipped : int
        Lines before the header that are no data: 1 for `sep=;`.
    notices : tuple of str
        What was found out, for people.
    """

    path: Path
    delimiter: str
    header: list[str]
    content: bytes | None = None
    skipped: int = 0
    notices: tuple[str, ...] = field(default=())

    @contextmanager
    def lines(self, errors: str = "strict") -> Iterator[TextIO]:
        """The text from its header on, for Python's csv reader."""
        with _binary(self.path, self.content) as binary, io.TextIOWrapper(binary, "utf-8", errors, newline="") as text:
            for _ in range(self.skipped):
                text.readline()
            yield text

    @contextmanager
    def native(self) -> Iterator[Any]:
        """The text from its header on, for Arrow."""
        with _binary(self.path, self.content) as binary:
            for _ in range(self.skipped):
                binary.readline()
            begin = binary.tell()
        if self.content is not None:
            yield pa.BufferReader(pa.py_buffer(self.content[begin:]))
            return
        with open_native(self.path, begin) as native:
            yield native

    @property
    def has_spaces(self) -> bool:
        """Whether a space follows every separator of the header: then the spaces belong to the separators."""
        return len(self.header) > 1 and all(name[:1] == " " and name.strip() for name in self.header[1:])


def read_dialect(path: Path, names: Mapping[str, str], given: CsvDialect) -> CsvText:
    """Find out how a file is written. names: field -> column, of the columns that are wanted.

    Raises: FileFormatError where two readings are possible; CorruptFileError without a header; as `open_text`.
    """
    given = given.checked()
    content, encoding = _as_utf8(path, given.encoding)
    notices = [f"{path} is read as {encoding} text."] if encoding and not given.encoding else []
    try:
        with _binary(path, content) as binary, io.TextIOWrapper(binary, "utf-8", newline="") as text:
            first = text.readline()
            marked = _SEP_LINE.fullmatch(first)
            lines = text if marked else _chained(first, text)
            head = _first_record(lines)
        delimiter = given.delimiter or (marked[1] if marked else _choose(path, head, names))
        header = next(csv.reader([head], delimiter=delimiter))
    except UnicodeDecodeError as cause:
        if given.encoding:
            raise FileFormatError(str(path), wanted=f"be {given.encoding} text", got=str(cause)) from cause
        return read_legacy(path, names, given.delimiter)
    except (StopIteration, csv.Error) as cause:
        got = str(cause) or "blank lines"
        raise CorruptFileError(str(path), wanted="begin with a header", got=got, remedy=REMEDY) from cause
    if delimiter != "," and not given.delimiter:
        between = SEPARATORS.get(delimiter, repr(delimiter))
        notices.append(f"{path} is read with {between} between its columns.")
    return CsvText(path, delimiter, header, content, 1 if marked else 0, tuple(notices))


def read_legacy(path: Path, names: Mapping[str, str], delimiter: str | None) -> CsvText:
    """As `read_dialect`, for a file that is not UTF-8, in an encoding that is found out. Raises: FileFormatError."""
    encoding = _legacy(path)
    text = read_dialect(path, names, CsvDialect(delimiter, encoding))
    notices = (f"{path} is read as {encoding} text.", *text.notices)
    return CsvText(path, text.delimiter, text.header, text.content, text.skipped, notices)


@contextmanager
def _binary(path: Path, content: bytes | None) -> Iterator[Any]:
    if content is not None:
        with io.BytesIO(content) as file:
            yield file
        return
    with open_text(path) as file:
        yield file


def _as_utf8(path: Path, encoding: str | None) -> tuple[bytes | None, str | None]:
    """(content as UTF-8, encoding); (None, None) for a file that is to be read as UTF-8."""
    with open_text(path, wide=True):
        pass  # refuses what is no text
    with open_file(path) as file:
        head = file.read(_HEAD_BYTES)
        used = encoding or _wide(head)
        if used is None or codecs.lookup(used).name == "utf-8":
            return None, None
        try:
            text = (head + file.read()).decode(used)
        except UnicodeError as cause:
            raise FileFormatError(str(path), wanted=f"be {used} text", got=str(cause)) from cause
    return text.removeprefix("\ufeff").encode(errors="replace"), used


def _wide(head: bytes) -> str | None:
    """UTF-16 or UTF-32 by a byte order mark or by zero bytes, or None."""
    for mark, name in ((codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32")):
        if head.startswith(mark):
            return name
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    even, odd = head[0::2], head[1::2]
    if len(odd) >= 4 and not any(odd) and all(even[: len(odd)]):
        return "utf-16-le"
    if len(odd) >= 4 and not any(even) and all(odd):
        return "utf-16-be"
    return None


def _legacy(path: Path) -> str:
    """The encoding of a file that is not UTF-8. Raises: FileFormatError."""
    with open_file(path) as file:
        raw = file.read()
    got = "bytes of another encoding"
    if not _OTHER_SCRIPT.search(raw):
        try:
            raw.decode("cp1252")
        except UnicodeDecodeError:
            pass
        else:
            return "cp1252"
    else:
        got = "bytes of another encoding, which could be of several alphabets"
    remedy = "Save it again as UTF-8, or name its encoding, such as cp1251, gb18030 or shift_jis."
    raise FileFormatError(str(path), wanted="be UTF-8 text", got=got, remedy=remedy)


def _chained(first: str, rest: TextIO) -> Iterator[str]:
    yield first
    yield from rest


def _first_record(lines: Iterator[str] | TextIO) -> str:
    """The text of the first record that is not blank. A name in quotes may extend over several lines."""
    for line in lines:
        if line.strip("\r\n\ufeff"):
            text = line
            while text.count('"') % 2:
                more = next(iter(lines), "")
                if not more:
                    raise csv.Error("a quote that does not close")
                text += more
            return text
    raise StopIteration


def _choose(path: Path, head: str, names: Mapping[str, str]) -> str:
    """The separator under which the header has most of the wanted columns. Raises: FileFormatError for two of them."""
    headers = {mark: next(csv.reader([head], delimiter=mark)) for mark in SEPARATORS}
    scores = {mark: _score(header, names) for mark, header in headers.items()}
    best = max(scores.values())
    if best == 0:  # an error follows: it shows the columns that there seem to be
        return max(SEPARATORS, key=lambda mark: (len(headers[mark]), mark == ","))
    chosen = [mark for mark in SEPARATORS if scores[mark] == best]
    if len(chosen) > 1 and len({tuple(headers[mark]) for mark in chosen}) > 1:
        got = " or ".join(SEPARATORS[mark] for mark in chosen)
        raise FileFormatError(
            str(path),
            wanted="have columns with one separator",
            got=f"a header that could have {got}",
            remedy="Name the delimiter.",
        )
    return chosen[0]


def _score(header: list[str], names: Mapping[str, str]) -> int:
    plain = {plain_name(column) for column in header}
    return sum(plain_name(name) in plain for name in names.values())
