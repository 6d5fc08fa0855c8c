"""One trial: the start that all strategies share, and one strategy's rounds from there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter

import numpy as np
import numpy.typing as npt

from ladle.arrays import Clusters, Probabilities, Rows
from ladle.hac import Dendrogram, cluster
from ladle.lab.datasets import Dataset
from ladle.lab.learner import Learner, Model
from ladle.lab.metrics import accuracy
from ladle.lab.oracle import Oracle
from ladle.lab.protocol import LabProtocol
from ladle.lab.records import Batch, Round, Start
from ladle.lab.redundancy import near_duplicates
from ladle.progress import SILENT, Progress
from ladle.scores import margin
from ladle.strategies import Strategy

# Makes a strategy for a pool that was clustered into the tree given.
StrategyMaker = Callable[[Dendrogram], Strategy]


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A start with its working parts: the seed model, the pool's embeddings (n, dim) under it, and their tree."""

    start: Start
    model: Model
    embeddings: npt.NDArray[np.float32]
    tree: Dendrogram


class Stopwatch:
    """Wall-clock seconds by step."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def timing(self, step: str) -> Iterator[None]:
        """Add the time spent inside to `step`."""
        begun = perf_counter()
        try:
            yield
        finally:
            self.seconds[step] = self.seconds.get(step, 0.0) + perf_counter() - begun


def prepare(
    dataset: Dataset, learner: Learner, protocol: LabProtocol, trial: int, *, progress: Progress = SILENT
) -> Prepared:
    """Steps 1 to 3 of Cluster-Margin: seed set drawn uniformly, model trained on it, whole pool embedded, clustered.

    Raises: ArgumentError, and what learner and clustering raise.
    Cost: that of one fit, one pass of the model over the pool, and `ladle.cluster` of n embeddings.
    Source: Citovsky et al. 2021, algorithm 1, lines 1 to 3.
    """
    protocol.check_pool(len(dataset))
    watch = Stopwatch()
    seed_rows = protocol.seed_rows(trial, len(dataset))
    with watch.timing("train"):
        model = _fit(dataset, learner, seed_rows, dataset.labels[seed_rows], protocol.seed_of(trial, "fit", 0))
    embeddings, tree = _clustered(dataset, model, protocol, trial, watch, progress)
    clusters = tree.cut(mean_size=protocol.mean_size)
    start = Start(trial, seed_rows, _accuracy(dataset, model), clusters, float(tree.certified), watch.seconds)
    return Prepared(start, model, embeddings, tree)


def rounds_of(
    dataset: Dataset,
    learner: Learner,
    protocol: LabProtocol,
    prepared: Prepared,
    make: StrategyMaker,
    *,
    near_limit: float,
) -> Iterator[Round]:
    """Step 4: `protocol.rounds` times score the pool, let the strategy choose, label, retrain from scratch, measure.

    make: the strategy for a tree of the pool. Where the protocol refreshes the embeddings, the pool is clustered again
    by those of the model at hand, and the strategy made anew; what batches are described by stays the first clustering.
    A strategy that reads embeddings itself gets those of the model at hand, every round.
    A generator, so that whoever walks several trials at once may stop or show progress after any round.
    Cost: a fit and a pass over the pool a round, and the strategy's own; that of `prepare` for each refresh.
    Source: Citovsky et al. 2021, algorithm 1, lines 4 to 11.
    """
    start, model, embeddings = prepared.start, prepared.model, prepared.embeddings
    strategy = make(prepared.tree)
    oracle = Oracle(dataset.labels)
    oracle.annotate(start.seed_rows)
    for number in range(1, protocol.rounds + 1):
        watch = Stopwatch()
        if protocol.refreshes(number):
            embeddings, tree = _clustered(dataset, model, protocol, start.trial, watch, SILENT)
            strategy = make(tree)
        elif number > 1 and "embeddings" in strategy.needs:
            with watch.timing("embed"):
                embeddings = model.embeddings(dataset.inputs)
        with watch.timing("score"):
            probabilities = model.probabilities(dataset.inputs)
        with watch.timing("select"):
            rows = strategy.query(
                protocol.batch_size,
                probabilities=probabilities,
                embeddings=embeddings,
                labelled=oracle.rows,
                seed=protocol.seed_of(start.trial, "query", number),
            ).rows
        with watch.timing("label"):
            oracle.annotate(rows)
        with watch.timing("train"):
            fit_seed = protocol.seed_of(start.trial, "fit", number)
            model = _fit(dataset, learner, oracle.rows, oracle.labels, fit_seed)
        with watch.timing("evaluate"):
            measured = _accuracy(dataset, model)
        batch = describe_batch(dataset, rows, probabilities, start.clusters, near_limit)
        yield Round(oracle.asked, measured, batch, watch.seconds)


def _clustered(
    dataset: Dataset, model: Model, protocol: LabProtocol, trial: int, watch: Stopwatch, progress: Progress
) -> tuple[npt.NDArray[np.float32], Dendrogram]:
    """The pool's embeddings (n, dim) under `model`, and their tree."""
    with watch.timing("embed"):
        embeddings = model.embeddings(dataset.inputs)
    with watch.timing("cluster"):
        tree = cluster(
            embeddings,
            metric="cosine",
            mean_size=protocol.mean_size,
            seed=protocol.seed_of(trial, "cluster"),
            progress=progress,
        )
    return embeddings, tree


def describe_batch(
    dataset: Dataset, rows: Rows, probabilities: Probabilities, clusters: Clusters, near_limit: float
) -> Batch:
    """How unsure, how spread, how redundant and how balanced `rows` are."""
    counts = np.bincount(dataset.labels[rows], minlength=len(dataset.class_names))
    return Batch(
        rows=rows,
        margins=margin(probabilities[rows]),
        clusters_touched=len(np.unique(clusters[rows])),
        near_duplicates=near_duplicates(dataset.inputs, rows, near_limit),
        class_counts=tuple(counts.tolist()),
    )


def _fit(dataset: Dataset, learner: Learner, rows: Rows, labels: npt.NDArray[np.int64], seed: int) -> Model:
    return learner.fit(dataset.inputs[rows], labels, classes=len(dataset.class_names), seed=seed)


def _accuracy(dataset: Dataset, model: Model) -> float:
    return accuracy(dataset.test_labels, model.probabilities(dataset.test_inputs))
