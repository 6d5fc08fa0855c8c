"""Embeddings, probabilities and trees on disk, for processes and resumed runs to share; each folder is whole or absent.

A folder holds `.npy` arrays, `tree.npz`, and `about.json`. The latter is written last and has the SHA-256 of every
array (a tree carries its own) and a `key`: a hash of what the artifacts were made from. A folder without `about.json`,
or with another key, counts as empty.
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
class Artifacts:
    """What a folder holds. arrays: read-only memory maps, by name. about: notes on them, as JSON has them."""

    arrays: Mapping[str, npt.NDArray[Any]]
    tree: Dendrogram
    about: Mapping[str, Any]


def write_artifacts(
    folder: Path, key: str, arrays: Mapping[str, npt.NDArray[Any]], tree: Dendrogram, about: Mapping[str, Any]
) -> Artifacts:
    """Write everything into `folder`, replacing its content, and read it back. Raises: FileError, CorruptFileError."""
    shutil.rmtree(folder, ignore_errors=True)  # a crash may have left files without `about.json`
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
    artifacts = read_artifacts(folder, key)
    if artifacts is None:
        raise CorruptFileError(f"the folder {folder}", wanted="hold what was just written", got="something else")
    return artifacts


def read_artifacts(folder: Path, key: str) -> Artifacts | None:
    """The artifacts in `folder` under `key`, checked; None where there are none. Raises: CorruptFileError.

    Cost: reads all files once, for the checksums; later the arrays are paged in from their files as they are used.
    """
    about = _about(folder, key)
    if about is None:
        return None
    arrays = {}
    for name, wanted in about["arrays"].items():
        path = folder / f"{name}.npy"
        digest = durable.file_digest(path) if path.is_file() else "no such file"
        if digest != wanted:
            raise CorruptFileError(
                f"the file {path}", wanted=f"have SHA-256 {wanted[:12]}...", got=digest[:12], remedy=REMEDY
            )
        arrays[name] = np.load(path, mmap_mode="r", allow_pickle=False)
    return Artifacts(arrays, Dendrogram.load(folder / TREE), about["about"])


def read_tree(folder: Path, key: str) -> Dendrogram | None:
    """The tree alone of the artifacts in `folder`, checked; None where there are none. Raises: CorruptFileError."""
    return None if _about(folder, key) is None else Dendrogram.load(folder / TREE)


def _about(folder: Path, key: str) -> dict[str, Any] | None:
    """The content of `about.json`, if it is there and has this key. Raises: CorruptFileError."""
    try:
        about: dict[str, Any] = json.loads((folder / ABOUT).read_text())
    except FileNotFoundError:
        return None
    except ValueError as cause:
        raise CorruptFileError(f"the file {folder / ABOUT}", wanted="be JSON", got=str(cause), remedy=REMEDY) from cause
    return about if about.get("key") == key else None
