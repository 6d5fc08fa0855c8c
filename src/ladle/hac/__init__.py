"""Average-linkage clustering of large pools, exact and certified."""

from ladle.hac.clustering import cluster
from ladle.hac.tree.dendrogram import Checks, Dendrogram, Level

__all__ = ["Checks", "Dendrogram", "Level", "cluster"]
