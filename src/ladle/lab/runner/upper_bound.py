"""An upper bound for strategies: a search for the best batch, judged by true labels and by models trained on them.

No strategy for real pools can do this, because it needs the labels that are to be asked for. It says how much a choice
of batches could be worth on a pool: the share of the gap between uniform sampling and this bound that a strategy
closes. The search is greedy and judges by a sample, so better batches may exist.

A batch is built in parts. For each part many candidates are made: the part that each of several strategies would choose
of the whole pool, and then what each would choose of random subsets of it. Each candidate is labelled, a model is
trained on all labels held with it, and the validation rows judge the model. The best candidate stays, and the next part
is chosen by its model. At the end, the batch is compared with the whole batch of each strategy, and the best of all is
taken. So the batch is, on the validation rows, never worse than that of any of these strategies.

Validation rows are held out of the pool: drawn by seed, once a trial, outside the seed set, and never chosen. Their
labels are not counted. The test split takes no part.
Source: after the best of many candidate batches in BoSS, arXiv 2603.13109; the parts and the subsets are ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.arrays import Rows
from ladle.hac import Dendrogram
from ladle.lab.learners.learner import Model
from ladle.lab.measures import metrics
from ladle.lab.protocol.experiment import StrategyEntry
from ladle.lab.protocol.upper_bound import CANDIDATE_STRATEGIES, UPPER_BOUND, UpperBoundOptions
from ladle.lab.runner.workbench import Workbench
from ladle.seeds import MAX_SEED, child_seed, stream
from ladle.strategies import Selection, Strategy
from ladle.strategies.query.contract import Story

_SMALLEST_SUBSET = 0.1  # of the rows that may be chosen
_LEAST_PROBABILITY = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class _Judged:
    """A candidate and its model. value: the metric on the validation rows. loss: their mean cross-entropy, for ties."""

    rows: Rows
    model: Model
    value: float
    loss: float

    @property
    def rank(self) -> tuple[float, float]:
        """Larger is better."""
        return self.value, -self.loss


@dataclass(frozen=True, slots=True, eq=False)
class UpperBound:
    """The upper bound in one trial, queried like a strategy. tree: of the pool."""

    workbench: Workbench
    trial: int
    options: UpperBoundOptions
    tree: Dendrogram
    name: str = UPPER_BOUND
    needs: tuple[str, ...] = ("scores", "embeddings")

    def query(
        self,
        size: int,
        *,
        probabilities: npt.NDArray[Any],
        embeddings: npt.NDArray[Any],
        labelled: Rows,
        seed: int,
    ) -> Selection:
        """The batch. labelled: the rows that hold labels, the seed set first.

        Cost: as many fits as the story says under `models_trained`, and a pass over the pool for each part.
        Repeats: set by the arguments and the experiment.
        """
        search = _Search(self, labelled, seed)
        whole = [search.judged(np.empty(0, np.int64), rows) for rows in search.pure(size, probabilities, embeddings)]
        parts = _part_sizes(size, self.options.parts)
        chosen, best = np.empty(0, np.int64), None
        for number, part in enumerate(parts):
            candidates = search.candidates(part, number, chosen, probabilities, embeddings)
            best = max((search.judged(chosen, rows) for rows in candidates), key=lambda each: each.rank)
            chosen = best.rows
            if number + 1 < len(parts):
                probabilities = best.model.probabilities(self.workbench.dataset.inputs)
                embeddings = best.model.embeddings(self.workbench.dataset.inputs)
        assert best is not None, "a batch has a part"
        winner = max([best, *whole], key=lambda each: each.rank)
        free = len(self.workbench.dataset) - len(labelled) - len(search.validation)
        story = Story(self.name, seed, size, len(self.workbench.dataset), len(labelled), free, {
            "models_trained": search.models_trained, "parts": len(parts), "validation_rows": len(search.validation),
            "validation": winner.value, "best_strategy": max(each.value for each in whole),
        })  # fmt: skip
        return Selection(winner.rows, np.zeros(size, np.float32), story)


class _Search:
    """The search for one batch: its candidates, and the models that judge them."""

    def __init__(self, bound: UpperBound, labelled: Rows, seed: int) -> None:
        experiment, dataset = bound.workbench.experiment, bound.workbench.dataset
        self._bound, self._labelled, self._seed = bound, np.asarray(labelled), seed
        held = len(labelled) - experiment.seed_size
        self._fit_seed = experiment.seed_of(bound.trial, "fit", held // experiment.batch_size + 1)  # of this round
        self._strategies: list[Strategy] = [
            StrategyEntry(name=name).create(bound.tree, experiment.mean_size) for name in CANDIDATE_STRATEGIES
        ]
        self.validation = validation_rows(bound, self._labelled[: experiment.seed_size], len(dataset))
        self.models_trained = 0

    def pure(self, size: int, probabilities: npt.NDArray[Any], embeddings: npt.NDArray[Any]) -> Iterator[Rows]:
        """What each strategy chooses of all rows that may be chosen."""
        for number in range(len(self._strategies)):
            yield self._chosen(number, size, self._closed(np.empty(0, np.int64)), probabilities, embeddings, self._seed)

    def candidates(
        self, size: int, part: int, chosen: Rows, probabilities: npt.NDArray[Any], embeddings: npt.NDArray[Any]
    ) -> Iterator[Rows]:
        """The candidates of one part: of each strategy of all rows that may be chosen, then of random subsets."""
        closed, count = self._closed(chosen), len(self._strategies)
        free = np.setdiff1d(np.arange(len(self._bound.workbench.dataset)), closed)
        for number in range(max(self._bound.options.in_part, count)):
            seed = child_seed(self._seed, "part", part, "candidate", number)
            hidden = closed
            if number >= count:
                draw = stream(self._seed, "subset", part, number)
                kept = max(size, round(draw.uniform(_SMALLEST_SUBSET, 1) * len(free)))
                hidden = np.concatenate([closed, draw.permutation(free)[kept:]])
            yield self._chosen(number % count, size, hidden, probabilities, embeddings, seed)

    def judged(self, chosen: Rows, rows: Rows) -> _Judged:
        """The candidate `rows` beside what is chosen: labelled, trained on, and judged by the validation rows."""
        workbench, batch = self._bound.workbench, np.concatenate([chosen, rows])
        model = workbench.fit(np.concatenate([self._labelled, batch]), self._fit_seed)
        self.models_trained += 1
        truth = workbench.dataset.labels[self.validation]
        probabilities = model.probabilities(workbench.dataset.inputs[self.validation])
        value = metrics.measure(workbench.experiment.metrics[0], truth, probabilities)
        of_truth = np.maximum(probabilities[np.arange(len(truth)), truth], _LEAST_PROBABILITY)
        return _Judged(batch, model, value, float(-np.log(of_truth).mean()))

    def _closed(self, chosen: Rows) -> Rows:
        return np.concatenate([self._labelled, self.validation, chosen])

    def _chosen(
        self,
        strategy: int,
        size: int,
        closed: Rows,
        probabilities: npt.NDArray[Any],
        embeddings: npt.NDArray[Any],
        seed: int,
    ) -> Rows:
        answer = self._strategies[strategy].query(
            size, probabilities=probabilities, embeddings=embeddings, labelled=closed, seed=seed & MAX_SEED
        )
        return answer.rows


def validation_rows(bound: UpperBound, seed_rows: Rows, pool_rows: int) -> Rows:
    """The rows of the pool, ascending, that judge the models of a trial; none of the seed set."""
    free = np.setdiff1d(np.arange(pool_rows), seed_rows)
    draw = stream(bound.workbench.experiment.seed_of(bound.trial, "validation"))
    return np.sort(draw.choice(free, bound.options.held_out(pool_rows), replace=False)).astype(np.int64)


def _part_sizes(size: int, parts: int) -> Sequence[int]:
    """`size` in at most `parts` parts that differ by one at most."""
    count = min(parts, size)
    return [size // count + (number < size % count) for number in range(count)]
