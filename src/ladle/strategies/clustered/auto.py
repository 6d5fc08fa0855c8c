"""Auto: margin sampling without near-duplicates, as far as that gives little certainty away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, replace
from functools import cached_property
from math import ceil
from typing import Any, ClassVar

import numpy.typing as npt

from ladle.arrays import Rows
from ladle.clusters import Cuttable, PoolClusters, check_clustered
from ladle.numbers import number
from ladle.pool import Pool
from ladle.scores import MultiLabel
from ladle.strategies.clustered.capping import capped
from ladle.strategies.clustered.cluster_chooser import check_same_pool
from ladle.strategies.clustered.tight_levels import TightLevel, TightLevels, choose_level
from ladle.strategies.query.chooser import Asked, Choice, Chooser, check_multilabel
from ladle.strategies.query.contract import Need
from ladle.strategies.scored.candidates import least_sure_first, smallest


@dataclass(frozen=True, eq=False, repr=False)  # no slots: `levels` is kept in the instance's __dict__
class Auto(Chooser):
    """Small margins, smallest first, one of each tight cluster; the query decides which level of the tree is tight.

    At every query the coarsest level of the tree is chosen at which the batch still fills within the `reach` x size
    least sure rows. Levels whose clusters are wider than `widest` of what two rows of the pool are usually apart are
    not tried. Clusters of near-copies, narrower than `alike` of it, are capped whatever the reach. The batch is then
    that of `capped-margin`; where no level fits, it is that of margin sampling. See
    `ladle.strategies.clustered.tight_levels`.

    A query needs `margins`, or the `probabilities` they come from. The scores of a selection are margins. An array
    given as `embeddings` is not read, because it may come from another model; a pool given as `embeddings` must be the
    pool of the tree.

    Parameters
    ----------
    tree : Dendrogram or array_like of int, shape (n,)
        A tree of the pool, cut here and at queries; or the flat cluster of each row, 0 or larger, which is one level.
    reach : float, default 1.5
        How far down the order of the margins the batch may go, in sizes of the batch, 1 or larger.
    alike : float, default 0.03
        The share of the typical distance below which rows are near-copies, 0 or larger and below 1.
    widest : float, default 0.15
        The share of the typical distance beyond which rows say little about each other, 0 or larger. A tree of an older
        Ladle does not know the typical distance, and flat clusters have none: then the reach alone decides.
    multilabel : {"min", "mean"}, optional
        How the margins of yes-or-no classes are combined into one for a row; see `ladle.margin`.

    Raises
    ------
    ArgumentError, ShapeError
        A parameter is out of range, or the clusters are not one integer for each row.
    MismatchError
        At a query: the pool is not the one that was clustered.

    Notes
    -----
    Cost: O(n + k log k) time after the margins, for the k rows that are looked at, and a cut of the tree for each of up
    to seven levels, once; 4 bytes a row and level, 40 a row looked at, 13 a row of the pool.

    Repeatability: set by tree, margins and seed.

    References
    ----------
    Ours; LOG.md compares it with margin sampling, BADGE and Cluster-Margin.
    """

    name: ClassVar[str] = "auto"
    needs: ClassVar[tuple[Need, ...]] = ("scores",)
    summary: ClassVar[str] = (
        "Small margins, smallest first, one of each tight cluster; the query decides which level of the tree is tight."
    )
    cost: ClassVar[str] = (
        "O(n + k log k) time after the margins, for the k rows that are looked at, and a cut of the tree for each of "
        "up to seven levels, once; 4 bytes a row and level, 40 a row looked at, 13 a row of the pool."
    )
    repeats: ClassVar[str] = "set by tree, margins and seed."
    source: ClassVar[str] = "Ours; LOG.md compares it with margin sampling, BADGE and Cluster-Margin."
    tree: Cuttable | npt.ArrayLike | PoolClusters
    _: KW_ONLY
    reach: float = 1.5
    alike: float = 0.03
    widest: float = 0.15
    multilabel: MultiLabel | None = None

    def __post_init__(self) -> None:
        number(self.reach, "`reach`", least=1)
        number(self.alike, "`alike`", least=0, below=1)
        number(self.widest, "`widest`", least=0)
        check_multilabel(self.multilabel)
        vars(self).pop("levels", None)  # of an earlier tree, since `set_params` initialises again
        self._clusters()

    @cached_property
    def levels(self) -> TightLevels | Sequence[TightLevel]:
        """The levels of the tree, finest first."""
        return TightLevels(self.tree, self.alike, self.widest)

    def choose(self, asked: Asked) -> Choice:
        """See `Chooser.choose`."""
        request = asked.request
        margins = asked.margins(multilabel=self.multilabel)
        within = min(request.unlabelled_rows, ceil(self.reach * request.size))
        level = choose_level(self.levels, smallest(margins, request, within), request.size)
        if level is None or level.clusters.count == request.pool_rows:
            rows = least_sure_first(margins, request)
            cutoff = float(margins[rows].max())
            return Choice(rows, margins[rows], {"level": 1.0, "why": "margin", "margin_cutoff": cutoff})
        batch = capped(margins, level.clusters, request, 1)
        facts: dict[str, Any] = {"level": level.mean_size, "why": level.why}
        facts |= batch.facts(margins, level.clusters, request)
        return Choice(batch.rows, margins[batch.rows], facts, candidate_rows=batch.looked_at)

    def check_pool(self, pool_rows: int) -> None:
        """See `Chooser.check_pool`."""
        check_clustered(len(self._clusters()), pool_rows)

    def check_embeddings(self, embeddings: npt.ArrayLike | Pool) -> None:
        """See `Chooser.check_embeddings`: no embeddings are used, but a pool shows whether the tree is of another."""
        check_same_pool(self._clusters(), embeddings, self.name)

    def restricted(self, rows: Rows) -> Auto:
        """See `Chooser.restricted`."""
        levels = [TightLevel(level.clusters.at(rows), level.why) for level in self.levels]
        part = replace(self, tree=levels[0].clusters)
        vars(part)["levels"] = levels
        return part

    def _clusters(self) -> PoolClusters:
        """The clusters of the finest level."""
        return next(iter(self.levels)).clusters
