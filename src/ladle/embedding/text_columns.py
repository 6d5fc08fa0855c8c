"""The texts in a column of a file as the examples of a pool: CSV, JSON lines, Parquet, Arrow."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from ladle import durable
from ladle.embedding.image_files import Unreadable
from ladle.errors import CorruptFileError, FileFormatError, IdError, did_you_mean
from ladle.formats.text.text_files import numbered_lines, open_text, strict_json
from ladle.notices import notice
from ladle.pool.files.listing import ARROW_SUFFIXES, PARQUET_SUFFIXES, POOL_FORMATS, list_files
from ladle.pool.ids.example_ids import Ids
from ladle.pool.ids.text_files import parse_ids, read_csv_columns
from ladle.pool.tables.id_types import is_text
from ladle.pool.tables.table_readers import open_reader, read_column
from ladle.progress import Reporter

TABLES = (*PARQUET_SUFFIXES, *ARROW_SUFFIXES)
JSON_LINES = (".jsonl", ".ndjson")
TEXT_SUFFIXES = (".csv", *JSON_LINES, *TABLES)
TEXT_COLUMN, ID_COLUMN = "text", "id"


@dataclass(frozen=True, slots=True)
class TextColumn:
    """Texts in row order, in memory. texts: (n,) of text, null where there is none."""

    texts: Any
    ids: Any
    digest: str  # of the file

    kind = "text"
    kept_column = "text"

    @classmethod
    def of(cls, path: Path, *, column: str | None, id_column: str | None) -> TextColumn:
        """The texts in a file, or in a folder of Parquet or Arrow files.

        column: by default `text`. id_column: by default `id`, and without one the row numbers, which a notice says.
        Raises: FileError and its kinds, FileFormatError for a column that is not there or holds no text, IdError.
        Cost: memory of the texts and the ids.
        """
        suffix = path.suffix.lower()
        if suffix == ".csv":
            columns = read_csv_columns(path)
            names, read = list(columns), columns.__getitem__
        elif suffix in JSON_LINES:
            rows = _objects(path)
            names = list(dict.fromkeys(name for _, row in rows for name in row))
            read = _JsonColumn(path, rows).read
        else:
            formats = {each: family for each, family in POOL_FORMATS.items() if each in TABLES}
            reader = open_reader(list_files(path, "the texts", formats=formats))
            names = list(reader.schema.names)
            reader.check([name for name in (column or TEXT_COLUMN, id_column or ID_COLUMN) if name in names])

            def read(name: str) -> Any:
                return read_column(reader, name)

        if not names:
            raise FileFormatError(f"the texts {path}", wanted="have rows", got="none")
        texts = _as_texts(read(_present(path, column or TEXT_COLUMN, names, "--text")), column or TEXT_COLUMN, path)
        if id_column is None and ID_COLUMN not in names:
            notice(f"{path} has no column `{ID_COLUMN}`: the ids are the row numbers")
            ids = Ids.row_numbers(len(texts)).values
        else:
            name = _present(path, id_column or ID_COLUMN, names, "--id")
            found = read(name)
            ids = Ids(
                parse_ids(found, f"the ids of {path}", None) if suffix == ".csv" else found, f"the ids of {path}"
            ).values
        return cls(texts, ids, _digest(path))

    def __len__(self) -> int:
        return len(self.texts)

    def unreadable(self, progress: Reporter) -> list[Unreadable]:
        """The rows without a text."""
        found = []
        with progress.task("Checking the texts", len(self.texts)) as advance:
            for place, text in enumerate(self.texts):
                value = text.as_py()
                if value is None or not value.strip():
                    reason = "no text" if value is None else "an empty text"
                    found.append(Unreadable(place, str(self.ids[place].as_py()), reason))
            advance(len(self.texts))
        return found

    def read(self, places: Sequence[int]) -> list[str]:
        """The texts of these rows."""
        return list(self.texts.take(pa.array(places, pa.int64())).to_pylist())

    def kept(self, examples: Sequence[str]) -> list[str]:
        """The texts themselves."""
        return list(examples)


@dataclass(frozen=True, slots=True)
class _JsonColumn:
    path: Path
    rows: list[tuple[int, dict[str, Any]]]

    def read(self, name: str) -> Any:
        """The values of one name, null where a line does not have it. Raises: FileFormatError, IdError."""
        values = [row.get(name) for _, row in self.rows]
        kinds = {type(value) for value in values} - {type(None)}
        if len(kinds) > 1 or not kinds <= {str, int}:
            got = " and ".join(sorted(kind.__name__ for kind in kinds))
            raise FileFormatError(f"`{name}` of {self.path}", wanted="hold texts, or integers as ids", got=got)
        try:
            return pa.array(values, pa.int64() if kinds == {int} else pa.large_string())
        except (OverflowError, pa.ArrowInvalid) as cause:
            raise IdError(f"`{name}` of {self.path}", wanted="be integers of 64 bits", got=str(cause)[:200]) from cause


def _objects(path: Path) -> list[tuple[int, dict[str, Any]]]:
    rows = []
    with open_text(path) as file:
        for number, line in numbered_lines(file):
            try:
                value = strict_json(line)
            except ValueError as cause:
                raise CorruptFileError(f"line {number:,} of {path}", wanted="be JSON", got=str(cause)[:200]) from cause
            if not isinstance(value, dict):
                got = type(value).__name__
                raise CorruptFileError(f"line {number:,} of {path}", wanted="be a JSON object", got=got)
            rows.append((number, value))
    return rows


def _present(path: Path, name: str, names: list[str], option: str) -> str:
    if name not in names:
        remedy = did_you_mean(name, names) or f"Name the column: {option} COLUMN."
        raise FileFormatError(str(path), wanted=f"have a column `{name}`", got=", ".join(names[:12]), remedy=remedy)
    return name


def _as_texts(column: Any, name: str, path: Path) -> Any:
    """The column as one array of text; null where it has none. Raises: FileFormatError."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if not is_text(column.type):
        raise FileFormatError(f"`{name}` of {path}", wanted="hold texts", got=str(column.type))
    made = column.cast(pa.large_string())
    return made.combine_chunks() if isinstance(made, pa.ChunkedArray) else made


def _digest(path: Path) -> str:
    if path.is_file():
        return durable.file_digest(path)[:16]
    total = hashlib.sha256()
    for file in sorted(each for each in path.rglob("*") if each.is_file()):
        total.update(f"{file.relative_to(path).as_posix()} {durable.file_digest(file)}\n".encode())
    return total.hexdigest()[:16]
