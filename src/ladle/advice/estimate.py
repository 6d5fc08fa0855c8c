"""What a strategy is expected to save on a pool that was not measured, from the measured pools that are like it.

The estimate is the mean over the cells of the chart, weighted by how near they are in four numbers (`_place`). Its
interval is made of errors: each cell is estimated from the cells of other families only, as a new pool is, and the mean
square of these errors, weighted in the same way, is what the estimate is usually off by. The mean square over the whole
chart counts as `PRIOR` more cells, so that few near cells do not pass for certainty.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from ladle.advice.chart import Cell, Chart
from ladle.advice.repetition import Repetition

# What counts as far: a batch ten times as large; a third of the pool or a quarter of the batch more copies; relatives
# by a fifth of the typical distance farther apart. `NEAR` is the distance, in these, at which a cell counts 61%.
FAR = (1.0, 0.33, 0.25, 0.2)
WIDEST = 0.6  # wider than this all pools are alike: nothing in them is near
NEAR = 0.7
PRIOR = 3.0
Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ExpectedSavings:
    """What one strategy is expected to save of the labels that margin sampling needs for the same accuracy.

    Attributes
    ----------
    strategy : str
        Its name, with the candidate ratio where it has one.
    saved, low, high : float
        The share of labels saved, with its interval; below 0 where more labels are needed: -1 for twice as many.
    outcome : {"fewer labels", "more labels", "no clear difference"}
        By the interval.
    """

    strategy: str
    saved: float
    low: float
    high: float

    @property
    def outcome(self) -> str:
        """What the interval says."""
        if self.low > 0:
            return "fewer labels"
        return "more labels" if self.high < 0 else "no clear difference"


def estimate(chart: Chart, strategy: str, new: Repetition, confidence: float) -> ExpectedSavings:
    """What `strategy` is expected to save on a pool like `new`."""
    gains = chart.gains(strategy)
    weights = weights_of(chart, new)
    middle = float(weights @ gains / weights.sum())
    reach = reach_of(errors_of(chart, strategy), weights, confidence)
    saved, low, high = (1 - float(np.exp(-gain)) for gain in (middle, middle - reach, middle + reach))
    return ExpectedSavings(strategy, saved, low, high)


def reach_of(errors: Values, weights: Values, confidence: float) -> float:
    """Half the width of the interval, where the cells have these errors and weights."""
    squares = np.square(errors)
    mean = (weights @ squares + PRIOR * squares.mean()) / (weights.sum() + PRIOR)
    return NormalDist().inv_cdf((1 + confidence) / 2) * float(np.sqrt(mean))


def errors_of(chart: Chart, strategy: str) -> Values:
    """(cells,) how far each cell's gain is from what the cells of other families make of it."""
    gains, families = chart.gains(strategy), chart.families
    found = np.empty(len(gains))
    for place, cell in enumerate(chart.cells):
        weights = np.where(families == cell.family, 0.0, weights_of(chart, cell.repetition))
        found[place] = gains[place] - weights @ gains / weights.sum()
    return found


def weights_of(chart: Chart, new: Repetition) -> Values:
    """(cells,) how much each cell says about a pool like `new`: 1 for the nearest."""
    places = np.array([_place(cell.repetition) for cell in chart.cells])
    squares = np.square((places - _place(new)) / NEAR).sum(axis=1)
    weights: Values = np.exp(-0.5 * (squares - squares.min()))
    return weights


def nearest(chart: Chart, new: Repetition, count: int) -> list[Cell]:
    """The cells that say most about it, the nearest first."""
    order = np.argsort(-weights_of(chart, new), kind="stable")
    return [chart.cells[place] for place in order[:count].tolist()]


def _place(each: Repetition) -> Values:
    numbers = (np.log10(each.share), each.copies, each.batch_copies, min(each.width, WIDEST))
    return np.array(numbers) / FAR
