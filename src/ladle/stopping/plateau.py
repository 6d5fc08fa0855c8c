"""Gain plateau: stop when even a generous reading of the learning curve promises too little from the next batch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from ladle.errors import ArgumentError, ShapeError
from ladle.numbers import number, whole
from ladle.stopping.contract import Facts, StoppingRule, Verdict, too_early
from ladle.stopping.facts import as_numbers

WIDEST = 50  # rounds; a slope over more is no recent one


@dataclass(frozen=True, slots=True)
class GainPlateau(StoppingRule):
    """Stop when the upper bound of what the next batch will gain is below `least_gain`.

    The slope of the learning curve, accuracy per label, is taken over the last `window` rounds, with the upper end of
    its distribution-free one-sided interval: an order statistic of the slopes between all pairs of rounds. That slope
    times the batch is the bound. Learning curves flatten, so the slope of the past errs on the generous side.

    least_gain: what a batch must add to be worth its cost, in the unit of the accuracies, larger than 0.
    batch_size: the next batch; None for as many as the last round brought.
    window: rounds, 3 to 50; confidence: of the bound, between 0.5 and 1. Few rounds bound nothing: 95% need 4, 99% 5.
    Asked with `labels` and `accuracies`. The value is the bound on the gain.
    Cost: O(window^4), some milliseconds for 50. Repeats: set by the last `window` rounds.
    Source: Theil 1950 and Sen 1968, "Estimates of the regression coefficient based on Kendall's tau", with the exact
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
        object.__setattr__(self, "window", whole(self.window, "`window`", least=3))
        whole(self.window, "`window`", most=WIDEST, wanted=f"be at most {WIDEST} rounds")
        number(self.confidence, "`confidence`", above=0.5, below=1)
        if 1 / math.factorial(self.window) > 1 - self.confidence:
            raise ArgumentError(
                "`window`",
                wanted=f"be large enough for a bound at confidence {self.confidence:g}",
                got=str(self.window),
                remedy="Widen the window or lower the confidence.",
            )

    def judge(self, facts: Facts) -> Verdict:
        """See `StoppingRule.judge`."""
        at = as_numbers(facts.labels, "labels", self.name)
        heights = as_numbers(facts.accuracies, "accuracies", self.name)
        if len(at) != len(heights):
            raise ShapeError(
                "`labels` and `accuracies`", wanted="have one entry a round", got=f"{len(at)} and {len(heights)}"
            )
        if len(at) and (at[0] < 0 or not np.all(np.diff(at) > 0)):
            raise ArgumentError("`labels`", wanted="grow from round to round", got=f"{at.tolist()}")
        if len(at) < self.window:
            return too_early(self.name, f"{self.window} rounds are needed, and there are {len(at)}")
        batch = float(at[-1] - at[-2]) if self.batch_size is None else float(self.batch_size)
        middle, upper = slope_and_bound(at[-self.window :], heights[-self.window :], self.confidence)
        told = (
            f"The next {batch:,.0f} labels promise a gain of {middle * batch:.4g}, and with {self.confidence:.0%} "
            f"confidence at most {upper * batch:.4g}; labelling stops below {self.least_gain:g}."
        )
        return Verdict(upper * batch < self.least_gain, upper * batch, self.name, told)


def slope_and_bound(
    at: npt.NDArray[np.float64], heights: npt.NDArray[np.float64], confidence: float
) -> tuple[float, float]:
    """The median slope between all pairs of points (r,), `at` ascending, and an upper bound of the true one.

    For independent errors of one distribution, the number of pairs whose slope is below the true one is distributed
    as the inversions of a random permutation of the points, so the k-th smallest slope is below it no more often than
    there are k inversions: the bound is the first k that is rare enough. inf when none is.
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
    """How many permutations of `points` things have 0, 1, 2, ... inversions: points (points - 1) / 2 + 1 numbers."""
    counts = [1]
    for placed in range(1, points):  # the next one inverts 0 to `placed` of those before it
        longer = [0] * (len(counts) + placed)
        for more in range(placed + 1):
            for fewer, count in enumerate(counts):
                longer[fewer + more] += count
        counts = longer
    return counts
