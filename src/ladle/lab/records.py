"""What an experiment leaves behind: the contract between the lab, which fills it, and reports, which read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ladle.arrays import Clusters, Margins, Rows
from ladle.lab.protocol import LabProtocol


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """What one query chose, described by means no strategy was given.

    rows: (b,) in order of choice. margins: (b,) of those rows, under the model that was asked.
    clusters_touched: clusters of the pool with a row in the batch. near_duplicates: rows whose nearest other row of
    the batch is nearer than the study's `near_limit`. class_counts: rows of each true class.
    """

    rows: Rows
    margins: Margins
    clusters_touched: int
    near_duplicates: int
    class_counts: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Round:
    """One measurement: `accuracy` on the test split, 0..1, with `labels` labels; how it came about, how long it took.

    batch: None for round 0, the seed set. seconds: wall-clock by step: score, select, label, train, evaluate.
    """

    labels: int
    accuracy: float
    batch: Batch | None
    seconds: Mapping[str, float]


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """Where all strategies of a trial start: the same seed set, and the pool clustered under the model it made.

    clusters: (n,). seconds: by step: train, embed, cluster.
    """

    trial: int
    seed_rows: Rows
    accuracy: float
    clusters: Clusters
    certified: float
    seconds: Mapping[str, float]


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """One strategy's way through one trial. rounds: (rounds + 1,), the first being the seed set."""

    strategy: str
    trial: int
    rounds: tuple[Round, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Study:
    """All trials of all strategies on one data set.

    near_limit: the cosine distance of near-duplicates, see `redundancy`. workers: rounds that ran side by side.
    seconds: wall-clock of the whole, by stage: compile, measure the pool, prepare, rounds.
    """

    protocol: LabProtocol
    learner: str
    strategies: tuple[str, ...]
    starts: tuple[Start, ...]
    trials: tuple[Trial, ...]
    near_limit: float
    workers: int
    seconds: Mapping[str, float]

    def of(self, strategy: str) -> tuple[Trial, ...]:
        """The trials of one strategy, in order of trial."""
        return tuple(trial for trial in self.trials if trial.strategy == strategy)

    def accuracy(self, strategy: str) -> npt.NDArray[np.float64]:
        """(trials, rounds + 1) accuracies of one strategy."""
        return np.array([[each.accuracy for each in trial.rounds] for trial in self.of(strategy)])
