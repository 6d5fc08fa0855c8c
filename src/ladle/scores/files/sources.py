"""What a source of scores turns out to be: arrays, archives of arrays, or the columns of a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ladle.arrays import row_blocks
from ladle.errors import ArgumentError, IdError, ShapeError
from ladle.notices import notice
from ladle.pool.array_pool import as_floats, is_number
from ladle.pool.files.listing import Listing
from ladle.pool.files.npy_format import Archive, map_npy, opened_archive
from ladle.pool.ids.example_ids import Ids, one_array
from ladle.scores.files.class_columns import ONE_NUMBER, Field, Sought, choose
from ladle.scores.files.column_blocks import ScoreColumns, Values, Waived

Array = np.ndarray[Any, Any]
_CLASSES = "have numbers of at least two classes for each example"


@dataclass(frozen=True, slots=True)
class Found:
    """A source of `count` entries. ids: None for the pool's order; width: None for one number an entry."""

    name: str
    ids: Ids | None
    count: int
    width: int | None
    columns: tuple[str, ...]
    read: Callable[[int, Waived], Iterator[Values]]


def in_listing(
    listing: Listing, sought: Sought, id_name: str | None, *, like: str, usual_id: str | None = None
) -> Found:
    """The scores in files. like: the kind of the pool's ids; usual_id: as in `in_columns`.

    Raises: as `ladle.scores.files.score_file.open_scores`.
    """
    from ladle.pool.ids.lists import read_ids
    from ladle.pool.tables.table_readers import FileColumns, open_columns

    if listing.family == ".npy":
        refuse_names(str(listing.path), sought, id_name)
        ids = None if listing.ids is None else Ids(read_ids(listing.ids, like=like), str(listing.ids))
        return in_arrays([map_npy(file) for file in listing.files], str(listing.path), ids, sought)
    if listing.family == ".npz":
        return _in_archives(listing, sought, id_name)
    if listing.family == ".csv":
        from ladle.pool.ids.text_files import read_header
        from ladle.scores.files.csv_table import open_csv

        plain = [name for name in sought.columns if not set(name) & set("*?[")]
        if id_name is None and usual_id is not None and usual_id in read_header(listing.files[0]):
            id_name = usual_id
        parts = [open_csv(file, id_name=id_name, like=like, numbers=plain) for file in listing.files]
        columns = FileColumns(parts, str(listing.path), listing.order_notice) if listing.is_folder else parts[0]
        return in_columns(columns, sought, id_name, usual_id)
    return in_columns(open_columns(listing), sought, id_name, usual_id)


def in_columns(columns: Any, sought: Sought, id_name: str | None, usual_id: str | None = None) -> Found:
    """The scores in the columns of a table. usual_id: the id column if the table has it and `id_name` is None.

    Raises: ArgumentError, ShapeError, IdError, FileError and its kinds.
    """
    from ladle.pool.ids.table_ids import ID_COLUMN, count_rows, id_column, speaks_of_ids
    from ladle.pool.tables.column_reading import read_column

    names = columns.schema.names
    if id_name is None and usual_id in names:
        id_name = usual_id
    if id_name is None and ID_COLUMN not in names:
        _refuse_likely_ids(columns, [name for name in names if speaks_of_ids(name)])
    else:
        id_name = id_column(columns, id_name)
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
    return Found(columns.source, ids, count, width, values.names, values.read)


def _refuse_likely_ids(columns: Any, names: Sequence[str]) -> None:
    """Refuse to take rows by position where one of these columns may hold ids. Raises: ArgumentError.

    Integers or texts, none missing and none twice, are ids as likely as not, whatever their column is called.
    """
    from ladle.pool.ids.table_ids import are_ids

    likely = next((name for name in dict.fromkeys(names) if are_ids(columns, name)), None)
    if likely is not None:
        told = f"`{likely}`" if likely else "the first, which has no name"
        raise ArgumentError(
            columns.source,
            wanted="have the ids in a column `id`, or in one that is named",
            got=f"none of that name; {told} may hold them",
            remedy=f'Say id="{likely}" if it does. If not, leave that column out of the file: its rows are then taken '
            "in the order of the pool's.",
        )


def in_arrays(
    parts: Sequence[Array], name: str, ids: Ids | None, sought: Sought, columns: tuple[str, ...] = ()
) -> Found:
    """The scores in arrays, one after another. Raises: ArgumentError, ShapeError, IdError."""
    parts = [_shaped(part, name, sought) for part in parts]
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

    return Found(name, ids, count, None if sought.single else int(parts[0].shape[1]), columns, read)


def refuse_names(name: str, sought: Sought, id_name: str | None) -> None:
    """Raises: ArgumentError for columns named in arrays, which have none."""
    if sought.columns or id_name is not None:
        named = sought.columns[0] if sought.columns else id_name
        raise ArgumentError(name, wanted="have columns, for one is named", got=f"an array without, and `{named}`")


def _shaped(part: Array, name: str, sought: Sought) -> Array:
    """The array as (n,) where one number an entry is sought, else as (n, width)."""
    if not is_number(part.dtype):
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


def _in_archives(listing: Listing, sought: Sought, id_name: str | None) -> Found:
    from ladle.pool.numpy_pools import joined_ids

    values: list[Array] = []
    ids: list[Any] = []
    names: tuple[str, ...] = ()
    for path in listing.files:
        with opened_archive(path) as archive:
            id_array = _id_array(archive, id_name, path)
            names = _choose_arrays(archive, id_array, sought, path)
            if id_array is not None:
                ids.append(one_array(archive.read(id_array), f"the ids in {path}"))
            array = _joined([archive.read(name) for name in names], names, path)
            if sought.columns and sought.read_as in ("multilabel", "votes") and array.ndim == 1:
                array = array.reshape(-1, 1)  # one class, said to be one by its name
            values.append(array)
    joined = joined_ids(listing, [len(part) for part in values], ids) if ids else None
    return in_arrays(values, str(listing.path), joined, sought, names)


def _id_array(archive: Archive, wanted: str | None, path: Path) -> str | None:
    if wanted is not None and wanted not in archive.names:
        raise ArgumentError(str(path), wanted=f"hold an array `{wanted}`", got=", ".join(archive.names) or "none")
    return wanted or next((name for name in ("ids", "id") if name in archive.names), None)


def _choose_arrays(archive: Archive, id_array: str | None, sought: Sought, path: Path) -> tuple[str, ...]:
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
    return choose(fields, sought, str(path)).names


def _field(archive: Archive, name: str) -> Field:
    header = archive.header(name)
    kind = f"{header.dtype} of shape {header.shape}"
    if not is_number(header.dtype) or len(header.shape) not in (1, 2):
        return Field(name, "others", kind)
    if len(header.shape) == 2:
        return Field(name, "lists", kind)
    return Field(name, "integers" if header.dtype.kind in "iub" else "floats", kind)


def _joined(arrays: list[Array], names: tuple[str, ...], path: Path) -> Array:
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
