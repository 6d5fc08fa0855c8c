"""What the strategies that choose by margins within clusters have in common: the cut of the tree, and its checks."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from functools import cached_property
from typing import ClassVar

import numpy.typing as npt

from ladle.clusters import Cuttable, PoolClusters, check_clustered, check_origin, clusters_of, is_cuttable
from ladle.pool import Pool
from ladle.strategies.query.chooser import Chooser
from ladle.strategies.query.contract import Need


@dataclass(frozen=True, eq=False, repr=False)  # no slots: `clusters` is kept in the instance's __dict__
class ClusterChooser(Chooser):
    """A strategy that reads margins, and the flat clusters of the pool; subclasses say how they choose.

    usual_size: the mean size at which a tree is cut where no level is named; None for the level it was made for.
    """

    needs: ClassVar[tuple[Need, ...]] = ("scores",)
    usual_size: ClassVar[float | None] = None
    tree: Cuttable | npt.ArrayLike | PoolClusters
    _: KW_ONLY
    mean_size: float | None = None
    threshold: float | None = None
    n_clusters: int | None = None

    def __post_init__(self) -> None:
        vars(self).pop("clusters", None)  # of an earlier cut, since `set_params` initialises again
        len(self.clusters)  # cut now, so that an error comes here and not at the first query

    @cached_property
    def clusters(self) -> PoolClusters:
        """The flat cluster of each row, cut from the tree when the strategy is made."""
        mean_size = self.mean_size
        if mean_size is self.threshold is self.n_clusters is None and is_cuttable(self.tree):
            mean_size = self.usual_size
        return clusters_of(self.tree, mean_size=mean_size, threshold=self.threshold, n_clusters=self.n_clusters)

    def check_pool(self, pool_rows: int) -> None:
        """See `Chooser.check_pool`."""
        check_clustered(len(self.clusters), pool_rows)

    def check_embeddings(self, embeddings: npt.ArrayLike | Pool) -> None:
        """See `Chooser.check_embeddings`: no embeddings are used, but a pool shows whether the tree is of another."""
        check_same_pool(self.clusters, embeddings, self.name)


def check_same_pool(clusters: PoolClusters, embeddings: npt.ArrayLike | Pool, strategy: str) -> None:
    """Refuse a pool that is not the one that `clusters` were cut from; an array says nothing. Raises: MismatchError."""
    if isinstance(embeddings, Pool):
        check_origin(
            clusters,
            embeddings,
            subject="`embeddings`",
            wanted="be the pool that the tree was made from",
            remedy=f"Cluster this pool, or leave it out: {strategy} reads no embeddings.",
        )
