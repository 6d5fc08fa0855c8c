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
from ladle.pool.folder import Listing, list_files

if TYPE_CHECKING:
    from ladle.pool.arrow_files import Columns
    from ladle.pool.ids import Ids


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
    data Ladle reads are refused by name: see `ladle.pool.folder`.

    `id` and `embedding` name the columns (of a `.npz`: the arrays). Without them the id column is `id`, and the
    vectors are in the one column of float lists. A pattern such as `embedding="emb_*"` takes columns with one number
    each, in natural order. The folders of partitions, such as `label=cat`, give columns too. `ids`, for sources
    without an id column, is a list or array of ids or the path of a file of them (`.txt`, `.csv`, `.npy`, `.npz`,
    `.parquet`, `.arrow`); without, ids are row numbers.

    `skip_invalid` leaves out the rows whose vector cannot be used: null or ragged lists, nulls, NaN and infinity, and
    zero vectors where `metric` is "cosine". `pool.skipped` lists them with ids and reasons. The others keep their ids
    (row numbers of the source, where it has no ids), `pool.source_rows` tells where each stood, and scores by position
    have an entry for every row of the source.

    Raises: ArgumentError, FileError and its kinds, ShapeError, MismatchError, IdError.
    Cost: reads the schema and the ids; memory of the ids. With `skip_invalid` one pass over the vectors more.
    """
    skip_invalid, metric = switch(skip_invalid, "`skip_invalid`"), choice(metric, "`metric`", METRICS)
    pool = _opened(source, id, embedding, ids)
    if not skip_invalid:
        return pool
    from ladle.pool.valid import without_invalid

    return without_invalid(pool, metric)


def _opened(source: object, id: str | None, embedding: str | None, ids: object) -> Pool:  # noqa: A002
    if isinstance(source, Pool):
        _refuse("a pool that is already open", id=id, embedding=embedding, ids=ids)
        return source
    if isinstance(source, (str, os.PathLike)):
        return _open_listing(list_files(source, "the pool"), id, embedding, _as_ids(ids))
    if is_table(source):
        _refuse("a table, which has an id column", ids=ids)
        return _open_table(source, id, embedding)
    from ladle.pool.memory import ArrayPool

    _refuse("an array", id=id, embedding=embedding)
    matrix = np.asarray(as_matrix(source, "source"))  # type: ignore[arg-type]
    return ArrayPool([matrix], _as_ids(ids), "an array")


def pool_of_path(value: Any) -> Any:
    """`value`, or the pool there if it is a path: so embeddings may be given by their place. Raises: as `open_pool`."""
    return open_pool(value) if isinstance(value, (str, os.PathLike)) else value


def open_table_source(source: object) -> Columns:
    """A table in memory as `Columns`."""
    from ladle.pool.arrow_files import TableColumns
    from ladle.pool.frames import table_of

    return TableColumns(table_of(source), "a table")


def _open_listing(listing: Listing, id_name: str | None, embedding: str | None, ids: Ids | None) -> Pool:
    if listing.family in (".npy", ".npz"):
        from ladle.pool import npy

        if listing.family == ".npz":
            return npy.open_archives(listing, embedding=embedding, id_name=id_name, ids=ids)
        _refuse("a .npy pool, which has no columns", id=id_name, embedding=embedding)
        return npy.open_arrays(listing, ids)
    from ladle.pool.arrow_files import open_columns
    from ladle.pool.columns import ColumnPool

    _refuse("a pool in columns, which has an id column", ids=ids)
    return ColumnPool(open_columns(listing), id_name=id_name, embedding=embedding)


def _open_table(source: object, id_name: str | None, embedding: str | None) -> Pool:
    from ladle.pool.columns import ColumnPool

    return ColumnPool(open_table_source(source), id_name=id_name, embedding=embedding)


def _as_ids(ids: object) -> Ids | None:
    if ids is None:
        return None
    from ladle.pool.id_lists import list_ids, read_ids
    from ladle.pool.ids import Ids

    if isinstance(ids, (str, os.PathLike)):
        return Ids(read_ids(ids), f"the ids in {ids}", list_ids(ids).order_notice)
    return Ids(ids)


def _refuse(kind: str, **options: Any) -> None:
    for name, value in options.items():
        if value is not None:
            raise ArgumentError(f"`{name}`", wanted=f"be left out for {kind}", got="one")
