"""The sides of a split of a campaign's pool: near-duplicates by its tree, everything else by ids."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

import numpy as np

from ladle.campaign.session.session import Session
from ladle.errors import ArgumentError
from ladle.labelling.contract.columns import Int64
from ladle.labelling.contract.events import replaced_parts
from ladle.labelling.contract.store import View
from ladle.labelling.contract.tables import ArtefactTable, EventTable, PoolPartTable
from ladle.labelling.splits import GroupedBy, PoolSplit, SplitShares, group_rows, split_pool
from ladle.numbers import number
from ladle.progress import SILENT, Reporter, reporter

if TYPE_CHECKING:
    from ladle.hac import Dendrogram

JUMP = 10.0  # of squared distances: three times as far
LARGEST_SIZE = 10  # mean rows of a cluster below a jump
TIGHT_SIZE = 2  # mean rows of a cluster where there is no jump: nearest neighbours, half of all merges
_LEAST_MERGES = 10  # below a jump: between fewer, jumps come by chance
_ROUNDING = 1e-12
_NEAREST = 1e-6  # share of the height above a jump, from which the cut is reckoned where only equal rows lie below


class _Open(Protocol):
    """An open campaign."""

    _session: Session


def split_of(
    campaign: _Open, shares: Mapping[str, float], *, near: float | None = None, progress: Reporter = SILENT
) -> PoolSplit:
    """The side of each example of the pool, such as train, validation or test.

    The side is a hash of the campaign's seed and of the id. So an example never changes its side while the campaign
    and its pool grow. Near-duplicates are the examples of one cluster at a tight cut of the campaign's tree. They
    are on the side of the first of them. `ladle.labelling.splits` says what is promised when a later tree makes
    other clusters.

    Parameters
    ----------
    shares : mapping of str to float
        The sides and their shares, which make 1. The order of the sides changes nothing.
    near : float, optional
        The height at which the tree is cut, in the unit of its metric. By default it is cut where its heights rise
        tenfold from one merge to the next, or at 2 examples a cluster. Another height makes other sides.
    progress : Reporter, optional
        Receives the progress where examples that were added to the pool are assigned to the clusters of its tree.

    Returns
    -------
    PoolSplit

    Raises
    ------
    ArgumentError
        For shares that do not make 1; for a `near` without a tree; when examples were added to the pool and their
        vectors cannot be read.
    """
    session = campaign._session
    with session.reading(whole=True) as view:
        return split(session, view, shares, near, reporter(progress))


split_of.__qualname__ = "Campaign.split"  # so Python's own errors name it as callers do


def split(
    session: Session, view: View, shares: Mapping[str, float], near: float | None, progress: Reporter
) -> PoolSplit:
    """The side of every row of the pool. near: where trees are cut; None for `tight_height`.

    Raises: ArgumentError for shares that do not make 1, for a `near` without a tree, and for a pool that has grown and
    whose vectors cannot be read; as `Session.examples`.
    """
    wanted = SplitShares.of(shares)
    near = None if near is None else float(number(near, "`near`", least=0))
    examples = session.examples(view)
    found = _Clusters(session, view, near, progress)
    clusters = [found.of_part(place) for place in range(len(found.rows))]
    if near is not None and found.by != "tree":
        raise ArgumentError("`near`", wanted="come with a campaign that has a tree", got=f"one without ({found.by})")
    group = group_rows(clusters)
    ids = examples.texts_at(np.arange(len(examples)))
    return split_pool(wanted, ids, group, clusters[-1], seed=session.settings.seed, by=found.by, height=found.height)


class _Clusters:
    """The clusters of near-duplicates of the pool at the time of each of its parts, oldest first."""

    def __init__(self, session: Session, view: View, near: float | None, progress: Reporter) -> None:
        self._session, self._view, self._near, self._progress = session, view, near, progress
        parts, replaced = view.read(PoolPartTable), replaced_parts(view.read(EventTable, "kind", ["replace"]))
        parts = parts.take(parts.number >= max(replaced, default=1))  # rows of earlier ones are other examples
        self.rows, self._numbers = parts.rows.tolist(), parts.number.tolist()
        self._artefacts = view.read(ArtefactTable)
        self._tree: Dendrogram | None = None  # the newest so far
        self.by: GroupedBy = "id"
        self.height: float | None = None

    def of_part(self, place: int) -> Int64:
        """The clusters of this part, which is asked for after all earlier ones."""
        own = self._session.files.clusters(self._artefacts, self._numbers[place])
        rows = self.rows[place]
        if own is not None and not isinstance(own, np.ndarray):
            self._tree, self.by = own, "tree"
            self.height = tight_height(own) if self._near is None else self._near
            return _cut(own, self.height)
        if self._tree is not None:
            return self._with_newcomers(self._tree, rows)
        if own is not None:
            self.by = "clusters"
            return own.astype(np.int64)
        return np.arange(rows)

    def _with_newcomers(self, tree: Dendrogram, rows: int) -> Int64:
        """The clusters of a tree, and those of the rows that the pool has got since it was made."""
        assert self.height is not None
        pool = self._session.examples(self._view).pool_if_there()
        if pool is None:
            raise ArgumentError(
                "the split",
                wanted=f"find the near-duplicates of the {rows - tree.n:,} examples that were added to the pool",
                got="their ids alone",
                remedy="Give the pool.",
            )
        vectors = pool.embeddings()
        newcomers = tree.assign(
            vectors[tree.n : rows],
            threshold=self.height,
            pool=vectors[: tree.n],
            seed=self._session.settings.seed,
            progress=self._progress,
        )
        return np.concatenate([_cut(tree, self.height), newcomers.labels.astype(np.int64)])


def tight_height(tree: Dendrogram) -> float:
    """The height below which examples are near-duplicates.

    It lies in the last jump of the heights, where one merge is `JUMP` times as high as the one before: near-duplicates
    lie below it, and all other examples above. A jump counts where it leaves `LARGEST_SIZE` rows a cluster at most, and
    a hundredth of the rows below it. Without a jump it is the height of `TIGHT_SIZE` rows a cluster.
    """
    most = min(tree.n - max(1, tree.n // LARGEST_SIZE), len(tree.merges))
    if not most:
        return 0.0
    heights = np.append(tree.heights, tree.known_below)[: most + 1]
    least = max(_LEAST_MERGES, tree.n // 100)
    floor = _ROUNDING * heights[most - 1]  # heights of equal rows are 0 but for rounding
    jumps = np.flatnonzero(heights[1:] > JUMP * np.maximum(heights[:-1], floor))
    jumps = jumps[(jumps + 1 >= least) & np.isfinite(heights[jumps + 1])]
    if len(jumps):
        above = float(heights[jumps[-1] + 1])
        return float(np.sqrt(max(float(heights[jumps[-1]]), _NEAREST * above) * above))
    merges = min(tree.n - max(1, tree.n // TIGHT_SIZE), most)
    return float(heights[merges - 1])


def _cut(tree: Dendrogram, height: float) -> Int64:
    return tree.cut(threshold=height).astype(np.int64)
