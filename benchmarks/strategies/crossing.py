"""Where does spreading pay? Strategies against Margin, over pools that repeat themselves and sizes of the batch.

python -m benchmarks.strategies.crossing [--pools har robot] [--shares 0.1 2.5] [--arms auto] [--trials 10]

A cell is one pool and one size of batch. In each trial of a cell all strategies start from the same seed set and the
same tree; the learner is logistic regression, fitted to its optimum after every batch. Rows with all curves go to
results/crossing.jsonl; what is there already is passed over, so a run that was stopped goes on. The page is made by
`python -m benchmarks.strategies.crossing_page`.

Pools: har, robot, eeg, occupancy and signs come from LADLE_DATA/natural, digits from scikit-learn, fashion is a part of
the images that Ladle carries. NAME-even-M has M rows for each of the examples of NAME, NAME-heavy-M the same in the
mean, where few examples have very many: the r-th most frequent has a share of 1/r. Copies are jittered by 5% of each
feature's spread. No strategy and no learner is told what repeats.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import ladle
from benchmarks import record
from ladle import strategies
from ladle.advice.repetition import repeats, repetition
from ladle.lab.data.fashion_mnist import fashion_mnist
from ladle.lab.learners.feature_heads import HeadModel
from ladle.lab.learners.logistic import Logistic
from ladle.strategies import Auto, Chooser
from ladle.strategies.clustered.tight_levels import TightLevels, choose_level

NATURAL = ("har", "robot", "eeg", "occupancy", "signs")
PLAIN = ("digits", "fashion")
MADE = (
    "har-even-1.5", "har-even-2", "har-even-3", "har-even-10", "har-heavy-2", "har-heavy-3", "har-heavy-10",
    "fashion-even-3", "fashion-even-10",
)  # fmt: skip
SHARES = (0.1, 0.5, 2.5, 10.0, 20.0)  # of the pool, in percent
MADE_ROWS, JITTER = 4_000, 0.05
MOST_ROUNDS, MOST_LABELLED = 6, 0.7
ARMS = ("Uniform", "Margin", "Cluster-Margin 1.25", "Cluster-Margin 3", "Cluster-Margin 10", "BADGE", "auto")
MEAN_SIZE = 10  # of Cluster-Margin's clusters
Matrix = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Cell:
    """A pool with its test split, its tree, and the sizes of the rounds."""

    name: str
    inputs: Matrix
    labels: Labels
    test_inputs: Matrix
    test_labels: Labels
    classes: int

    def sizes(self, share: float) -> tuple[int, int, int]:
        """The seed set, the batch, the rounds."""
        rows = len(self.labels)
        batch = max(2, round(rows * share / 100))
        seed = max(2 * self.classes, min(batch, rows // 50))
        return seed, batch, max(1, min(MOST_ROUNDS, int((rows * MOST_LABELLED - seed) / batch)))


def load(name: str) -> Cell:
    """The pool of this name, features standardised."""
    base, _, copies = name.partition("-")
    inputs, labels, test_inputs, test_labels = _natural(base) if base in NATURAL else _plain(base)
    if copies:
        kind, _, mean = copies.partition("-")
        inputs, labels = _copied(inputs, labels, kind, float(mean))
    spread = inputs.std(axis=0)
    shift, spread = inputs.mean(axis=0), np.where(spread > 0, spread, 1)
    features = ((part - shift) / spread for part in (inputs, test_inputs))
    pool, test = (np.ascontiguousarray(part, np.float32) for part in features)
    return Cell(name, pool, labels, test, test_labels, int(max(labels.max(), test_labels.max())) + 1)


def _natural(name: str) -> tuple[np.ndarray, Labels, np.ndarray, Labels]:
    path = Path(os.environ.get("LADLE_DATA", "data")) / "natural" / f"{name}.npz"
    with np.load(path, allow_pickle=False) as file:
        pool, test = (file[key].reshape(len(file[key]), -1).astype(float) for key in ("inputs", "test_inputs"))
        _, both = np.unique(np.concatenate([file["labels"], file["test_labels"]]), return_inverse=True)
    return pool, both[: len(pool)], test, both[len(pool) :]


def _plain(name: str) -> tuple[np.ndarray, Labels, np.ndarray, Labels]:
    if name == "fashion":
        data = fashion_mnist()
        rows = np.random.default_rng(0).permutation(len(data.labels))[:MADE_ROWS]
        flat = data.inputs[rows].reshape(len(rows), -1) / 255.0
        return flat, data.labels[rows], data.test_inputs.reshape(len(data.test_labels), -1) / 255.0, data.test_labels
    from sklearn.datasets import load_digits

    digits = load_digits()
    order = np.random.default_rng(0).permutation(len(digits.data))
    pool, test = order[:1_300], order[1_300:]
    target = digits.target.astype(np.int64)
    return digits.data[pool], target[pool], digits.data[test], target[test]


def _copied(inputs: np.ndarray, labels: Labels, kind: str, mean: float) -> tuple[np.ndarray, Labels]:
    draws = np.random.default_rng(1)
    rows = draws.permutation(len(labels))[: int(MADE_ROWS / mean)]
    if kind == "even":
        times = int(mean) + (draws.random(len(rows)) < mean % 1)
    else:
        share = 1 / np.arange(1, len(rows) + 1)
        times = np.maximum(1, np.round(share / share.mean() * mean)).astype(int)
    chosen = np.repeat(rows, times)
    noise = JITTER * inputs.std(axis=0) * draws.standard_normal((len(chosen), inputs.shape[1]))
    return inputs[chosen] + noise, labels[chosen]


def arms(tree: ladle.Dendrogram) -> dict[str, Chooser]:
    """The strategies, by label."""
    made = {"Uniform": strategies.create("uniform"), "Margin": strategies.create("margin")}
    for ratio in (1.25, 3, 10):
        made[f"Cluster-Margin {ratio:g}"] = strategies.create(
            "cluster-margin", tree=tree, candidate_ratio=ratio, mean_size=MEAN_SIZE
        )
    return made | {"BADGE": strategies.create("badge"), "auto": strategies.create("auto", tree=tree)}


def curve(
    cell: Cell, arm: Chooser, first: Labels, model: HeadModel, sizes: tuple[int, int, int], trial: int
) -> list[float]:
    """The test accuracy in percent after the seed set and after each batch."""
    _, batch, rounds = sizes
    labelled, found = first, [_accuracy(cell, model)]
    for each in range(rounds):
        chosen = arm.query(
            batch,
            probabilities=_probabilities(model, cell.inputs),
            embeddings=cell.inputs if "embeddings" in arm.needs else None,
            labelled=labelled,
            seed=1_000 * trial + each,
        )
        labelled = np.concatenate([labelled, chosen.rows])
        model = _fitted(cell, labelled, model)
        found.append(_accuracy(cell, model))
    return found


def _fitted(cell: Cell, rows: Labels, warm: HeadModel | None) -> HeadModel:
    learner = Logistic(strength=1.0, standardise=True)
    return learner.fit(cell.inputs[rows], cell.labels[rows], classes=cell.classes, seed=0, warm=warm)


def _probabilities(model: HeadModel, inputs: Matrix) -> npt.NDArray[np.float64]:
    found: npt.NDArray[np.float64] = np.asarray(model.probabilities(inputs), float)
    found /= found.sum(axis=1, keepdims=True)
    return found


def _accuracy(cell: Cell, model: HeadModel) -> float:
    return round(100 * float(np.mean(model.probabilities(cell.test_inputs).argmax(axis=1) == cell.test_labels)), 3)


def beforehand(cell: Cell, tree: ladle.Dendrogram, model: HeadModel, first: Labels, batch: int) -> dict[str, float]:
    """What can be known of a pool before it is labelled: near-copies, repeats in the batch of Margin, distances."""
    probabilities, reached = _probabilities(model, cell.inputs), int(np.ceil(Auto.reach * batch))
    reached = min(reached, len(cell.labels) - len(first))
    within = strategies.create("margin").query(reached, probabilities=probabilities, labelled=first, seed=0).rows
    rows = within[:batch]  # Margin's batch: it chooses the least sure first
    level = choose_level(TightLevels(tree, Auto.alike, Auto.widest), within, batch)
    known = repetition(tree, rows)
    facts = {
        "copies_pool": known.copies,
        "copies_batch": known.batch_copies,
        "level": level.mean_size if level else 1.0,
    }
    for size in (2, 3, 10):
        labels = tree.cut(mean_size=size)
        facts[f"repeats_{size}"] = repeats(labels[rows])
        facts[f"height_{size}"] = _height(tree, len(cell.labels), size)
    return facts


def _height(tree: ladle.Dendrogram, rows: int, mean_size: float) -> float:
    """The height at which the clusters have this mean size, in typical distances."""
    return float(np.sort(tree.heights)[int(rows * (1 - 1 / mean_size)) - 1]) / (tree.typical_distance or 1.0)


def measured(
    cell: Cell, tree: ladle.Dendrogram, share: float, trials: int, names: Sequence[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Sizes and figures of a cell: all curves, and what was known beforehand, in the mean over trials."""
    sizes = cell.sizes(share)
    choosers = arms(tree)
    curves: dict[str, list[list[float]]] = {name: [] for name in names}
    known: list[dict[str, float]] = []
    for trial in range(trials):
        draws = np.random.default_rng(100 + trial)
        first = draws.permutation(len(cell.labels))[: sizes[0]].astype(np.int64)
        model = _fitted(cell, first, None)
        known.append(beforehand(cell, tree, model, first, sizes[1]))
        for name in names:
            curves[name].append(curve(cell, choosers[name], first, model, sizes, trial))
    facts = {key: float(np.mean([each[key] for each in known])) for key in known[0]}
    about = {"pool": cell.name, "share": share, "rows": len(cell.labels), "classes": cell.classes}
    about |= dict(zip(("seed_size", "batch_size", "rounds"), sizes, strict=True)) | {"trials": trials}
    return about, facts | curves


def done(path: Path) -> set[tuple[str, float, str]]:
    """The pool, share and strategy of what the file has."""
    rows = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    return {(row["sizes"]["pool"], row["sizes"]["share"], name) for row in rows for name in row["figures"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pools", nargs="*", default=[*NATURAL, *PLAIN, *MADE])
    parser.add_argument("--shares", nargs="*", type=float, default=SHARES)
    parser.add_argument("--arms", nargs="*", default=ARMS, choices=ARMS)
    parser.add_argument("--trials", type=int, default=10)
    options = parser.parse_args()
    trees: dict[str, tuple[Cell, ladle.Dendrogram]] = {}
    for share in options.shares:
        for name in options.pools:
            known = done(record.RESULTS / "crossing.jsonl")
            lacking = [arm for arm in options.arms if (name, share, arm) not in known]
            if not lacking:
                continue
            if name not in trees:
                cell = load(name)
                trees[name] = cell, ladle.cluster(cell.inputs, metric="sqeuclidean")
            start = time.perf_counter()
            sizes, figures = measured(*trees[name], share, options.trials, lacking)
            record.append("crossing", sizes, figures | {f"seconds of {len(lacking)}": time.perf_counter() - start})


if __name__ == "__main__":
    main()
