"""A study written by hand, small enough to check every number of its report."""

import numpy as np

from ladle.lab.protocol import LabProtocol
from ladle.lab.records import Batch, Round, Start, Study, Trial
from tests.lab.toy import toy_dataset

LABELS = (10, 20, 30)
ACCURACY = {
    "Cluster-Margin": [[0.5, 0.7, 0.8], [0.6, 0.8, 0.9]],
    "Margin": [[0.5, 0.7, 0.75], [0.6, 0.7, 0.85]],
    "Uni<form>": [[0.5, 0.6, 0.7], [0.6, 0.65, 0.7]],  # a name that would break a page that forgot to escape
}


def made_dataset():
    return toy_dataset(rows=100, test_rows=20)


def made_study(accuracy=ACCURACY):
    dataset = made_dataset()
    clusters = np.repeat(np.arange(40), [30, 20, 13, *[1] * 37]).astype(np.int32)
    count = len(next(iter(accuracy.values())))
    starts = tuple(
        Start(trial, np.arange(10), 0.5, clusters, 1.0, {"train": 1.0 + trial, "embed": 0.1, "cluster": 2.0})
        for trial in range(count)
    )
    trials = tuple(
        Trial(name, trial, tuple(made_rounds(dataset, clusters, heights, trial)))
        for name, curves in accuracy.items()
        for trial, heights in enumerate(curves)
    )
    return Study(
        protocol=LabProtocol(seed_size=10, batch_size=10, rounds=2, trials=count, seed=3),
        learner="a perceptron",
        strategies=tuple(accuracy),
        starts=starts,
        trials=trials,
        near_limit=0.02,
        workers=2,
        seconds={"prepare": 3.0, "rounds": 4.0},
    )


def made_rounds(dataset, clusters, heights, trial):
    yield Round(LABELS[0], heights[0], None, {})
    for number in (1, 2):
        rows = np.arange(10) * 9 + number
        counts = tuple(np.bincount(dataset.labels[rows], minlength=3).tolist())
        margins = np.linspace(0, 0.9, 10, dtype=np.float32)
        touched = len(np.unique(clusters[rows]))
        batch = Batch(rows, margins, touched, 2 * number + trial, counts)
        yield Round(LABELS[number], heights[number], batch, {"score": 0.1, "select": 0.01, "train": 1.0 + trial})
