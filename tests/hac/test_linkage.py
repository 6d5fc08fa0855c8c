"""`ladle.linkage` is SciPy's `linkage` for average linkage of the two metrics."""

from __future__ import annotations

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster import hierarchy
from scipy.spatial.distance import pdist

import ladle
from ladle.errors import ArgumentError, MemoryPlanError, ShapeError, ZeroVectorError

ROWS = np.random.default_rng(0).normal(size=(400, 6))


@pytest.mark.parametrize("metric", ["cosine", "sqeuclidean"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64])
def test_equals_scipy(metric, dtype):
    rows = (ROWS * 50).astype(dtype)
    ours, theirs = ladle.linkage(rows, "average", metric), hierarchy.linkage(rows, "average", metric)
    assert np.array_equal(ours[:, [0, 1, 3]], theirs[:, [0, 1, 3]])
    np.testing.assert_allclose(ours[:, 2], theirs[:, 2], rtol=1e-9, atol=1e-15)
    assert hierarchy.is_valid_linkage(ours)


@given(
    hnp.arrays(
        np.float64,
        st.tuples(st.integers(2, 25), st.integers(1, 4)),
        elements=st.integers(-4, 4).map(float),
    )
)
@settings(max_examples=60, deadline=None)
def test_ties_and_equal_rows_give_scipys_heights(rows):
    ours, theirs = ladle.linkage(rows, "average", "sqeuclidean"), hierarchy.linkage(rows, "average", "sqeuclidean")
    np.testing.assert_allclose(ours[:, 2], theirs[:, 2], rtol=1e-9, atol=1e-12)
    assert hierarchy.is_valid_linkage(ours)


def test_scipys_functions_take_it():
    matrix = ladle.linkage(ROWS, "average", "cosine")
    flat = hierarchy.fcluster(matrix, 7, "maxclust")
    expected = hierarchy.fcluster(hierarchy.linkage(ROWS, "average", "cosine"), 7, "maxclust")
    assert np.array_equal(flat, expected)
    correlation, _ = hierarchy.cophenet(matrix, pdist(ROWS, "cosine"))
    assert 0 < correlation <= 1


def test_beyond_the_dense_chain_the_clusters_are_scipys():
    rows = np.random.default_rng(1).normal(size=(6_000, 3))
    ours, theirs = ladle.linkage(rows, "average", "cosine"), hierarchy.linkage(rows, "average", "cosine")
    np.testing.assert_allclose(ours[:, 2], theirs[:, 2], rtol=1e-9, atol=1e-15)
    for clusters in (2, 50, 3_000):
        pair = [hierarchy.fcluster(each, clusters, "maxclust") for each in (ours, theirs)]
        assert len(np.unique(np.stack(pair), axis=1).T) == clusters


@pytest.mark.parametrize(
    ("call", "kind", "says"),
    [
        (lambda: ladle.linkage(ROWS, "single"), ArgumentError, "average"),
        (lambda: ladle.linkage(ROWS, "average", "euclidean"), ArgumentError, "sqeuclidean"),
        (lambda: ladle.linkage(ROWS, "average", "cityblock"), ArgumentError, "sqeuclidean"),
        (lambda: ladle.linkage(pdist(ROWS), "average", "cosine"), ShapeError, "pairwise"),
        (lambda: ladle.linkage(ROWS[:1], "average", "cosine"), ShapeError, "2 rows"),
        (lambda: ladle.linkage(ROWS[:0], "average", "cosine"), ShapeError, "row"),
        (lambda: ladle.linkage(ROWS * 0, "average", "cosine"), ZeroVectorError, "zero"),
    ],
)
def test_what_it_refuses(call, kind, says):
    with pytest.raises(kind, match=says):
        call()


def test_a_plan_that_does_not_fit_is_refused_before_any_work(monkeypatch):
    monkeypatch.setenv("LADLE_MEMORY", "1 MB")
    with pytest.raises(MemoryPlanError):
        ladle.linkage(np.zeros((200_000, 64), np.float32) + 1, "average", "sqeuclidean")
