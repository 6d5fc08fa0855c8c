"""A dendrogram as a file: an .npz that any NumPy can open, sealed with a checksum of all its bytes."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from ladle import durable
from ladle._version import __version__
from ladle.errors import CorruptFileError, FileError, FileFormatError

if TYPE_CHECKING:
    from ladle.hac.dendrogram import Dendrogram

    Tree = TypeVar("Tree", bound=Dendrogram)

FORMAT = "ladle-dendrogram"
FORMAT_VERSION = 1  # raise it when an older Ladle would misread the file


def save_tree(tree: Dendrogram, path: str | os.PathLike[str]) -> None:
    """Write `tree` to `path`, whole or not at all. Cost: 20 bytes a merge. Raises: FileError."""
    header = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "ladle": __version__,
        "n": tree.n,
        "metric": tree.metric,
        "certified": tree.certified,
        "recall": tree.recall,
        "known_below": None if np.isinf(tree.known_below) else tree.known_below,
        "level": None if tree.level is None else asdict(tree.level),
        "pool_digest": tree.pool_digest,
    }
    text = np.frombuffer(json.dumps(header).encode(), np.uint8)
    with durable.writing(path) as file:
        np.savez(file, header=text, merges=tree.merges, heights=tree.heights)
        durable.seal(file)


def load_tree(kind: type[Tree], path: str | os.PathLike[str]) -> Tree:
    """Read a tree back as a `kind`. Raises: FileError when it cannot be read, FileFormatError when it is something
    else or newer than this Ladle, CorruptFileError when any byte has changed."""
    try:
        durable.check_seal(path)
        # Opened here, because np.load leaves its own file open when the archive is bad.
        with Path(path).open("rb") as file, np.load(file, allow_pickle=False) as archive:
            header = json.loads(bytes(archive["header"]).decode())
            if header["format_version"] > FORMAT_VERSION:
                raise FileFormatError(
                    f"the tree {path}",
                    wanted=f"have format version {FORMAT_VERSION} or older",
                    got=f"version {header['format_version']}, written by Ladle {header['ladle']}",
                    remedy="Update Ladle.",
                )
            return _build(kind, header, {name: archive[name] for name in ("merges", "heights")}, path)
    except CorruptFileError:
        with Path(path).open("rb") as file:
            if FORMAT.encode() in file.read(4096):
                raise
        raise FileFormatError(
            f"the tree {path}", wanted="be a file that Ladle wrote", got="something else, or the wreck of one"
        ) from None
    except FileError:
        raise
    except OSError as cause:
        raise FileError(f"the tree {path}", wanted="be readable", got=cause.strerror or str(cause)) from cause


def _build(
    kind: type[Tree], header: dict[str, Any], arrays: dict[str, np.ndarray[Any, Any]], path: str | os.PathLike[str]
) -> Tree:
    from ladle.hac.dendrogram import Level
    from ladle.hac.tree_kernels import is_tree

    merges, heights, n = arrays["merges"], arrays["heights"], int(header["n"])
    sound = (
        merges.dtype == np.int64
        and merges.ndim == 2
        and merges.shape[1] == 2
        and heights.dtype == np.float32
        and heights.shape == (len(merges),)
        and bool(np.all(heights[1:] >= heights[:-1]))
        and bool(is_tree(merges, n))
    )
    if not sound:
        raise CorruptFileError(f"the tree {path}", wanted="hold merges in order of height", got="an impossible tree")
    level = header["level"]
    return kind(
        n=n,
        merges=merges,
        heights=heights,
        metric=str(header["metric"]),
        certified=float(header["certified"]),
        recall=None if header["recall"] is None else float(header["recall"]),
        known_below=np.inf if header["known_below"] is None else float(header["known_below"]),
        level=None if level is None else Level(**level),
        pool_digest=str(header["pool_digest"]),
    )
