"""Wins, ties and losses: tests over trials, corrected for the number of comparisons.

The test that decides is Student's t, on the differences within trials where two strategies share their trials (paired),
and Welch's between runs that do not. Metrics over thousands of test examples are close to normal, so the test is valid
for few trials. A test on ranks has no power once it is corrected for many pairs: with ten trials no signed-rank p is
below 0.002. The exact signed-rank test is reported beside it, uncorrected, as a check with fewer assumptions.
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
# Differences that agree up to this differ by rounding alone.
_SAME = 1e-12


@dataclass(frozen=True, slots=True)
class Comparison:
    """`strategy` minus `against` on one number a trial, larger being better.

    Attributes
    ----------
    strategy, against : str
        The two strategies, by label.
    difference : float
        Of the means.
    low, high : float or None
        The 95% t interval of the difference, uncorrected.
    p, corrected : float or None
        Of the t test; and p corrected by Holm over the family of comparisons.
    signed_rank : float or None
        p of the exact signed-rank test, uncorrected; None also where trials are not paired.
    paired : bool
        Whether trials are compared in pairs.
    trials : int
        Pairs of trials, or the smaller number of the two where they are not paired. With fewer than `FEWEST_TRIALS`
        there is neither interval nor p, and the outcome is "untested".
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
        """The same comparison with the two strategies exchanged."""
        low, high = (None if end is None else -end for end in (self.high, self.low))
        ends = {"difference": -self.difference, "low": low, "high": high}
        return replace(self, strategy=self.against, against=self.strategy, **ends)  # type: ignore[arg-type]


def outcome_of(difference: float, corrected: float | None) -> Outcome:
    """The outcome of a difference with this corrected p."""
    if corrected is None:
        return "untested"
    if corrected >= LEVEL:
        return "tie"
    return "win" if difference > 0 else "loss"


def compare_paired(strategy: str, first: Values, against: str, second: Values) -> Comparison:
    """Compare two strategies over the same trials by Student's paired t.

    Parameters
    ----------
    strategy, against : str
        The two strategies, by label.
    first, second : ndarray of float64, shape (trials,)
        Their numbers; position t of both is the same trial.

    Returns
    -------
    Comparison
        Not yet corrected.

    Raises
    ------
    ShapeError
        When the shapes differ or there is no trial.
    """
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
    """Compare two strategies over different trials by Welch's t.

    Parameters
    ----------
    strategy, against : str
        The two strategies, by label.
    first, second : ndarray of float64, shape (trials,)
        Their numbers, each of its own trials.

    Returns
    -------
    Comparison
        Not yet corrected.

    Raises
    ------
    ShapeError
        When one has no trial.
    """
    if not (first.ndim == second.ndim == 1) or min(len(first), len(second)) == 0:
        raise ShapeError("the trials", wanted="be at least one of each", got=f"{first.shape} and {second.shape}")
    difference = float(first.mean() - second.mean())
    fewest = min(len(first), len(second))
    if fewest < FEWEST_TRIALS:
        return Comparison(strategy, against, difference, None, None, None, None, None, False, fewest)
    parts = [float(values.var(ddof=1)) / len(values) for values in (first, second)]
    error = math.sqrt(sum(parts))
    if error <= _SAME:
        # Without any variance, p is the chance that all trials of one lie above all of the other.
        chance = 1.0 if abs(difference) <= _SAME else 2 / math.comb(len(first) + len(second), len(first))
        return Comparison(strategy, against, difference, difference, difference, chance, chance, None, False, fewest)
    freedom = sum(parts) ** 2 / (parts[0] ** 2 / (len(first) - 1) + parts[1] ** 2 / (len(second) - 1))
    chance, reach = float(_t_chance(freedom, abs(difference) / error)), _t_reach(freedom, error)
    low, high = difference - reach, difference + reach
    return Comparison(strategy, against, difference, low, high, chance, chance, None, False, fewest)


def corrected(family: Sequence[Comparison]) -> tuple[Comparison, ...]:
    """The comparisons of one family, with p corrected by Holm."""
    by_holm = holm([each.p for each in family])
    return tuple(replace(each, corrected=chance) for each, chance in zip(family, by_holm, strict=True))


def paired_t(differences: Values) -> Values | None:
    """Two-sided p (columns,) of the paired t test on each column of (trials, columns); None with too few trials.

    Equal differences leave t undefined: p is then 1 if they are 0, and else the chance that all signs agree.
    """
    trials = len(differences)
    if trials < FEWEST_TRIALS:
        return None
    mean, deviation = differences.mean(axis=0), differences.std(axis=0, ddof=1)
    varied = deviation > _SAME
    t = np.divide(np.abs(mean) * math.sqrt(trials), deviation, out=np.zeros_like(mean), where=varied)
    agree = np.where(np.abs(mean) <= _SAME, 1.0, 2.0 ** (1 - trials))
    return np.where(varied, _t_chance(trials - 1, t), agree)


def signed_rank(differences: Values) -> float:
    """Two-sided p of Wilcoxon's signed-rank test, exact for any number of trials and with ties; zeros are dropped.

    Cost: O(trials^3), by counting the sums of ranks under random signs.
    Source: Wilcoxon 1945; Hollander, Wolfe and Chicken 2013, section 3.1.
    """
    nonzero = differences[np.abs(differences) > _SAME]
    if len(nonzero) == 0:
        return 1.0
    sizes = np.abs(nonzero)
    # Twice the mid-ranks, which are whole numbers.
    ranks = (sizes[:, None] > sizes).sum(axis=1) + (sizes[:, None] >= sizes).sum(axis=1) + 1
    chances = np.zeros(int(ranks.sum()) + 1)
    chances[0] = 1.0
    for rank in ranks:
        with_rank = np.concatenate([np.zeros(rank), chances[:-rank]])
        chances = (chances + with_rank) / 2
    positive = int(ranks[nonzero > 0].sum())
    least = min(positive, int(ranks.sum()) - positive)
    return float(min(1.0, 2 * chances[: least + 1].sum()))


def holm(chances: Sequence[float | None]) -> list[float | None]:
    """p corrected so that the chance of any false claim in the family is at most the level; None stays None.

    Source: Holm 1979, "A simple sequentially rejective multiple test procedure".
    """
    ordered = sorted((chance, position) for position, chance in enumerate(chances) if chance is not None)
    adjusted: list[float | None] = [None] * len(chances)
    highest = 0.0
    for rank, (chance, position) in enumerate(ordered):
        highest = max(highest, min(1.0, (len(ordered) - rank) * chance))
        adjusted[position] = highest
    return adjusted


def _t_chance(freedom: float, t: npt.ArrayLike) -> Values:
    from scipy.special import stdtr

    return np.asarray(2 * stdtr(freedom, -np.asarray(t)))


def _t_reach(freedom: float, error: float) -> float:
    """Half the width of the interval of confidence 1 - `LEVEL`."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 1 - LEVEL / 2)) * error
