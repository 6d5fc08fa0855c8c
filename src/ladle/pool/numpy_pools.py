"""Pools in `.npy` files and `.npz` archives, one or a folder of them: mapped or loaded, never unpickled.

A folder holds one part of the rows in each file, in the order of `ladle.pool.files.listing`. The ids of `.npy` files,
if any, are at the top of the same folder in `ids.npy` or `ids.txt` (one id a line), for all rows together. An archive
holds `embeddings` and, if the examples have ids, `ids` or `id`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ladle.arrays import is_number_dtype
from ladle.errors import ArgumentError, IdError, MismatchError, ShapeError
from ladle.pool.array_pool import ArrayPool
from ladle.pool.files.listing import Listing
from ladle.pool.files.npy_format import map_npy, open_archive
from ladle.pool.ids.example_ids import Ids, as_id_array
from ladle.pool.ids.lists import read_ids

USUAL_IDS = ("ids", "id")  # names of an array of ids beside one of embeddings


def open_arrays(listing: Listing, ids: Ids | None) -> ArrayPool:
    """`.npy` files of shape (n_i, dim), mapped, as one pool. Ids in the folder must be equal to `ids`, if both exist.

    Raises: FileError and its kinds, IdError, ShapeError, MismatchError for unlike shards.
    """
    if listing.ids is not None:
        inside = Ids(read_ids(listing.ids), str(listing.ids))
        if ids is not None and not ids.values.equals(inside.values):
            raise IdError(
                f"the folder {listing.path}",
                wanted="have one list of ids",
                got=f"{listing.ids.name} in it, and other ids given in `ids`",
                remedy=f"Give no ids, or move {listing.ids.name} out of the folder.",
            )
        ids = inside
    arrays = [map_npy(file) for file in listing.files]
    names = [str(file) for file in listing.files]
    _check_shards([array.shape for array in arrays], [array.dtype for array in arrays], names)
    return ArrayPool(arrays, ids, str(listing.path), listing.order_notice)


def open_archives(listing: Listing, *, embedding: str | None, id_name: str | None, ids: Ids | None) -> ArrayPool:
    """`.npz` archives, loaded: the arrays `embeddings` and, if it exists, `ids`, or the arrays that are named.

    Raises: FileError and its kinds, MemoryPlanError, ShapeError, IdError, MismatchError for unlike archives;
    ArgumentError for a missing array.
    """
    parts: list[np.ndarray[Any, Any]] = []
    id_parts: list[Any] = []
    for file in listing.files:
        array, part_ids = _read_archive(file, embedding, id_name, with_ids=ids is None)
        parts.append(array)
        if part_ids is not None:
            id_parts.append(part_ids)
    names = [str(file) for file in listing.files]
    _check_shards([part.shape for part in parts], [part.dtype for part in parts], names)
    if ids is None and id_parts:
        ids = join_archive_ids(listing, [len(part) for part in parts], id_parts)
    return ArrayPool(parts, ids, str(listing.path), listing.order_notice)


def _read_archive(
    path: Path, embedding: str | None, id_name: str | None, *, with_ids: bool
) -> tuple[np.ndarray[Any, Any], Any]:
    """The embeddings of one archive, and its ids, or None."""
    with open_archive(path) as archive:
        wanted = embedding or "embeddings"
        for name in (wanted, *([id_name] if id_name else [])):
            if name not in archive.names:
                raise ArgumentError(f"{path}", wanted=f"hold an array `{name}`", got=", ".join(archive.names) or "none")
        header = archive.header(wanted)
        check_matrix(header.shape, header.dtype, f"{path} ({wanted})")
        id_array = (id_name or ids_beside(wanted, archive.names, str(path))) if with_ids else None
        ids = None
        if id_array is not None:
            ids = as_id_array(archive.read(id_array), f"{path} ({id_array})")
        return archive.read(wanted), ids


def ids_beside(name: str, names: Collection[str], source: str) -> str | None:
    """The array of ids in the group of the array `name`; None without one. Raises: ArgumentError for two."""
    group = name.rpartition("/")[0]
    usual = [each for last in USUAL_IDS if (each := f"{group}/{last}".lstrip("/")) in names]
    if len(usual) > 1:
        got = " and ".join(f"`{each}`" for each in usual)
        raise ArgumentError(source, wanted="have one array of ids", got=got, remedy="Name it: id=...")
    return usual[0] if usual else None


def join_archive_ids(listing: Listing, counts: list[int], parts: list[Any]) -> Ids:
    """The ids of all archives as one list. Raises: IdError, MismatchError."""
    if len(parts) != len(counts):
        raise MismatchError(
            f"the files of {listing.path}",
            wanted="all have ids, or none",
            got=f"ids in {len(parts):,} of {len(counts):,}",
        )
    for file, count, part in zip(listing.files, counts, parts, strict=True):
        if len(part) != count:
            raise IdError(f"the ids of {file}", wanted=f"be one for each of its {count:,} rows", got=f"{len(part):,}")
        if part.type != parts[0].type:
            raise MismatchError(f"the ids of {file}", wanted=f"be {parts[0].type} like the first", got=str(part.type))
    return Ids(pa.chunked_array(parts), f"the ids of {listing.path}")


def _check_shards(shapes: list[tuple[int, ...]], dtypes: list[np.dtype[Any]], names: list[str]) -> None:
    for shape, dtype, name in zip(shapes, dtypes, names, strict=True):
        check_matrix(shape, dtype, name)
    check_alike(shapes, dtypes, names)


def check_matrix(shape: tuple[int, ...], dtype: np.dtype[Any], name: str) -> None:
    """Refuse an array that cannot be embeddings, before its numbers are read. Raises: ShapeError."""
    if not is_number_dtype(dtype):
        raise ShapeError(name, wanted="hold float16, float32, float64 or bfloat16 numbers", got=f"dtype {dtype}")
    if len(shape) != 2 or 0 in shape:
        raise ShapeError(name, wanted="have shape (n, dim), with at least one row and one column", got=f"shape {shape}")


def check_alike(shapes: Sequence[tuple[int, ...]], dtypes: Sequence[np.dtype[Any]], names: Sequence[str]) -> None:
    """Refuse shards that differ in dim or dtype from the first. Raises: ShapeError, MismatchError."""
    for shape, dtype, name in zip(shapes, dtypes, names, strict=True):
        if shape[1] != shapes[0][1]:
            raise ShapeError(name, wanted=f"have dim {shapes[0][1]} like {names[0]}", got=f"dim {shape[1]}")
        if dtype != dtypes[0]:
            raise MismatchError(name, wanted=f"have dtype {dtypes[0]} like {names[0]}", got=f"dtype {dtype}")
