"""Sides of a split, such as train, validation and test, which examples keep as the campaign grows.

The side of an example is a hash of the seed and of one id: that of the first example of its group of near-duplicates,
or its own where there are no groups. So it depends neither on the labels, nor on the rows that are exported, nor on
their order, nor on the order in which the sides are named.

What is promised, for one seed and the same shares, while the pool only grows:

1. An example never changes its side.
2. Examples of one cluster are on one side. The only exception are examples that were in the pool before a later
   clustering put them in one cluster for the first time; `PoolSplit.parted` counts those clusters.

A pool that replaces another one has groups of its own. Then examples with near-duplicates may change their sides.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from ladle.errors import ArgumentError
from ladle.labelling.contract.columns import Int64, Texts
from ladle.labelling.id_words import id_words
from ladle.numbers import number, shown

_WORDS = 1 << 64  # the values of a hash
_ROUNDING = 1e-9  # by which the shares may miss 1
GroupedBy = Literal["tree", "clusters", "id"]


@dataclass(frozen=True, slots=True)
class SplitShares:
    """The sides and the share of each, in alphabetical order: the order in which they are named changes nothing."""

    names: tuple[str, ...]
    shares: tuple[float, ...]

    @classmethod
    def of(cls, given: Mapping[str, float]) -> SplitShares:
        """Check what the caller gave.

        Raises: ArgumentError unless two names or more have shares above 0 that make 1 together.
        """
        if not isinstance(given, Mapping) or len(given) < 2:
            wanted = "name two sides or more with their shares, such as train=0.8, test=0.2"
            got = _shown(given) if isinstance(given, Mapping) else shown(given)
            raise ArgumentError("the split", wanted=wanted, got=got)
        for name, share in given.items():
            if not isinstance(name, str) or not name.strip() or name != name.strip():
                raise ArgumentError("a side of the split", wanted="have a name", got=shown(name))
            number(share, f"the share of {name}", above=0, below=1)
        total = math.fsum(given.values())
        if abs(total - 1) > _ROUNDING:
            raise ArgumentError("the shares of the split", wanted="make 1 together", got=f"{total:g}: {_shown(given)}")
        names = tuple(sorted(given))
        return cls(names, tuple(float(given[name]) for name in names))

    def side_of(self, ids: Texts, seed: int) -> Int64:
        """(r,) the place in `names` of the side of each id alone. Cost: about a microsecond for each."""
        words = id_words(seed, "split", ids)
        # The last side has no end, so that rounding of the shares leaves no word over.
        ends = [min(round(math.fsum(self.shares[:place]) * _WORDS), _WORDS - 1) for place in range(1, len(self.names))]
        sides: Int64 = np.searchsorted(np.array(ends, np.uint64), words, side="right").astype(np.int64)
        return sides


@dataclass(frozen=True, slots=True, eq=False)
class PoolSplit:
    """The side of each example of a pool.

    Attributes
    ----------
    names : tuple of str
        The sides, in alphabetical order.
    shares : tuple of float
        The share that each was to have.
    seed : int
        The seed of the campaign, which decides the sides.
    side : ndarray of shape (n,), int64
        The place in `names` of the side of each row of the pool.
    group : ndarray of shape (n,), int64
        The first row of the group of near-duplicates of each row: its id decides the side of all of them.
    grouped_by : str
        "tree" for clusters cut from the campaign's tree, "clusters" for clusters that it was given, and "id" where it
        has none: then near-duplicates may be on different sides.
    height : float or None
        Where the tree is cut; None without one.
    parted : int
        Clusters on several sides, because their examples were split before a later clustering joined them.
    """

    names: tuple[str, ...]
    shares: tuple[float, ...]
    seed: int
    side: Int64
    group: Int64
    grouped_by: GroupedBy = "id"
    height: float | None = None
    parted: int = 0

    def __len__(self) -> int:
        return len(self.side)

    def at(self, rows: Int64) -> npt.NDArray[np.object_]:
        """The name of the side of each of these rows.

        Parameters
        ----------
        rows : array of shape (r,), int64
            Rows of the pool.

        Returns
        -------
        ndarray of shape (r,), objects of str
        """
        return np.array(self.names, object)[self.side[rows]]

    def counts(self, rows: Int64 | None = None) -> dict[str, int]:
        """How many examples are on each side.

        Parameters
        ----------
        rows : array of shape (r,), int64, optional
            The rows to count; by default the whole pool.

        Returns
        -------
        dict of str to int
        """
        side = self.side if rows is None else self.side[rows]
        found = np.bincount(side, minlength=len(self.names))
        return dict(zip(self.names, found.tolist(), strict=True))

    def near_duplicates(self, rows: Int64 | None = None) -> tuple[int, int]:
        """How many groups have two examples or more, and how many examples are in these groups.

        Parameters
        ----------
        rows : array of shape (r,), int64, optional
            The rows to count; by default the whole pool.

        Returns
        -------
        tuple of two int
        """
        group = self.group if rows is None else self.group[rows]
        _, sizes = np.unique(group, return_counts=True)
        return int((sizes > 1).sum()), int(sizes[sizes > 1].sum())

    def __repr__(self) -> str:
        counts = ", ".join(f"{name} {count:,}" for name, count in self.counts().items())
        return f"<PoolSplit of {len(self):,} examples: {counts}>"


def group_rows(parts: Sequence[Int64]) -> Int64:
    """(n,) the first row of the group of each row.

    parts: the clusters of the whole pool at the time of each of its parts, oldest first, each longer than the one
    before. Rows keep the group that they had in an earlier part. A newcomer joins the group of the first row
    of its cluster.
    """
    group = np.empty(0, np.int64)
    for clusters in parts:
        _, first, code = np.unique(clusters, return_index=True, return_inverse=True)
        old = len(group)
        homes = first[code][old:]
        # A home is the first row of its cluster: an old row, whose group stands, or a newcomer, which founds a group.
        group = np.concatenate([group, homes])
        group[old:] = group[homes]
    return group


def split_pool(
    shares: SplitShares, ids: Texts, group: Int64, clusters: Int64, *, seed: int, by: GroupedBy, height: float | None
) -> PoolSplit:
    """The side of every row. ids: (n,) of all rows. group: (n,) see `group_rows`. clusters: (n,) the newest ones."""
    heads, place = np.unique(group, return_inverse=True)
    side = shares.side_of(ids[heads], seed)[place]
    _, code = np.unique(clusters, return_inverse=True)
    pairs = np.unique(code * len(shares.names) + side)
    _, sides = np.unique(pairs // len(shares.names), return_counts=True)
    return PoolSplit(shares.names, shares.shares, seed, side, group, by, height, int((sides > 1).sum()))


def _shown(given: Mapping[str, float]) -> str:
    named = ((name if isinstance(name, str) else shown(name), share) for name, share in given.items())
    return ", ".join(f"{name}={shown(share)}" for name, share in named) or "none"
