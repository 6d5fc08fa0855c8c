"""Scores by id in a CSV file, read as the table that the same numbers would make in Parquet.

A CSV does not state which columns are text and which are numbers. The ids are read as text and become ids of the pool's
kind. A column of decimal numbers is read as floats. So is a column of whole numbers in one series with such columns
(`p2` beside `p1`), because some programs write 0.0 as 0. A column of numbers with words in it is refused: if it were
left out, a class would be missing without notice.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from ladle.errors import ArgumentError, CorruptFileError, DataError, IdError, ShapeError
from ladle.memory.budget import require
from ladle.pool.files.opening import open_file, open_native
from ladle.pool.ids.table_ids import ID_COLUMN
from ladle.pool.ids.text_files import parse_ids
from ladle.pool.tables.table_readers import MemoryReader, TableReader

_NUMBER = r"^\s*[+-]?([0-9]+([.,][0-9]*)?|[.,][0-9]+)([eE][+-]?[0-9]+)?\s*$"
_MEMORY_PER_FILE_BYTE = 3  # bytes of memory while a table is read, for each byte of its file


def open_csv(path: Path, *, id_name: str | None, like: str | None = None, numbers: Sequence[str] = ()) -> TableReader:
    """The table in a CSV file: ids as int64 or large_string, decimal numbers as float64, an empty cell as null.

    id_name: the column of the ids; None means `id`, if there is one. like: "integer" or "text", the kind of the pool's
    ids. numbers: columns that are read as floats even if all their numbers are whole. Row numbers in errors count from
    0 after the header.
    Raises: ArgumentError for a column that is not there; IdError; DataError for words among the numbers of a column;
    ShapeError for no rows; CorruptFileError; FileError; MemoryPlanError. Cost: the whole table in memory.
    """
    with open_file(path) as file:
        names = _header(path, file)
        for name in (*([id_name] if id_name else []), *numbers):
            if name not in names:
                raise ArgumentError(
                    str(path),
                    wanted=f"have a header with a column `{name}`",
                    got=", ".join(f"`{each}`" for each in names) or "nothing in its first line",
                )
            if names.count(name) > 1:
                raise ArgumentError(str(path), wanted=f"have one column `{name}`", got="several")
        id_name = id_name or (ID_COLUMN if ID_COLUMN in names else None)
        if id_name and names.count(id_name) > 1:
            raise ArgumentError(str(path), wanted=f"have one column `{id_name}`", got="several")
        require(_MEMORY_PER_FILE_BYTE * path.stat().st_size, f"reading {path}", remedy="Store the scores as Parquet.")
        file.seek(0)
        with _csv_errors(path), open_native(path, file.tell()) as native:
            table = pa.csv.read_csv(
                native,
                read_options=pa.csv.ReadOptions(use_threads=False),
                convert_options=pa.csv.ConvertOptions(
                    column_types={
                        **({id_name: pa.string()} if id_name else {}),
                        **dict.fromkeys(numbers, pa.float64()),
                    },
                    strings_can_be_null=False,
                ),
            )
    if table.num_rows == 0:
        raise ShapeError(str(path), wanted="have at least one row below its header", got="no rows")
    columns = [
        _ids(table.column(name), name, path, like) if name == id_name else _column(table, place, path)
        for place, name in enumerate(table.schema.names)
    ]
    return MemoryReader(pa.table(columns, names=table.schema.names), str(path))


def _header(path: Path, lines: Iterable[bytes]) -> list[str]:
    with _csv_errors(path):
        return next(csv.reader((line.decode("utf-8-sig") for line in lines), strict=True), [])


def _ids(text: Any, name: str, path: Path, like: str | None) -> Any:
    empty = pc.index(text, "").as_py()
    if empty >= 0:
        raise IdError(f"the ids `{name}` of {path}", wanted="have no empty cells", got=f"one in row {empty:,}")
    return parse_ids(text, f"the ids `{name}` of {path}", like)


def _column(table: Any, place: int, path: Path) -> Any:
    column, name = table.column(place), table.schema.names[place]
    if pa.types.is_integer(column.type) and _is_one_of_floats(table.schema, name):
        return column.cast(pa.float64())
    if pa.types.is_string(column.type):
        _refuse_words(column, name, path)
    return column


def _is_one_of_floats(schema: Any, name: str) -> bool:
    """Whether a column of whole numbers is in one series with float columns, or the table has no float column."""
    floats = [field.name for field in schema if pa.types.is_floating(field.type)]
    return not floats or _stem(name) in {_stem(other) for other in floats}


def _stem(name: str) -> str:
    return re.sub(r"[0-9]+", "#", name)


def _refuse_words(column: Any, name: str, path: Path) -> None:
    numeric = pc.match_substring_regex(column, _NUMBER).to_numpy()
    if 2 * np.count_nonzero(numeric) <= len(numeric):
        return
    row = int(np.argmin(numeric))
    raise DataError(
        f"the column `{name}` of {path}",
        wanted="hold numbers, with a point before the decimals, or text",
        got=f"{column[row].as_py()!r} in row {row:,} of the table, among numbers",
        remedy="Leave the cell empty where there is no number.",
    )


@contextmanager
def _csv_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, csv.Error, UnicodeDecodeError) as cause:
        raise CorruptFileError(
            str(path), wanted="be UTF-8 text, a header and as many cells in every row", got=str(cause).splitlines()[0]
        ) from cause
