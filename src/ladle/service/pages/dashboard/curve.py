"""A learning curve as SVG without styles of its own: the page's style sheet colours it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 640, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 32, 12, 40
_TICKS = 5


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """A recorded model: where it is drawn, and its figures in words. x, y: in units of the drawing."""

    x: float
    y: float
    words: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of an axis. at: in units of the drawing."""

    at: float
    words: str


@dataclass(frozen=True, slots=True)
class Curve:
    """The curve of one metric, ready to draw. path: the d of its line. summary: for people who do not see it."""

    metric: str
    points: tuple[CurvePoint, ...]
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    path: str
    summary: str


def curve_of(metric: str, versions: Sequence[str], labelled: Sequence[int], values: Sequence[float]) -> Curve:
    """The curve of one metric over the number of labelled examples, in the order of labels.

    versions, labelled, values : of each model, one at least; finite values.
    """
    order = sorted(range(len(values)), key=lambda place: labelled[place])
    across, up = ticks(min(labelled), max(labelled), whole=True), ticks(min(values), max(values))
    spread_x, spread_y = (across[0], across[-1]), (up[0], up[-1])

    def x_of(count: float) -> float:
        return round(_LEFT + (WIDTH - _LEFT - _RIGHT) * _share(count, *spread_x), 1)

    def y_of(value: float) -> float:
        return round(HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * _share(value, *spread_y), 1)

    points = tuple(
        CurvePoint(
            x_of(labelled[place]),
            y_of(values[place]),
            f"{versions[place]}: {metric} {values[place]:.4g} with {labelled[place]:,} labelled",
        )
        for place in order
    )
    path = " ".join(f"{'L' if place else 'M'}{each.x} {each.y}" for place, each in enumerate(points))
    first, last = values[order[0]], values[order[-1]]
    summary = (
        f"{metric} of {len(points):,} recorded models: {first:.4g} with {labelled[order[0]]:,} labelled examples, "
        f"{last:.4g} with {labelled[order[-1]]:,}"
    )
    return Curve(
        metric,
        points,
        tuple(Tick(x_of(each), f"{each:,.0f}") for each in across),
        tuple(Tick(y_of(each), f"{each:.4g}") for each in up),
        path,
        summary,
    )


def ticks(low: float, high: float, *, whole: bool = False) -> list[float]:
    """Round numbers from at or below `low` to at or above `high`: two at least, about five."""
    if high <= low:
        pad = max(abs(low) * 0.05, 1.0 if whole else 0.01)
        low, high = low - pad, high + pad
    rough = (high - low) / _TICKS
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * each for each in (1, 2, 5, 10) if size * each >= rough * (1 - 1e-9))
    step = max(1.0, step) if whole else step
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [number * step for number in range(first, last + 1)]


def _share(value: float, low: float, high: float) -> float:
    return (value - low) / (high - low)
