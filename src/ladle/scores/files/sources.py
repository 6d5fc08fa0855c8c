"""What a source of scores turns out to be: arrays, archives of arrays, or the columns of a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ladle.arrays import as_floats, is_number_dtype, row_blocks
from ladle.errors import ArgumentError, IdError, ShapeError
from ladle.notices import notice
from ladle.pool.files.listing import Listing
from ladle.pool.files.npy_format import NpzArchive, map_npy, open_archive
from ladle.pool.ids.example_ids import Ids, as_id_array
from ladle.pool.tables.list_columns import first_length, holds_floats, is_list, matrix_of
from ladle.pool.tables.table_readers import TableReader
from ladle.scores.files.class_columns import ONE_NUMBER, Holds, ScoreField, ScoreRequest, choose_columns

Array = np.ndarray[Any, Any]
Values = npt.NDArray[np.floating[Any]]
Waived = npt.NDArray[np.bool_]  # (entries,) whose scores nobody asks for, or (0,) for none
_CLASSES = "have numbers of at least two classes for each example"


@dataclass(frozen=True, slots=True)
class ScoreSource:
    """A source of `count` entries. ids: None for the pool's order; width: None for one number an entry."""

    name: str
    ids: Ids | None
    count: int
    width: int | None
    columns: tuple[str, ...]
    read: Callable[[int, Waived], Iterator[Values]]


def open_files(
    listing: Listing, sought: ScoreRequest, id_name: str | None, *, like: str, usual_id: str | None = None
) -> ScoreSource:
    """The scores in files. like: the kind of the pool's ids; usual_id: as in `open_table`.

    Raises: as `ladle.scores.files.score_file.open_scores`.
    """
    from ladle.pool.ids.lists import read_ids
    from ladle.pool.tables.table_readers import FilesReader, open_reader

    if listing.family == ".npy":
        refuse_names(str(listing.path), sought, id_name)
        ids = None if listing.ids is None else Ids(read_ids(listing.ids, like=like), str(listing.ids))
        return open_arrays([map_npy(file) for file in listing.files], str(listing.path), ids, sought)
    if listing.family == ".npz":
        return _open_archives(listing, sought, id_name)
    if listing.family == ".csv":
        from ladle.pool.ids.text_files import read_header
        from ladle.scores.files.csv_table import open_csv

        plain = [name for name in sought.columns if not set(name) & set("*?[")]
        if id_name is None and usual_id is not None and usual_id in read_header(listing.files[0]):
            id_name = usual_id
        parts = [open_csv(file, id_name=id_name, like=like, numbers=plain) for file in listing.files]
        columns = FilesReader(parts, str(listing.path), listing.order_notice) if listing.is_folder else parts[0]
        return open_table(columns, sought, id_name, usual_id)
    return open_table(open_reader(listing), sought, id_name, usual_id)


def open_table(columns: Any, sought: ScoreRequest, id_name: str | None, usual_id: str | None = None) -> ScoreSource:
    """The scores in the columns of a table. usual_id: the id column if the table has it and `id_name` is None.

    Raises: ArgumentError, ShapeError, IdError, FileError and its kinds.
    """
    from ladle.pool.ids.table_ids import ID_COLUMN, count_rows, find_id_column, is_id_name
    from ladle.pool.tables.table_readers import read_column

    names = columns.schema.names
    if id_name is None and usual_id in names:
        id_name = usual_id
    if id_name is None and ID_COLUMN not in names:
        _refuse_likely_ids(columns, [name for name in names if is_id_name(name)])
    else:
        id_name = find_id_column(columns, id_name)
    values = ScoreColumns.choose(columns, id_name, sought)
    columns.check([*([id_name] if id_name else []), *values.names])
    ids = None
    if id_name is None:
        _refuse_likely_ids(columns, [name for name in names if name not in values.names])
        notice(f"{columns.source} has no column of ids: its rows are taken in the order of the pool's.")
    else:
        ids = Ids(read_column(columns, id_name), f"the ids `{id_name}` of {columns.source}")
    count = count_rows(columns, values.names[0]) if ids is None else len(ids)
    width = values.width()
    if width == 1 and sought.read_as not in ("multilabel", "votes"):
        raise ShapeError(columns.source, wanted=_CLASSES, got="lists of one number", remedy=ONE_NUMBER)
    return ScoreSource(columns.source, ids, count, width, values.names, values.read)


def _refuse_likely_ids(columns: Any, names: Sequence[str]) -> None:
    """Refuse to take rows by position where one of these columns may hold ids. Raises: ArgumentError.

    Integers or texts, none missing and none twice, are ids as likely as not, whatever their column is called.
    """
    from ladle.pool.ids.table_ids import holds_ids

    likely = next((name for name in dict.fromkeys(names) if holds_ids(columns, name)), None)
    if likely is not None:
        told = f"`{likely}`" if likely else "the first, which has no name"
        raise ArgumentError(
            columns.source,
            wanted="have the ids in a column `id`, or in one that is named",
            got=f"none of that name; {told} may hold them",
            remedy=f'Say id="{likely}" if it does. If not, leave that column out of the file: its rows are then taken '
            "in the order of the pool's.",
        )


