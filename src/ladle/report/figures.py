"""The figures of an experiment: one function a figure, from facts to SVG.

With many strategies, curves are drawn in several panels, each with the baselines, and told apart by colour, dashes and
markers (`ladle.report.styles`). All other figures name their strategies in words.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from textwrap import fill
from typing import TYPE_CHECKING

from ladle.lab.measures.savings import Savings
from ladle.report.clusters import SizeBin
from ladle.report.drawing import BROAD, INK, MUTED, NARROW, SERIES, drawn, legend
from ladle.report.facts import MetricFacts, ReportFacts
from ladle.report.rows import against_baselines
from ladle.report.sentences import NEVER, metric_text
from ladle.report.styles import IN_PANEL, style_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_TICKS = 6
_MOST_MARKERS = 12  # on a curve
# Inches: a letter of a legend, the key of an entry, a line, the margin left of the axes; and the usual number of lines.
_LEGEND_LETTER, _LEGEND_KEY, _LEGEND_LINE, _LEFT_OF_AXES = 0.065, 0.88, 0.2, 0.7
_LEGEND_LINES = 3
_NAME_LETTERS = 16  # to a line of a name on a narrow drawing


def series_of(facts: ReportFacts, strategy: str) -> int:
    """The number of the page's colour of `strategy`; no other strategy has the colours of the baselines."""
    return style_of(facts.strategies, facts.baselines, strategy).series


