import numpy as np
import pytest

import ladle
from ladle.errors import ArgumentError, ShapeError
from ladle.lab import redundancy
from ladle.lab.datasets import Dataset
from ladle.lab.mlp import Mlp
from ladle.lab.oracle import Oracle
from ladle.lab.protocol import LabProtocol
from ladle.lab.redundancy import near_duplicates, near_limit
from ladle.lab.runner import run_study
from ladle.seeds import check_seed
from tests.lab.toy import toy_dataset

MAKERS = {
    "cluster-margin": lambda tree: ladle.ClusterMargin(tree, mean_size=5, candidate_ratio=2),
    "margin": lambda tree: ladle.Margin(),
    "uniform": lambda tree: ladle.Uniform(),
}
PROTOCOL = LabProtocol(seed_size=30, batch_size=20, rounds=2, trials=2, seed=4, mean_size=5)


@pytest.fixture(scope="module")
def dataset():
    return toy_dataset()


def studied(dataset, **options):
    return run_study(dataset, Mlp(hidden=8, epochs=6, minibatch=32), MAKERS, PROTOCOL, **options)


@pytest.fixture(scope="module")
def study(dataset):
    return studied(dataset)


def test_every_strategy_walks_every_trial(study):
    assert study.strategies == tuple(MAKERS)
    for name in MAKERS:
        assert [trial.trial for trial in study.of(name)] == [0, 1]
        for trial in study.of(name):
            assert [each.labels for each in trial.rounds] == list(PROTOCOL.labels)
            assert set(trial.rounds[1].seconds) == {"score", "select", "label", "train", "evaluate"}
        assert study.accuracy(name).shape == (2, 3)


def test_strategies_of_a_trial_share_their_start(study):
    for start in study.starts:
        for name in MAKERS:
            first = study.of(name)[start.trial].rounds[0]
            assert first.accuracy == start.accuracy
            assert first.batch is None
    assert not np.array_equal(study.starts[0].seed_rows, study.starts[1].seed_rows)


def test_no_row_is_labelled_twice(study):
    for trial in study.trials:
        batches = [each.batch.rows for each in trial.rounds[1:]]
        labelled = np.concatenate([study.starts[trial.trial].seed_rows, *batches])
        assert len(np.unique(labelled)) == PROTOCOL.labels[-1]


def test_batches_are_described_truly(study, dataset):
    batch = study.of("margin")[0].rounds[1].batch
    assert sum(batch.class_counts) == 20
    assert batch.class_counts == tuple(np.bincount(dataset.labels[batch.rows], minlength=3))
    assert batch.clusters_touched == len(set(study.starts[0].clusters[batch.rows].tolist()))
    assert (np.diff(batch.margins) >= 0).all()  # Margin takes the smallest first


def test_the_number_of_threads_changes_nothing(study, dataset, monkeypatch):
    monkeypatch.setenv("LADLE_THREADS", "1")
    alone = studied(dataset)
    assert alone.workers == 1
    for mine, theirs in zip(study.trials, alone.trials, strict=True):
        assert (mine.strategy, mine.trial) == (theirs.strategy, theirs.trial)
        for one, other in zip(mine.rounds[1:], theirs.rounds[1:], strict=True):
            np.testing.assert_array_equal(one.batch.rows, other.batch.rows)
            assert one.accuracy == other.accuracy


def test_embeddings_are_refreshed_when_asked(dataset):
    """Every second round the pool is embedded by the model at hand, and strategies get a tree of that."""
    seen = []

    class Watching(ladle.Uniform):
        def choose(self, asked):
            seen.append((self.tree, asked.embeddings()))
            return super().choose(asked)

    def make(tree):
        strategy = Watching()
        object.__setattr__(strategy, "tree", tree)
        return strategy

    protocol = LabProtocol(seed_size=30, batch_size=20, rounds=4, trials=1, seed=4, mean_size=5, refresh_rounds=2)
    learner = Mlp(hidden=32, epochs=6, minibatch=32)  # with 8, a row may excite none: no direction
    study = run_study(dataset, learner, {"watching": make}, protocol)
    trees, embeddings = zip(*seen[-4:], strict=True)  # the first query is that of the toy pool
    assert trees[0] is trees[1]
    assert trees[2] is trees[3]
    assert trees[1] is not trees[2]
    np.testing.assert_array_equal(embeddings[0], embeddings[1])
    assert not np.array_equal(embeddings[1], embeddings[2])
    rounds = study.of("watching")[0].rounds
    assert ["cluster" in each.seconds for each in rounds[1:]] == [False, False, True, False]
    again = ladle.cluster(embeddings[2], mean_size=5, seed=protocol.seed_of(0, "cluster"))
    np.testing.assert_array_equal(again.cut(), trees[2].cut())


@pytest.mark.parametrize("value", [0, -1, 1.5, True])
def test_refresh_rounds_out_of_range_are_refused(value):
    with pytest.raises(ArgumentError, match="refresh_rounds"):
        LabProtocol(seed_size=10, batch_size=10, rounds=1, trials=1, refresh_rounds=value)


