"""The upper bound: a search by true labels, against brute force, and in runs that are stopped and taken up again."""

from itertools import combinations

import numpy as np
import pytest

from ladle.errors import ArgumentError
from ladle.hac import cluster
from ladle.lab.data.datasets import Dataset
from ladle.lab.measures.metrics import measure
from ladle.lab.protocol.experiment import StrategyEntry
from ladle.lab.protocol.files import check_whole, parse_experiment
from ladle.lab.protocol.upper_bound import CANDIDATE_STRATEGIES, UpperBoundOptions
from ladle.lab.runner.run import run_experiment
from ladle.lab.runner.upper_bound import UpperBound, _part_sizes, validation_rows
from ladle.lab.runner.workbench import Sources, Workbench
from ladle.strategies import names
from tests.lab.standins import SOURCES, TOML

ENTRY = '[[strategies]]\nname = "upper-bound"\nlabel = "Bound"\noptions = {candidates = 12, parts = 2}\n'
TINY = """
name = "tiny"
title = "A pool whose batches can all be tried"
dataset = {name = "toy"}
learner = {name = "means"}
seed_size = 4
batch_size = 3
rounds = 1
trials = 1
seed = SEED
mean_size = 2

[[strategies]]
name = "upper-bound"
options = {candidates = CANDIDATES, parts = PARTS, validation_rows = 30}
"""


class ClassMeans:
    """The nearest mean of a class: a learner so fast that all batches can be tried."""

    name = "class means"

    def fit(self, inputs, labels, *, classes, seed, warm=None):
        return Means(np.array([inputs[labels == label].mean(axis=0) if label in labels else 9 * np.ones(2)
                               for label in range(classes)]))  # fmt: skip


class Means:
    def __init__(self, means):
        self.means = means

    def probabilities(self, inputs):
        chances = np.exp(-np.square(inputs[:, None] - self.means).sum(axis=2)) + 1e-6
        return (chances / chances.sum(axis=1, keepdims=True)).astype(np.float32)

    def embeddings(self, inputs):
        return inputs


def blobs(rows=46, seed=0):
    """Three classes in the plane that overlap: which labels are held matters."""
    random = np.random.default_rng(seed)
    labels = np.arange(rows) % 3
    inputs = (random.standard_normal((rows, 2)) + 1.2 * np.eye(3, 2)[labels]).astype(np.float32)
    return Dataset("toy", inputs, labels, inputs[:9].copy(), labels[:9].copy(), ("a", "b", "c"), np.arange(rows), "x")


def tiny(seed, parts, candidates=24):
    """A workbench, its upper bound, and the arguments of its first query."""
    text = TINY.replace("SEED", str(seed)).replace("PARTS", str(parts)).replace("CANDIDATES", str(candidates))
    sources = Sources(load=lambda name, options: blobs(seed=seed), learner=lambda name, options: ClassMeans())
    workbench = Workbench.of(parse_experiment(text), sources)
    seeds = workbench.experiment.seed_rows(0, len(workbench.dataset))
    model = workbench.fit(seeds, workbench.experiment.seed_of(0, "fit", 0))
    inputs = workbench.dataset.inputs
    tree = cluster(inputs, metric="sqeuclidean")
    bound = UpperBound(workbench, 0, workbench.experiment.strategies[0].upper_bound(), tree)
    return bound, {"probabilities": model.probabilities(inputs), "embeddings": inputs, "labelled": seeds, "seed": 5}


def value_of(bound, seeds, batch, judges):
    """The validation accuracy of the model that has this batch."""
    workbench = bound.workbench
    fit_seed = workbench.experiment.seed_of(0, "fit", 1)
    model = workbench.fit(np.concatenate([seeds, np.asarray(batch, np.int64)]), fit_seed)
    labels, inputs = workbench.dataset.labels[judges], workbench.dataset.inputs[judges]
    return measure("accuracy", labels, model.probabilities(inputs))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("parts", [1, 3])
def test_between_each_strategy_and_the_best_of_all_batches(seed, parts):
    bound, query = tiny(seed, parts)
    found = bound.query(3, **query)
    seeds = query["labelled"]
    judges = validation_rows(bound, seeds, len(bound.workbench.dataset))
    free = np.setdiff1d(np.arange(46), np.concatenate([seeds, judges]))
    assert len(free) == 12
    reached = value_of(bound, seeds, found.rows, judges)
    assert found.story.facts["validation"] == reached
    closed = np.concatenate([seeds, judges])
    alone = []
    for name in CANDIDATE_STRATEGIES:
        strategy = StrategyEntry(name=name).create(bound.tree, 2)
        told = {key: value for key, value in query.items() if key != "labelled"}
        alone.append(value_of(bound, seeds, strategy.query(3, labelled=closed, **told).rows, judges))
    best = max(value_of(bound, seeds, batch, judges) for batch in combinations(free, 3))
    assert max(alone) <= reached <= best


