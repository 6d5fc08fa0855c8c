"""Near-duplicates in a batch, by its inputs."""

import numpy as np
import pytest

from ladle.lab.measures import redundancy
from ladle.lab.measures.redundancy import near_duplicates, near_limit
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
    found = near_limit(dataset.inputs, 400, seed=0, share=0.1)
    assert found == pytest.approx(np.quantile(distances.min(axis=1), 0.1), rel=1e-4)
    rows = np.arange(0, 400, 3)
    within = distances[np.ix_(rows, rows)].min(axis=1) <= found
    assert near_duplicates(dataset.inputs, rows, found) == within.sum()


def test_a_uniform_batch_has_about_its_share(dataset):
    limit = near_limit(dataset.inputs, 100, seed=0, share=0.2)
    draws = [np.random.default_rng(seed).choice(400, 100, replace=False) for seed in range(20)]
    assert np.mean([near_duplicates(dataset.inputs, rows, limit) for rows in draws]) == pytest.approx(20, abs=6)


def test_of_a_large_batch_some_are_asked_about_all(dataset, monkeypatch):
    """All of these have a twin in the batch, whoever is asked; of a sample of 40 hardly one would."""
    monkeypatch.setattr(redundancy, "COMPARED_WHOLE", 100)
    monkeypatch.setattr(redundancy, "COMPARED", 40)
    twins = np.concatenate([dataset.inputs, dataset.inputs])
    assert redundancy.compared_rows(800) == near_duplicates(twins, np.arange(800), 1e-5) == 40
    assert redundancy.compared_rows(100) == 100
    limit = near_limit(dataset.inputs, 300, seed=0, share=0.2)
    draws = [np.random.default_rng(seed).choice(400, 300, replace=False) for seed in range(20)]
    found = [near_duplicates(dataset.inputs, rows, limit, seed=seed) for seed, rows in enumerate(draws)]
    assert np.mean(found) == pytest.approx(8, abs=3)  # a fifth of those asked


def test_both_twins_count_and_a_blank_is_nobodys_twin():
    inputs = np.array([[1.0, 0], [2, 0.01], [0, 5], [0, 0], [0, 0]])
    assert near_duplicates(inputs, np.array([0, 1, 2]), 0.01) == 2
    assert near_duplicates(inputs, np.array([0, 2, 3, 4]), 0.01) == 0