def test_progress_is_told_in_full(dataset):
    class Counting:
        def __init__(self):
            self.totals, self.done = {}, {}

        def task(self, title, total=None):
            from contextlib import contextmanager

            @contextmanager
            def opened():
                self.totals[title] = total
                yield lambda units: self.done.__setitem__(title, self.done.get(title, 0) + units)

            return opened()

    progress = Counting()
    studied(dataset, progress=progress)
    rounds = next(title for title in progress.totals if title.startswith("Rounds"))
    assert progress.done[rounds] == progress.totals[rounds] == 2 * 3 * 2


def test_a_study_too_large_for_its_pool_is_refused(dataset):
    with pytest.raises(ArgumentError, match="400 rows"):
        run_study(dataset, Mlp(), MAKERS, LabProtocol(seed_size=300, batch_size=60, rounds=2, trials=1))
    with pytest.raises(ArgumentError, match="at least one"):
        run_study(dataset, Mlp(), {}, PROTOCOL)


@pytest.mark.parametrize("dial", ["seed_size", "batch_size", "rounds", "trials"])
@pytest.mark.parametrize("value", [0, -1, 1.5, True])
def test_dials_out_of_range_are_refused(dial, value):
    dials = {"seed_size": 10, "batch_size": 10, "rounds": 1, "trials": 1} | {dial: value}
    with pytest.raises(ArgumentError, match=dial):
        LabProtocol(**dials)


def test_every_seed_of_a_trial_is_a_seed():
    for trial in range(50):
        check_seed(PROTOCOL.seed_of(trial, "fit", 1))
    assert PROTOCOL.seed_of(0, "fit", 1) != PROTOCOL.seed_of(1, "fit", 1)


class TestOracle:
    def test_it_tells_and_counts(self):
        oracle = Oracle(np.array([5, 6, 7, 8]))
        assert oracle.annotate([2, 0]).tolist() == [7, 5]
        assert oracle.annotate([3]).tolist() == [8]
        assert oracle.asked == 3
        assert oracle.rows.tolist() == [2, 0, 3]
        assert oracle.labels.tolist() == [7, 5, 8]

    def test_it_is_not_asked_twice(self):
        oracle = Oracle(np.array([5, 6, 7]))
        assert oracle.rows.size == 0
        oracle.annotate([1])
        with pytest.raises(ArgumentError, match="nobody labelled"):
            oracle.annotate([0, 1])
        with pytest.raises(ArgumentError):
            oracle.annotate([0, 0])
        assert oracle.asked == 1


class TestRedundancy:
    def test_counts_are_those_of_brute_force(self, dataset):
        flat = dataset.inputs.reshape(400, -1).astype(float)
        flat /= np.linalg.norm(flat, axis=1, keepdims=True)
        distances = 1 - flat @ flat.T
        np.fill_diagonal(distances, np.inf)
        # A "batch" of the whole pool leaves nothing to chance.
        found = near_limit(dataset.inputs, 400, seed=0, share=0.1)
        assert found == pytest.approx(np.quantile(distances.min(axis=1), 0.1), rel=1e-4)
        rows = np.arange(0, 400, 3)
        within = distances[np.ix_(rows, rows)].min(axis=1) <= found
        assert near_duplicates(dataset.inputs, rows, found) == within.sum()

    def test_a_uniform_batch_has_about_its_share(self, dataset):
        limit = near_limit(dataset.inputs, 100, seed=0, share=0.2)
        draws = [np.random.default_rng(seed).choice(400, 100, replace=False) for seed in range(20)]
        assert np.mean([near_duplicates(dataset.inputs, rows, limit) for rows in draws]) == pytest.approx(20, abs=6)

    def test_of_a_large_batch_some_are_asked_about_all(self, dataset, monkeypatch):
        """All of these have a twin in the batch, whoever is asked; of a sample of 40 hardly one would."""
        monkeypatch.setattr(redundancy, "ASKED_WHOLE", 100)
        monkeypatch.setattr(redundancy, "ASKED", 40)
        twins = np.concatenate([dataset.inputs, dataset.inputs])
        assert redundancy.asked_rows(800) == near_duplicates(twins, np.arange(800), 1e-5) == 40
        assert redundancy.asked_rows(100) == 100
        limit = near_limit(dataset.inputs, 300, seed=0, share=0.2)
        draws = [np.random.default_rng(seed).choice(400, 300, replace=False) for seed in range(20)]
        found = [near_duplicates(dataset.inputs, rows, limit, seed=seed) for seed, rows in enumerate(draws)]
        assert np.mean(found) == pytest.approx(8, abs=3)  # a fifth of those asked

    def test_both_twins_count_and_a_blank_is_nobodys_twin(self):
        inputs = np.array([[1.0, 0], [2, 0.01], [0, 5], [0, 0], [0, 0]])
        assert near_duplicates(inputs, np.array([0, 1, 2]), 0.01) == 2
        assert near_duplicates(inputs, np.array([0, 2, 3, 4]), 0.01) == 0


class TestDataset:
    def test_parts_that_do_not_fit_are_refused(self, dataset):
        import dataclasses

        with pytest.raises(ShapeError):
            dataclasses.replace(dataset, labels=dataset.labels[:-1])
        with pytest.raises(ShapeError):
            dataclasses.replace(dataset, test_inputs=dataset.test_inputs[:, :5])
        with pytest.raises(ArgumentError, match="class name"):
            dataclasses.replace(dataset, class_names=("a", "b"))
        assert len(dataset) == 400
        assert isinstance(dataset, Dataset)
