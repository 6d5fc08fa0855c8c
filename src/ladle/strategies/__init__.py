"""What to label next: every strategy answers the same `query`, see `contract`."""

from ladle.strategies.catalogue import create, names
from ladle.strategies.clustermargin import ClusterMargin, cluster_margin
from ladle.strategies.contract import Selection, Story, Strategy
from ladle.strategies.margin import Margin
from ladle.strategies.surprise import Entropy, LeastConfidence
from ladle.strategies.uniform import Uniform

__all__ = [
    "ClusterMargin",
    "Entropy",
    "LeastConfidence",
    "Margin",
    "Selection",
    "Story",
    "Strategy",
    "Uniform",
    "cluster_margin",
    "create",
    "names",
]
