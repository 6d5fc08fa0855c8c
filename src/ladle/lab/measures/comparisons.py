"""Who wins, ties or loses: tests over trials, corrected for how many questions are asked at once.

The test that decides is Student's t, on the differences within trials where two strategies share their trials (paired)
and Welch's between runs that do not. Measures over thousands of test examples are near normal, so it holds for few
trials, and unlike a test on ranks it can tell anything at all once it is corrected for many pairs: of ten trials no
signed-rank test goes below 0.002. The exact signed-rank test stands beside it, uncorrected, as a check that assumes
less.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from ladle.errors import ShapeError
from ladle.lab.measures.savings import FEWEST_TRIALS

LEVEL = 0.05
Outcome = Literal["win", "tie", "loss", "untested"]
Values = npt.NDArray[np.float64]
# Differences that agree to this are one number and their rounding.
_SAME = 1e-12


@dataclass(frozen=True, slots=True)
class Comparison:
    """`strategy` minus `against` on one number a trial, larger being better.

    difference: of the means. low, high: its 95% t interval, uncorrected. p: of the t test; corrected: by Holm, over the
    family it was asked in; signed_rank: of the exact signed-rank test, uncorrected, None where trials are not paired.
    All are None with fewer than `FEWEST_TRIALS` trials, and the outcome then is "untested".
    trials: pairs of trials, or the smaller number of the two where they are not paired.
    """

    strategy: str
    against: str
    difference: float
    low: float | None
    high: float | None
    p: float | None
    corrected: float | None
    signed_rank: float | None
    paired: bool
    trials: int

    @property
    def outcome(self) -> Outcome:
        """A win or loss when the corrected p is below `LEVEL`."""
        return outcome_of(self.difference, self.corrected)

    def mirrored(self) -> Comparison:
        """The same, told of `against`."""
        low, high = (None if end is None else -end for end in (self.high, self.low))
        ends = {"difference": -self.difference, "low": low, "high": high}
        return replace(self, strategy=self.against, against=self.strategy, **ends)  # type: ignore[arg-type]


def outcome_of(difference: float, corrected: float | None) -> Outcome:
    """What a difference and its corrected p amount to."""
    if corrected is None:
        return "untested"
    if corrected >= LEVEL:
        return "tie"
    return "win" if difference > 0 else "loss"


def compare_paired(strategy: str, first: Values, against: str, second: Values) -> Comparison:
    """Two strategies over the same trials, (trials,) each; not yet corrected. Raises: ShapeError."""
    if first.shape != second.shape or first.ndim != 1 or len(first) == 0:
        raise ShapeError("the trials", wanted="be the same of both", got=f"{first.shape} and {second.shape}")
    differences = first - second
    mean = float(differences.mean())
    p = paired_t(differences[:, None])
    if p is None:
        return Comparison(strategy, against, mean, None, None, None, None, None, True, len(first))
    reach = _t_reach(len(first) - 1, float(differences.std(ddof=1)) / math.sqrt(len(first)))
    rank = signed_rank(differences)
    chance = float(p[0])
    return Comparison(strategy, against, mean, mean - reach, mean + reach, chance, chance, rank, True, len(first))


def compare_unpaired(strategy: str, first: Values, against: str, second: Values) -> Comparison:
    """Two strategies over different trials, by Welch's t; not yet corrected. Raises: ShapeError when one has none."""
    if not (first.ndim == second.ndim == 1) or min(len(first), len(second)) == 0:
        raise ShapeError("the trials", wanted="be at least one of each", got=f"{first.shape} and {second.shape}")
    difference = float(first.mean() - second.mean())
    fewest = min(len(first), len(second))
    if fewest < FEWEST_TRIALS:
        return Comparison(strategy, against, difference, None, None, None, None, None, False, fewest)
    parts = [float(values.var(ddof=1)) / len(values) for values in (first, second)]
    error = math.sqrt(sum(parts))
    if error <= _SAME:
        # No spread at all: as likely as all trials of one standing above all of the other by chance.
        chance = 1.0 if abs(difference) <= _SAME else 2 / math.comb(len(first) + len(second), len(first))
        return Comparison(strategy, against, difference, difference, difference, chance, chance, None, False, fewest)
    freedom = sum(parts) ** 2 / (parts[0] ** 2 / (len(first) - 1) + parts[1] ** 2 / (len(second) - 1))
    chance, reach = float(_t_chance(freedom, abs(difference) / error)), _t_reach(freedom, error)
    low, high = difference - reach, difference + reach
    return Comparison(strategy, against, difference, low, high, chance, chance, None, False, fewest)


def corrected(family: Sequence[Comparison]) -> tuple[Comparison, ...]:
    """The comparisons of one family, their p corrected for being asked together."""
    by_holm = holm([each.p for each in family])
    return tuple(replace(each, corrected=chance) for each, chance in zip(family, by_holm, strict=True))


def paired_t(differences: Values) -> Values | None:
    """Two-sided p (columns,) of the paired t test on each column of (trials, columns); None with too few trials.

    Differences that are all the same leave t undefined: p is then 1 if they are 0, else that all signs agree by chance.
    """
    trials = len(differences)
    if trials < FEWEST_TRIALS:
        return None
    mean, spread = differences.mean(axis=0), differences.std(axis=0, ddof=1)
    varied = spread > _SAME
    t = np.divide(np.abs(mean) * math.sqrt(trials), spread, out=np.zeros_like(mean), where=varied)
    agree = np.where(np.abs(mean) <= _SAME, 1.0, 2.0 ** (1 - trials))
    return np.where(varied, _t_chance(trials - 1, t), agree)


def signed_rank(differences: Values) -> float:
    """Two-sided p of Wilcoxon's signed-rank test, exact for any number of trials, also with ties; zeros are dropped.

    Cost: O(trials^3), by counting the sums of ranks that signs by chance would give.
    Source: Wilcoxon 1945; Hollander, Wolfe and Chicken 2013, section 3.1.
    """
    kept = differences[np.abs(differences) > _SAME]
    if len(kept) == 0:
        return 1.0
    sizes = np.abs(kept)
    # Twice the mid-ranks, which are whole numbers: those below, and those as large, counted once more.
    ranks = (sizes[:, None] > sizes).sum(axis=1) + (sizes[:, None] >= sizes).sum(axis=1) + 1
    chances = np.zeros(int(ranks.sum()) + 1)
    chances[0] = 1.0
    for rank in ranks:
        with_rank = np.concatenate([np.zeros(rank), chances[:-rank]])
        chances = (chances + with_rank) / 2
    positive = int(ranks[kept > 0].sum())
    least = min(positive, int(ranks.sum()) - positive)
    return float(min(1.0, 2 * chances[: least + 1].sum()))


def holm(chances: Sequence[float | None]) -> list[float | None]:
    """p corrected so that a wrong claim anywhere in the family has the chance claimed; None stays None.

    Source: Holm 1979, "A simple sequentially rejective multiple test procedure".
    """
    asked = sorted((chance, position) for position, chance in enumerate(chances) if chance is not None)
    found: list[float | None] = [None] * len(chances)
    highest = 0.0
    for rank, (chance, position) in enumerate(asked):
        highest = max(highest, min(1.0, (len(asked) - rank) * chance))
        found[position] = highest
    return found


def _t_chance(freedom: float, t: npt.ArrayLike) -> Values:
    from scipy.special import stdtr

    return np.asarray(2 * stdtr(freedom, -np.asarray(t)))


def _t_reach(freedom: float, error: float) -> float:
    """Half the width of the interval of confidence 1 - `LEVEL`."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 1 - LEVEL / 2)) * error
