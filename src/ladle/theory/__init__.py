"""The label-complexity side of Cluster-Margin, as code that a reader can run: separators, version spaces, learners."""

from ladle.theory.cells import bits_bound, cells, labels_bound
from ladle.theory.distributions import DISTRIBUTIONS, Disagreement, Distribution, distribution
from ladle.theory.learners import LEARNERS, LabelCurve, learn
from ladle.theory.version_space import VersionSpace

__all__ = [
    "DISTRIBUTIONS",
    "LEARNERS",
    "Disagreement",
    "Distribution",
    "LabelCurve",
    "VersionSpace",
    "bits_bound",
    "cells",
    "distribution",
    "labels_bound",
    "learn",
]
