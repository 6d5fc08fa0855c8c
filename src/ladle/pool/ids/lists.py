"""Lists of ids in files: `.txt` (one a line), `.csv`, `.jsonl`, `.npy`, `.npz`, Parquet, Arrow, or a folder of them.

A text file does not state whether `17` is a number. If it is read for a pool, its ids are of the kind of the pool's
ids. Otherwise they are integers if every line is one in plain decimal form, else texts.

A list may have a second column that says yes or no about each example: `id,labelled` with `5,False` may mean that
example 5 is in the list, or that it is not. Such a list is refused until the column of its ids is named.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ladle.errors import ArgumentError, IdError, MismatchError, did_you_mean
from ladle.pool.files.listing import LIST_FORMATS, POOL_FORMATS, Listing, list_files
from ladle.pool.files.npy_format import map_npy, open_archive
from ladle.pool.ids.example_ids import Ids, as_id_array
from ladle.pool.ids.table_ids import ID_COLUMN
from ladle.pool.ids.text_files import parse_flags, parse_ids, read_csv_columns, read_jsonl, read_lines, refuse_empty
from ladle.pool.tables.table_readers import open_reader, read_column

_TEXT = (".txt", ".csv")
# Names of columns whose 0 and 1 mean no and yes; true and false have that meaning under any name.
FLAG_NAMES = {"labelled", "labeled", "is_labelled", "is_labeled", "has_label", "annotated", "done", "selected", "mask"}
BATCH_COLUMNS = {ID_COLUMN, "row", "order"}  # in every batch that `ladle select` writes


def read_ids(source: str | os.PathLike[str], *, column: str | None = None, like: str | None = None) -> Any:
    """The ids in a file, or in the files of a folder in natural order, as one pyarrow array (int64 or large_string).

    Repeats are allowed. column: the column (of a `.npz` the array) of the ids, by default `id` or the only one. like:
    "integer" or "text", the kind of the ids in text files. An empty file is a list of no ids.
    Raises: FileError and its kinds; IdError for nulls and for lines of another kind; ArgumentError if several columns
    may hold the ids.
    """
    listing = list_id_files(source)
    name = f"the ids in {listing.path}"
    remedy = "Name it after a colon, such as meta.parquet:image_id."
    values = as_id_array(_read(listing, column, (ID_COLUMN,), remedy), name)
    return parse_ids(values, name, like) if listing.family in _TEXT else values


def read_ids_at(place: str | os.PathLike[str]) -> Ids:
    """The ids at a place: a file or a folder, or `FILE:COLUMN`.

    Raises: as `read_ids`; ArgumentError for a column that the file cannot have; IdError for repeated ids.
    """
    path, column = split_column(place)
    listing = list_id_files(path)
    if column is not None and listing.family in (".txt", ".npy"):
        wanted = "be named without a column, as the file has none"
        raise ArgumentError(f"the ids in {path}", wanted=wanted, got=f"`{column}`")
    ids = Ids(read_ids(path, column=column), f"the ids in {place}", listing.order_notice)
    ids.place = f"{Path(path).resolve()}" + ("" if column is None else f":{column}")
    return ids


def split_column(place: str | os.PathLike[str]) -> tuple[Path, str | None]:
    """`meta.parquet:image_id` as the path and the column; a path that exists as a whole has no column."""
    path = Path(place)
    head, colon, column = os.fspath(path).rpartition(":")
    if not colon or not head or not column or os.path.lexists(path):
        return path, None
    return Path(head), column


def read_ids_or_mask(
    source: str | os.PathLike[str],
    *,
    like: str,
    column: str | None = None,
    id_name: str | None = None,
    remedy: str = "",
) -> Any:
    """As `read_ids`, for a pool with the id column `id_name`; or a mask, as a pyarrow array of booleans.

    In text files, `true` and `false` are a mask if the ids of the pool are integers. remedy: how to name a column.
    """
    listing = list_id_files(source)
    name = f"the ids in {listing.path}"
    values = _read(listing, column, (*([id_name] if id_name else []), ID_COLUMN), remedy, alone=column is None)
    if pa.types.is_boolean(values.type):
        return values
    listed = as_id_array(values, name)
    if listing.family not in _TEXT:
        return listed
    flags = parse_flags(listed) if like == "integer" else None
    return parse_ids(listed, name, like) if flags is None else flags


def list_id_files(source: str | os.PathLike[str]) -> Listing:
    """The files of a list of ids, in the order in which they are read. Raises: FileError, FileFormatError."""
    return list_files(source, "the ids in", formats=LIST_FORMATS | POOL_FORMATS, ids_inside=False)


def _read(listing: Listing, column: str | None, usual: Sequence[str], remedy: str, *, alone: bool = False) -> Any:
    """The values of all files as one pyarrow array of ids or booleans; text stays text.

    alone: refuse a list in which another column says no about some examples.
    """
    if listing.family in (*_TEXT, ".jsonl", ".npy", ".npz"):
        choice = _ColumnChoice(column, usual, remedy, alone)
        return _join_parts([_read_part(file, listing.family, choice) for file in listing.files], listing)
    columns = open_reader(listing)
    chosen = _choose_column(columns.schema.names, column, usual, str(listing.path), remedy)
    if alone:
        fields = [field for field in columns.schema if field.name != chosen and may_be_flags(field.name, field.type)]
        refuse_flags({each.name: read_column(columns, each.name) for each in fields}, str(listing.path), remedy)
    values = read_column(columns, chosen)
    return values if len(values) else pa.array([], pa.int64())


@dataclass(frozen=True, slots=True)
class _ColumnChoice:
    """The rule for the column of the ids: the one named, else the first of the usual names; as in `_read`."""

    column: str | None
    usual: Sequence[str]
    remedy: str
    alone: bool

    def among(self, names: Sequence[str], path: Path, *, only: bool = True) -> str:
        """The column of the ids among these names. only: whether a single column is taken under any name."""
        return _choose_column(names, self.column, self.usual, str(path), self.remedy, only=only)

    def check(self, columns: Mapping[str, Any], chosen: str, path: Path) -> None:
        """Refuse another column that says no about some examples. Raises: IdError."""
        if self.alone:
            others = {name: values for name, values in columns.items() if name != chosen}
            refuse_flags(others, str(path), self.remedy)


def _read_part(path: Path, family: str, choice: _ColumnChoice) -> Any:
    if family == ".txt":
        return read_lines(path)
    if family == ".csv":
        columns = read_csv_columns(path)
        if not columns:
            return pa.array([], pa.large_string())
        chosen = choice.among(list(columns), path, only=False)
        choice.check(columns, chosen, path)
        return refuse_empty(columns[chosen], path)
    if family == ".jsonl":
        columns = read_jsonl(path)
        if not columns:
            return pa.array([], pa.int64())
        chosen = choice.among(list(columns), path)
        choice.check(columns, chosen, path)
        return columns[chosen]
    if family == ".npy":
        return _arrow_array(map_npy(path), f"the ids in {path}")
    with open_archive(path) as archive:
        array = archive.read(replace(choice, usual=("ids", *choice.usual)).among(archive.names, path))
    return _arrow_array(array, f"the ids in {path}")


def _join_parts(parts: list[Any], listing: Listing) -> Any:
    """The values of all files as one array. Raises: MismatchError for files of different kinds."""
    filled = [(file, part) for file, part in zip(listing.files, parts, strict=True) if len(part)]
    for file, part in filled:
        if part.type != filled[0][1].type:
            raise MismatchError(
                f"the ids in {file}", wanted=f"be {filled[0][1].type} like those in {filled[0][0]}", got=str(part.type)
            )
    return pa.concat_arrays([part for _, part in filled]) if filled else parts[0]


def _choose_column(
    names: Sequence[str], column: str | None, usual: Sequence[str], source: str, remedy: str, *, only: bool = True
) -> str:
    """The column of the ids: the one named, else the first usual name that exists, else (`only`) the only column.

    The only column of a CSV is not taken, because a header cannot be told from an id.
    """
    listed = ", ".join(f"`{name}`" for name in names[:8]) or "none"
    if column is not None and column not in names and set(names) >= BATCH_COLUMNS:
        return ID_COLUMN  # a batch that Ladle wrote, among lists with another column
    if column is not None and column not in names:
        near = did_you_mean(column, names)
        raise ArgumentError(source, wanted=f"have a column `{column}`", got=listed, remedy=near)
    matches = [each for each in ((column,) if column is not None else usual) if each in names]
    if matches:
        return str(matches[0])
    if only and len(names) == 1:
        return names[0]
    wanted = " or ".join(f"`{name}`" for name in dict.fromkeys(usual))
    raise ArgumentError(source, wanted=f"have a column of ids named {wanted}", got=listed, remedy=remedy)


def _arrow_array(array: Any, name: str) -> Any:
    if array.size == 0:  # of any dtype: an empty list is float64 in NumPy
        return pa.array([], pa.int64())
    return pa.array(array) if array.dtype == bool and array.ndim == 1 else as_id_array(array, name)


def refuse_flags(columns: Mapping[str, Any], source: str, remedy: str) -> None:
    """Refuse a list in which a column beside the ids says no about some examples. Raises: IdError."""
    for name, values in columns.items():
        if len(values) == 0:
            continue
        flags = _flags_of(name, values)
        if flags is not None and not pc.all(flags, skip_nulls=True).as_py():
            false_count = int(pc.sum(pc.invert(flags)).as_py() or 0)
            raise IdError(
                f"the ids in {source}",
                wanted="be a list of examples, without a column that says no about some of them",
                got=f"`{name}`, which is false for {false_count:,} of {len(values):,}: they may or may not be meant",
                remedy=f"Leave out those rows, or the column; to list all of them, name the ids. {remedy}".strip(),
            )


def may_be_flags(name: str, kind: pa.DataType) -> bool:
    """Whether a column may hold yes and no, by its name and type."""
    text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    return pa.types.is_boolean(kind) or text or (pa.types.is_integer(kind) and name.lower() in FLAG_NAMES)


def _flags_of(name: str, values: Any) -> Any:
    """The column as booleans; None if it does not hold yes and no."""
    if isinstance(values, pa.ChunkedArray):
        values = pa.concat_arrays(values.chunks) if values.num_chunks else pa.array([], values.type)
    if pa.types.is_boolean(values.type):
        return values
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        flags = parse_flags(values)
        if flags is not None or name.lower() not in FLAG_NAMES:
            return flags
        return pc.equal(values, "1") if pc.all(pc.is_in(values, pa.array(["0", "1"], values.type))).as_py() else None
    if pa.types.is_integer(values.type) and name.lower() in FLAG_NAMES:
        return pc.equal(values, 1) if pc.all(pc.is_in(values, pa.array([0, 1], values.type))).as_py() else None
    return None
