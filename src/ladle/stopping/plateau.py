"""Gain plateau: stop when the learning curve bounds the gain of the next batch below what it must bring."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from ladle.counts import of_number
from ladle.errors import ArgumentError, ShapeError
from ladle.numbers import number, whole
from ladle.stopping.contract import Facts, StoppingRule, Verdict, too_early
from ladle.stopping.facts import as_numbers

WIDEST = 50  # rounds; a slope over more rounds would not be recent


@dataclass(frozen=True, slots=True)
class GainPlateau(StoppingRule):
    """Stop when the upper bound of the next batch's gain is below `least_gain`.

    The bound is a slope times the size of the batch. The slope of the learning curve, accuracy per label, is measured
    over the last `window` rounds; taken is the upper end of its distribution-free one-sided confidence interval, an
    order statistic of the slopes between all pairs of rounds. Learning curves flatten, so a slope of the past is rather
    too large than too small.

    A verdict needs `labels` and `accuracies`. Its value is the bound of the gain.

    Parameters
    ----------
    least_gain : float
        The gain that is worth the cost of a batch, in the unit of the accuracies, above 0.
    batch_size : int, optional
        Labels of the next batch; by default as many as the last round brought.
    window : int, default 6
        Rounds to measure the slope over, 3 to 50. A confidence of 95% needs 4 rounds, 99% needs 5.
    confidence : float, default 0.95
        Confidence of the bound, between 0.5 and 1.

    Raises
    ------
    ArgumentError
        A parameter is out of range, or `window` is too small for the confidence.

    Notes
    -----
    Cost: O(window^4), some milliseconds for 50. Repeatability: set by the last `window` rounds.

    References
    ----------
    Theil 1950 and Sen 1968, "Estimates of the regression coefficient based on Kendall's tau", with the exact
    distribution of Kendall's statistic.
    """

    name: ClassVar[str] = "gain-plateau"
    least_gain: float
    batch_size: int | None = None
    window: int = 6
    confidence: float = 0.95

    def __post_init__(self) -> None:
        number(self.least_gain, "`least_gain`", above=0)
        if self.batch_size is not None:
            whole(self.batch_size, "`batch_size`", least=1)
        window = whole(self.window, "`window`", least=3)
        whole(window, "`window`", most=WIDEST, wanted=f"be at most {WIDEST} rounds")
        number(self.confidence, "`confidence`", above=0.5, below=1)
        if 1 / math.factorial(window) > 1 - self.confidence:
            raise ArgumentError(
                "`window`",
                wanted=f"be large enough for a bound at confidence {self.confidence:g}",
                got=str(window),
                remedy="Widen the window or lower the confidence.",
            )

    def judge(self, facts: Facts) -> Verdict:
        """See `StoppingRule.judge`."""
        labels = as_numbers(facts.labels, "labels", self.name)
        accuracies = as_numbers(facts.accuracies, "accuracies", self.name)
        window = int(self.window)
        if len(labels) != len(accuracies):
            raise ShapeError(
                "`labels` and `accuracies`", wanted="have one entry a round", got=f"{len(labels)} and {len(accuracies)}"
            )
        if len(labels) and (labels[0] < 0 or not np.all(np.diff(labels) > 0)):
            raise ArgumentError("`labels`", wanted="grow from round to round", got=f"{labels.tolist()}")
        if len(labels) < window:
            there = f"there {of_number(len(labels), 'is')} {len(labels)}"
            return too_early(self.name, f"{window} models are needed, and {there}")
        batch = float(labels[-1] - labels[-2]) if self.batch_size is None else float(self.batch_size)
        middle, upper = slope_and_bound(labels[-window:], accuracies[-window:], self.confidence)
        reason = (
            f"The next {batch:,.0f} labels promise a gain of {middle * batch:.4g}, and with {self.confidence:.0%} "
            f"confidence at most {upper * batch:.4g}; labelling stops below {self.least_gain:g}."
        )
        return Verdict(upper * batch < self.least_gain, upper * batch, self.name, reason)


def slope_and_bound(
    at: npt.NDArray[np.float64], heights: npt.NDArray[np.float64], confidence: float
) -> tuple[float, float]:
    """The median slope between all pairs of points (r,), `at` ascending, and an upper bound of the true slope.

    For independent errors of one distribution, the number of pairs whose slope is below the true one is distributed
    as the inversions of a random permutation of the points. So the k-th smallest slope is below the true one with the
    probability of at least k inversions, and the bound is the smallest such slope that is improbable enough; infinite
    when there is none.
    """
    first, second = np.triu_indices(len(at), 1)
    slopes = np.sort((heights[second] - heights[first]) / (at[second] - at[first]))
    orders = inversions(len(at))
    allowed = (1 - confidence) * math.factorial(len(at))
    at_least = 0
    rank = len(slopes) + 1  # one beyond the last
    while rank > 1 and at_least + orders[rank - 1] <= allowed:
        at_least += orders[rank - 1]
        rank -= 1
    upper = float(slopes[rank - 1]) if rank <= len(slopes) else math.inf
    return float(np.median(slopes)), upper


def inversions(points: int) -> list[int]:
    """The numbers of permutations of `points` items with 0, 1, 2, ..., points (points - 1) / 2 inversions."""
    counts = [1]
    for placed in range(1, points):  # the next item makes 0 to `placed` inversions with the items before it
        longer = [0] * (len(counts) + placed)
        for more in range(placed + 1):
            for fewer, count in enumerate(counts):
                longer[fewer + more] += count
        counts = longer
    return counts