def test_the_search_gains_on_the_best_single_strategy_and_nears_the_best_batch():
    gained, missed = 0.0, 0.0
    for seed in range(6):
        bound, query = tiny(seed, parts=1, candidates=100)
        facts = bound.query(3, **query).story.facts
        judges = validation_rows(bound, query["labelled"], 46)
        free = np.setdiff1d(np.arange(46), np.concatenate([query["labelled"], judges]))
        gained += facts["validation"] - facts["best_strategy"]
        best = max(value_of(bound, query["labelled"], batch, judges) for batch in combinations(free, 3))
        missed += best - facts["validation"]
    assert gained > 0
    assert missed < gained


def test_the_batch_keeps_out_of_what_is_labelled_and_of_what_judges():
    bound, query = tiny(0, parts=2)
    found = bound.query(3, **query)
    judges = validation_rows(bound, query["labelled"], 46)
    assert (len(judges), len(set(found.rows.tolist()))) == (30, 3)
    assert not set(found.rows.tolist()) & set(judges.tolist())
    assert not set(query["labelled"].tolist()) & (set(found.rows.tolist()) | set(judges.tolist()))
    assert found.story.candidate_rows == 46 - 4 - 30
    assert found.story.facts["models_trained"] == len(CANDIDATE_STRATEGIES) + 24
    again = tiny(0, parts=2)[0].query(3, **query)
    assert found.rows.tolist() == again.rows.tolist()
    other = [bound.query(3, **{**query, "seed": seed}).rows.tolist() for seed in range(6, 12)]
    assert any(rows != found.rows.tolist() for rows in other)


def test_the_test_split_takes_no_part():
    bound, query = tiny(1, parts=2)
    dataset = bound.workbench.dataset
    found = bound.query(3, **query)
    dataset.test_labels[:] = (dataset.test_labels + 1) % 3
    assert bound.query(3, **query).rows.tolist() == found.rows.tolist()


def test_true_labels_take_part():
    bound, query = tiny(1, parts=2)
    found = bound.query(3, **query)
    judges = validation_rows(bound, query["labelled"], 46)
    bound.workbench.dataset.labels[judges] = 0
    assert bound.query(3, **query).story.facts["validation"] != found.story.facts["validation"]


def with_bound(**changed):
    return parse_experiment(TOML + "\n" + ENTRY).model_copy(update={"rounds": 2, "trials": 1, **changed})


def test_a_run_that_was_stopped_ends_like_one_that_was_not(tmp_path):
    with run_experiment(with_bound(rounds=1), tmp_path / "stopped", workers=0, sources=SOURCES) as ledger:
        assert ledger.finished() == (3, 3)
    both = []
    for folder in ("stopped", "whole"):
        with run_experiment(with_bound(), tmp_path / folder, workers=0, sources=SOURCES) as ledger:
            both.append([(each.packed_rows, each.metrics, each.facts) for each in ledger.rounds("Bound")])
    assert both[0] == both[1]
    assert len(both[0]) == 2
    assert both[0][0][2]["story"]["models_trained"] == len(CANDIDATE_STRATEGIES) + 12


def test_the_other_strategies_are_the_same_beside_it(tmp_path):
    with run_experiment(with_bound(), tmp_path / "with", workers=0, sources=SOURCES) as ledger:
        beside = [each.packed_rows for each in ledger.rounds("Margin")]
    alone = parse_experiment(TOML).model_copy(update={"rounds": 2, "trials": 1})
    with run_experiment(alone, tmp_path / "alone", workers=0, sources=SOURCES) as ledger:
        assert [each.packed_rows for each in ledger.rounds("Margin")] == beside


def test_it_is_of_the_lab_alone():
    assert "upper-bound" not in names()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("candidates = 12", "candidates = 0"), "candidates"),
        (("parts = 2", "pieces = 2"), "candidates, parts, validation_rows"),
        (('label = "Bound"', 'label = "Bound"\ntree = true'), "left out for upper-bound"),
        (("[[strategies]]", "warm_start = true\n\n[[strategies]]"), "trained from scratch"),
        ((ENTRY, ENTRY + "\n" + ENTRY.replace("Bound", "Again")), "once at most"),
    ],
)
def test_a_protocol_that_does_not_fit_is_refused(change, words):
    text = (TOML + "\n" + ENTRY).replace(*change, 1)
    with pytest.raises(ArgumentError, match=words):
        check_whole(parse_experiment(text).model_copy(update={"dataset": with_bound().dataset}))


def test_a_pool_too_small_for_its_judges_is_refused():
    with pytest.raises(ArgumentError, match="validation rows of Bound must be at most the pool's 60 rows"):
        with_bound(rounds=1).check_pool(60)
    with_bound(rounds=1).check_pool(63)


def test_parts_and_validation_rows():
    assert list(_part_sizes(10, 4)) == [3, 3, 2, 2]
    assert list(_part_sizes(2, 4)) == [1, 1]
    assert [UpperBoundOptions().held_out(rows) for rows in (3, 100, 20_000)] == [1, 20, 1_000]
    assert UpperBoundOptions(candidates=100, parts=3).in_part == 34
