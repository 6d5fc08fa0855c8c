"""Strategies: they choose what to label next. All have the same method `query`; see `ladle.strategies.query.contract`.

`names` lists the built-in ones, `describe` tells what one needs, and `create` makes one by its name. A strategy of your
own is a subclass of `Chooser` with a `name`, its `needs` and the method `choose`.
"""

from ladle.proposals.audit import Precision
from ladle.proposals.spreading import Spread, spread
from ladle.strategies.catalogue import Description, create, describe, names
from ladle.strategies.clustered.auto import Auto
from ladle.strategies.clustered.capped_margin import CappedMargin
from ladle.strategies.clustered.cluster_margin import ClusterMargin, cluster_margin
from ladle.strategies.clustered.dropquery import DropQuery
from ladle.strategies.clustered.typiclust import TypiClust
from ladle.strategies.coverage.herding import Herding, UncertaintyHerding
from ladle.strategies.coverage.probcover import ProbCover
from ladle.strategies.distance.badge import Badge
from ladle.strategies.distance.coreset import CoreSet
from ladle.strategies.distance.falcun import Falcun
from ladle.strategies.distance.kmeanspp import KMeansPlusPlus
from ladle.strategies.pairs import Pairs, least_sure_pairs
from ladle.strategies.partitioned import Partitioned
from ladle.strategies.query.chooser import Asked, Choice, Chooser
from ladle.strategies.query.contract import Selection, Story, Strategy
from ladle.strategies.scored.entropy import Entropy, LeastConfidence
from ladle.strategies.scored.margin import Margin
from ladle.strategies.scored.uniform import Uniform

__all__ = [
    "Asked",
    "Auto",
    "Badge",
    "CappedMargin",
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
