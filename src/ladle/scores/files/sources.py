"""The sources that scores are read from: arrays, archives of arrays, and columns of tables, in blocks of floats."""

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
Waived = npt.NDArray[np.bool_]  # (entries,), entries that need no score, or (0,) for none
_CLASSES = "have numbers of at least two classes for each example"


@dataclass(frozen=True, slots=True)
class ScoreSource:
    """A source of `count` entries. ids: None for the order of the pool. width: None for one number per entry."""

    name: str
    ids: Ids | None
    count: int
    width: int | None
    columns: tuple[str, ...]
    read: Callable[[int, Waived], Iterator[Values]]


def open_files(
    listing: Listing, request: ScoreRequest, id_name: str | None, *, like: str, usual_id: str | None = None
) -> ScoreSource:
    """The scores in files. like: the kind of the pool's ids; usual_id: as in `open_table`.

    Raises: as `ladle.scores.files.score_file.open_scores`.
    """
    from ladle.pool.ids.lists import read_ids
    from ladle.pool.tables.table_readers import FilesReader, open_reader

    if listing.family == ".npy":
        refuse_names(str(listing.path), request, id_name)
        ids = None if listing.ids is None else Ids(read_ids(listing.ids, like=like), str(listing.ids))
        return open_arrays([map_npy(file) for file in listing.files], str(listing.path), ids, request)
    if listing.family == ".npz":
        return _open_archives(listing, request, id_name)
    if listing.family == ".csv":
        from ladle.pool.ids.text_files import read_header
        from ladle.scores.files.csv_table import open_csv

        plain = [name for name in request.columns if not set(name) & set("*?[")]
        if id_name is None and usual_id is not None and usual_id in read_header(listing.files[0]):
            id_name = usual_id
        parts = [open_csv(file, id_name=id_name, like=like, numbers=plain) for file in listing.files]
        columns = FilesReader(parts, str(listing.path), listing.order_notice) if listing.is_folder else parts[0]
        return open_table(columns, request, id_name, usual_id)
    return open_table(open_reader(listing), request, id_name, usual_id)


