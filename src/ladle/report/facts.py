"""What a report says, as plain numbers and names: made from a study, tested without drawing, ready for JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np

from ladle._version import __version__
from ladle.lab.datasets import Dataset
from ladle.lab.measures import Savings, label_savings, mean_and_error
from ladle.lab.records import Batch, Study, Trial
from ladle.lab.redundancy import CHANCE_SHARE
from ladle.report.clusters import ClusterFacts, cluster_facts

SHOWN_IN_BATCH = 60  # thumbnails of a batch: enough to see what a strategy likes, few enough to look at


@dataclass(frozen=True, slots=True)
class Chosen:
    """One example of a batch: where it stands in the order of choice, which it is, and how unsure the model was."""

    batch_pos: int
    row: int
    label: str
    margin: float


@dataclass(frozen=True, slots=True)
class StrategyFacts:
    """One strategy over all trials. Tuples run over rounds 1..rounds, those of `accuracy` and `mean` over 0..rounds.

    accuracy: one tuple a trial. standard_error: None with a single trial. clusters_touched, near_duplicates: mean
    over trials. class_share: of all examples chosen, the share of each class. seconds: mean a round, by step.
    first_batch: some examples of the first trial's first batch, evenly spaced in the order of choice.
    """

    name: str
    accuracy: tuple[tuple[float, ...], ...]
    mean: tuple[float, ...]
    standard_error: tuple[float, ...] | None
    clusters_touched: tuple[float, ...]
    near_duplicates: tuple[float, ...]
    class_share: tuple[float, ...]
    seconds: Mapping[str, float]
    first_batch: tuple[Chosen, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything on the page. strategies: the first is the one the report is about; savings: it against the others."""

    dataset: str
    licence: str
    pool_rows: int
    test_rows: int
    class_names: tuple[str, ...]
    learner: str
    labels: tuple[int, ...]
    batch_size: int
    trials: int
    seed: int
    mean_size: float
    options: Mapping[str, str]
    strategies: tuple[StrategyFacts, ...]
    savings: tuple[Savings, ...]
    clusters: ClusterFacts
    near_limit: float
    near_by_chance: float
    start_seconds: Mapping[str, float]
    stage_seconds: Mapping[str, float]
    total_seconds: float
    workers: int
    machine: str
    made_at: str
    version: str

    def to_dict(self) -> dict[str, Any]:
        """The facts as plain dicts, lists, numbers and strings, ready for JSON."""
        return asdict(self)


def facts_of(
    study: Study,
    dataset: Dataset,
    *,
    options: Mapping[str, str],
    total_seconds: float,
    machine: str,
    made_at: str,
) -> Facts:
    """The facts of a study on `dataset`.

    options: what else was set, for the page to state. total_seconds: wall-clock, loading included. made_at: a date
    and time as people write it.
    Cost: dominated by the bootstrap of the savings, about 0.1 s a pair of strategies.
    """
    protocol = study.protocol
    return Facts(
        dataset=dataset.name,
        licence=dataset.licence,
        pool_rows=len(dataset),
        test_rows=len(dataset.test_inputs),
        class_names=dataset.class_names,
        learner=study.learner,
        labels=protocol.labels,
        batch_size=protocol.batch_size,
        trials=protocol.trials,
        seed=protocol.seed,
        mean_size=float(protocol.mean_size),
        options=dict(options),
        strategies=tuple(_strategy_facts(study, dataset, name) for name in study.strategies),
        savings=tuple(_savings(study)),
        clusters=cluster_facts(study.starts[0], _first_batch(study.of(study.strategies[0])[0])),
        near_limit=study.near_limit,
        near_by_chance=CHANCE_SHARE * protocol.batch_size,
        start_seconds=_mean_seconds([start.seconds for start in study.starts]),
        stage_seconds=dict(study.seconds),
        total_seconds=total_seconds,
        workers=study.workers,
        machine=machine,
        made_at=made_at,
        version=__version__,
    )


def thumbnail_rows(facts: Facts) -> list[int]:
    """Every row of the pool that the page shows, once."""
    rows = {chosen.row for strategy in facts.strategies for chosen in strategy.first_batch}
    rows.update(row for example in facts.clusters.examples for row in example.rows)
    return sorted(rows)


def _savings(study: Study) -> list[Savings]:
    labels = study.protocol.labels
    return [
        label_savings(
            labels,
            study.accuracy(first),
            study.accuracy(second),
            strategy=first,
            against=second,
            seed=study.protocol.seed,
        )
        for first, second in combinations(study.strategies, 2)
    ]


def _strategy_facts(study: Study, dataset: Dataset, name: str) -> StrategyFacts:
    trials = study.of(name)
    accuracy = study.accuracy(name)
    mean, error = mean_and_error(accuracy)
    batches = [[each.batch for each in trial.rounds if each.batch is not None] for trial in trials]
    chosen = np.sum([batch.class_counts for trial in batches for batch in trial], axis=0)
    return StrategyFacts(
        name=name,
        accuracy=tuple(tuple(map(float, row)) for row in accuracy),
        mean=tuple(map(float, mean)),
        standard_error=None if error is None else tuple(map(float, error)),
        clusters_touched=_means([[batch.clusters_touched for batch in trial] for trial in batches]),
        near_duplicates=_means([[batch.near_duplicates for batch in trial] for trial in batches]),
        class_share=tuple(map(float, chosen / chosen.sum())),
        seconds=_mean_seconds([each.seconds for trial in trials for each in trial.rounds[1:]]),
        first_batch=_chosen(_first_batch(trials[0]), dataset),
    )


def _first_batch(trial: Trial) -> Batch:
    batch = trial.rounds[1].batch
    assert batch is not None, "only round 0 has no batch"
    return batch


def _chosen(batch: Batch, dataset: Dataset) -> tuple[Chosen, ...]:
    shown = np.unique(np.linspace(0, len(batch.rows) - 1, min(SHOWN_IN_BATCH, len(batch.rows))).round().astype(int))
    return tuple(
        Chosen(
            batch_pos=int(batch_pos),
            row=int(batch.rows[batch_pos]),
            label=dataset.class_names[dataset.labels[batch.rows[batch_pos]]],
            margin=float(batch.margins[batch_pos]),
        )
        for batch_pos in shown
    )


def _means(values: Sequence[Sequence[int]]) -> tuple[float, ...]:
    return tuple(map(float, np.mean(values, axis=0)))


def _mean_seconds(parts: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {step: float(np.mean([part[step] for part in parts])) for step in parts[0]}
