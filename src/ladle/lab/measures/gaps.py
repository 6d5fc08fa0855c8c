"""How much of the gap between a baseline and an upper bound a strategy closes, with an interval over trials."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ladle.errors import ShapeError
from ladle.lab.measures.comparisons import LEVEL
from ladle.lab.measures.savings import FEWEST_TRIALS

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class GapClosed:
    """The share of the gap from `baseline` to `bound` that `strategy` closes, on one number a trial.

    Attributes
    ----------
    strategy, baseline, bound : str
        By label.
    gap : float
        The mean of `bound` minus that of `baseline`.
    share : float or None
        (strategy - baseline) / (bound - baseline), of the means: 0 is the baseline and 1 the bound. None where the
        bound is not above the baseline.
    low, high : float or None
        The 95% interval of the share. None with fewer than `FEWEST_TRIALS` trials, and where the trials do not tell the
        bound from the baseline: the share may then be any number.
    trials : int
        That all three have finished.
    """

    strategy: str
    baseline: str
    bound: str
    gap: float
    share: float | None
    low: float | None
    high: float | None
    trials: int


def gap_closed(strategy: str, values: Values, baseline: str, low: Values, bound: str, high: Values) -> GapClosed:
    """The share that `strategy` closes. values, low, high: (trials,) of the three; position t of all is the same trial.

    The interval holds every share r at which a paired t test does not tell strategy - baseline from r times bound -
    baseline. Raises: ShapeError.
    Source: Fieller 1954, "Some problems in interval estimation".
    """
    if not values.shape == low.shape == high.shape or values.ndim != 1 or len(values) == 0:
        got = f"{values.shape}, {low.shape} and {high.shape}"
        raise ShapeError("the trials", wanted="be the same of all three, and at least one", got=got)
    gained, gaps = values - low, high - low
    gap = float(gaps.mean())
    share = float(gained.mean()) / gap if gap > 0 else None
    ends = _interval(gained, gaps) if share is not None and len(values) >= FEWEST_TRIALS else None
    least, most = ends or (None, None)
    return GapClosed(strategy, baseline, bound, gap, share, least, most, len(values))


def _interval(gained: Values, gaps: Values) -> tuple[float, float] | None:
    """The shares r where mean(gained - r gaps) is within the reach of t: a r^2 - 2 b r + c <= 0; None if unbounded."""
    from scipy.special import stdtrit

    trials = len(gained)
    spread = np.cov(gained, gaps) * float(stdtrit(trials - 1, 1 - LEVEL / 2)) ** 2 / trials
    a = float(gaps.mean() ** 2 - spread[1, 1])
    b = float(gained.mean() * gaps.mean() - spread[0, 1])
    c = float(gained.mean() ** 2 - spread[0, 0])
    if a <= 0:  # the gap itself may be none
        return None
    reach = math.sqrt(max(0.0, b * b - a * c))
    return (b - reach) / a, (b + reach) / a
