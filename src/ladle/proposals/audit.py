"""The precision of proposed labels, estimated from a random sample that people have checked."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from ladle.counts import counted, of_number
from ladle.numbers import number

Reals = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Precision:
    """The share of proposed labels that are right, estimated from an audit.

    Attributes
    ----------
    checked : int
        Proposals that people have checked.
    right : int
        Those of them that are right.
    low, high : float
        Confidence interval of the share of right proposals.
    confidence : float
        Confidence of the interval, between 0 and 1.
    """

    checked: int
    right: int
    low: float
    high: float
    confidence: float

    @property
    def share(self) -> float:
        """The share of right proposals among those checked, 0 to 1."""
        return self.right / self.checked

    def __str__(self) -> str:
        return (
            f"{self.right:,} of {counted(self.checked, 'proposal')} checked {of_number(self.right, 'is')} right: "
            f"{self.share:.1%}, "
            f"with {self.confidence:.0%} confidence between {self.low:.1%} and {self.high:.1%}."
        )


def precision_of(right: int, checked: int, confidence: float) -> Precision:
    """The precision from `right` of `checked` proposals (1 or more), with Wilson's two-sided interval.

    Raises: ArgumentError for a confidence outside (0, 1).
    """
    confidence = number(confidence, "`confidence`", above=0, below=1)
    low, high = wilson(right / checked, checked, NormalDist().inv_cdf((1 + confidence) / 2))
    return Precision(checked, right, float(low), float(high), confidence)


def wilson(share: npt.ArrayLike, trials: npt.ArrayLike, z: float) -> tuple[Reals, Reals]:
    """Wilson's interval of a probability, from the share of successes among trials: (low, high), 0 and 1 for no trials.

    share: (k,) or a number, 0 to 1. trials: as many, 0 or more. z: the normal quantile of the confidence.
    """
    p, n = np.asarray(share, float), np.asarray(trials, float)
    middle = n * p + z * z / 2
    half = z * np.sqrt(n * p * (1 - p) + z * z / 4)
    # At p = 0 and p = 1 the two terms cancel up to rounding; the clip removes the rest.
    return np.clip((middle - half) / (n + z * z), 0, 1), np.clip((middle + half) / (n + z * z), 0, 1)
