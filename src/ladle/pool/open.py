"""`open_pool`: from whatever the user has to a `Pool`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from ladle.arrays import as_matrix
from ladle.errors import ArgumentError
from ladle.frames import is_table
from ladle.numbers import choice, switch
from ladle.pool.contract import METRICS, Pool
from ladle.pool.files.listing import Listing, list_files

if TYPE_CHECKING:
    from ladle.pool.ids.example_ids import Ids
    from ladle.pool.tables.table_readers import TableReader


def open_pool(
    source: object,
    *,
    id: str | None = None,  # noqa: A002 - the word users have for it
    embedding: str | None = None,
    ids: object = None,
    skip_invalid: bool = False,
    metric: str = "cosine",
) -> Pool:
    """The examples in `source` as a `Pool`; the vectors are not read yet (but `.npz` is loaded).

    `source` is one of:
    - an (n, dim) array, or anything numpy reads as one;
    - a path to a `.npy` file or a folder of `.npy` shards (ids in the folder's `ids.npy` or `ids.txt`), or to a
      `.npz` with `embeddings` and optional `ids`, or a folder of them;
    - a path to a `.parquet` (`.pq`) or `.arrow` (`.feather`, `.ipc`) file or a folder of them; a `pyarrow.Table`, or
      anything that hands out an Arrow table (Polars, pandas);
    - a `Pool`, given back as it is.
    A folder is read with its subfolders, in natural order (`e_2.npy` before `e_10.npy`); `pool.notices` says so where
    the order of the names as text is another one. Names that begin with "." or "_" are ignored, and files that hold no
    data Ladle reads are refused by name: see `ladle.pool.files.listing`.

    `id` and `embedding` name the columns (of a `.npz`: the arrays). Without them the id column is `id`, and the
    vectors are in the one column of float lists. A pattern such as `embedding="emb_*"` takes columns with one number
    each, in natural order. The folders of partitions, such as `label=cat`, give columns too. `ids`, for sources
    without an id column, is a list or array of ids, the path of a file of them (`.txt`, `.csv`, `.npy`, `.npz`,
    `.parquet`, `.arrow`), a path and a column (`meta.parquet:image_id`), or "row-numbers"; without, ids are row
    numbers, and `pool.notices` says so of a table. A table in which a column looks like ids under another name than
    `id` is refused until one of `id` and `ids` says what they are.

    `skip_invalid` leaves out the rows whose vector cannot be used: null or ragged lists, nulls, NaN and infinity, and
    zero vectors where `metric` is "cosine". `pool.skipped` lists them with ids and reasons. The others keep their ids
    (row numbers of the source, where it has no ids), `pool.source_rows` tells where each stood, and scores by position
    have an entry for every row of the source.

    Raises: ArgumentError, FileError and its kinds, ShapeError, MismatchError, IdError.
    Cost: reads the schema and the ids; memory of the ids. With `skip_invalid` one pass over the vectors more.
    """
    skip_invalid, metric = switch(skip_invalid, "`skip_invalid`"), choice(metric, "`metric`", METRICS)
    pool = _open(source, id, embedding, ids)
    if not skip_invalid:
        return pool
    from ladle.pool.valid_pool import leave_out_invalid

    return leave_out_invalid(pool, metric)


def _open(source: object, id: str | None, embedding: str | None, ids: object) -> Pool:  # noqa: A002
    if isinstance(source, Pool):
        _refuse("a pool that is already open", id=id, embedding=embedding, ids=ids)
        return source
    if isinstance(source, (str, os.PathLike)):
        return _open_listing(list_files(source, "the pool"), id, embedding, _read_ids(ids))
    if is_table(source) and not (id is None and embedding is None and _is_matrix(source)):
        return _open_table(source, id, embedding, _read_ids(ids))
    from ladle.pool.array_pool import ArrayPool
    from ladle.pool.ids.example_ids import Ids

    _refuse("an array", id=id, embedding=embedding)
    matrix = np.asarray(as_matrix(source, "source"))  # type: ignore[arg-type]
    given = _read_ids(ids)
    return ArrayPool([matrix], given if isinstance(given, Ids) else None, "an array")


def _is_matrix(source: object) -> bool:
    """Whether a frame is a matrix with names: several columns, all of them floats."""
    import pyarrow as pa

    frame = hasattr(source, "columns") and hasattr(source, "to_numpy")  # of pandas or polars
    kinds = read_memory_table(source).schema.types if frame else []
    return len(kinds) > 1 and all(pa.types.is_floating(kind) for kind in kinds)


def open_if_path(value: Any) -> Any:
    """`value`, or the pool there if it is a path: so embeddings may be given by their place. Raises: as `open_pool`."""
    return open_pool(value) if isinstance(value, (str, os.PathLike)) else value


def read_memory_table(source: object) -> TableReader:
    """A table in memory as `TableReader`."""
    from ladle.pool.tables.memory_tables import as_arrow_table
    from ladle.pool.tables.table_readers import MemoryReader

    return MemoryReader(as_arrow_table(source), "a table")


def _open_listing(listing: Listing, id_name: str | None, embedding: str | None, ids: Ids | str | None) -> Pool:
    if listing.family in (".npy", ".npz"):
        from ladle.pool import numpy_pools
        from ladle.pool.ids.example_ids import Ids
        from ladle.pool.ids.table_ids import ROW_NUMBERS

        beside = ids if isinstance(ids, Ids) else None
        if listing.family == ".npz":
            if ids is not None:
                _refuse("a .npz pool whose ids are given beside it", id=id_name)
            pool = numpy_pools.open_archives(listing, embedding=embedding, id_name=id_name, ids=beside)
        else:
            _refuse("a .npy pool, which has no columns", id=id_name, embedding=embedding)
            pool = numpy_pools.open_arrays(listing, beside)
        return pool.with_row_numbers() if ids == ROW_NUMBERS else pool
    from ladle.pool.column_pool import ColumnPool
    from ladle.pool.tables.table_readers import open_reader

    return ColumnPool(open_reader(listing), id_name=id_name, embedding=embedding, ids=ids)


def _open_table(source: object, id_name: str | None, embedding: str | None, ids: Ids | str | None) -> Pool:
    from ladle.pool.column_pool import ColumnPool

    return ColumnPool(read_memory_table(source), id_name=id_name, embedding=embedding, ids=ids)


def _read_ids(ids: object) -> Ids | str | None:
    """The ids given beside the vectors, `ROW_NUMBERS`, or None. Raises: as `read_ids_at`; ArgumentError, IdError."""
    if ids is None:
        return None
    from ladle.pool.ids.example_ids import Ids
    from ladle.pool.ids.lists import read_ids_at
    from ladle.pool.ids.table_ids import ROW_NUMBERS

    if not isinstance(ids, (str, os.PathLike)):
        return Ids(ids)

    if os.fspath(ids) != ROW_NUMBERS:
        return read_ids_at(ids)
    if os.path.lexists(ROW_NUMBERS):
        raise ArgumentError(
            "`ids`",
            wanted="say one thing",
            got=f'"{ROW_NUMBERS}", which is the name of a folder here too',
            remedy=f"For the folder, give ./{ROW_NUMBERS}; for the numbers of the rows, rename it.",
        )
    return ROW_NUMBERS


def _refuse(kind: str, **options: Any) -> None:
    for name, value in options.items():
        if value is not None:
            raise ArgumentError(f"`{name}`", wanted=f"be left out for {kind}", got="one")
