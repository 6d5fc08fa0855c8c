"""The crossing chart as a page, a figure, and the file that `ladle advise` reads, from the rows of the benchmark.

python -m benchmarks.strategies.crossing_page     # docs/results/crossing.md and .svg, src/ladle/advice/chart.json

A gain is the natural logarithm of how many times as many labels Margin needs as the strategy, at the lower of the two
final accuracies of the mean curves, so that neither is asked for what it never reached. Intervals: Student's t about
the jackknife over trials, in pairs.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks import record
from benchmarks.strategies.crossing import ARMS, SHARES
from benchmarks.table_parts import Row, markdown, newest, origin
from ladle.advice.chart import Chart, chart_of
from ladle.advice.estimate import errors_of, reach_of, weights_of
from ladle.lab.measures.comparisons import compare_paired
from ladle.lab.measures.savings import area_under_curve, labels_to_reach

PAGES = Path(__file__).parents[2] / "docs" / "results"
CHART = Path(__file__).parents[2] / "src" / "ladle" / "advice" / "chart.json"
NAMES = {  # of the strategies, as users type them
    "Uniform": "uniform", "Cluster-Margin 1.25": "cluster-margin 1.25", "Cluster-Margin 3": "cluster-margin 3",
    "Cluster-Margin 10": "cluster-margin 10", "BADGE": "badge", "auto": "auto",
}  # fmt: skip
DRAWN = ("Cluster-Margin 3", "Cluster-Margin 10", "BADGE", "auto")
Values = npt.NDArray[np.float64]
HEAD = """# Where does spreading pay?

Made by `python -m benchmarks.strategies.crossing_page` from the rows of `python -m benchmarks.strategies.crossing`.
`ladle advise POOL --scores S --size K` reads this chart for a pool of your own.

Each row is one pool with one size of batch, ten trials, all strategies from the same seed sets and trees. The learner
is logistic regression on features that do not change, fitted to its optimum after each batch. *Copies* is the share of
the pool's rows that are near-copies of another (nearer than .03 of what two rows usually are apart); *in the batch*,
the same of Margin's first batch; *width*, how far apart the rows of a cluster of three are, in the same unit. The other
figures are **labels saved against Margin**, with 95% intervals: at the lower of the two final accuracies, one minus the
labels that the strategy needs by those that Margin needs; below zero where it needs more. Bold intervals leave out
zero. Where a curve is level, the labels that it needs are hardly known, and the interval is wide.