def open_table(columns: Any, request: ScoreRequest, id_name: str | None, usual_id: str | None = None) -> ScoreSource:
    """The scores in the columns of a table. usual_id: the id column, if the table has it and `id_name` is None.

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
    values = ScoreColumns.choose(columns, id_name, request)
    columns.check([*([id_name] if id_name else []), *values.names])
    ids = None
    if id_name is None:
        _refuse_likely_ids(columns, [name for name in names if name not in values.names])
        notice(f"{columns.source} has no column of ids: its rows are taken in the order of the pool.")
    else:
        ids = Ids(read_column(columns, id_name), f"the ids `{id_name}` of {columns.source}")
    count = count_rows(columns, values.names[0]) if ids is None else len(ids)
    width = values.width()
    if width == 1 and request.read_as not in ("multilabel", "votes"):
        raise ShapeError(columns.source, wanted=_CLASSES, got="lists of one number", remedy=ONE_NUMBER)
    return ScoreSource(columns.source, ids, count, width, values.names, values.read)


def _refuse_likely_ids(columns: Any, names: Sequence[str]) -> None:
    """Refuse to take rows by position if one of these columns may hold ids. Raises: ArgumentError.

    A column of integers or texts, none missing and none repeated, may hold ids whatever its name is.
    """
    from ladle.pool.ids.table_ids import holds_ids

    likely = next((name for name in dict.fromkeys(names) if holds_ids(columns, name)), None)
    if likely is not None:
        column = f"`{likely}`" if likely else "the first, which has no name"
        raise ArgumentError(
            columns.source,
            wanted="have the ids in a column `id`, or in one that is named",
            got=f"none of that name; {column} may hold them",
            remedy=f'Say id="{likely}" if it does. If not, leave that column out of the file: its rows are then taken '
            "in the order of the pool.",
        )


def open_arrays(
    parts: Sequence[Array], name: str, ids: Ids | None, request: ScoreRequest, columns: tuple[str, ...] = ()
) -> ScoreSource:
    """The scores in arrays that follow each other. Raises: ArgumentError, ShapeError, IdError."""
    parts = [_as_shape(part, name, request) for part in parts]
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

    return ScoreSource(name, ids, count, None if request.single else int(parts[0].shape[1]), columns, read)


def refuse_names(name: str, request: ScoreRequest, id_name: str | None) -> None:
    """Refuse names of columns for an array, which has none. Raises: ArgumentError."""
    if request.columns or id_name is not None:
        column = request.columns[0] if request.columns else id_name
        raise ArgumentError(name, wanted=f"have columns, because `{column}` is named", got="an array without names")


def _as_shape(part: Array, name: str, request: ScoreRequest) -> Array:
    """The array as (n,) for one number per entry, else as (n, width). Raises: ArgumentError, ShapeError."""
    if not is_number_dtype(part.dtype):
        raise ArgumentError(name, wanted="hold numbers", got=f"dtype {part.dtype}")
    column = part.ndim == 2 and part.shape[1] == 1
    if part.ndim not in (1, 2) or 0 in part.shape or (request.single and part.ndim == 2 and not column):
        one = "margin" if request.read_as == "margins" else "probability"
        wanted = f"have shape (n,), one {one} per row" if request.single else "have shape (n, classes)"
        raise ShapeError(name, wanted=wanted, got=f"shape {part.shape}")
    if request.single:
        return part.reshape(-1) if column else part
    if part.ndim == 1 or (column and request.read_as not in ("multilabel", "votes")):
        raise ShapeError(
            name,
            wanted="have shape (n, classes), at least two classes",
            got=f"shape {part.shape}",
            remedy=ONE_NUMBER,
        )
    return part


def _open_archives(listing: Listing, request: ScoreRequest, id_name: str | None) -> ScoreSource:
    from ladle.pool.numpy_pools import join_archive_ids

    values: list[Array] = []
    ids: list[Any] = []
    names: tuple[str, ...] = ()
    for path in listing.files:
        with open_archive(path) as archive:
            id_array = _id_array(archive, id_name, path)
            names = _choose_arrays(archive, id_array, request, path)
            if id_array is not None:
                ids.append(as_id_array(archive.read(id_array), f"the ids in {path}"))
            array = _join_arrays([archive.read(name) for name in names], names, path)
            if request.columns and request.read_as in ("multilabel", "votes") and array.ndim == 1:
                array = array.reshape(-1, 1)  # a column that is named is one class
            values.append(array)
    joined = join_archive_ids(listing, [len(part) for part in values], ids) if ids else None
    return open_arrays(values, str(listing.path), joined, request, names)


def _id_array(archive: NpzArchive, wanted: str | None, path: Path) -> str | None:
    if wanted is not None and wanted not in archive.names:
        raise ArgumentError(str(path), wanted=f"hold an array `{wanted}`", got=", ".join(archive.names) or "none")
    return wanted or next((name for name in ("ids", "id") if name in archive.names), None)


def _choose_arrays(archive: NpzArchive, id_array: str | None, request: ScoreRequest, path: Path) -> tuple[str, ...]:
    """The arrays of scores: those named, the only one beside the ids, or (n,) arrays that are columns by their names.

    Raises: ArgumentError.
    """
    beside = [name for name in archive.names if name != id_array]
    if request.columns and all(name in beside for name in request.columns) and len(request.columns) == 1:
        return request.columns
    if not request.columns and len(beside) == 1:
        return (beside[0],)
    fields = [_field(archive, name) for name in beside]
    if not request.columns and (not fields or any(field.holds != "floats" for field in fields)):
        # Another array may hold the ids under an unknown name; the scores would then be matched by position.
        raise ArgumentError(str(path), wanted="hold one array beside its ids", got=", ".join(archive.names) or "none")
    return choose_columns(fields, request, str(path)).names


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
    """One list column (`listed`), or columns of numbers side by side; `single` for one number per row."""

    columns: TableReader
    names: tuple[str, ...]
    listed: bool
    single: bool

    @classmethod
    def choose(cls, columns: TableReader, id_name: str | None, request: ScoreRequest) -> ScoreColumns:
        """The columns of scores: those named, or the only possible ones. Raises: ArgumentError."""
        votes = request.read_as == "votes"
        fields = [
            ScoreField(field.name, _holds(field.type, votes=votes), str(field.type))
            for field in columns.schema
            if field.name != id_name
        ]
        chosen = choose_columns(fields, request, columns.source)
        return cls(columns, chosen.names, chosen.listed, request.single)

    def width(self) -> int | None:
        """Numbers per row, or None for single ones. Raises: ShapeError when no row has any."""
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

        Raises: ShapeError for other nulls, CorruptFileError. Cost: one pass; memory of one block, or of two where
        columns are put side by side.
        """
        width = self.width()
        start = 0
        for batch in self.columns.batches(self.names, max(1, block_bytes // (8 * (width or 1)))):
            waived_here = waived[start : start + batch.num_rows]
            if self.listed:
                assert width is not None
                yield _matrix(batch.column(0), width, self.names[0], start, waived_here)
            else:
                numbers = [
                    _numbers(batch.column(place), name, start, waived_here) for place, name in enumerate(self.names)
                ]
                yield numbers[0] if self.single else np.column_stack(numbers)
            start += batch.num_rows


def _holds(kind: Any, *, votes: bool) -> Holds:
    if holds_floats(kind) or (votes and is_list(kind)):
        return "lists"
    if pa.types.is_floating(kind):
        return "floats"
    return "integers" if pa.types.is_integer(kind) else "others"


def _numbers(array: Any, name: str, first_row: int, waived: Waived) -> Values:
    if array.null_count:
        null = array.is_null().to_numpy(zero_copy_only=False)
        lacking = null & ~waived if waived.size else null
        if lacking.any():
            row = first_row + int(np.argmax(lacking))
            raise ShapeError(f"`{name}`", wanted="have a number in every row", got=f"null in row {row:,}")
        filled: Values = array.to_numpy(zero_copy_only=False)  # Arrow writes NaN for a null
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
    filled_pos = np.flatnonzero(~lacking)
    matrix = np.full((len(array), width), np.nan, np.float64 if array.type.value_type == pa.float64() else np.float32)
    if filled_pos.size:
        for row in np.flatnonzero(without & ~waived)[:1]:  # raises an error with the number of this row
            matrix_of(array.slice(int(row), 1), width, name=name, first_row=first_row + int(row))
        matrix[filled_pos] = matrix_of(array.take(pa.array(filled_pos)), width, name=name, first_row=first_row)
    return matrix


def _without_numbers(array: Any, width: int) -> npt.NDArray[np.bool_]:
    """(rows,) bool: lists that are null, have another length, or hold a null."""
    lacking: npt.NDArray[np.bool_] = pc.fill_null(pc.list_value_length(array), -1).to_numpy() != width
    full_pos = np.flatnonzero(~lacking)
    numbers = array.take(pa.array(full_pos)).flatten()
    if numbers.null_count:
        null = numbers.is_null().to_numpy(zero_copy_only=False).reshape(-1, width).any(axis=1)
        lacking[full_pos[null]] = True
    return lacking
