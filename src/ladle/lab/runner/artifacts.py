"""Embeddings, probabilities and trees on disk, each folder whole or not there, for processes and resumed runs to share.

A folder holds `.npy` arrays, `tree.npz`, and `about.json`, which is written last and has the SHA-256 of every array (a
tree carries its own) and a `key`: what it was made from. A folder without it, or of another key, is as good as empty.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle import durable
from ladle.errors import CorruptFileError
from ladle.hac import Dendrogram

ABOUT, TREE = "about.json", "tree.npz"
REMEDY = "Remove its folder; the same command makes it again."


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """arrays: by name, read-only memory maps. about: what was noted with them, as JSON has it."""

    arrays: Mapping[str, npt.NDArray[Any]]
    tree: Dendrogram
    about: Mapping[str, Any]


def keep(
    folder: Path, key: str, arrays: Mapping[str, npt.NDArray[Any]], tree: Dendrogram, about: Mapping[str, Any]
) -> Kept:
    """Write all of it into `folder`, replacing what is there, and read it back. Raises: FileError."""
    shutil.rmtree(folder, ignore_errors=True)  # what a crash left half-written
    durable.folder(folder)
    digests = {}
    for name, array in arrays.items():
        path = folder / f"{name}.npy"
        with durable.writing(path) as file:
            np.save(file, array, allow_pickle=False)
        digests[name] = durable.file_digest(path)
    tree.save(folder / TREE)
    with durable.writing(folder / ABOUT) as file:
        file.write(json.dumps({"key": key, "arrays": digests, "about": dict(about)}, allow_nan=False).encode())
    found = kept(folder, key)
    if found is None:
        raise CorruptFileError(f"the folder {folder}", wanted="hold what was just written", got="something else")
    return found


def kept(folder: Path, key: str) -> Kept | None:
    """What `keep` wrote into `folder` under `key`, checked; None when that is not there. Raises: CorruptFileError.

    Cost: reads everything once, for the checksums; what is used of the arrays is paged in from the file.
    """
    sealed = _sealed(folder, key)
    if sealed is None:
        return None
    arrays = {}
    for name, digest in sealed["arrays"].items():
        path = folder / f"{name}.npy"
        found = durable.file_digest(path) if path.is_file() else "no such file"
        if found != digest:
            raise CorruptFileError(
                f"the file {path}", wanted=f"have SHA-256 {digest[:12]}...", got=found[:12], remedy=REMEDY
            )
        arrays[name] = np.load(path, mmap_mode="r", allow_pickle=False)
    return Kept(arrays, Dendrogram.load(folder / TREE), sealed["about"])


def kept_tree(folder: Path, key: str) -> Dendrogram | None:
    """The tree alone of what `keep` wrote, checked; None when that is not there. Raises: CorruptFileError."""
    return None if _sealed(folder, key) is None else Dendrogram.load(folder / TREE)


def _sealed(folder: Path, key: str) -> dict[str, Any] | None:
    """What was written last, if it is there and of this key. Raises: CorruptFileError."""
    try:
        sealed: dict[str, Any] = json.loads((folder / ABOUT).read_text())
    except FileNotFoundError:
        return None
    except ValueError as cause:
        raise CorruptFileError(f"the file {folder / ABOUT}", wanted="be JSON", got=str(cause), remedy=REMEDY) from cause
    return sealed if sealed.get("key") == key else None