"""


@dataclass(frozen=True, slots=True)
class Gain:
    """A strategy against Margin in one cell, in logarithms."""

    middle: float
    low: float
    high: float

    @property
    def in_words(self) -> str:
        middle, low, high = (_percent(each) for each in (self.middle, self.low, self.high))
        return f"**{middle} ({low} to {high})**" if self.low > 0 or self.high < 0 else f"{middle} ({low} to {high})"


def _percent(gain: float) -> str:
    saved = 100 * (1 - np.exp(-gain))
    return f"{saved:+.0f}%" if saved > -500 else "below -500%"


def labels_of(row: Row) -> list[int]:
    sizes = row["sizes"]
    return [sizes["seed_size"] + each * sizes["batch_size"] for each in range(sizes["rounds"] + 1)]


def gain_of(labels: list[int], curves: Values, against: Values) -> Gain:
    """The gain of `curves` (trials, points) on `against`, its trials in pairs."""
    trials = len(curves)
    middle = _gain(labels, curves.mean(axis=0), against.mean(axis=0))
    without = [np.arange(trials) != each for each in range(trials)]
    left = np.array([_gain(labels, curves[kept].mean(axis=0), against[kept].mean(axis=0)) for kept in without])
    error = float(np.sqrt((trials - 1) / trials * np.square(left - left.mean()).sum()))
    from scipy.stats import t

    reach = float(t.ppf(0.975, trials - 1)) * error
    return Gain(middle, middle - reach, middle + reach)


def _gain(labels: list[int], mean: Values, against: Values) -> float:
    target = min(mean[-1], against[-1])
    return float(np.log(labels_to_reach(labels, against, target) / labels_to_reach(labels, mean, target)))


def cells() -> list[tuple[Row, dict[str, Gain], dict[str, Values]]]:
    """Each cell that has all strategies: its row, the gains, the curves."""
    found = []
    for row in newest("crossing", together=lambda figure: figure):
        if any(name not in row["figures"] for name in ARMS):
            continue
        curves = {name: np.array(row["figures"][name], float) for name in ARMS}
        gains = {name: gain_of(labels_of(row), curves[name], curves["Margin"]) for name in NAMES}
        found.append((row, gains, curves))
    return sorted(found, key=lambda each: (SHARES.index(each[0]["sizes"]["share"]), each[0]["figures"]["copies_pool"]))


def chart_text(every: list[tuple[Row, dict[str, Gain], dict[str, Values]]]) -> str:
    """The file that `ladle advise` reads."""
    rows: list[dict[str, Any]] = []
    for row, gains, _ in every:
        sizes, figures = row["sizes"], row["figures"]
        repetition = {
            "share": sizes["batch_size"] / sizes["rows"],
            "copies": figures["copies_pool"],
            "batch_copies": figures["copies_batch"],
            "width": figures["height_3"],
        }
        rows.append(
            {
                "pool": sizes["pool"],
                "family": sizes["pool"].partition("-")[0],
                "repetition": {name: round(value, 5) for name, value in repetition.items()},
                "gains": {NAMES[name]: round(gain.middle, 4) for name, gain in gains.items()},
            }
        )
    lines = ",\n".join(json.dumps(each) for each in rows)
    return f'{{"cells": [\n{lines}\n]}}\n'


def table(every: list[tuple[Row, dict[str, Gain], dict[str, Values]]], share: float) -> str:
    lines = []
    for row, gains, _ in every:
        if row["sizes"]["share"] == share:
            figures = row["figures"]
            known = [f"{figures[key]:.2f}" for key in ("copies_pool", "copies_batch", "height_3")]
            lines.append([row["sizes"]["pool"], f"{row['sizes']['batch_size']:,}", *known])
            lines[-1] += [gains[name].in_words for name in NAMES]
    head = ["pool", "batch", "copies", "in the batch", "width", *NAMES]
    return markdown(head, lines)


def against_the_best(every: list[tuple[Row, dict[str, Gain], dict[str, Values]]]) -> str:
    """How far `auto` is behind the best of a cell in area, and against Margin, in points of accuracy."""
    lines, behind, ahead, short = [], 0, 0, 0
    for row, _, curves in every:
        areas = {name: area_under_curve(labels_of(row), curves[name]) for name in ARMS}
        best = max((name for name in ARMS if name != "auto"), key=lambda name: areas[name].mean())
        each = compare_paired("auto", areas["auto"], "Margin", areas["Margin"])
        top = compare_paired("auto", areas["auto"], best, areas[best])
        behind += (each.high or 0) < 0
        ahead += (each.low or 0) > 0
        short += top.difference < -0.01 * areas[best].mean()
        lines.append(
            [row["sizes"]["pool"], f"{row['sizes']['share']:g}%", f"{areas['Margin'].mean():.2f}"]
            + [f"{one.difference:+.2f} ({one.low:+.2f} to {one.high:+.2f})" for one in (each, top)]
            + [best]
        )
    words = (
        f"In {ahead} of {len(every)} cells the 95% interval of `auto` against Margin lies above zero, in {behind} "
        f"below; about {0.025 * len(every):.0f} of each would do so by chance if nothing were different. In {short} "
        "cells `auto` is more than 1% of the area behind the best of the other strategies, which is chosen after the "
        "fact.\n\n"
    )
    return words + markdown(["pool", "batch", "area of Margin", "auto - Margin", "auto - the best", "the best"], lines)


def held_out(chart: Chart, confidence: float = 0.9) -> str:
    """How often the intervals of `ladle advise` hold what was measured, each family left out in turn."""
    lines = []
    for name in chart.strategies:
        gains, errors = chart.gains(name), errors_of(chart, name)
        hits = []
        for place, cell in enumerate(chart.cells):
            weights = np.where(chart.families == cell.family, 0.0, weights_of(chart, cell.repetition))
            hits.append(abs(errors[place]) <= reach_of(errors, weights, confidence))
        spread = 100 * (1 - np.exp(-np.std(gains)))
        off = 100 * (1 - np.exp(-np.sqrt(np.mean(errors**2))))
        lines.append([name, f"{spread:.0f}%", f"{off:.0f}%", f"{100 * np.mean(hits):.0f}%"])
    return markdown(["strategy", "spread of what was measured", "usual error of the estimate", "held by 90%"], lines)


def figure(every: list[tuple[Row, dict[str, Gain], dict[str, Values]]], path: Path) -> None:
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "crossing"
    from matplotlib import pyplot as plt

    shares = [share for share in SHARES if any(row["sizes"]["share"] == share for row, _, _ in every)]
    drawing, axes = plt.subplots(1, len(shares), figsize=(3 * len(shares), 4.2), sharey=True)
    for axis, share in zip(axes, shares, strict=True):
        chosen = [each for each in every if each[0]["sizes"]["share"] == share]
        for place, name in enumerate(DRAWN):
            at = np.array([row["figures"]["copies_pool"] for row, _, _ in chosen]) + 0.012 * (place - 1.5)
            gains = [gains[name] for _, gains, _ in chosen]
            middle = np.array([each.middle for each in gains])
            reach = [middle - [each.low for each in gains], np.array([each.high for each in gains]) - middle]
            axis.errorbar(at, middle, reach, fmt="os^D"[place], ms=4, lw=0.8, color=f"C{place}", label=name, alpha=0.85)
        axis.axhline(0, color="0.4", lw=0.8)
        axis.set_title(f"batches of {share:g}% of the pool", fontsize=10)
        axis.set_xlabel("near-copies in the pool")
        axis.set_ylim(-1.2, 1.6)
    ticks = {-1: -1.0, -0.5: -0.5, 0: 0.0, 0.25: 0.25, 0.5: 0.5, 0.75: 0.75}
    axes[0].set_yticks([-np.log(1 - each) for each in ticks], [f"{100 * each:+.0f}%" for each in ticks])
    axes[0].set_ylabel("labels saved against Margin")
    axes[-1].legend(fontsize=8)
    drawing.tight_layout()
    drawing.savefig(path, metadata={"Date": None})


def main() -> None:
    every = cells()
    text = chart_text(every)
    CHART.write_text(text, encoding="utf-8")
    figure(every, PAGES / "crossing.svg")
    parts = [HEAD, "![Labels saved against Margin, by near-copies in the pool](crossing.svg)\n\n"]
    parts += [
        "## How good the estimate of `ladle advise` is\n\nEach cell is estimated from the cells of other families only "
        "(all that is made of `har` is one family).\n\n",
        held_out(chart_of(text)),
        "\n## `auto` against Margin and the best\n\nArea under the curve, in points of accuracy, with 95% intervals; "
        "not corrected for the number of tests.\n\n",
        against_the_best(every),
    ]
    for share in dict.fromkeys(row["sizes"]["share"] for row, _, _ in every):
        parts.append(f"\n## Batches of {share:g}% of the pool\n\n{table(every, share)}")
    rows = [row for row, _, _ in every]
    parts.append(f"\nThe newest row: {origin(max(rows, key=lambda row: row['date']))}\n")
    (PAGES / "crossing.md").write_text("".join(parts), encoding="utf-8")
    print(f"{len(every)} cells of {record.RESULTS / 'crossing.jsonl'}")


if __name__ == "__main__":
    main()
