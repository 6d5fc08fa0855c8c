"""`open_pool`: from whatever the user has to a `Pool`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ladle.arrays import as_matrix
from ladle.errors import ArgumentError, FileError, FileFormatError
from ladle.pool.contract import Pool

if TYPE_CHECKING:
    from ladle.pool.arrow_files import Columns
    from ladle.pool.ids import Ids

ARROW_SUFFIXES = (".arrow", ".feather")
SUFFIXES = (".npy", ".npz", ".parquet", *ARROW_SUFFIXES)


def open_pool(
    source: object,
    *,
    id: str | None = None,  # noqa: A002 - the word users have for it
    embedding: str | None = None,
    ids: object = None,
) -> Pool:
    """The examples in `source` as a `Pool`; the vectors are not read yet (but `.npz` is loaded).

    `source` is one of:
    - an (n, dim) array, or anything numpy reads as one;
    - a path to a `.npy` file or a folder of `.npy` shards (ids in the folder's `ids.npy` or `ids.txt`), or to a
      `.npz` with `embeddings` and optional `ids`;
    - a path to a `.parquet`, `.arrow` or `.feather` file or a folder of them; a `pyarrow.Table`, or anything
      that hands out an Arrow table (Polars, pandas);
    - a `Pool`, given back as it is.
    Files of a folder are taken in the order of their names; hidden files and those that begin with "_" are not.

    `id` and `embedding` name the columns (of a `.npz`: the arrays). Without them the id column is `id`, and the
    vectors are in the one column of float lists. `ids`, for sources without an id column, is a list or array of ids
    or the path of a file of them (`.txt`, `.csv`, `.npy`, `.npz`, `.parquet`, `.arrow`); without, ids are row numbers.

    Raises: ArgumentError, FileError and its kinds, ShapeError, MismatchError, IdError.
    Cost: reads the schema and the ids; memory of the ids.
    """
    if isinstance(source, Pool):
        _refuse("a pool that is already open", id=id, embedding=embedding, ids=ids)
        return source
    if isinstance(source, (str, os.PathLike)):
        return _open_path(Path(source), id, embedding, _as_ids(ids))
    if hasattr(source, "__arrow_c_stream__") or hasattr(source, "__arrow_c_array__"):
        _refuse("a table, which has an id column", ids=ids)
        return _open_table(source, id, embedding)
    from ladle.pool.memory import ArrayPool

    _refuse("an array", id=id, embedding=embedding)
    matrix = np.asarray(as_matrix(source, "source"))  # type: ignore[arg-type]
    return ArrayPool([matrix], _as_ids(ids), "an array")


def files_in(folder: Path) -> list[Path]:
    """The data files of a folder, all of one family, by name. Raises: FileError, FileFormatError."""
    try:
        names = sorted(entry.name for entry in os.scandir(folder) if entry.is_file())
    except OSError as cause:
        raise FileError(str(folder), wanted="be a readable folder", got=cause.strerror or str(cause)) from cause
    files = [folder / name for name in names if name[0] not in "._" and _family(name) is not None]
    families = sorted({str(_family(file.name)) for file in files})
    if len(families) > 1:
        raise FileFormatError(f"the folder {folder}", wanted="hold one format", got=" and ".join(families))
    if not files:
        raise FileFormatError(f"the folder {folder}", wanted="hold .npy, .parquet or .arrow files", got="none")
    return files


def open_table_source(source: object) -> Columns:
    """A table in memory as `Columns`."""
    from ladle.pool.arrow_files import TableColumns
    from ladle.pool.frames import table_of

    return TableColumns(table_of(source), "a table")


def _family(name: str) -> str | None:
    suffix = Path(name).suffix.lower()
    if suffix in ARROW_SUFFIXES:
        return "Arrow"
    return {".npy": ".npy", ".parquet": "Parquet"}.get(suffix)


def _open_path(path: Path, id_name: str | None, embedding: str | None, ids: Ids | None) -> Pool:
    if not path.exists():
        raise FileError(f"the pool {path}", wanted="be a file or a folder", got="nothing there")
    files = files_in(path) if path.is_dir() else [path]
    suffix = files[0].suffix.lower()
    if suffix in (".npy", ".npz"):
        from ladle.pool import npy

        if suffix == ".npz":
            return npy.open_npz(path, embedding=embedding, id_name=id_name, ids=ids)
        _refuse("a .npy pool, which has no columns", id=id_name, embedding=embedding)
        return npy.open_folder(path, files, ids) if path.is_dir() else npy.open_npy(path, ids)
    if suffix in (".parquet", *ARROW_SUFFIXES):
        from ladle.pool.arrow_files import open_columns
        from ladle.pool.columns import ColumnPool

        _refuse("a pool in columns, which has an id column", ids=ids)
        columns = open_columns(path, files if path.is_dir() else None)
        return ColumnPool(columns, id_name=id_name, embedding=embedding)
    raise FileFormatError(
        f"the pool {path}", wanted=f"be a folder, or a file ending in {', '.join(SUFFIXES)}", got=path.name
    )


def _open_table(source: object, id_name: str | None, embedding: str | None) -> Pool:
    from ladle.pool.columns import ColumnPool

    return ColumnPool(open_table_source(source), id_name=id_name, embedding=embedding)


def _as_ids(ids: object) -> Ids | None:
    if ids is None:
        return None
    from ladle.pool.id_lists import read_ids
    from ladle.pool.ids import Ids

    if isinstance(ids, (str, os.PathLike)):
        return Ids(read_ids(Path(ids)), f"the ids in {ids}")
    return Ids(ids)


def _refuse(kind: str, **options: Any) -> None:
    for name, value in options.items():
        if value is not None:
            raise ArgumentError(f"`{name}`", wanted=f"be left out for {kind}", got="one")
