"""The figures of an experiment: one function a figure, from facts to SVG.

Six colours tell six strategies apart. Where more ran, curves are drawn in several panels, each with the baselines, and
everything else names its strategies in words.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from ladle.report.drawing import BROAD, INK, SERIES, drawn, legend
from ladle.report.experiment_facts import ExperimentFacts, MetricFacts
from ladle.report.experiment_rows import against_baselines
from ladle.report.figures import savings_forest, stacked_seconds
from ladle.report.sentences import metric_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_OF_BASELINES = (1, 2)
_OF_OTHERS = (0, 3, 4, 5)
_MOST_TICKS = 6
# Inches: a letter of a legend and its entry's key, a line, what is left of the axes; and how many lines are foreseen.
_LEGEND_LETTER, _LEGEND_KEY, _LEGEND_LINE, _LEFT_OF_AXES = 0.065, 0.62, 0.2, 0.7
_LEGEND_LINES = 3


def series_of(facts: ExperimentFacts, strategy: str) -> int:
    """Which of the page's colours is that of `strategy`: the baselines have theirs to themselves."""
    if strategy in facts.baselines:
        return _OF_BASELINES[facts.baselines.index(strategy) % len(_OF_BASELINES)]
    return _OF_OTHERS[_others(facts).index(strategy) % len(_OF_OTHERS)]


def panels(facts: ExperimentFacts) -> list[list[str]]:
    """The strategies of each panel: the baselines in all, and no more others than colours, evenly shared out."""
    others = _others(facts)
    count = max(1, -(-len(others) // len(_OF_OTHERS)))
    ends = [len(others) * number // count for number in range(count + 1)]
    return [[*others[first:last], *facts.baselines] for first, last in pairwise(ends)]


def learning_curves(facts: ExperimentFacts, metric: MetricFacts, strategies: Sequence[str], *, width: float) -> str:
    """The metric against labels: the mean and its bootstrap interval as a band; all panels in one scale."""
    lowest = 100 * min(min(each.low or each.mean) for each in metric.curves)
    highest = 100 * max(max(each.high or each.mean) for each in metric.curves)
    room = 0.04 * (highest - lowest) or 1.0
    columns = legend_columns(strategies, width)

    def draw(axes: Axes) -> None:
        for strategy in strategies:
            curve, colour = metric.curve(strategy), _colour(facts, strategy)
            style = "--" if strategy in facts.baselines else "-"
            if curve.low is not None and curve.high is not None:
                ends = ([100 * value for value in curve.low], [100 * value for value in curve.high])
                axes.fill_between(facts.labels, *ends, color=colour, alpha=0.16, linewidth=0)
            mean = [100 * value for value in curve.mean]
            axes.plot(facts.labels, mean, style, color=colour, linewidth=2.1, label=strategy)
        shown = facts.labels[:: -(-len(facts.labels) // _MOST_TICKS)]
        axes.set_xticks(shown, [short_count(labels) for labels in shown])
        axes.set_ylim(lowest - room, highest + room)
        axes.set_xlabel("labels")
        axes.set_ylabel(f"{metric_text(metric.metric)} on the test split, %")
        # Above the curves, where it hides none of them.
        legend(axes, loc="lower left", bbox_to_anchor=(0, 1), ncols=columns, borderaxespad=0.2)

    higher = _LEGEND_LINE * max(0, -(-len(strategies) // columns) - _LEGEND_LINES)
    name = f"curves-{metric.metric}-{panels(facts).index(list(strategies))}"
    return drawn(name, (width, 2.3 + 0.26 * width + higher), draw)


def legend_columns(labels: Sequence[str], width: float) -> int:
    """As many as fit beside each other above a drawing of `width` inches, which fills one after the other."""
    for columns in (3, 2):
        lines = -(-len(labels) // columns)
        longest = [max(map(len, labels[first : first + lines])) for first in range(0, len(labels), lines)]
        if sum(_LEGEND_KEY + _LEGEND_LETTER * letters for letters in longest) <= width - _LEFT_OF_AXES:
            return columns
    return 1


def savings_intervals(facts: ExperimentFacts, metric: MetricFacts, baseline: str, *, width: float = BROAD) -> str:
    """Every strategy's label savings against `baseline`, with their intervals."""
    told = [each for each in against_baselines(facts, metric.savings) if each.against == baseline]
    names = [each.strategy for each in told]
    colours = [_colour(facts, name) for name in names]
    name = f"savings-{metric.metric}-{facts.baselines.index(baseline)}"
    return savings_forest(told, names, colours, name=name, width=width)


def shares(
    facts: ExperimentFacts, values: Sequence[float], name: str, said: str, *, chance: float | None = None
) -> str:
    """One share a strategy, as bars from 0, in percent; `chance` draws a dashed line."""

    def draw(axes: Axes) -> None:
        for place, (strategy, value) in enumerate(zip(facts.strategies, values, strict=True)):
            axes.barh(place, 100 * value, 0.62, color=_colour(facts, strategy))
        if chance is not None:
            axes.axvline(100 * chance, color=INK, linewidth=1.2, linestyle="--")
        axes.set_yticks(range(len(facts.strategies)), facts.strategies)
        axes.set_ylim(len(facts.strategies) - 0.5, -0.5)
        axes.tick_params(axis="y", labelcolor=INK, length=0)
        axes.grid(visible=False, axis="y")
        axes.set_xlabel(said)

    return drawn(name, (5.4, 1.1 + 0.42 * len(facts.strategies)), draw)


def step_seconds(facts: ExperimentFacts, *, width: float = BROAD) -> str:
    """Seconds a round, by step, for every strategy."""
    told = [(each.strategy, each.seconds) for each in facts.batches]
    return stacked_seconds(told, [_colour(facts, name) for name, _ in told], width=width)


def short_count(count: int) -> str:
    """A number of labels that fits under an axis: "500", "12.5K", "1.3M"."""
    if count >= 1_000_000:
        return f"{count / 1_000_000:.4g}M"
    return f"{count / 1_000:.4g}K" if count >= 10_000 or (count >= 1_000 and count % 10 == 0) else f"{count:,}"


def _others(facts: ExperimentFacts) -> list[str]:
    return [strategy for strategy in facts.strategies if strategy not in facts.baselines]


def _colour(facts: ExperimentFacts, strategy: str) -> str:
    return SERIES[series_of(facts, strategy)]
