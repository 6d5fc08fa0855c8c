"""The flat clusters of a pool: given as an array, or cut from a dendrogram."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeGuard, runtime_checkable

import numpy as np
import numpy.typing as npt

from ladle.arraylikes import as_array
from ladle.arrays import Rows
from ladle.errors import ArgumentError, LadleError, MismatchError, ShapeError
from ladle.frames import is_table
from ladle.hac.tree.level import LEVELS


@runtime_checkable
class Cuttable(Protocol):
    """An object such as a dendrogram, which can give each of its examples a flat cluster, (n,) labels 0..m-1."""

    def cut(
        self, *, mean_size: float | None = None, threshold: float | None = None, n_clusters: int | None = None
    ) -> npt.NDArray[np.int32]:
        """The flat clusters at one of three levels; without any, at the level that the tree was made for."""
        ...


class PoolCheck(Protocol):
    """The record, in a dendrogram, of the pool that it was made from; see `ladle.hac.tree.origin`."""

    def check(self, given: Any, *, subject: str, wanted: str, remedy: str) -> bool:
        """Refuse embeddings (n, dim), or a pool, that are not of that pool. Raises: MismatchError."""
        ...


def is_cuttable(tree: Any) -> TypeGuard[Cuttable]:
    """Whether this is a tree to cut. (A column of polars has a method `cut` too, for another purpose.)"""
    return not is_table(tree) and isinstance(tree, Cuttable)


@dataclass(frozen=True, slots=True, eq=False)
class PoolClusters:
    """The flat cluster of each row.

    Attributes
    ----------
    labels : ndarray of int32, shape (n,)
        The cluster of each row, 0 to count - 1.
    names : ndarray of int64, shape (count,)
        The caller's number for each cluster.
    origin : PoolCheck or None
        The pool of the tree that they were cut from; None for an array, and for a part of a pool.
    """

    labels: npt.NDArray[np.int32]
    names: npt.NDArray[np.int64]
    origin: PoolCheck | None = None

    @property
    def count(self) -> int:
        """One more than the largest label. Some labels below it may have no rows."""
        return len(self.names)

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        return f"<PoolClusters: {len(self):,} rows, labels below {self.count:,}>"

    def at(self, rows: Rows) -> PoolClusters:
        """The clusters of these rows (r,), under the same names. Raises: MismatchError for a row beyond the last."""
        if len(rows) and int(rows.max()) >= len(self):
            raise MismatchError(
                "the clusters", wanted=f"be of a pool with row {int(rows.max()):,}", got=f"those of {len(self):,} rows"
            )
        return PoolClusters(self.labels[rows], self.names)


def as_clusters(value: npt.ArrayLike) -> PoolClusters:
    """`value` (n,), integers of 0 or larger, as clusters; they need not be contiguous.

    Raises: ShapeError for another number of axes; ArgumentError for other dtypes and negative labels.
    Cost: O(n); O(n log n) for labels far larger than the pool.
    """
    array = as_array(value, "clusters")
    if array.ndim != 1 or array.size == 0:
        raise ShapeError("`clusters`", wanted="have shape (n,), one cluster a row", got=f"shape {array.shape}")
    if array.dtype.kind not in "iu":
        raise ArgumentError("`clusters`", wanted="hold whole numbers", got=f"dtype {array.dtype}")
    least = int(array.min())
    if least < 0:
        raise ArgumentError(
            "`clusters`",
            wanted="hold labels 0 or larger",
            got=f"{least} in row {int(np.argmax(array < 0)):,}",
            remedy="If negative labels mark noise, give each such row a cluster of its own.",
        )
    most = int(array.max())
    if most > np.iinfo(np.int64).max:
        raise ArgumentError("`clusters`", wanted="fit 64-bit signed integers", got=f"{most}")
    if most < 2 * array.size + 1024:  # arrays by label are then of the size of the pool
        return PoolClusters(np.ascontiguousarray(array, np.int32), np.arange(most + 1, dtype=np.int64))
    names, labels = np.unique(array, return_inverse=True)
    return PoolClusters(labels.astype(np.int32), names.astype(np.int64))


def clusters_of(tree: Any, *, mean_size: float | None, threshold: float | None, n_clusters: int | None) -> PoolClusters:
    """Cut `tree` at the level given (none: the level it was made for), or take it as an array of clusters.

    Raises: ArgumentError for several levels, and for a level with an array.
    """
    levels = {"mean_size": mean_size, "threshold": threshold, "n_clusters": n_clusters}
    given = {name: value for name, value in levels.items() if value is not None}
    if len(given) > 1:
        raise ArgumentError("the cut", wanted=f"have one of {', '.join(LEVELS)}", got=" and ".join(given))
    if isinstance(tree, PoolClusters):
        return tree
    if is_cuttable(tree):
        return replace(as_clusters(tree.cut(**given)), origin=getattr(tree, "origin", None))  # type: ignore[arg-type]
    if given:
        raise ArgumentError(f"`{next(iter(given))}`", wanted="come with a dendrogram to cut", got="flat clusters")
    if isinstance(tree, (str, bytes, os.PathLike)):
        raise ArgumentError(
            "`tree`",
            wanted="be a dendrogram or (n,) flat clusters",
            got=f"the path {os.fspath(tree)!r}",
            remedy="Load it: ladle.Dendrogram.load(path).",
        )
    try:
        return as_clusters(tree)
    except LadleError as error:  # which names the clusters
        raise type(error)("`tree`", wanted=error.wanted, got=error.got, remedy=error.remedy) from error


def check_clustered(clustered_rows: int, pool_rows: int) -> None:
    """Refuse a pool with another number of rows than were clustered. Raises: MismatchError."""
    if pool_rows != clustered_rows:
        raise MismatchError(
            "the pool",
            wanted=f"have the {clustered_rows:,} rows that were clustered",
            got=f"{pool_rows:,}",
            remedy="Cluster this pool, or query the one the tree was made from.",
        )


def check_origin(clusters: PoolClusters, given: Any, *, subject: str, wanted: str, remedy: str) -> None:
    """Refuse a pool, or embeddings, from which the tree of these clusters was not made. Raises: MismatchError.

    None passes. A tree without a digest passes every pool of its size. Cost: one pass over `given`.
    """
    if given is not None and clusters.origin is not None:
        clusters.origin.check(given, subject=subject, wanted=wanted, remedy=remedy)