def open_arrays(
    parts: Sequence[Array], name: str, ids: Ids | None, sought: ScoreRequest, columns: tuple[str, ...] = ()
) -> ScoreSource:
    """The scores in arrays, one after another. Raises: ArgumentError, ShapeError, IdError."""
    parts = [_as_shape(part, name, sought) for part in parts]
    for part in parts:
        if part.shape[1:] != parts[0].shape[1:]:
            raise ShapeError(name, wanted=f"have {parts[0].shape[1]} classes throughout", got=f"{part.shape[1]}")
    count = sum(len(part) for part in parts)
    if ids is not None and len(ids) != count:
        raise IdError(name, wanted=f"have one id for each of its {count:,} entries", got=f"{len(ids):,}")

    def read(block_bytes: int, waived: Waived) -> Iterator[Values]:
        for part in parts:
            for block in row_blocks(len(part), part[:1].nbytes, block_bytes):
                yield as_floats(part[block])

    return ScoreSource(name, ids, count, None if sought.single else int(parts[0].shape[1]), columns, read)


def refuse_names(name: str, sought: ScoreRequest, id_name: str | None) -> None:
    """Raises: ArgumentError for columns named in arrays, which have none."""
    if sought.columns or id_name is not None:
        named = sought.columns[0] if sought.columns else id_name
        raise ArgumentError(name, wanted="have columns, for one is named", got=f"an array without, and `{named}`")


def _as_shape(part: Array, name: str, sought: ScoreRequest) -> Array:
    """The array as (n,) where one number an entry is sought, else as (n, width)."""
    if not is_number_dtype(part.dtype):
        raise ArgumentError(name, wanted="hold numbers", got=f"dtype {part.dtype}")
    column = part.ndim == 2 and part.shape[1] == 1
    if part.ndim not in (1, 2) or 0 in part.shape or (sought.single and part.ndim == 2 and not column):
        one = "margin" if sought.read_as == "margins" else "probability"
        wanted = f"have shape (n,), one {one} a row" if sought.single else "have shape (n, classes)"
        raise ShapeError(name, wanted=wanted, got=f"shape {part.shape}")
    if sought.single:
        return part.reshape(-1) if column else part
    if part.ndim == 1 or (column and sought.read_as not in ("multilabel", "votes")):
        raise ShapeError(
            name,
            wanted="have shape (n, classes), at least two classes",
            got=f"shape {part.shape}",
            remedy=ONE_NUMBER,
        )
    return part


def _open_archives(listing: Listing, sought: ScoreRequest, id_name: str | None) -> ScoreSource:
    from ladle.pool.numpy_pools import join_archive_ids

    values: list[Array] = []
    ids: list[Any] = []
    names: tuple[str, ...] = ()
    for path in listing.files:
        with open_archive(path) as archive:
            id_array = _id_array(archive, id_name, path)
            names = _choose_arrays(archive, id_array, sought, path)
            if id_array is not None:
                ids.append(as_id_array(archive.read(id_array), f"the ids in {path}"))
            array = _join_arrays([archive.read(name) for name in names], names, path)
            if sought.columns and sought.read_as in ("multilabel", "votes") and array.ndim == 1:
                array = array.reshape(-1, 1)  # one class, said to be one by its name
            values.append(array)
    joined = join_archive_ids(listing, [len(part) for part in values], ids) if ids else None
    return open_arrays(values, str(listing.path), joined, sought, names)


def _id_array(archive: NpzArchive, wanted: str | None, path: Path) -> str | None:
    if wanted is not None and wanted not in archive.names:
        raise ArgumentError(str(path), wanted=f"hold an array `{wanted}`", got=", ".join(archive.names) or "none")
    return wanted or next((name for name in ("ids", "id") if name in archive.names), None)


def _choose_arrays(archive: NpzArchive, id_array: str | None, sought: ScoreRequest, path: Path) -> tuple[str, ...]:
    """The arrays of scores: those named, the only one beside the ids, or (n,) ones that are columns by their names."""
    beside = [name for name in archive.names if name != id_array]
    if sought.columns and all(name in beside for name in sought.columns) and len(sought.columns) == 1:
        return sought.columns
    if not sought.columns and len(beside) == 1:
        return (beside[0],)
    fields = [_field(archive, name) for name in beside]
    if not sought.columns and (not fields or any(field.holds != "floats" for field in fields)):
        # Another array may hold the ids, so scores beside it would be matched by position at best.
        raise ArgumentError(str(path), wanted="hold one array beside its ids", got=", ".join(archive.names) or "none")
    return choose_columns(fields, sought, str(path)).names


