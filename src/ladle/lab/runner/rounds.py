"""The rounds of one strategy in one trial, from the first that is not finished."""

from __future__ import annotations

import hashlib
import math
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.arrays import Clusters, Rows
from ladle.hac import Dendrogram
from ladle.lab.learners.learner import Model
from ladle.lab.ledger.records import RoundRecord, pack_rows
from ladle.lab.measures import fitted
from ladle.lab.measures.redundancy import compared_rows, near_duplicates
from ladle.lab.runner.artifacts import Artifacts, read_artifacts, write_artifacts
from ladle.lab.runner.fit_check import fit_facts, is_checked
from ladle.lab.runner.oracle import Oracle
from ladle.lab.runner.starts import start_folder
from ladle.lab.runner.stopwatch import Stopwatch
from ladle.lab.runner.upper_bound import UpperBound
from ladle.lab.runner.workbench import Workbench
from ladle.scores import margin
from ladle.strategies import Selection, Strategy

QUANTILES = (0, 0.25, 0.5, 0.75, 1)


@dataclass(frozen=True, slots=True, eq=False)
class RoundsJob:
    """The rounds that are left of one strategy in one trial: its results are their `RoundRecord`s.

    folder: of the run. key: of its artifacts, see `ladle.lab.runner.artifacts`. near_limit: see
    `ladle.lab.runner.provenance.run_facts`. done: the batches of the rounds that are finished.
    """

    trial: int
    label: str
    folder: Path
    key: str
    near_limit: float | None
    done: tuple[Rows, ...]


def rounds_of(workbench: Workbench, job: RoundsJob) -> Iterator[RoundRecord]:
    """Go through the rounds that are left: score the pool, let the strategy choose, label, train, measure.

    The pool is clustered by the embeddings of the seed model, as in the paper, or by those of the last refresh. A
    strategy that reads embeddings itself, as BADGE and CoreSet do, gets those of the current model, as in their papers.
    A round depends on the batches before it and on seeds alone, so it is the same whichever process made the rounds
    before it. Only the model that is needed first is fitted again (with warm starts also those that led to it);
    clusterings by refreshed embeddings are on disk.
    Raises: what learner, clustering and strategy raise; ArgumentError for a strategy that repeats a row.
    Source: Citovsky et al. 2021, algorithm 1, lines 4 to 11.
    """
    start = read_artifacts(start_folder(job.folder, job.trial), job.key)
    assert start is not None, "rounds begin when the start of their trial is on disk"
    oracle = Oracle(workbench.dataset.labels)
    oracle.annotate(np.array(start.arrays["rows"]))
    for rows in job.done:
        oracle.annotate(rows)
    models = _Models(workbench, job.trial, oracle)
    clusters = start.tree.cut(mean_size=workbench.experiment.mean_size)
    clustering, strategy = start, _strategy(workbench, job, start.tree)
    clustered_at = 1
    for number in range(len(job.done) + 1, workbench.experiment.rounds + 1):
        watch = Stopwatch()
        refreshed_at = _last_refresh(workbench, number)
        if refreshed_at != clustered_at:
            clustering = _refreshed(workbench, job, models, refreshed_at, watch)
            strategy, clustered_at = _strategy(workbench, job, clustering.tree), refreshed_at
        probabilities = _scores(workbench, models, start, number, watch)
        embeddings = clustering.arrays["embeddings"]
        if number > clustered_at and "embeddings" in strategy.needs:
            with watch.timing("embed"):
                embeddings = models.after(number - 1).embeddings(workbench.dataset.inputs)
        with watch.timing("select"):
            selection = strategy.query(
                workbench.experiment.batch_size,
                probabilities=probabilities,
                embeddings=embeddings,
                labelled=oracle.rows,
                seed=workbench.experiment.seed_of(job.trial, "query", number),
            )
        oracle.annotate(selection.rows)
        with watch.timing("train"):
            model = models.after(number)
        with watch.timing("evaluate"):
            metrics = workbench.measure(model)
        facts = _batch_facts(workbench, job, selection, probabilities, clusters) | _fit_facts(
            workbench, job, number, model, oracle.rows
        )
        yield RoundRecord(
            trial=job.trial,
            strategy=job.label,
            round=number,
            labels=oracle.asked,
            metrics=metrics,
            seconds=watch.seconds,
            facts=facts,
            packed_rows=pack_rows(selection.rows),
        )
    shutil.rmtree(_refresh_folder(job), ignore_errors=True)


def _strategy(workbench: Workbench, job: RoundsJob, tree: Dendrogram) -> Strategy | UpperBound:
    """The strategy of the job, or the upper bound, for a pool clustered into `tree`."""
    entry = workbench.experiment.strategy(job.label)
    if entry.is_upper_bound:
        return UpperBound(workbench, job.trial, entry.upper_bound(), tree)
    return workbench.strategy(job.label, tree)


