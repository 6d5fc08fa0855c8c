"""The file of a dendrogram: an .npz that any NumPy can open, sealed with a checksum of all its bytes.

Version 1 kept heights and the means of prototypes in float32; such files are still read.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

from ladle import durable
from ladle._version import __version__
from ladle.errors import CorruptFileError, FileError, FileFormatError
from ladle.hac.tree.archive import HEADER, ArrayArchive, impossible, open_archive
from ladle.hac.tree.fields import TreeFields
from ladle.hac.tree.header import FORMAT, TreeHeader, parse_header
from ladle.numbers import path_of

if TYPE_CHECKING:
    from ladle.hac.tree.prototypes import Prototypes

Tree = TypeVar("Tree", bound=TreeFields)

FORMAT_VERSION = 2  # raise it when an older Ladle would misread the file
PREFIX = "prototype_"  # of the arrays of the prototypes
PROTOTYPE_DTYPES = {
    "centre": np.float64,
    "offsets": np.float64,
    "spreads": np.float64,
    "sizes": np.int32,
    "fingerprints": np.uint64,
}


def save_tree(tree: TreeFields, path: str | os.PathLike[str]) -> None:
    """Write `tree` to `path`, whole or not at all. Raises: FileError; ArgumentError for no path.

    Cost: 24 bytes a merge, and what the prototypes it carries take (`ladle.hac.plan.prototype_bytes`).
    """
    path_of(path, "`path`")
    prototypes = tree.prototypes
    header = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "ladle": __version__,
        "n": tree.n,
        "metric": tree.metric,
        "certified": tree.certified,
        "recall": tree.recall,
        "checks": None if tree.checks is None else asdict(tree.checks),
        "known_below": None if np.isinf(tree.known_below) else tree.known_below,
        "level": None if tree.level is None else asdict(tree.level),
        "rounding": tree.rounding,
        "typical_distance": tree.typical_distance,
        "pool_digest": tree.pool_digest,
        "dim": tree.dim,
        "dtype": tree.dtype,
        "vectors_digest": tree.vectors_digest,
        "skipped": 0 if tree.skipped_rows is None else len(tree.skipped_rows),
        "prototypes": None if prototypes is None else {"merges": prototypes.merges, "rounding": prototypes.rounding},
    }
    arrays: dict[str, Any] = {"merges": tree.merges, "heights": np.asarray(tree.heights, np.float64)}
    if prototypes is not None:
        arrays |= {
            PREFIX + name: np.asarray(getattr(prototypes, name), dtype) for name, dtype in PROTOTYPE_DTYPES.items()
        }
    if tree.skipped_rows is not None:
        arrays["skipped_rows"] = np.asarray(tree.skipped_rows, np.int64)
    text = np.frombuffer(json.dumps(header, default=_plain).encode(), np.uint8)
    with durable.writing(path) as file:
        np.savez(file, **{HEADER: text}, **arrays)  # type: ignore[arg-type]
        durable.seal(file)


def load_tree(kind: type[Tree], path: str | os.PathLike[str]) -> Tree:
    """Read a tree back as a `kind`, and check that its contents are possible.

    Raises: FileError when it cannot be read, FileFormatError when it is something else or newer than this Ladle,
    CorruptFileError when any byte has changed, or the contents are impossible; ArgumentError for no path.
    """
    subject = f"the tree {path_of(path, '`path`')}"
    try:
        _check_sealed(path, subject)
        with open_archive(Path(path), subject) as archive:
            if HEADER not in archive:
                raise FileFormatError(subject, wanted="be a tree that Ladle wrote", got="something else")
            header = parse_header(archive.header(), subject, newest=FORMAT_VERSION)
            return _build(kind, header, archive)
    except FileError:
        raise
    except OSError as cause:
        raise FileError(subject, wanted="be readable", got=cause.strerror or str(cause)) from cause


def _check_sealed(path: str | os.PathLike[str], subject: str) -> None:
    """Raises: CorruptFileError for a tree whose bytes have changed, FileFormatError for another file; OSError."""
    try:
        durable.check_seal(path)
    except CorruptFileError:
        with Path(path).open("rb") as file:
            if FORMAT.encode() in file.read(4096):
                raise
        raise FileFormatError(
            subject, wanted="be a file that Ladle wrote", got="something else, or a damaged one"
        ) from None


def _build(kind: type[Tree], header: TreeHeader, archive: ArrayArchive) -> Tree:
    merges = archive.array("merges", np.dtype(np.int64), axes=2)
    heights = archive.array("heights", np.dtype(np.float32 if header.single else np.float64), axes=1).astype(np.float64)
    _check_merges(merges, heights, header, archive.subject)
    tree = kind(
        n=header.n,
        merges=merges,
        heights=heights,
        metric=header.metric,
        certified=header.certified,
        recall=header.recall,
        checks=header.checks,
        known_below=header.known_below,
        level=header.level,
        rounding=header.rounding,
        typical_distance=header.typical_distance,
        pool_digest=header.pool_digest,
        dim=header.dim,
        dtype=header.dtype,
        vectors_digest=header.vectors_digest,
        skipped_rows=_skipped_rows(header, archive) if header.skipped else None,
        prototypes=None if header.carried is None else _prototypes(header, merges, archive),
    )
    _check_level(tree, archive.subject)
    return tree


def _check_merges(
    merges: npt.NDArray[np.int64], heights: npt.NDArray[np.float64], header: TreeHeader, subject: str
) -> None:
    """Raises: CorruptFileError."""
    from ladle.hac.tree.kernels import is_tree

    ascending = bool(np.isfinite(heights).all() and np.all(heights[:1] >= 0) and np.all(heights[1:] >= heights[:-1]))
    if not (merges.shape == (len(heights), 2) and ascending and is_tree(merges, header.n)):
        raise impossible(subject, "hold merges in order of height", "an impossible tree")
    # Equal rows merge at height 0 even where nothing else is known.
    beyond = bool(len(heights) and max(0.0, float(heights[-1])) >= header.known_below and heights[-1] > 0)
    if beyond or (np.isinf(header.known_below) and len(merges) != header.n - 1):
        raise impossible(subject, "hold every merge up to where it stops", "an impossible tree")


def _skipped_rows(header: TreeHeader, archive: ArrayArchive) -> npt.NDArray[np.int64]:
    rows = archive.array("skipped_rows", np.dtype(np.int64), axes=1)
    ascending = bool(
        np.all(rows[:1] >= 0) and np.all(rows[1:] > rows[:-1]) and np.all(rows < header.n + header.skipped)
    )
    if len(rows) != header.skipped or not ascending:
        raise impossible(archive.subject, "name the rows that were left out, in order", "impossible ones")
    return rows


def _check_level(tree: TreeFields, subject: str) -> None:
    """Refuse a tree that stops short of the level it was made for. Raises: CorruptFileError."""
    from ladle.errors import ArgumentError

    try:
        if tree.level is not None:
            tree.merges_at(tree.level)
    except ArgumentError as cause:
        raise impossible(subject, "reach the level it was made for", f"an impossible tree ({cause.got})") from cause


def _prototypes(header: TreeHeader, merges: npt.NDArray[np.int64], archive: ArrayArchive) -> Prototypes:
    from ladle.geometry.metric_space import LARGEST_NORM
    from ladle.hac.tree.kernels import label_rows
    from ladle.hac.tree.prototypes import Prototypes

    assert header.carried is not None
    dtypes = PROTOTYPE_DTYPES | ({"offsets": np.float32} if header.single else {})
    arrays = {
        name: archive.array(PREFIX + name, np.dtype(dtype), axes=2 if name == "offsets" else 1)
        for name, dtype in dtypes.items()
    }
    clusters, dim = header.n - header.carried, len(arrays["centre"])
    shapes = {"centre": (dim,), "offsets": (clusters, dim), "fingerprints": (header.n,)}
    largest = {"centre": LARGEST_NORM, "offsets": 2 * LARGEST_NORM, "spreads": (2 * LARGEST_NORM) ** 2}
    possible = (
        dim > 0
        and header.dim in (0, dim)
        and header.carried <= len(merges)
        and all(array.shape == shapes.get(name, (clusters,)) for name, array in arrays.items())
        and all(bool(np.all(np.abs(arrays[name]) <= most)) for name, most in largest.items())  # no NaN either
        and bool(np.all(arrays["spreads"] >= 0))
        and np.array_equal(np.bincount(label_rows(merges, header.n, header.carried)), arrays["sizes"])
    )
    if not possible:
        raise impossible(archive.subject, "hold prototypes of its clusters", "impossible ones")
    offsets = arrays.pop("offsets").astype(np.float64, copy=False)
    return Prototypes(merges=header.carried, offsets=offsets, rounding=header.carried_rounding, **arrays)


def _plain(value: object) -> object:
    """A NumPy number as a Python one, for JSON."""
    assert isinstance(value, np.generic)
    return value.item()
