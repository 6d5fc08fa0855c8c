"""The crossing chart: what each strategy saved on measured pools, as a file beside this one.

`python -m benchmarks.strategies.crossing_page` writes the file from the benchmark's rows. Nothing in it is typed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from ladle.advice.repetition import Repetition

CHART = "chart.json"
AGAINST = "margin"  # whose labels are saved


@dataclass(frozen=True, slots=True)
class Cell:
    """One pool with one size of batch, all strategies measured on it.

    family: pools of one family are made of the same examples. gains: by strategy, the natural logarithm of how many
    times as many labels margin sampling needs for the same accuracy: 0 for a tie, ln 2 where half the labels are saved.
    """

    pool: str
    family: str
    repetition: Repetition
    gains: dict[str, float]


@dataclass(frozen=True, slots=True)
class Chart:
    """All cells, and the strategies that were measured in each."""

    cells: tuple[Cell, ...]
    strategies: tuple[str, ...]

    @property
    def families(self) -> npt.NDArray[np.str_]:
        """(cells,) the family of each cell."""
        return np.array([cell.family for cell in self.cells])

    def gains(self, strategy: str) -> npt.NDArray[np.float64]:
        """(cells,) what the strategy gained in each cell."""
        return np.array([cell.gains[strategy] for cell in self.cells])


@cache
def chart() -> Chart:
    """The chart that comes with Ladle."""
    return chart_of(files("ladle.advice").joinpath(CHART).read_text(encoding="utf-8"))


def chart_of(text: str) -> Chart:
    """The chart that a file of this form holds."""
    cells = tuple(
        Cell(each["pool"], each["family"], Repetition(**each["repetition"]), each["gains"])
        for each in json.loads(text)["cells"]
    )
    return Chart(cells, tuple(cells[0].gains))