def panels(facts: ReportFacts) -> list[list[str]]:
    """The strategies of each panel: the baselines in all, and at most `IN_PANEL` others, evenly shared out."""
    others = _others(facts)
    count = max(1, -(-len(others) // IN_PANEL))
    ends = [len(others) * number // count for number in range(count + 1)]
    return [[*others[first:last], *facts.baselines] for first, last in pairwise(ends)]


def learning_curves(facts: ReportFacts, metric: MetricFacts, strategies: Sequence[str], *, width: float) -> str:
    """The metric against labels: the mean and its 95% interval as a band; all panels in one scale."""
    lowest = 100 * min(min(each.low or each.mean) for each in metric.curves)
    highest = 100 * max(max(each.high or each.mean) for each in metric.curves)
    room = 0.04 * (highest - lowest) or 1.0
    columns = legend_columns(strategies, width)

    def draw(axes: Axes) -> None:
        for strategy in strategies:
            curve, colour = metric.curve(strategy), _colour(facts, strategy)
            style = style_of(facts.strategies, facts.baselines, strategy)
            if curve.low is not None and curve.high is not None:
                ends = ([100 * value for value in curve.low], [100 * value for value in curve.high])
                axes.fill_between(facts.labels, *ends, color=colour, alpha=0.16, linewidth=0)
            mean = [100 * value for value in curve.mean]
            (line,) = axes.plot(facts.labels, mean, color=colour, linewidth=2.1, label=strategy)
            if style.dashes:
                line.set_dashes(style.dashes)
            line.set_marker(style.marker)
            line.set_markersize(6)
            line.set_markevery(-(-len(mean) // _MOST_MARKERS))
        ticks = facts.labels[:: -(-len(facts.labels) // _MOST_TICKS)]
        axes.set_xticks(ticks, [short_count(labels) for labels in ticks])
        axes.set_ylim(lowest - room, highest + room)
        axes.set_xlabel("labels")
        axes.set_ylabel(f"{metric_text(metric.metric)} on the test split, %")
        # The legend stands above the curves and hides none of them.
        legend(axes, loc="lower left", bbox_to_anchor=(0, 1), ncols=columns, borderaxespad=0.2)

    higher = _LEGEND_LINE * max(0, -(-len(strategies) // columns) - _LEGEND_LINES)
    name = f"{facts.name} curves-{metric.metric}-{panels(facts).index(list(strategies))}"
    return drawn(name, (width, 2.3 + 0.26 * width + higher), draw)


def legend_columns(labels: Sequence[str], width: float) -> int:
    """How many columns of a legend fit above a drawing of `width` inches; entries fill one column after the other."""
    for columns in (3, 2):
        lines = -(-len(labels) // columns)
        longest = [max(map(len, labels[first : first + lines])) for first in range(0, len(labels), lines)]
        if sum(_LEGEND_KEY + _LEGEND_LETTER * letters for letters in longest) <= width - _LEFT_OF_AXES:
            return columns
    return 1


def savings_intervals(facts: ReportFacts, metric: MetricFacts, baseline: str, *, width: float = BROAD) -> str:
    """Every strategy's label savings against `baseline`, with their intervals."""
    savings = [each for each in against_baselines(facts, metric.savings) if each.against == baseline]
    names = [each.strategy for each in savings]
    colours = [_colour(facts, name) for name in names]
    name = f"{facts.name} savings-{metric.metric}-{facts.baselines.index(baseline)}"
    return savings_forest(savings, names, colours, name=name, width=width)


def savings_forest(
    savings: Sequence[Savings], names: Sequence[str], colours: Sequence[str], *, name: str, width: float = BROAD
) -> str:
    """One line for each of `savings`, named and coloured as given. name: unique in the page."""

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
                beside = 0.8 + max(0.0, 100 * (each.high or 0))  # beside its interval, not over it
                axes.text(beside, place, NEVER, color=MUTED, va="center")
                right = max(right, beside + (0.17 if width > NARROW else 0.4) * (right - left))
        axes.axvline(0, color=MUTED, linewidth=1.2)
        axes.set_xlim(left, right)
        axes.set_ylim(len(names) - 0.5, -0.5)
        names_shown = names if width > NARROW else [fill(each, _NAME_LETTERS) for each in names]
        axes.set_yticks(range(len(names)), names_shown, fontsize=11 if width > NARROW else 9)
        axes.tick_params(axis="y", labelcolor=INK, length=0)
        axes.grid(visible=False, axis="y")
        axes.set_xlabel("labels saved, %")

    return drawn(name, (width, 0.8 + 0.5 * len(savings)), draw)


def shares(facts: ReportFacts, values: Sequence[float], name: str, label: str, *, chance: float | None = None) -> str:
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
        axes.set_xlabel(label)

    return drawn(f"{facts.name} {name}", (5.4, 1.1 + 0.42 * len(facts.strategies)), draw)


def step_seconds(facts: ReportFacts, *, width: float = BROAD) -> str:
    """Seconds a round as stacked bars, one for each strategy; steps that take long enough are named."""
    longest = max(sum(each.seconds.values()) for each in facts.batches)

    def draw(axes: Axes) -> None:
        for place, each in enumerate(facts.batches):
            left = 0.0
            for number, (step, seconds) in enumerate(each.seconds.items()):
                shade = 1 - 0.62 * (number % 2)
                axes.barh(place, seconds, 0.6, left=left, color=_colour(facts, each.strategy), alpha=shade)
                if seconds > 0.08 * longest:
                    axes.text(left + seconds / 2, place + 0.42, step, ha="center", va="center", fontsize=9, color=MUTED)
                left += seconds
        axes.set_yticks(range(len(facts.batches)), [each.strategy for each in facts.batches])
        axes.set_ylim(len(facts.batches) - 0.4, -0.5)
        axes.tick_params(axis="y", labelcolor=INK, length=0)
        axes.grid(visible=False, axis="y")
        axes.set_xlabel("seconds a round")

    return drawn(f"{facts.name} step-seconds", (width, 0.9 + 0.62 * len(facts.batches)), draw)


def cluster_sizes(bins: Sequence[SizeBin], *, name: str, width: float = BROAD) -> str:
    """How many clusters there are of each size, both on doubling scales. name: unique in the page."""

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
        axes.set_xlabel("examples in the cluster")
        axes.set_ylabel("clusters")

    return drawn(name, (width, 2.2 + 0.19 * width), draw)


def short_count(count: int) -> str:
    """A number of labels that fits under an axis: "500", "12.5K", "1.3M"."""
    if count >= 1_000_000:
        return f"{count / 1_000_000:.4g}M"
    return f"{count / 1_000:.4g}K" if count >= 10_000 or (count >= 1_000 and count % 10 == 0) else f"{count:,}"


def _arrow_head(axes: Axes, place: int, colour: str) -> None:
    """At the left edge: the interval has no end there."""
    at_edge = axes.get_yaxis_transform()  # along the width in shares of it
    axes.plot([0.01], [place], marker="<", color=colour, markersize=9, markeredgewidth=0, transform=at_edge)


def _others(facts: ReportFacts) -> list[str]:
    return [strategy for strategy in facts.strategies if strategy not in facts.baselines]


def _colour(facts: ReportFacts, strategy: str) -> str:
    return SERIES[series_of(facts, strategy)]
