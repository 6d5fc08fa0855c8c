"""What to label next: every strategy answers the same `query`, see `contract`.

One of your own is a class of `Chooser` with a `name`, what it `needs`, and `choose`.
"""

from ladle.strategies.audit import Precision
from ladle.strategies.badge import Badge
from ladle.strategies.catalogue import Description, create, describe, names
from ladle.strategies.choosing import Asked, Choice, Chooser
from ladle.strategies.clustermargin import ClusterMargin, cluster_margin
from ladle.strategies.contract import Selection, Story, Strategy
from ladle.strategies.coreset import CoreSet
from ladle.strategies.dropquery import DropQuery
from ladle.strategies.falcun import Falcun
from ladle.strategies.herding import Herding, UncertaintyHerding
from ladle.strategies.kmeanspp import KMeansPlusPlus
from ladle.strategies.margin import Margin
from ladle.strategies.pairs import Pairs, least_sure_pairs
from ladle.strategies.partitioned import Partitioned
from ladle.strategies.probcover import ProbCover
from ladle.strategies.spreading import Spread, spread
from ladle.strategies.surprise import Entropy, LeastConfidence
from ladle.strategies.typiclust import TypiClust
from ladle.strategies.uniform import Uniform

__all__ = [
    "Asked",
    "Badge",
    "Choice",
    "Chooser",
    "ClusterMargin",
    "CoreSet",
    "Description",
    "DropQuery",
    "Entropy",
    "Falcun",
    "Herding",
    "KMeansPlusPlus",
    "LeastConfidence",
    "Margin",
    "Pairs",
    "Partitioned",
    "Precision",
    "ProbCover",
    "Selection",
    "Spread",
    "Story",
    "Strategy",
    "TypiClust",
    "UncertaintyHerding",
    "Uniform",
    "cluster_margin",
    "create",
    "describe",
    "least_sure_pairs",
    "names",
    "spread",
]
