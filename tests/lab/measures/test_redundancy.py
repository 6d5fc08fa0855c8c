"""Near-duplicates in a batch, by its inputs."""

import numpy as np
import pytest

from ladle.lab.measures import redundancy
from ladle.lab.measures.redundancy import ROUNDING, near_duplicates, near_limit
from tests.lab.toy import toy_dataset


@pytest.fixture(scope="module")
def dataset():
    return toy_dataset()


def test_counts_are_those_of_brute_force(dataset):
    flat = dataset.inputs.reshape(400, -1).astype(float)
    flat /= np.linalg.norm(flat, axis=1, keepdims=True)
    distances = 1 - flat @ flat.T
    np.fill_diagonal(distances, np.inf)
    # A "batch" of the whole pool leaves nothing to chance.
    found = near_limit(dataset.inputs, 400, seed=0, share=0.1).distance
    assert found == pytest.approx(np.quantile(distances.min(axis=1), 0.1), rel=1e-4)
    rows = np.arange(0, 400, 3)
    within = distances[np.ix_(rows, rows)].min(axis=1) <= found
    assert near_duplicates(dataset.inputs, rows, found) == within.sum()


def test_a_uniform_batch_has_about_its_share(dataset):
    limit = near_limit(dataset.inputs, 100, seed=0, share=0.2).distance
    draws = [np.random.default_rng(seed).choice(400, 100, replace=False) for seed in range(20)]
    assert np.mean([near_duplicates(dataset.inputs, rows, limit) for rows in draws]) == pytest.approx(20, abs=6)


def test_of_a_large_batch_some_are_asked_about_all(dataset, monkeypatch):
    """All of these have a twin in the batch, whoever is asked; of a sample of 40 hardly one would."""
    monkeypatch.setattr(redundancy, "COMPARED_WHOLE", 100)
    monkeypatch.setattr(redundancy, "COMPARED", 40)
    twins = np.concatenate([dataset.inputs, dataset.inputs])
    assert redundancy.compared_rows(800) == near_duplicates(twins, np.arange(800), 1e-5) == 40
    assert redundancy.compared_rows(100) == 100
    limit = near_limit(dataset.inputs, 300, seed=0, share=0.2).distance
    draws = [np.random.default_rng(seed).choice(400, 300, replace=False) for seed in range(20)]
    found = [near_duplicates(dataset.inputs, rows, limit, seed=seed) for seed, rows in enumerate(draws)]
    assert np.mean(found) == pytest.approx(8, abs=3)  # a fifth of those asked


def test_both_twins_count_and_a_blank_is_the_twin_of_blanks_alone():
    inputs = np.array([[1.0, 0], [2, 0.01], [0, 5], [0, 0], [0, 0]])
    assert near_duplicates(inputs, np.array([0, 1, 2]), 0.01) == 2
    assert near_duplicates(inputs, np.array([0, 2, 3]), 0.01) == 0
    assert near_duplicates(inputs, np.array([0, 2, 3, 4]), 0.01) == 2


RANDOM = np.random.default_rng(11)
COPIED = {  # rows of one kind each, every row of which is copied; cosines of these are off by rounding
    "pixels": RANDOM.integers(0, 256, (60, 12, 9, 3), np.uint8),
    "features": RANDOM.normal(size=(60, 700)).astype(np.float32),
    "doubles": RANDOM.normal(size=(60, 3)),
    "alike": 1_000 + RANDOM.normal(size=(60, 14)).astype(np.float32),
    "large": RANDOM.normal(size=(60, 5)) * 1e25,
    "small": RANDOM.normal(size=(60, 5)) * 1e-30,
    "blank": np.zeros((60, 4), np.float32),
    "texts": np.array([b"GET /page/%d 200" % row for row in range(60)]),
}


@pytest.mark.parametrize("kind", COPIED)
@pytest.mark.parametrize("limit", [-1e-7, 0.0, 1e-12])
def test_exact_copies_count_whatever_the_limit(kind, limit):
    inputs = COPIED[kind]
    twins = np.concatenate([inputs, inputs])
    assert near_duplicates(twins, np.arange(120), limit) == 120
    assert near_duplicates(np.repeat(inputs[:1], 300, axis=0), np.arange(300), limit) == 300
    if kind not in ("blank", "texts"):
        assert near_duplicates(inputs, np.arange(60), limit) == 0


def test_multiples_of_a_row_are_copies_of_its_direction():
    inputs = COPIED["features"]
    assert near_duplicates(np.concatenate([inputs, 3.7 * inputs]), np.arange(120), 0.0) == 120


@pytest.mark.parametrize("kind", COPIED)
def test_the_limit_of_a_pool_of_copies_is_the_rounding_error(kind):
    """In a pool of five copies of each row more than a twentieth of a uniform batch is copied, and that is measured."""
    copies = np.concatenate([COPIED[kind]] * 5)
    found = near_limit(copies, 100, seed=0)
    assert found.distance == ROUNDING
    counted = []
    for draw in range(40):
        rows = np.random.default_rng(draw).choice(300, 100, replace=False)
        named = rows % 60 if kind != "blank" else rows * 0
        counted.append(np.mean(np.bincount(named)[named] > 1))
    assert found.by_chance == pytest.approx(np.mean(counted), abs=0.06)
    assert found.by_chance > 0.5


def test_the_share_by_chance_is_a_twentieth_without_copies(dataset):
    assert near_limit(dataset.inputs, 100, seed=0).by_chance == pytest.approx(0.05, abs=0.011)
    assert near_limit(dataset.inputs, 100, seed=0, share=0.2).by_chance == pytest.approx(0.2, abs=0.011)


def test_a_batch_of_one_has_no_other():
    found = near_limit(COPIED["blank"], 1, seed=0)
    assert (found.distance, found.by_chance) == (ROUNDING, 0.0)
    assert near_duplicates(COPIED["blank"], np.array([3]), found.distance) == 0
