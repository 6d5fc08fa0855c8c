"""`open_pool`: arrays, tables, files and folders as a `Pool`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from ladle.arrays import as_matrix
from ladle.dataset_columns import is_dataset
from ladle.errors import ArgumentError
from ladle.frames import is_one_column, is_table
from ladle.memory.budget import require
from ladle.metric import check_metric
from ladle.numbers import choice, path_of, switch, text, whole
from ladle.pool.contract import Pool
from ladle.pool.files.array_addresses import is_array_store, is_stored_array
from ladle.pool.files.listing import Listing, list_files
from ladle.sparse_rows import DENSE_BYTES, check_dense, dense_size, is_sparse, is_sparse_frame

ORDERS = ("natural", "text")

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
    order: str = "natural",
    dense_bytes: int = DENSE_BYTES,
) -> Pool:
    """The examples in `source` as a `Pool`; the vectors are read later (a `.npz` is loaded at once).

    Parameters
    ----------
    source : array_like, table, path or Pool
        One of:

        - an (n, dim) array, or anything that NumPy reads as one;
        - the path of a `.npy` file, or of a folder of `.npy` shards whose ids are in its `ids.npy` or `ids.txt`;
        - the path of a `.npz` with `embeddings` and optional `ids`, or of a folder of them;
        - the path of a `.parquet` (`.pq`) or `.arrow` (`.feather`, `.ipc`) file, or of a folder of them;
        - the path of an HDF5 file (`.h5`, `.hdf5`) or a Zarr store (`.zarr`), with `::` and the name of the array if it
          is not `embeddings`: `pool.h5::features`; or an open `h5py.Dataset` or `zarr.Array`;
        - a `pyarrow.Table`, or an object that exports an Arrow table (polars, pandas);
        - a `datasets.Dataset` of Hugging Face;
        - a sparse matrix of SciPy, or a pandas frame of sparse columns, within `dense_bytes`;
        - a `Pool`, which is returned as it is.

        A folder is read with its subfolders in natural order (`e_2.npy` before `e_10.npy`); `pool.notices` says so if
        the names have another order as text. Names that begin with "." or "_" are ignored. A file that is not data is
        refused by its name; see `ladle.pool.files.listing`.
    id : str, optional
        The column (in a `.npz` the array) of the ids; by default `id`. A table in which a column of another name looks
        like ids is refused until `id` or `ids` says which ids are meant.
    embedding : str, optional
        The column (in a `.npz` the array) of the vectors; by default the one column of float lists. A pattern such as
        "emb_*" takes columns of one number each, in natural order. Folders of partitions, such as `label=cat`, give
        columns too.
    ids : array_like or path, optional
        The ids of a source without an id column: a list or an array, the path of a file of ids (`.txt`, `.csv`,
        `.npy`, `.npz`, `.parquet`, `.arrow`), a path and a column (`meta.parquet:image_id`), or "row-numbers". By
        default the ids are the row numbers; for a table `pool.notices` says so.
    skip_invalid : bool, default False
        Leave out rows whose vector cannot be used: null or ragged lists, nulls, NaN and infinity, and zero vectors if
        `metric` is "cosine". `pool.skipped` lists them with ids and reasons. The other rows keep their ids,
        `pool.source_rows` gives their positions in the source, and scores by position have an entry for every row of
        the source.
    metric : {"cosine", "sqeuclidean"}, default "cosine"
        Decides with `skip_invalid` whether zero vectors can be used.
    order : {"natural", "text"}, default "natural"
        In which order the files of a folder are read: `e_2.npy` before `e_10.npy`, or the names compared as text, as
        Ladle once read them.
    dense_bytes : int, default 1 GiB
        The largest array that a sparse matrix may become; a larger one is refused with its size.

    Returns
    -------
    Pool

    Raises
    ------
    ArgumentError
        For a wrong argument, or one that does not fit the source.
    FileError
        For a file that cannot be read; see its kinds.
    ShapeError, MismatchError, IdError
        For vectors, files or ids that do not fit together.
    MemoryPlanError
        For a sparse matrix that would take more than `dense_bytes`, or more than the memory available, when dense.

    Notes
    -----
    Cost: reads the schema and the ids; memory of the ids. `skip_invalid` reads the vectors once more.
    """
    skip_invalid, metric = switch(skip_invalid, "`skip_invalid`"), check_metric(metric)
    order = choice(order, "`order`", ORDERS)
    text(id, "`id`", undecided=True, wanted="be the name of a column")
    text(embedding, "`embedding`", undecided=True, wanted="be the name of a column, or a pattern of names")
    dense_bytes = whole(dense_bytes, "`dense_bytes`", least=1)
    pool = _open(source, id, embedding, ids, order, dense_bytes)
    if not skip_invalid:
        return pool
    from ladle.pool.valid_pool import leave_out_invalid

    return leave_out_invalid(pool, metric)


def _open(
    source: object,
    id: str | None,  # noqa: A002
    embedding: str | None,
    ids: object,
    order: str,
    dense_bytes: int,
) -> Pool:
    if isinstance(source, Pool):
        _refuse("a pool that is already open", id=id, embedding=embedding, ids=ids)
        return source
    if isinstance(source, (str, os.PathLike)):
        path_of(source, "the pool")
        if is_array_store(source):
            return _open_stored(source, id, embedding, ids)
        return _open_listing(list_files(source, "the pool", by_text=order == "text"), id, embedding, _read_ids(ids))
    if _is_table_of_examples(source) and not (id is None and embedding is None and _is_matrix(source)):
        return _open_table(source, id, embedding, _read_ids(ids))
    from ladle.pool.array_pool import ArrayPool
    from ladle.pool.ids.example_ids import Ids

    if is_stored_array(source):
        return _open_stored(source, id, embedding, ids)
    _refuse("an array", id=id, embedding=embedding)
    if is_sparse(source) or is_sparse_frame(source):
        check_dense(source, "source", dense_bytes)
        require(dense_size(source), "making the sparse matrix dense", remedy="Give fewer columns, or free memory.")
    matrix = np.asarray(as_matrix(source, "source", dense_bytes=dense_bytes))  # type: ignore[arg-type]
    own_ids = _read_ids(ids)
    return ArrayPool([matrix], own_ids if isinstance(own_ids, Ids) else None, "an array")


def _open_stored(source: Any, id_name: str | None, embedding: str | None, ids: object) -> Pool:
    from ladle.pool import stored_arrays
    from ladle.pool.ids.example_ids import Ids
    from ladle.pool.ids.table_ids import ROW_NUMBERS

    given = _read_ids(ids)
    beside = given if isinstance(given, Ids) else None
    if not isinstance(source, (str, os.PathLike)):
        _refuse("an array", id=id_name, embedding=embedding)
        return stored_arrays.open_array(source, beside)
    place = os.fspath(source)
    pool = stored_arrays.open_stored(place, embedding=embedding, id_name=id_name, ids=beside)
    return pool.with_row_numbers() if given == ROW_NUMBERS else pool


def _is_table_of_examples(source: object) -> bool:
    """Whether this is a table with columns, rather than a matrix or one column of vectors."""
    if is_dataset(source):
        return True
    return is_table(source) and not is_one_column(source) and not is_sparse_frame(source)


def _is_matrix(source: object) -> bool:
    """Whether a frame is a matrix with names: several columns, all of them floats."""
    import pyarrow as pa

    frame = hasattr(source, "columns") and hasattr(source, "to_numpy")  # of pandas or polars
    kinds = read_memory_table(source).schema.types if frame else []
    return len(kinds) > 1 and all(pa.types.is_floating(kind) for kind in kinds)


def open_if_path(value: Any) -> Any:
    """`value`, or the pool at it if it is a path: so embeddings may be given by their path. Raises: as `open_pool`."""
    return open_pool(value) if isinstance(value, (str, os.PathLike)) else value


def read_memory_table(source: object) -> TableReader:
    """A reader of a table in memory, or of a Hugging Face dataset. Raises: ArgumentError."""
    if is_dataset(source):
        from ladle.pool.tables.dataset_reader import DatasetReader

        return DatasetReader(source, "source")
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
                _refuse("a .npz pool with `ids`", id=id_name)
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
    """The ids that `open_pool` was given, `ROW_NUMBERS`, or None. Raises: as `read_ids_at`; ArgumentError, IdError."""
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
            wanted="have one meaning",
            got=f'"{ROW_NUMBERS}", which is also the name of a file or folder here',
            remedy=f"For the file, give ./{ROW_NUMBERS}; for the row numbers, rename the file.",
        )
    return ROW_NUMBERS


def _refuse(kind: str, **options: Any) -> None:
    for name, value in options.items():
        if value is not None:
            raise ArgumentError(f"`{name}`", wanted=f"be left out for {kind}", got="one")
