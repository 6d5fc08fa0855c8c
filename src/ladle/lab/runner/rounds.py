"""One strategy's rounds in a trial, from wherever they were left."""

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
from ladle.lab.learners.learner import Model
from ladle.lab.ledger.records import RoundRecord, pack_rows
from ladle.lab.measures.redundancy import asked_rows, near_duplicates
from ladle.lab.runner.artifacts import Kept, keep, kept
from ladle.lab.runner.oracle import Oracle
from ladle.lab.runner.starts import start_folder
from ladle.lab.runner.stopwatch import Stopwatch
from ladle.lab.runner.workbench import Bench
from ladle.scores import margin
from ladle.strategies import Selection

QUANTILES = (0, 0.25, 0.5, 0.75, 1)


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """What a strategy's way through a trial is told. key: see `ladle.lab.runner.artifacts`. near_limit: see
    `survey`."""

    trial: int
    label: str
    folder: Path  # of the run
    key: str
    near_limit: float | None
    done: tuple[Rows, ...]  # the batches of the rounds that are finished


def rounds_of(bench: Bench, course: Course) -> Iterator[RoundRecord]:
    """The rounds of `course` after those done: score the pool, let the strategy choose, label, train, measure.

    The pool is clustered by the seed model's embeddings, as in the paper, or by those of the last refresh; a strategy
    that reads embeddings itself, as BADGE and CoreSet do, gets those of the model at hand, as their papers have it.
    A round depends on the batches before it and on the seeds alone, so it is the same whether or not the rounds before
    it were walked by this process: only the model that is asked first is fitted anew (with warm starts, those that led
    to it too), and clusterings by refreshed embeddings are kept on disk.
    Raises: what learner, clustering and strategy raise; ArgumentError for a strategy that repeats a row.
    Source: Citovsky et al. 2021, algorithm 1, lines 4 to 11.
    """
    start = kept(start_folder(course.folder, course.trial), course.key)
    assert start is not None, "walks begin when their start is kept"
    oracle = Oracle(bench.dataset.labels)
    oracle.annotate(np.array(start.arrays["rows"]))
    for rows in course.done:
        oracle.annotate(rows)
    models = _Models(bench, course.trial, oracle)
    clusters = start.tree.cut(mean_size=bench.experiment.mean_size)
    clustering, strategy = start, bench.strategy(course.label, start.tree)
    clustered_at = 1
    for number in range(len(course.done) + 1, bench.experiment.rounds + 1):
        watch = Stopwatch()
        refreshed = _refreshed_at(bench, number)
        if refreshed != clustered_at:
            clustering = _refreshed(bench, course, models, refreshed, watch)
            strategy, clustered_at = bench.strategy(course.label, clustering.tree), refreshed
        probabilities = _scored(bench, models, start, number, watch)
        embeddings = clustering.arrays["embeddings"]
        if number > clustered_at and "embeddings" in strategy.needs:
            with watch.timing("embed"):
                embeddings = models.after(number - 1).embeddings(bench.dataset.inputs)
        with watch.timing("select"):
            selection = strategy.query(
                bench.experiment.batch_size,
                probabilities=probabilities,
                embeddings=embeddings,
                labelled=oracle.rows,
                seed=bench.experiment.seed_of(course.trial, "query", number),
            )
        oracle.annotate(selection.rows)
        with watch.timing("train"):
            model = models.after(number)
        with watch.timing("evaluate"):
            metrics = bench.measured(model)
        yield RoundRecord(
            trial=course.trial,
            strategy=course.label,
            round=number,
            labels=oracle.asked,
            metrics=metrics,
            seconds=watch.seconds,
            facts=_described(bench, course, selection, probabilities, clusters),
            packed_rows=pack_rows(selection.rows),
        )
    shutil.rmtree(_refresh_folder(course), ignore_errors=True)


