"""The figures of a demonstration: one function a figure, from facts to SVG."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from textwrap import fill
from typing import TYPE_CHECKING

from ladle.lab.measures import Savings
from ladle.report.clusters import SizeBin
from ladle.report.drawing import BROAD, INK, MUTED, NARROW, SERIES, drawn, legend
from ladle.report.facts import Facts, StrategyFacts
from ladle.report.sentences import NEVER

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_NAME_LETTERS = 16  # to a line of a name on a narrow drawing


def learning_curves(facts: Facts, *, width: float = BROAD) -> str:
    """Accuracy against labels: the mean, its standard error as a band, every trial as a dot."""

    def draw(axes: Axes) -> None:
        for colour, strategy in zip(SERIES, facts.strategies, strict=False):
            mean = [100 * value for value in strategy.mean]
            if strategy.standard_error is not None:
                error = [100 * value for value in strategy.standard_error]
                low = [middle - spread for middle, spread in zip(mean, error, strict=True)]
                high = [middle + spread for middle, spread in zip(mean, error, strict=True)]
                axes.fill_between(facts.labels, low, high, color=colour, alpha=0.18, linewidth=0)
            for trial in strategy.accuracy:
                axes.plot(facts.labels, [100 * value for value in trial], ".", color=colour, alpha=0.45, markersize=4)
            axes.plot(facts.labels, mean, "-", color=colour, linewidth=2.2, label=strategy.name)
        axes.set_xticks(facts.labels, [f"{labels:,}" for labels in facts.labels])
        axes.set_xlabel("labels")
        axes.set_ylabel("accuracy on the test split, %")
        legend(axes, loc="lower right")

    return drawn("learning-curves", (width, 2 + 0.26 * width), draw)


def savings_intervals(facts: Facts, *, width: float = BROAD) -> str:
    """Label savings as dots with their intervals; an interval without a lower end ends in an arrow head."""
    names = [f"{each.strategy} vs {each.against}" for each in facts.savings]
    colours = [SERIES[_position(facts, each.strategy)] for each in facts.savings]
    return savings_forest(facts.savings, names, colours, name="savings", width=width)


def savings_forest(
    savings: Sequence[Savings], names: Sequence[str], colours: Sequence[str], *, name: str, width: float = BROAD
) -> str:
    """One line for each of `savings`, named and coloured as given. name: what tells it from others of the page."""

    def draw(axes: Axes) -> None:
        ends = [100 * end for each in savings for end in (each.low, each.high, each.saved) if end is not None]
        left, right = min([*ends, 0.0]) - 12, max([*ends, 10.0]) + 8
        for place, (each, colour) in enumerate(zip(savings, colours, strict=True)):
            low = left if each.low is None else 100 * each.low
            if each.high is not None:
                axes.plot([low, 100 * each.high], [place, place], color=colour, linewidth=3, alpha=0.5)
                if each.low is None:
                    _arrow_head(axes, place, colour)
            if each.saved is not None:
                axes.plot([100 * each.saved], [place], "o", color=colour, markersize=8)
            else:
                beside = 0.8 + max(0.0, 100 * (each.high or 0))  # of its interval, not over it
                axes.text(beside, place, NEVER, color=MUTED, va="center")
                right = max(right, beside + (0.17 if width > NARROW else 0.4) * (right - left))
        axes.axvline(0, color=MUTED, linewidth=1.2)
        axes.set_xlim(left, right)
        axes.set_ylim(len(names) - 0.5, -0.5)
        shown = names if width > NARROW else [fill(each, _NAME_LETTERS) for each in names]
        axes.set_yticks(range(len(names)), shown, fontsize=11 if width > NARROW else 9)
        axes.tick_params(axis="y", labelcolor=INK, length=0)
        axes.grid(visible=False, axis="y")
        axes.set_xlabel("labels saved, %")

    return drawn(name, (width, 0.8 + 0.5 * len(savings)), draw)


def _arrow_head(axes: Axes, place: int, colour: str) -> None:
    """At the left edge: the interval has no end there."""
    at_edge = axes.get_yaxis_transform()  # along the width in shares of it
    axes.plot([0.01], [place], marker="<", color=colour, markersize=9, markeredgewidth=0, transform=at_edge)


def per_batch(facts: Facts, values: Callable[[StrategyFacts], Sequence[float]], name: str, *, chance: float = 0) -> str:
    """One number a batch for every strategy, as grouped bars; `chance` draws a dashed line where it is not 0."""

    def draw(axes: Axes) -> None:
        bar = 0.8 / len(facts.strategies)
        rounds = range(1, len(facts.labels))
        for place, (colour, strategy) in enumerate(zip(SERIES, facts.strategies, strict=False)):
            shift = (place - (len(facts.strategies) - 1) / 2) * bar
            axes.bar(
                [number + shift for number in rounds],
                values(strategy),
                bar * 0.9,
                color=colour,
                label=strategy.name,
            )
        if chance:
            axes.axhline(chance, color=MUTED, linewidth=1.2, linestyle="--", label="by chance")
        axes.set_xticks(list(rounds))
        axes.set_xlabel("batch")
        axes.grid(visible=False, axis="x")
        axes.margins(y=0.25)
        legend(axes, loc="upper right", ncols=2)

    return drawn(name, (5.4, 3.6), draw)


def cluster_sizes(bins: Sequence[SizeBin], *, width: float = BROAD) -> str:
    """How many clusters there are of each size, both on doubling scales."""

    def draw(axes: Axes) -> None:
        names = [f"{each.least}" if each.least == each.most else f"{each.least:,} to {each.most:,}" for each in bins]
        bars = axes.bar(range(len(bins)), [each.clusters for each in bins], 0.86, color=SERIES[0])
        axes.bar_label(
            bars,
            [f"{each.clusters:,}" if each.clusters else "" for each in bins],
            color=MUTED,
            fontsize=9 if width > NARROW else 7,
        )
        axes.set_yscale("log")
        axes.set_ylim(bottom=0.7)
        axes.set_xticks(range(len(bins)), names, rotation=35 if width > NARROW else 60, ha="right")
        axes.grid(visible=False, axis="x")
        axes.minorticks_off()
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}" if value >= 1 else "")
        axes.set_xlabel("images in the cluster")
        axes.set_ylabel("clusters")

    return drawn("cluster-sizes", (width, 2.2 + 0.19 * width), draw)


def step_seconds(facts: Facts, *, width: float = BROAD) -> str:
    """Seconds a round, by step, for every strategy."""
    told = [(each.name, each.seconds) for each in facts.strategies]
    return stacked_seconds(told, [SERIES[place % len(SERIES)] for place in range(len(told))], width=width)


def stacked_seconds(
    told: Sequence[tuple[str, Mapping[str, float]]], colours: Sequence[str], *, width: float = BROAD
) -> str:
    """Seconds by step as stacked bars, one for each name; steps that take long enough are named."""
    longest = max(sum(seconds.values()) for _, seconds in told)

    def draw(axes: Axes) -> None:
        for place, ((_, steps), colour) in enumerate(zip(told, colours, strict=True)):
            left = 0.0
            for number, (step, seconds) in enumerate(steps.items()):
                shade = 1 - 0.62 * (number % 2)
                axes.barh(place, seconds, 0.6, left=left, color=colour, alpha=shade)
                if seconds > 0.08 * longest:
                    axes.text(left + seconds / 2, place + 0.42, step, ha="center", va="center", fontsize=9, color=MUTED)
                left += seconds
        axes.set_yticks(range(len(told)), [name for name, _ in told])
        axes.set_ylim(len(told) - 0.4, -0.5)
        axes.tick_params(axis="y", labelcolor=INK, length=0)
        axes.grid(visible=False, axis="y")
        axes.set_xlabel("seconds a round")

    return drawn("step-seconds", (width, 0.9 + 0.62 * len(told)), draw)


def _position(facts: Facts, name: str) -> int:
    return [strategy.name for strategy in facts.strategies].index(name) % len(SERIES)
