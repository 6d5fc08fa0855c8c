"""The figures of docs/theory.md.

    python -m benchmarks.theory.pictures beta benchmarks/results/theory_labels.jsonl
    python -m benchmarks.theory.pictures curves
    python -m benchmarks.theory.pictures band

`beta`: the improvement factors against log2 k. `curves`: the error against labels, in 5 dimensions with batches of 32.
`band`: what three samplers choose of one band in the plane.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from ladle.theory import LEARNERS, VersionSpace, distribution, learn
from ladle.theory.learners import draw_separator
from ladle.theory.samplers import cluster_margin_batch, greedy_batch, half_width

PAGES = Path(__file__).parents[2] / "docs" / "results"
ERROR, PASSIVE_LABELS = 2**-20, 8_000


def _figure(columns: int) -> tuple[Any, Any]:
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "theory"
    from matplotlib import pyplot as plt

    return plt.subplots(1, columns, figsize=(4.2 * columns, 3.8), squeeze=False)


def _save(drawing: Any, name: str) -> None:
    drawing.tight_layout()
    drawing.savefig(PAGES / name, metadata={"Date": None})
    print(PAGES / name)


def beta(target: Path) -> None:
    records = [json.loads(line) for line in target.read_text().splitlines()]
    drawing, axes = _figure(2)
    titles = ("over margin-based learning", "over uniform draws in the same band")
    for axis, against, title in zip(axes[0], ("margin-based", "uniform-in-band"), titles, strict=True):
        for place, dim in enumerate(sorted({each["dim"] for each in records})):
            of_dim = [each for each in records if each["dim"] == dim and each["source"] == "gaussian"]
            sizes = sorted({each["size"] for each in of_dim})
            values = [_ratio(of_dim, size, against) for size in sizes]
            axis.plot(np.log2(sizes), values, marker="os^Dv"[place % 5], label=f"d = {dim}")
        axis.plot([0, 10], [0, 10], color="0.5", ls="--", lw=0.9, label="log2 k")
        axis.axhline(1, color="0.5", lw=0.8)
        axis.set_ylim(0, 10 if against == "margin-based" else 2)
        axis.set_xlabel("log2 k")
        axis.set_ylabel("beta")
        axis.set_title(title, fontsize=10)
        axis.legend(fontsize=8)
    _save(drawing, "theory-beta.svg")


def _ratio(records: list[dict[str, Any]], size: int, against: str) -> float:
    labels = {
        name: {each["trial"]: each["labels"] for each in records if each["size"] == size and each["learner"] == name}
        for name in (against, "cluster-margin-v")
    }
    trials = set(labels[against]) & set(labels["cluster-margin-v"])
    means = [np.mean([of_trial[trial] for trial in trials]) for of_trial in labels.values()]
    return float(means[0] / means[1])


def curves() -> None:
    drawing, axes = _figure(1)
    for place, learner in enumerate(LEARNERS):
        most = PASSIVE_LABELS if learner == "passive" else 100_000
        curve = learn(learner, distribution("gaussian", 5), batch_size=32, error=ERROR, seed=3, most_labels=most)
        errors = [each.value for each in curve.errors]
        axes[0, 0].plot(curve.labels, errors, color=f"C{place}", marker="os^Dv*"[place], ms=3, lw=1.2, label=learner)
    axes[0, 0].set_xscale("log")
    axes[0, 0].set_yscale("log")
    axes[0, 0].set_xlabel("labels")
    axes[0, 0].set_ylabel("error")
    axes[0, 0].legend(fontsize=8)
    _save(drawing, "theory-curves.svg")


def band() -> None:
    seed, size = 4, 12
    random, target = np.random.default_rng(seed), draw_separator(2, seed)
    source, space = distribution("gaussian", 2), VersionSpace(2, seed=seed, walks=2_000)
    asked = source.sample(8, random)
    space.add(asked, asked @ target > 0)
    examples = source.band(space.centre, half_width(space), 10 * size, random)
    batches = {
        "uniform draws": np.arange(size),
        "Cluster-Margin": cluster_margin_batch(examples, space, size, seed=seed),
        "volume": greedy_batch(examples, space, size, measure="volume", seed=seed),
    }
    points = source.sample(600, random)
    drawing, axes = _figure(3)
    along = np.array([-space.centre[1], space.centre[0]])
    for axis, (name, batch) in zip(axes[0], batches.items(), strict=True):
        # The version space as the lines that its hypotheses draw, in the frame of the centre.
        axis.scatter(points @ along, points @ space.centre, s=3, color="0.8")
        axis.scatter(examples @ along, examples @ space.centre, s=7, color="C0", alpha=0.5, label="candidates")
        axis.scatter(examples[batch] @ along, examples[batch] @ space.centre, s=26, color="C3", label="chosen")
        for edge in np.quantile((space.units @ along) / (space.units @ space.centre), [0, 1]):
            axis.plot([-3, 3], [3 * edge, -3 * edge], color="C2", lw=1)
        axis.set_ylim(-4 * space.spread, 4 * space.spread)
        axis.set_xlim(-3, 3)
        axis.set_title(name, fontsize=10)
        axis.set_xlabel("along the separator")
    axes[0, 0].set_ylabel("across it, <w, x>")
    axes[0, 0].legend(fontsize=8, loc="upper right")
    _save(drawing, "theory-band.svg")


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("figure", choices=["beta", "curves", "band"])
    parser.add_argument("file", type=Path, nargs="?")
    given = parser.parse_args()
    if given.figure == "beta":
        if given.file is None:
            parser.error("beta needs the file of `benchmarks.theory.labels run`")
        beta(given.file)
    else:
        {"curves": curves, "band": band}[given.figure]()


if __name__ == "__main__":
    _main()
