"""A dendrogram as a file: an .npz that any NumPy can open, sealed with a checksum of all its bytes."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from ladle import durable
from ladle._version import __version__
from ladle.errors import CorruptFileError, FileError, FileFormatError

if TYPE_CHECKING:
    from ladle.hac.dendrogram import Dendrogram, Level
    from ladle.hac.prototypes import Prototypes

    Tree = TypeVar("Tree", bound=Dendrogram)

FORMAT = "ladle-dendrogram"
FORMAT_VERSION = 1  # raise it when an older Ladle would misread the file
PREFIX = "prototype_"  # of the arrays of the prototypes
PROTOTYPE_DTYPES = {
    "centre": np.float64,
    "offsets": np.float32,
    "spreads": np.float64,
    "sizes": np.int32,
    "fingerprints": np.uint64,
}


def save_tree(tree: Dendrogram, path: str | os.PathLike[str]) -> None:
    """Write `tree` to `path`, whole or not at all. Raises: FileError.

    Cost: 20 bytes a merge, and what the prototypes it carries take (ladle.hac.prototypes.prototype_bytes).
    """
    header = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "ladle": __version__,
        "n": tree.n,
        "metric": tree.metric,
        "certified": tree.certified,
        "recall": tree.recall,
        "checks": None if tree.checks is None else asdict(tree.checks),  # absent from files of older Ladles
        "known_below": None if np.isinf(tree.known_below) else tree.known_below,
        "level": None if tree.level is None else asdict(tree.level),
        "pool_digest": tree.pool_digest,
        # Absent from files of older Ladles; these leave it, and the arrays of its name, unread.
        "prototypes": None if tree.prototypes is None else {"merges": tree.prototypes.merges},
    }
    arrays: dict[str, Any] = {"merges": tree.merges, "heights": tree.heights}
    if tree.prototypes is not None:
        arrays |= {PREFIX + name: getattr(tree.prototypes, name) for name in PROTOTYPE_DTYPES}
    text = np.frombuffer(json.dumps(header).encode(), np.uint8)
    with durable.writing(path) as file:
        np.savez(file, header=text, **arrays)
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
            return _build(kind, header, archive, path)
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
    kind: type[Tree], header: dict[str, Any], arrays: Mapping[str, np.ndarray[Any, Any]], path: str | os.PathLike[str]
) -> Tree:
    from ladle.hac.dendrogram import Checks
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
        checks=None if header.get("checks") is None else Checks(**header["checks"]),
        known_below=np.inf if header["known_below"] is None else float(header["known_below"]),
        level=None if level is None else _level(level),
        pool_digest=str(header["pool_digest"]),
        prototypes=None if header.get("prototypes") is None else _prototypes(header["prototypes"], arrays, n, path),
    )


def _prototypes(
    header: dict[str, Any], arrays: Mapping[str, np.ndarray[Any, Any]], n: int, path: str | os.PathLike[str]
) -> Prototypes:
    from ladle.hac.prototypes import Prototypes

    read = {name: arrays[PREFIX + name] for name in PROTOTYPE_DTYPES}
    count, merges = len(read["sizes"]), int(header["merges"])
    shapes = {"centre": read["offsets"].shape[1:], "offsets": (count, *read["centre"].shape), "fingerprints": (n,)}
    sound = count == n - merges and all(
        array.dtype == PROTOTYPE_DTYPES[name] and array.shape == shapes.get(name, (count,))
        for name, array in read.items()
    )
    if not sound:
        raise CorruptFileError(f"the tree {path}", wanted="hold prototypes of its clusters", got="impossible ones")
    return Prototypes(merges=merges, **read)


def _level(told: dict[str, Any]) -> Level:
    """The level a tree was made for. Earlier versions took whole floats, such as 5.0, for a number of clusters."""
    from ladle.hac.dendrogram import Level

    count = told.get("n_clusters")
    return Level(**told | ({"n_clusters": int(count)} if isinstance(count, float) and count.is_integer() else {}))
