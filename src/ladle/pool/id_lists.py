"""Lists of ids in files: `.txt` (one a line), `.csv`, `.npy`, `.npz`, Parquet, Arrow, or a folder of one of them.

Text files do not say whether `17` is a number. Read on their own, they hold integers when every line is one, in
plain decimal form; read to be looked up in a pool, they are of the kind of that pool's ids.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from ladle.errors import ArgumentError, CorruptFileError, IdError, MismatchError
from ladle.pool.arrow_files import open_columns
from ladle.pool.columns import ID_COLUMN, choose_id, read_column
from ladle.pool.folder import POOL_FORMATS, TEXT_FORMATS, Listing, list_files
from ladle.pool.ids import one_array
from ladle.pool.npy_format import map_npy, opened, opened_archive

_PLAIN_INTEGER = r"^(0|-?[1-9][0-9]{0,17})$"
_NEVER = "\x1f"  # the ASCII unit separator: a delimiter that no id holds


def read_ids(source: str | os.PathLike[str], *, column: str | None = None, like: str | None = None) -> Any:
    """The ids in a file, or in the files of a folder in natural order, as one pyarrow array (int64 or large_string).

    Repeats are not looked for. `column` names the id column (default `id`, or the only one). `like` ("integer" or
    "text") is the kind to read text files as.
    Raises: FileError and its kinds, IdError for nulls and for lines that are not of that kind.
    """
    listing = list_ids(source)
    if listing.family in (".txt", ".csv"):
        parts = [_read_text(file, column, lines=listing.family == ".txt") for file in listing.files]
        return typed(_joined(parts, listing), f"the ids in {listing.path}", like)
    if listing.family in (".npy", ".npz"):
        read = map_npy if listing.family == ".npy" else partial(_read_archive, column=column)
        return _joined([one_array(read(file), f"the ids in {file}") for file in listing.files], listing)
    columns = open_columns(listing)
    only = columns.schema.names[0] if column is None and len(columns.schema.names) == 1 else column
    return one_array(read_column(columns, choose_id(columns, only)), f"the ids in {listing.path}")


def list_ids(source: str | os.PathLike[str]) -> Listing:
    """The files of a list of ids, and the order they are read in. Raises: FileError, FileFormatError."""
    return list_files(source, "the ids in", formats=TEXT_FORMATS | POOL_FORMATS, ids_inside=False)


def _joined(parts: list[Any], listing: Listing) -> Any:
    """The ids of all files as one array. Raises: MismatchError for files of unlike kinds."""
    for file, part in zip(listing.files, parts, strict=True):
        if part.type != parts[0].type:
            raise MismatchError(
                f"the ids in {file}", wanted=f"be {parts[0].type} like those in {listing.files[0]}", got=str(part.type)
            )
    return parts[0] if len(parts) == 1 else one_array(pa.chunked_array(parts), f"the ids in {listing.path}")


def _read_archive(path: Path, column: str | None) -> Any:
    with opened_archive(path) as archive:
        wanted = column or "ids"
        if wanted not in archive.names:
            raise ArgumentError(str(path), wanted=f"hold an array `{wanted}`", got=", ".join(archive.names))
        return archive.read(wanted)


def _read_text(path: Path, column: str | None, *, lines: bool) -> Any:
    # A CSV needs its header: guessing that there is none, or that there is one, would lose or invent an id.
    wanted = column or ID_COLUMN
    with opened(path) as file, _csv_errors(path):
        if lines:
            table = pa.csv.read_csv(
                file,
                read_options=pa.csv.ReadOptions(column_names=[wanted]),
                parse_options=pa.csv.ParseOptions(delimiter=_NEVER, quote_char=False, ignore_empty_lines=False),
                convert_options=pa.csv.ConvertOptions(column_types={wanted: pa.string()}, strings_can_be_null=False),
            )
        else:
            names = file.readline().decode("utf-8-sig").rstrip("\r\n").split(",")
            file.seek(0)
            if wanted not in [name.strip('"') for name in names]:
                raise ArgumentError(str(path), wanted=f"have a header with a column `{wanted}`", got=", ".join(names))
            table = pa.csv.read_csv(
                file,
                convert_options=pa.csv.ConvertOptions(
                    include_columns=[wanted], column_types={wanted: pa.string()}, strings_can_be_null=False
                ),
            )
    text = table.column(wanted)
    empty = pc.index(text, "").as_py()
    if empty >= 0:
        raise IdError(f"the ids in {path}", wanted="have no empty lines", got=f"one at position {empty:,}")
    return text


@contextmanager
def _csv_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowInvalid, UnicodeDecodeError) as cause:
        told = str(cause).splitlines()[0]
        if "Empty CSV" in told:
            raise IdError(f"the ids in {path}", wanted="be one or more", got="an empty file") from cause
        raise CorruptFileError(str(path), wanted="be UTF-8 text with one id a line", got=told) from cause


def typed(text: Any, name: str, like: str | None) -> Any:
    """Ids that stand in text, as int64 or large_string: of the kind `like`, or integers if all are. Raises: IdError."""
    text = one_array(text, name)
    if like == "text":
        return text
    plain = pc.match_substring_regex(text, _PLAIN_INTEGER)
    if pc.all(plain).as_py():
        return one_array(text.cast(pa.int64()), name)
    if like is None:
        return text
    odd = text.filter(pc.invert(plain))[0].as_py()
    raise IdError(name, wanted="be integers, as the pool's ids are", got=repr(odd))
