"""Pools in `.npy` files, folders of them, and `.npz` archives: mapped or loaded, never unpickled.

A folder of shards holds one part of the rows in each `*.npy` file, in the order of the names. Their ids, if any,
are in the same folder in `ids.npy` or `ids.txt` (one id a line), for all rows together.
An archive holds `embeddings` and, if the examples have ids, `ids`.
"""

from __future__ import annotations

from pathlib import Path

from ladle.errors import ArgumentError, IdError
from ladle.pool.id_lists import read_ids
from ladle.pool.ids import Ids
from ladle.pool.memory import ArrayPool, check_alike, check_matrix
from ladle.pool.npy_format import map_npy, opened_archive

IDS_IN_FOLDER = ("ids.npy", "ids.txt")


def open_npy(path: Path, ids: Ids | None) -> ArrayPool:
    """One `.npy` file of shape (n, dim), mapped. Raises: FileError and its kinds, ShapeError, IdError."""
    return open_shards(path, [path], ids)


def open_shards(source: Path, files: list[Path], ids: Ids | None) -> ArrayPool:
    """`.npy` files, mapped, as one pool. Raises: as `open_npy`; ShapeError and MismatchError for unlike shards."""
    arrays = [map_npy(file) for file in files]
    for array, file in zip(arrays, files, strict=True):
        check_matrix(array.shape, array.dtype, str(file))
    check_alike([array.shape for array in arrays], [array.dtype for array in arrays], [str(file) for file in files])
    return ArrayPool(arrays, ids, str(source))


def open_folder(folder: Path, files: list[Path], ids: Ids | None) -> ArrayPool:
    """The `.npy` shards of a folder, with its `ids.npy` or `ids.txt` unless `ids` are given. Raises: as above."""
    found = [folder / name for name in IDS_IN_FOLDER if (folder / name).is_file()]
    if len(found) > 1:
        raise IdError(f"the folder {folder}", wanted="have one file of ids", got="ids.npy and ids.txt")
    if ids is None and found:
        ids = Ids(read_ids(found[0]), str(found[0]))
    shards = [file for file in files if file.name not in IDS_IN_FOLDER]
    if not shards:
        raise ArgumentError(f"the folder {folder}", wanted="hold .npy files of embeddings", got="only ids")
    return open_shards(folder, shards, ids)


def open_npz(path: Path, *, embedding: str | None, id_name: str | None, ids: Ids | None) -> ArrayPool:
    """An `.npz` archive, loaded: `embeddings` (or the array named) and `ids` (or the array named), if there.

    Raises: FileError and its kinds, MemoryPlanError, ShapeError, IdError; ArgumentError for a name not there.
    """
    with opened_archive(path) as archive:
        wanted = embedding or "embeddings"
        for name in (wanted, *([id_name] if id_name else [])):
            if name not in archive.names:
                raise ArgumentError(f"{path}", wanted=f"hold an array `{name}`", got=", ".join(archive.names) or "none")
        header = archive.header(wanted)
        check_matrix(header.shape, header.dtype, f"{path} ({wanted})")
        id_array = id_name or ("ids" if "ids" in archive.names else None)
        if ids is None and id_array is not None:
            ids = Ids(archive.read(id_array), f"{path} ({id_array})")
        return ArrayPool([archive.read(wanted)], ids, str(path))
