"""Facts drawn as SVG that takes its colours from the page it stands in, so that one drawing serves light and dark.

matplotlib draws with placeholder colours; in the finished SVG they become CSS variables. Text stays text: readable by
screen readers, searchable, and set in the page's own font.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ladle.errors import MissingDependencyError
from ladle.report.clusters import SizeBin
from ladle.report.facts import Facts, StrategyFacts

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Placeholder -> the page's variable. Any colours would do that nothing else draws with.
INK, MUTED, GRID = "#010101", "#020202", "#030303"
SERIES = ("#0a0001", "#0a0002", "#0a0003", "#0a0004", "#0a0005", "#0a0006")
BROAD, NARROW = 10.5, 4.7  # inches: a point is then about 1.3 pixels, on a desk and on a phone
_VARIABLES = {INK: "var(--ink)", MUTED: "var(--muted)", GRID: "var(--line)"} | {
    placeholder: f"var(--series-{number})" for number, placeholder in enumerate(SERIES)
}
_STYLE = {
    "svg.fonttype": "none",
    "font.size": 11,
    "text.color": INK,
    "axes.edgecolor": GRID,
    "axes.labelcolor": MUTED,
    "axes.linewidth": 1,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": GRID,
    "ytick.color": GRID,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
}


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
        _legend(axes, loc="lower right")

    return _drawn("learning-curves", (width, 2 + 0.26 * width), draw)


def savings_intervals(facts: Facts, *, width: float = BROAD) -> str:
    """Label savings as dots with their intervals; an interval without a lower end runs off the left edge."""

    def draw(axes: Axes) -> None:
        names = [f"{each.strategy} vs {each.against}" for each in facts.savings]
        ends = [100 * end for each in facts.savings for end in (each.low, each.high, each.saved) if end is not None]
        left = min([*ends, 0.0]) - 12
        for place, each in enumerate(facts.savings):
            colour = SERIES[_position(facts, each.strategy)]
            low = left if each.low is None else 100 * each.low
            if each.high is not None:
                axes.plot([low, 100 * each.high], [place, place], color=colour, linewidth=3, alpha=0.5)
            if each.saved is not None:
                axes.plot([100 * each.saved], [place], "o", color=colour, markersize=8)
            else:
                axes.text(0.8, place, "never as accurate", color=MUTED, va="center")
        axes.axvline(0, color=MUTED, linewidth=1.2)
        axes.set_xlim(left, max([*ends, 10.0]) + 8)
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.set_yticks(range(len(names)), names)
        axes.tick_params(axis="y", labelcolor=INK, length=0)
        axes.grid(visible=False, axis="y")
        axes.set_xlabel("labels saved, %")

    return _drawn("savings", (width, 0.8 + 0.5 * len(facts.savings)), draw)


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
        _legend(axes, loc="upper right", ncols=2)

    return _drawn(name, (5.4, 3.6), draw)


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

    return _drawn("cluster-sizes", (width, 2.2 + 0.19 * width), draw)


def step_seconds(facts: Facts, *, width: float = BROAD) -> str:
    """Seconds a round, by step, for every strategy."""

    def draw(axes: Axes) -> None:
        for place, (colour, strategy) in enumerate(zip(SERIES, facts.strategies, strict=False)):
            left = 0.0
            for number, (step, seconds) in enumerate(strategy.seconds.items()):
                shade = 1 - 0.62 * (number % 2)
                axes.barh(place, seconds, 0.6, left=left, color=colour, alpha=shade)
                if seconds > 0.08 * sum(strategy.seconds.values()):
                    axes.text(left + seconds / 2, place + 0.42, step, ha="center", va="center", fontsize=9, color=MUTED)
                left += seconds
        axes.set_yticks(range(len(facts.strategies)), [strategy.name for strategy in facts.strategies])
        axes.set_ylim(len(facts.strategies) - 0.4, -0.5)
        axes.tick_params(axis="y", labelcolor=INK, length=0)
        axes.grid(visible=False, axis="y")
        axes.set_xlabel("seconds a round")

    return _drawn("step-seconds", (width, 0.9 + 0.62 * len(facts.strategies)), draw)


def _position(facts: Facts, name: str) -> int:
    return [strategy.name for strategy in facts.strategies].index(name) % len(SERIES)


def _legend(axes: Axes, **where: Any) -> None:
    axes.legend(frameon=False, labelcolor=INK, fontsize=10, handlelength=1.4, **where)


def _drawn(name: str, inches: tuple[float, float], draw: Callable[[Axes], None]) -> str:
    """The SVG of one pair of axes, without the XML prologue."""
    with _figure(name, inches) as figure:
        draw(figure.subplots())
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    return _themed(file.getvalue())


@contextmanager
def _figure(name: str, inches: tuple[float, float]) -> Iterator[Figure]:
    """A figure that belongs to no window and no global state."""
    try:
        from matplotlib import rc_context
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure
    except ImportError as cause:
        raise MissingDependencyError(
            "the package matplotlib",
            wanted="be installed to draw a report",
            got="no such package",
            remedy='Run: pip install "ladle[lab]"',
        ) from cause
    # The salt makes the ids of clip paths the same in every run, and different in every figure of one page.
    with rc_context(_STYLE | {"svg.hashsalt": f"{name} {inches[0]}"}):  # type: ignore[arg-type]
        figure = Figure(figsize=inches, layout="constrained")
        FigureCanvasSVG(figure)
        yield figure


def _themed(svg: str) -> str:
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r'width="[\d.]+pt" height="[\d.]+pt" ', "", svg, count=1)  # the page decides the width
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"font: ([\d.]+px) [^;\"]*", r"font-size: \1", svg)  # the family is the page's
    for placeholder, variable in _VARIABLES.items():
        svg = svg.replace(placeholder, variable)
    return svg