def _field(archive: NpzArchive, name: str) -> ScoreField:
    header = archive.header(name)
    kind = f"{header.dtype} of shape {header.shape}"
    if not is_number_dtype(header.dtype) or len(header.shape) not in (1, 2):
        return ScoreField(name, "others", kind)
    if len(header.shape) == 2:
        return ScoreField(name, "lists", kind)
    return ScoreField(name, "integers" if header.dtype.kind in "iub" else "floats", kind)


def _join_arrays(arrays: list[Array], names: tuple[str, ...], path: Path) -> Array:
    if len(arrays) == 1:
        return arrays[0]
    for array, name in zip(arrays, names, strict=True):
        if array.shape != arrays[0].shape:
            raise ShapeError(
                f"`{name}` of {path}",
                wanted=f"have {len(arrays[0]):,} entries like `{names[0]}`",
                got=f"{len(array):,}",
            )
    return np.column_stack([as_floats(array) for array in arrays])


@dataclass(frozen=True, slots=True)
class ScoreColumns:
    """One list column (`listed`), or columns of numbers side by side; `single` for one number a row."""

    columns: TableReader
    names: tuple[str, ...]
    listed: bool
    single: bool

    @classmethod
    def choose(cls, columns: TableReader, id_name: str | None, sought: ScoreRequest) -> ScoreColumns:
        """The columns of scores: those named, or the only ones there can be. Raises: ArgumentError."""
        votes = sought.read_as == "votes"
        fields = [
            ScoreField(field.name, _holds(field.type, votes=votes), str(field.type))
            for field in columns.schema
            if field.name != id_name
        ]
        chosen = choose_columns(fields, sought, columns.source)
        return cls(columns, chosen.names, chosen.listed, sought.single)

    def width(self) -> int | None:
        """Numbers a row, or None for single ones. Raises: ShapeError when no row has any."""
        if self.single:
            return None
        if not self.listed:
            return len(self.names)
        for batch in self.columns.batches(self.names, 64):
            width = first_length(batch.column(0))
            if width:
                return width
        raise ShapeError(self.columns.source, wanted="hold scores", got="empty or null lists only")

    def read(self, block_bytes: int, waived: Waived) -> Iterator[Values]:
        """Blocks in row order: (b, width), or (b,) for single numbers; NaN where a waived row has a null.

        Raises: ShapeError for other nulls, CorruptFileError. Cost: one pass; memory of one block, twice where columns
        are put side by side.
        """
        width = self.width()
        start = 0
        for batch in self.columns.batches(self.names, max(1, block_bytes // (8 * (width or 1)))):
            free = waived[start : start + batch.num_rows]
            if self.listed:
                assert width is not None
                yield _matrix(batch.column(0), width, self.names[0], start, free)
            else:
                parts = [_plain(batch.column(place), name, start, free) for place, name in enumerate(self.names)]
                yield parts[0] if self.single else np.column_stack(parts)
            start += batch.num_rows


def _holds(kind: Any, *, votes: bool) -> Holds:
    if holds_floats(kind) or (votes and is_list(kind)):
        return "lists"
    if pa.types.is_floating(kind):
        return "floats"
    return "integers" if pa.types.is_integer(kind) else "others"


def _plain(array: Any, name: str, first_row: int, waived: Waived) -> Values:
    if array.null_count:
        null = array.is_null().to_numpy(zero_copy_only=False)
        asked = null & ~waived if waived.size else null
        if asked.any():
            row = first_row + int(np.argmax(asked))
            raise ShapeError(f"`{name}`", wanted="have a number in every row", got=f"null in row {row:,}")
        filled: Values = array.to_numpy(zero_copy_only=False)  # Arrow makes NaN of a null
        return filled
    values: Values = array.to_numpy(zero_copy_only=True)
    return values


def _matrix(array: Any, width: int, name: str, first_row: int, waived: Waived) -> Values:
    if not waived.any():
        return matrix_of(array, width, name=name, first_row=first_row)
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    without = _without_numbers(array, width)
    lacking = without & waived
    if not lacking.any():
        return matrix_of(array, width, name=name, first_row=first_row)
    there = np.flatnonzero(~lacking)
    matrix = np.full((len(array), width), np.nan, np.float64 if array.type.value_type == pa.float64() else np.float32)
    if there.size:
        for row in np.flatnonzero(without & ~waived)[:1]:  # refused by its own number
            matrix_of(array.slice(int(row), 1), width, name=name, first_row=first_row + int(row))
        matrix[there] = matrix_of(array.take(pa.array(there)), width, name=name, first_row=first_row)
    return matrix


def _without_numbers(array: Any, width: int) -> npt.NDArray[np.bool_]:
    """(rows,) which lists are null, of another length, or have a null among their numbers."""
    lacking: npt.NDArray[np.bool_] = pc.fill_null(pc.list_value_length(array), -1).to_numpy() != width
    rest = np.flatnonzero(~lacking)
    numbers = array.take(pa.array(rest)).flatten()
    if numbers.null_count:
        null = numbers.is_null().to_numpy(zero_copy_only=False).reshape(-1, width).any(axis=1)
        lacking[rest[null]] = True
    return lacking