class _Models:
    """The model after each round of a trial, fitted when asked for; the last one is held."""

    def __init__(self, bench: Bench, trial: int, oracle: Oracle) -> None:
        self._bench, self._trial, self._oracle = bench, trial, oracle
        self._number = -1
        self._model: Model | None = None

    def after(self, number: int) -> Model:
        """The model trained on the labels held after round `number`; 0 is the seed set's."""
        if self._model is None or self._number != number:
            warm = self._bench.experiment.warm_start
            first = (self._number + 1 if self._number < number else 0) if warm else number
            for each in range(first, number + 1):
                rows = self._oracle.rows[: self._bench.experiment.labels[each]]
                before = self._model if warm and each > 0 else None
                self._model = self._bench.fit(rows, self._bench.experiment.seed_of(self._trial, "fit", each), before)
            self._number = number
        assert self._model is not None
        return self._model


def _scored(bench: Bench, models: _Models, start: Kept, number: int, watch: Stopwatch) -> npt.NDArray[Any]:
    """The pool's probabilities before round `number`. Fitting a model anew, in a resumed run, is not timed."""
    if number == 1:
        if bench.experiment.warm_start:
            models.after(0)
        watch.seconds["score"] = start.about["seconds"]["score"]
        return start.arrays["probabilities"]
    model = models.after(number - 1)
    with watch.timing("score"):
        return model.probabilities(bench.dataset.inputs)


def _refreshed_at(bench: Bench, number: int) -> int:
    """The last round up to `number` before which the pool was clustered anew; 1, for the start's, if it never was."""
    return max((each for each in range(1, number + 1) if bench.experiment.refreshes(each)), default=1)


def _refreshed(bench: Bench, course: Course, models: _Models, number: int, watch: Stopwatch) -> Kept:
    """The pool embedded by the model before round `number`, and its tree."""
    place = _refresh_folder(course) / f"round-{number:03}"
    found = kept(place, course.key)
    if found is None:
        model = models.after(number - 1)
        with watch.timing("embed"):
            embeddings = model.embeddings(bench.dataset.inputs)
        with watch.timing("cluster"):
            tree = bench.clustered(embeddings, course.trial)
        found = keep(place, course.key, {"embeddings": embeddings}, tree, {})
    return found


def _refresh_folder(course: Course) -> Path:
    named = hashlib.sha256(course.label.encode()).hexdigest()[:12]  # a label may be no file name
    return course.folder / "refreshed" / f"trial-{course.trial:03}-{named}"


def _described(
    bench: Bench, course: Course, selection: Selection, probabilities: npt.NDArray[Any], clusters: Clusters
) -> dict[str, Any]:
    """How unsure, how spread, how redundant and how balanced the batch is."""
    dataset, rows = bench.dataset, selection.rows
    labels = dataset.labels[rows]
    if dataset.multilabel:
        counts, margins = (labels > 0).sum(axis=0), margin(probabilities[rows], multilabel="min")
    else:
        counts, margins = np.bincount(labels, minlength=len(dataset.class_names)), margin(probabilities[rows])
    near = None
    if course.near_limit is not None:
        seed = bench.experiment.seed_of(course.trial, "near")
        near = near_duplicates(dataset.inputs, rows, course.near_limit, seed=seed)
    facts = {
        "clusters_touched": len(np.unique(clusters[rows])),
        "near_duplicates": near,
        "near_compared": 0 if near is None else asked_rows(len(rows)),
        "class_counts": [int(count) for count in counts],
        "margins": [float(value) for value in np.quantile(margins, QUANTILES)],
        "story": {"candidate_rows": selection.story.candidate_rows, **_plain(selection.story.facts)},
    }
    if dataset.originals is not None:
        facts["distinct_originals"] = len(np.unique(dataset.originals[rows]))
    return facts


def _plain(facts: Mapping[str, Any]) -> dict[str, Any]:
    """As JSON can carry them: it has no infinity."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value for name, value in facts.items()
    }


def done_batches(records: Sequence[RoundRecord]) -> tuple[Rows, ...]:
    """The batches of rounds 1, 2, ... as far as there is no gap."""
    found = {record.round: record.rows for record in records}
    batches: list[Rows] = []
    while len(batches) + 1 in found:
        batches.append(found[len(batches) + 1])
    return tuple(batches)