class _Models:
    """The model after each round of a trial, fitted when it is needed; the last one is held."""

    def __init__(self, workbench: Workbench, trial: int, oracle: Oracle) -> None:
        self._workbench, self._trial, self._oracle = workbench, trial, oracle
        self._number = -1
        self._model: Model | None = None

    def after(self, number: int) -> Model:
        """The model trained on the labels held after round `number`; 0 is the model of the seed set."""
        if self._model is None or self._number != number:
            experiment = self._workbench.experiment
            warm = experiment.warm_start
            first = (self._number + 1 if self._number < number else 0) if warm else number
            for each in range(first, number + 1):
                rows = self._oracle.rows[: experiment.labels[each]]
                before = self._model if warm and each > 0 else None
                self._model = self._workbench.fit(rows, experiment.seed_of(self._trial, "fit", each), before)
            self._number = number
        assert self._model is not None
        return self._model


def _scores(workbench: Workbench, models: _Models, start: Artifacts, number: int, watch: Stopwatch) -> npt.NDArray[Any]:
    """The pool's probabilities before round `number`. Fitting a model again, in a resumed run, is not timed."""
    if number == 1:
        if workbench.experiment.warm_start:
            models.after(0)
        watch.seconds["score"] = start.about["seconds"]["score"]
        return start.arrays["probabilities"]
    model = models.after(number - 1)
    with watch.timing("score"):
        return model.probabilities(workbench.dataset.inputs)


def _last_refresh(workbench: Workbench, number: int) -> int:
    """The last round up to `number` before which the pool was clustered anew; 1, the start's, where it never was."""
    return max((each for each in range(1, number + 1) if workbench.experiment.refreshes(each)), default=1)


def _refreshed(workbench: Workbench, job: RoundsJob, models: _Models, number: int, watch: Stopwatch) -> Artifacts:
    """The pool's embeddings by the model before round `number`, and their tree."""
    folder = _refresh_folder(job) / f"round-{number:03}"
    artifacts = read_artifacts(folder, job.key)
    if artifacts is None:
        model = models.after(number - 1)
        with watch.timing("embed"):
            embeddings = model.embeddings(workbench.dataset.inputs)
        with watch.timing("cluster"):
            tree = workbench.cluster(embeddings, job.trial)
        artifacts = write_artifacts(folder, job.key, {"embeddings": embeddings}, tree, {})
    return artifacts


def _refresh_folder(job: RoundsJob) -> Path:
    name = hashlib.sha256(job.label.encode()).hexdigest()[:12]  # not every label can be the name of a file
    return job.folder / "refreshed" / f"trial-{job.trial:03}-{name}"


def _batch_facts(
    workbench: Workbench, job: RoundsJob, selection: Selection, probabilities: npt.NDArray[Any], clusters: Clusters
) -> dict[str, Any]:
    """How unsure, diverse, redundant and balanced the batch is."""
    dataset, rows = workbench.dataset, selection.rows
    labels = dataset.labels[rows]
    if dataset.multilabel:
        counts, margins = (labels > 0).sum(axis=0), margin(probabilities[rows], multilabel="min")
    else:
        counts, margins = np.bincount(labels, minlength=len(dataset.class_names)), margin(probabilities[rows])
    near = None
    if job.near_limit is not None:
        seed = workbench.experiment.seed_of(job.trial, "near")
        near = near_duplicates(dataset.inputs, rows, job.near_limit, seed=seed)
    facts = {
        "clusters_touched": len(np.unique(clusters[rows])),
        "near_duplicates": near,
        "near_compared": 0 if near is None else compared_rows(len(rows)),
        "class_counts": [int(count) for count in counts],
        "margins": [float(value) for value in np.quantile(margins, QUANTILES)],
        "story": {"candidate_rows": selection.story.candidate_rows, **_finite(selection.story.facts)},
    }
    if dataset.originals is not None:
        facts["distinct_originals"] = len(np.unique(dataset.originals[rows]))
    return facts


def _fit_facts(workbench: Workbench, job: RoundsJob, number: int, model: Model, rows: Rows) -> dict[str, Any]:
    """Whether the model after round `number`, of the labels of `rows`, has converged, and fitted, where known."""
    facts: dict[str, Any] = {}
    converged = getattr(model, "converged", None)  # of learners that can tell
    if isinstance(converged, bool):
        facts[fitted.CONVERGED] = converged
    if is_checked(number):
        seed = workbench.experiment.seed_of(job.trial, "fit check", number)
        facts[fitted.FACT] = fit_facts(workbench, model, rows, seed)
    return facts


def _finite(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts with None for numbers that JSON does not have."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value for name, value in facts.items()
    }


def done_batches(records: Sequence[RoundRecord]) -> tuple[Rows, ...]:
    """The batches of rounds 1, 2, ... up to the first that is missing."""
    rows = {record.round: record.rows for record in records}
    batches: list[Rows] = []
    while len(batches) + 1 in rows:
        batches.append(rows[len(batches) + 1])
    return tuple(batches)
