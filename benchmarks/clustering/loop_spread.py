"""Does it matter to the model that clusters are approximate? Labelling loops on exact and on approximate clusters.

python -m benchmarks.clustering.loop_spread --name cifar10 [--pool 40000] [--copies 1] [--trials 10]

Cluster-Margin with candidate ratio 10, rounds of a fiftieth of the pool, a linear head on the vectors; in each trial
the seed set, the training seeds and the draws are the same for every clustering, and the exact one runs twice, with
other draws: how far those two part is what chance alone does. Every search of the approximate clusterings is by cells,
also where Ladle would search exactly. --copies 10 lays jittered near-duplicates beside each row, ten in the mean,
so that clusters are clear. Accuracy is measured on 10,000 rows (half of the set, if that is less) kept out of the pool.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np

import ladle
from benchmarks import record
from benchmarks.data import vectors
from ladle import threads
from ladle.lab.data.datasets import Dataset
from ladle.lab.data.near_duplicates import with_near_duplicates
from ladle.lab.learners.feature_heads import Head
from ladle.neighbours import effort

MEAN_SIZE = 10
CANDIDATE_RATIO = 10
JITTER = 0.15
ROUNDS = 5
TEST_ROWS = 10_000
AGAIN = "exact, other draws"
Clusters = dict[str, np.ndarray]


def data(name: str, pool_rows: int, copies: float) -> Dataset:
    """The first rows to choose from, with their near-duplicates, and the last to test on."""
    points, classes = vectors.load(name), vectors.labels(name)
    if classes is None:
        raise SystemExit(f"{name} has no classes; take one of {', '.join(vectors.LABELLED)}")
    test_rows = min(TEST_ROWS, len(points) // 2)
    pool_rows = min(pool_rows, len(points) - test_rows)
    dataset = Dataset(
        name=name,
        ids=np.arange(pool_rows),
        inputs=points[:pool_rows],
        labels=classes[:pool_rows].astype(np.int64),
        test_inputs=points[-test_rows:],
        test_labels=classes[-test_rows:].astype(np.int64),
        class_names=tuple(map(str, range(int(classes.max()) + 1))),
        licence="",
        source=name,
    )
    return with_near_duplicates(dataset, mean=copies, jitter=JITTER) if copies > 1 else dataset


def clusterings(points: np.ndarray) -> tuple[Clusters, dict[str, float]]:
    """Flat clusters by the exact search, and by cells at both qualities; their seconds and recall."""
    clusters, figures = {}, {}
    effort.HARD_COST = 0.0
    for label, options in (
        ("exact", {"exact": True}),
        ("default", {"exact": False}),
        ("high", {"exact": False, "quality": "high"}),
    ):
        start = time.perf_counter()
        tree = ladle.cluster(points, mean_size=MEAN_SIZE, prototypes=False, **options)  # type: ignore[arg-type]
        figures[f"{label}, seconds"] = time.perf_counter() - start
        if tree.recall is not None:
            figures[f"{label}, recall"] = tree.recall
        clusters[label] = tree.cut(mean_size=MEAN_SIZE)
    return clusters, figures


def accuracies(dataset: Dataset, clusters: np.ndarray, trial: int, draw: int) -> list[float]:
    """Of one loop, after the seed set and after each round."""
    learner = Head()
    size = len(dataset.labels) // 50
    labelled = np.random.default_rng(trial).choice(len(dataset.labels), size, replace=False)
    measured = []
    for turn in range(ROUNDS + 1):
        model = learner.fit(
            dataset.inputs[labelled], dataset.labels[labelled], classes=len(dataset.class_names), seed=trial
        )
        guessed = model.probabilities(dataset.test_inputs).argmax(axis=1)
        measured.append(float(np.mean(guessed == dataset.test_labels)))
        if turn < ROUNDS:
            margins = ladle.margin(model.probabilities(dataset.inputs))
            chosen = ladle.cluster_margin(
                margins, clusters, size, candidate_ratio=CANDIDATE_RATIO, labelled=labelled, seed=draw + turn
            )
            labelled = np.concatenate([labelled, chosen])
    return measured


def compared(curves: dict[str, np.ndarray]) -> dict[str, float]:
    """Of each clustering (trials, rounds + 1): means in points, and the differences from exact, trial by trial."""
    figures = {}
    for label, curve in curves.items():
        difference = 100 * (curve - curves["exact"])
        for what, of in (("at the end", difference[:, -1]), ("area", difference.mean(axis=1))):
            if label != "exact":
                figures[f"{label}, {what} against exact"] = float(of.mean())
                figures[f"{label}, {what} against exact, standard error"] = float(of.std(ddof=1) / np.sqrt(len(of)))
        figures[f"{label}, at the end"] = float(100 * curve[:, -1].mean())
        figures[f"{label}, at the end, standard deviation over trials"] = float(100 * curve[:, -1].std(ddof=1))
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--name", required=True, choices=vectors.LABELLED)
    parser.add_argument("--pool", type=int, default=40_000, help="rows to choose from, before near-duplicates")
    parser.add_argument("--copies", type=float, default=1)
    parser.add_argument("--trials", type=int, default=10)
    options = parser.parse_args()
    dataset = data(options.name, options.pool, options.copies)
    flat_clusters, figures = clusterings(dataset.inputs)
    flat_clusters[AGAIN] = flat_clusters["exact"]
    curves = {label: np.zeros((options.trials, ROUNDS + 1)) for label in flat_clusters}
    jobs: list[tuple[str, int]] = [(label, trial) for trial in range(options.trials) for label in flat_clusters]

    def run(job: tuple[str, int]) -> None:
        label, trial = job
        curves[label][trial] = accuracies(
            dataset, flat_clusters[label], trial, 1_000 * (trial + 1) + 500 * (label == AGAIN)
        )

    each: Callable[[tuple[str, int]], None] = run
    with threads.single_threaded_blas():
        threads.run_each(each, jobs)
    figures |= compared(curves)
    print(
        f"{options.name}, {len(dataset.labels):,} rows, {options.trials} trials, rounds of {len(dataset.labels) // 50}"
    )
    for name, value in figures.items():
        print(f"  {value:9.3f}  {name}")
    record.append(
        "loop_spread",
        {"name": options.name, "rows": len(dataset.labels), "copies": options.copies, "trials": options.trials},
        figures,
    )


if __name__ == "__main__":
    main()
