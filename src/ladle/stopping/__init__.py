"""Rules for when to stop labelling. All give a verdict on the same facts; see `ladle.stopping.contract`."""

from ladle.stopping.change import ClassificationChange
from ladle.stopping.contract import StoppingRule, Verdict
from ladle.stopping.plateau import GainPlateau
from ladle.stopping.stability import StablePredictions, cohen_kappa
from ladle.stopping.uncertainty import OverallUncertainty

__all__ = [
    "ClassificationChange",
    "GainPlateau",
    "OverallUncertainty",
    "StablePredictions",
    "StoppingRule",
    "Verdict",
    "cohen_kappa",
]
