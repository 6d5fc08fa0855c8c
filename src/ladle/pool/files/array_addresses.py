"""Addresses of arrays in files of many arrays: `pool.h5`, `pool.zarr`, `pool.h5::group/embeddings`."""

from __future__ import annotations

import os
from pathlib import Path

MARK = "::"  # between the path of a file and the name of an array in it
HDF5, ZARR = (".h5", ".hdf5", ".hdf"), (".zarr",)
_LIBRARIES = ("h5py", "zarr")


def split_address(source: str | os.PathLike[str]) -> tuple[str, str]:
    """The path and the name of the array; the name is "" where there is none, as in the path of another file."""
    path, mark, name = os.fspath(source).partition(MARK)
    if not mark or not _is_store(path):
        return os.fspath(source), ""
    return path, name.strip("/")


def is_array_store(source: str | os.PathLike[str]) -> bool:
    """Whether a path names an HDF5 file or a Zarr store, by its ending."""
    return _is_store(split_address(source)[0])


def is_stored_array(source: object) -> bool:
    """Whether this is an open `h5py.Dataset` or `zarr.Array`, recognised without importing either."""
    library = type(source).__module__.partition(".")[0]
    return library in _LIBRARIES and all(hasattr(source, name) for name in ("shape", "dtype", "__getitem__"))


def _is_store(path: str) -> bool:
    return Path(path.rstrip("/")).suffix.lower() in (*HDF5, *ZARR)
