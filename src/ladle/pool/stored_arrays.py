"""Arrays in HDF5 files and Zarr stores as pools: read block by block, never whole unless the caller asks for all.

A path such as `pool.h5` or `pool.zarr` names a file or store, and `pool.h5::group/embeddings` an array in it. Without
`::` the array `embeddings` is taken, otherwise the only array of numbers with two axes. The ids are the array `ids`
beside it, or the one that `id` names. An `h5py.Dataset` or a `zarr.Array` that is open already is a pool without ids.

Nothing is unpickled: an array of Zarr whose codec is a pickle is refused before it is read.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ladle.arrays import CHECK_BYTES, Embeddings, as_floats, is_number_dtype, rows_per_block
from ladle.errors import (
    ArgumentError,
    CorruptFileError,
    FileError,
    FileFormatError,
    LadleError,
    UnsafeFileError,
    did_you_mean,
)
from ladle.packages import need
from ladle.pool.array_pool import ArrayPool, load_vectors
from ladle.pool.files.array_addresses import MARK, ZARR, split_address
from ladle.pool.fingerprints import PIECE_BYTES, Fingerprints
from ladle.pool.ids.example_ids import Ids
from ladle.pool.numpy_pools import check_matrix, ids_beside

_DEFAULT = "embeddings"


class StoredArrayPool(ArrayPool):
    """The rows of one stored (n, dim) array, read in pieces. An array that is written meanwhile is noticed."""

    def __init__(self, array: Any, ids: Ids | None, source: str) -> None:
        check_matrix(tuple(array.shape), np.dtype(array.dtype), source)
        super().__init__([array], ids, source)
        self._array = array
        self._fingerprints = Fingerprints(source)
        chunks = getattr(array, "chunks", None) or (1,)
        row_bytes = self.dim * np.dtype(array.dtype).itemsize
        # A chunk is decompressed whole, so a piece has whole chunks.
        self._piece_rows = chunks[0] * max(1, PIECE_BYTES // (chunks[0] * row_bytes))

    def with_row_numbers(self) -> StoredArrayPool:
        """The same rows with their numbers as ids."""
        return StoredArrayPool(self._array, None, self._source)

    def blocks(self, block_bytes: int = CHECK_BYTES) -> Iterator[tuple[slice, Embeddings]]:
        """Every row once, in order. See `Pool.blocks`.

        Memory: a block, and a piece of about 4 MiB, or one chunk of the array where that is larger.
        Raises: MismatchError if the array has changed since it was first read.
        """
        step = rows_per_block(block_bytes, self.dim * self.dtype.itemsize)
        for start in range(0, self.rows, self._piece_rows):
            piece = self._read(slice(start, min(self.rows, start + self._piece_rows)))
            for first in range(0, len(piece), step):
                block = piece[first : first + step]
                yield slice(start + first, start + first + len(block)), block

    def embeddings(self) -> Embeddings:
        """One array, copied. See `Pool.embeddings`."""
        return load_vectors(self)

    def _read(self, rows: slice) -> Embeddings:
        with _damage(self.source):
            piece = np.ascontiguousarray(self._array[rows])
        if piece.shape != (rows.stop - rows.start, self.dim):
            raise self._fingerprints.error(f"shape {tuple(self._array.shape)}")
        self._fingerprints.check(rows.start, piece.view(np.uint8))
        return as_floats(piece)


def open_stored(source: str, *, embedding: str | None, id_name: str | None, ids: Ids | None) -> StoredArrayPool:
    """The pool in an HDF5 file or a Zarr store.

    Raises: FileError and its kinds; ArgumentError for a missing array, or several that may be meant; ShapeError;
    IdError; MissingDependencyError.
    """
    path, inside = split_address(source)
    if inside and embedding is not None:
        raise ArgumentError("`embedding`", wanted=f"be left out where the path names an array ({source})", got="both")
    arrays = _list_arrays(path)
    name = inside or embedding or _choose(arrays, path)
    array = _named(arrays, name, path)
    label = f"{path}{MARK}{name}"
    if id_name is not None and ids is not None:
        raise ArgumentError("`ids`", wanted=f"be left out where `id` names an array of {path}", got="both")
    own = id_name or (ids_beside(name, arrays, path) if ids is None else None)
    if own is not None:
        ids = Ids(_read_ids(_named(arrays, own, path), f"{path}{MARK}{own}"), f"{path}{MARK}{own}")
        ids.column = own
    return StoredArrayPool(array, ids, label)


def open_array(array: Any, ids: Ids | None) -> StoredArrayPool:
    """The pool of an open `h5py.Dataset` or `zarr.Array`. Raises: ShapeError, IdError, UnsafeFileError."""
    library = type(array).__module__.partition(".")[0]
    label = f"an array of {library} ({str(getattr(array, 'name', '') or '').lstrip('/') or 'without a name'})"
    _refuse_pickle(array, label)
    return StoredArrayPool(array, ids, label)


def _list_arrays(path: str) -> dict[str, Any]:
    """Name -> array, of all arrays of a file or store. Raises: FileError and its kinds; MissingDependencyError."""
    place = Path(path)
    if not os.path.lexists(place):
        raise FileError(f"the pool {path}", wanted="be a file or a folder", got="nothing there")
    if place.suffix.lower() in ZARR:
        zarr = need("zarr", package="zarr", purpose="read a Zarr store")
        with _damage(path):
            root = zarr.open(path, mode="r")
            return {"": root} if hasattr(root, "shape") else _zarr_members(root)
    h5py = need("h5py", package="h5py", purpose="read an HDF5 file")
    if place.is_dir():
        raise FileFormatError(f"the pool {path}", wanted="be an HDF5 file", got="a folder")
    found: dict[str, Any] = {}

    def keep(name: str, each: Any) -> None:
        if isinstance(each, h5py.Dataset):
            found[name] = each

    with _damage(path):
        h5py.File(path, "r").visititems(keep)
    return found


def _zarr_members(root: Any) -> dict[str, Any]:
    return {name: each for name, each in root.members(max_depth=None) if hasattr(each, "shape")}


def _choose(arrays: dict[str, Any], path: str) -> str:
    """The array of the vectors where none is named. Raises: ArgumentError."""
    if _DEFAULT in arrays or list(arrays) == [""]:
        return _DEFAULT if _DEFAULT in arrays else ""
    likely = [name for name, each in arrays.items() if len(each.shape) == 2 and is_number_dtype(np.dtype(each.dtype))]
    if len(likely) == 1:
        return likely[0]
    listed = ", ".join(sorted(likely or arrays)[:10]) or "none"
    raise ArgumentError(
        path,
        wanted=f"hold an array `{_DEFAULT}`, or one array of numbers with two axes",
        got=f"the arrays {listed}",
        remedy=f"Name the array: {path}{MARK}{sorted(likely or arrays or ['NAME'])[0]}.",
    )


def _named(arrays: dict[str, Any], name: str, path: str) -> Any:
    if name not in arrays:
        listed = ", ".join(sorted(filter(None, arrays))[:10]) or "none"
        remedy = did_you_mean(name, [each for each in arrays if each])
        raise ArgumentError(path, wanted=f"hold an array `{name}`", got=f"the arrays {listed}", remedy=remedy)
    _refuse_pickle(arrays[name], f"{path}{MARK}{name}")
    return arrays[name]


def _refuse_pickle(array: Any, name: str) -> None:
    """Refuse an array of Zarr that only a pickle can read. Raises: UnsafeFileError."""
    metadata = getattr(array, "metadata", None)
    parts = [getattr(metadata, each, None) for each in ("filters", "compressor", "codecs", "dtype", "data_type")]
    if "pickle" in repr(parts).lower():
        raise UnsafeFileError(
            name,
            wanted="hold numbers or text",
            got="Python objects in a pickle",
            remedy="Ladle never reads pickles. Store a plain array of numbers or text.",
        )


def _read_ids(array: Any, name: str) -> Any:
    """An array of ids, of integers or text, for `Ids`. Raises: CorruptFileError."""
    with _damage(name):
        texts = hasattr(array, "asstr") and array.dtype.kind == "O"
        values = np.asarray(array.asstr()[:] if texts else array[:])
    if values.dtype.kind == "S":
        return pa.array([each.decode("utf-8", "strict") for each in values.tolist()])
    return values.astype(object) if values.dtype.kind == "T" else values


@contextmanager
def _damage(name: str) -> Iterator[None]:
    """Errors of the libraries as `CorruptFileError`."""
    try:
        yield
    except (LadleError, MemoryError):
        raise
    except Exception as cause:  # each library, and each of its codecs, has errors of its own
        reason = (str(cause) or type(cause).__name__).splitlines()[0][:200]
        raise CorruptFileError(name, wanted="be readable", got=reason, remedy="It may be a copy cut short.") from cause
