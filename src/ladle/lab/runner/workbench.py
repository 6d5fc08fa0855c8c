"""What all trials of an experiment share: the data set, the learner, and how models are fitted and measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.arrays import Rows
from ladle.hac import Dendrogram, cluster
from ladle.lab.data.datasets import Dataset
from ladle.lab.learners.learner import Learner, Model
from ladle.lab.measures import metrics
from ladle.lab.protocol.experiment import Experiment, StrategyEntry
from ladle.lab.protocol.upper_bound import CANDIDATE_STRATEGIES
from ladle.seeds import stream
from ladle.strategies import Strategy

TOY_ROWS, TOY_BATCH, TOY_PARTS = 512, 64, 4


def _load(name: str, options: Mapping[str, Any]) -> Dataset:
    from ladle.lab.protocol.catalogue import load

    return load(name, options)


def _learner(name: str, options: Mapping[str, Any]) -> Learner:
    from ladle.lab.protocol.catalogue import learner

    return learner(name, options)


@dataclass(frozen=True, slots=True)
class Sources:
    """The functions that make the data set and the learner of an experiment.

    Attributes
    ----------
    load : callable
        (name, options) to `Dataset`; by default `ladle.lab.protocol.catalogue.load`.
    learner : callable
        (name, options) to `Learner`; by default `ladle.lab.protocol.catalogue.learner`.

    Notes
    -----
    With workers, both must be functions that another process can import: of a module, not of a notebook.
    """

    load: Callable[[str, Mapping[str, Any]], Dataset] = _load
    learner: Callable[[str, Mapping[str, Any]], Learner] = _learner


@dataclass(frozen=True, slots=True, eq=False)
class Workbench:
    """An experiment with its data set, near-duplicates included, and its learner."""

    experiment: Experiment
    dataset: Dataset
    learner: Learner

    @classmethod
    def of(cls, experiment: Experiment, sources: Sources) -> Workbench:
        """Load the data set.

        Raises: ArgumentError when it has too few rows for all rounds, or labels of another kind than metrics and
        strategies take; what the sources raise.
        """
        # The learner comes before the data, so that a wrong option is reported at once.
        learner = sources.learner(experiment.learner.name, experiment.learner.options)
        dataset = sources.load(experiment.dataset.name, experiment.dataset.options)
        redundancy = experiment.redundancy
        if redundancy is not None:
            from ladle.lab.data.near_duplicates import with_near_duplicates

            dataset = with_near_duplicates(
                dataset, mean=redundancy.mean, jitter=redundancy.jitter, seed=redundancy.seed
            )
        metrics.check_metrics(experiment.metrics, multilabel=dataset.multilabel)
        experiment.check_outputs(multilabel=dataset.multilabel)
        experiment.check_pool(len(dataset))
        return cls(experiment, dataset, learner)

    def fit(self, rows: Rows, seed: int, warm: Model | None = None) -> Model:
        """A model fitted to the labels of `rows` (b,), in that order; it continues from `warm` where that is given."""
        options: dict[str, Any] = {} if warm is None else {"warm": warm}
        labels = self.dataset.labels[rows]
        classes = len(self.dataset.class_names)
        return self.learner.fit(self.dataset.inputs[rows], labels, classes=classes, seed=seed, **options)

    def measure(self, model: Model) -> dict[str, float]:
        """The experiment's metrics of `model` on the test split."""
        return self.measured(model, self.experiment.metrics)

    def measured(self, model: Model, names: Sequence[str]) -> dict[str, float]:
        """These metrics of `model` on the test split. No other code reads that split."""
        probabilities = model.probabilities(self.dataset.test_inputs)
        truth = self.dataset.test_labels
        return {name: metrics.measure(name, truth, probabilities) for name in names}

    def cluster(self, embeddings: npt.NDArray[np.float32], trial: int) -> Dendrogram:
        """The tree of the pool's embeddings (n, dim), up to the level of the strategy that cuts it highest."""
        cosine = self.experiment.cluster.metric == "cosine"
        return cluster(
            with_directions(embeddings) if cosine else embeddings,
            metric=self.experiment.cluster.metric,
            quality=self.experiment.cluster.quality,
            mean_size=self.experiment.tree_size(len(self.dataset)),
            seed=self.experiment.seed_of(trial, "cluster"),
            prototypes=False,
        )

    def strategy(self, label: str, tree: Dendrogram) -> Strategy:
        """The strategy reported under `label`, for a pool clustered into `tree`."""
        return self.experiment.strategy(label).create(tree, self.experiment.mean_size)

    def _queried(self) -> list[StrategyEntry]:
        """The entries whose strategies are queried: in place of an upper bound, those of its candidates."""
        entries = [entry for entry in self.experiment.strategies if not entry.is_upper_bound]
        if len(entries) < len(self.experiment.strategies):
            entries += [StrategyEntry(name=name) for name in CANDIDATE_STRATEGIES]
        return entries

    def warm_up(self) -> None:
        """Cluster a toy pool, query every strategy once, and fit the learner once to a few rows.

        So wrong options are reported before any training, and the time to compile and to load libraries is not counted
        in the seconds of a round.

        Raises: what the strategies' options and the learner raise.
        Cost: up to 40 s the first time on a machine, then a second or two.
        """
        toy = np.random.Generator(np.random.PCG64(0)).random((TOY_ROWS, 8), np.float32)
        probabilities = toy if self.dataset.multilabel else toy / toy.sum(axis=1, keepdims=True)
        tree = cluster(toy)
        for entry in self._queried():
            options = dict(entry.options)
            for option, most in (("n_clusters", TOY_BATCH), ("partitions", TOY_PARTS)):
                if isinstance(options.get(option), int):
                    options[option] = min(options[option], most)
            strategy = entry.model_copy(update={"options": options}).create(tree, self.experiment.mean_size)
            strategy.query(TOY_BATCH, probabilities=probabilities, embeddings=toy)
        count = min(self.experiment.seed_size, TOY_BATCH)
        rows = stream(self.experiment.seed, "warm up").choice(len(self.dataset), count, replace=False)
        self.fit(rows.astype(np.int64), self.experiment.seed)


def with_directions(embeddings: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """`embeddings` (n, dim), with one more column where some rows are all zero: 1 in these rows and 0 in all others.

    A rectifier may leave a row all zero, which has no cosine. With the column such rows are equal to each other and at
    distance 1 from all others, so a few of them do not end an experiment after hours.
    """
    without = np.count_nonzero(embeddings, axis=1) == 0
    if not without.any():
        return embeddings
    return np.hstack([embeddings, without[:, None].astype(np.float32)])
