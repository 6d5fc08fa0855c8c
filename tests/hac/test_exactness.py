"""The engine against SciPy and against a plain replay, on twenty pools; once as users get it, once with the certified
rounds alone (small pools would otherwise all go through the dense chain)."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import scipy.cluster.hierarchy

import ladle
from tests.hac.pools import Case, blobs, cases
from tests.hac.truth import assert_average_linkage, same_clusters, scipy_linkage

CASES = cases()


@functools.cache
def expected_linkage(name: str) -> np.ndarray:
    case = next(case for case in CASES if case.name == name)
    return scipy_linkage(case.embeddings, case.metric)


@pytest.fixture(params=["as shipped", "rounds only"])
def _path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "rounds only":
        monkeypatch.setattr("ladle.hac.clustering.DENSE_ROWS", 0)
        monkeypatch.setattr("ladle.hac.clustering.DENSE_CLUSTERS", 0)


@pytest.mark.usefixtures("_path")
@pytest.mark.parametrize("case", [case for case in CASES if not case.ties], ids=lambda case: case.name)
def test_equals_scipy(case: Case) -> None:
    tree = ladle.cluster(case.embeddings, metric=case.metric)
    expected = expected_linkage(case.name)
    n = len(case.embeddings)
    assert tree.complete
    assert tree.certified > 0.99
    # SciPy's own rounding leaves about 1e-16 where copies are at distance 0
    np.testing.assert_allclose(tree.heights, expected[:, 2], rtol=1e-4, atol=1e-14 * max(1, expected[-1, 2]))
    distinct = len(np.unique(case.embeddings, axis=0))
    for wanted in (2, 17, n // 50, n // 10, n // 3):
        if wanted < distinct:
            theirs = scipy.cluster.hierarchy.cut_tree(expected, n_clusters=wanted)[:, 0]
            assert same_clusters(tree.cut(n_clusters=wanted), theirs), wanted
    height = max(1e-9, float(tree.heights[int(0.9 * n)]) * (1 + 1e-6))
    assert same_clusters(
        tree.cut(threshold=height), scipy.cluster.hierarchy.fcluster(expected, height, criterion="distance")
    )


@pytest.mark.usefixtures("_path")
@pytest.mark.parametrize("case", [case for case in CASES if len(case.embeddings) <= 1300], ids=lambda case: case.name)
def test_every_merge_joins_the_closest(case: Case) -> None:
    assert_average_linkage(ladle.cluster(case.embeddings, metric=case.metric), case.embeddings)


@pytest.mark.usefixtures("_path")
@pytest.mark.parametrize("n", [1, 2, 3, 13, 14])
@pytest.mark.parametrize("metric", ["cosine", "sqeuclidean"])
def test_tiny_pools(n: int, metric: str) -> None:
    embeddings = blobs(n, n, 5)
    tree = ladle.cluster(embeddings, metric=metric)
    assert tree.complete
    assert len(tree.merges) == n - 1
    assert_average_linkage(tree, embeddings) if n > 1 else None
    assert tree.cut(n_clusters=1).tolist() == [0] * n


@pytest.mark.usefixtures("_path")
def test_all_rows_equal() -> None:
    tree = ladle.cluster(np.ones((700, 4), np.float32))
    assert tree.complete
    assert tree.heights.max() < 1e-12
    assert tree.cut(threshold=1e-9).max() == 0


@pytest.mark.parametrize("level", [{"mean_size": 10}, {"mean_size": 3.5}, {"n_clusters": 40}, {"threshold": 0.4}])
def test_stopped_tree_is_the_start_of_the_full_one(level: dict[str, float], monkeypatch: pytest.MonkeyPatch) -> None:
    embeddings = blobs(11, 3000, 24)
    full = ladle.cluster(embeddings)
    monkeypatch.setattr("ladle.hac.clustering.DENSE_ROWS", 0)
    monkeypatch.setattr("ladle.hac.clustering.DENSE_CLUSTERS", 0)
    stopped = ladle.cluster(embeddings, **level)
    assert stopped.known_below == np.inf or not stopped.complete
    assert np.array_equal(stopped.merges, full.merges[: len(stopped.merges)])
    assert same_clusters(stopped.cut(), full.cut(**level))


@pytest.mark.parametrize("threads", ["1", "2", "5"])
def test_same_tree_for_any_number_of_threads(threads: str, monkeypatch: pytest.MonkeyPatch) -> None:
    embeddings = blobs(12, 6000, 16)
    expected = ladle.cluster(embeddings)
    monkeypatch.setenv("LADLE_THREADS", threads)
    tree = ladle.cluster(embeddings)
    assert np.array_equal(tree.merges, expected.merges)
    assert np.array_equal(tree.heights, expected.heights)


def test_same_tree_for_any_block_size(monkeypatch: pytest.MonkeyPatch) -> None:
    embeddings = blobs(13, 6000, 16)
    expected = ladle.cluster(embeddings)
    monkeypatch.setattr("ladle.neighbours.brute.QUERY_BLOCK", 37)
    monkeypatch.setattr("ladle.neighbours.products.MEMBER_BLOCK", 801)
    monkeypatch.setattr("ladle.threads.BLOCK", 11)
    assert np.array_equal(ladle.cluster(embeddings).merges, expected.merges)


def test_row_order_does_not_change_the_clusters() -> None:
    embeddings = blobs(14, 6000, 24)
    order = np.random.default_rng(0).permutation(len(embeddings))
    one = ladle.cluster(embeddings).cut(mean_size=10)
    other = ladle.cluster(embeddings[order]).cut(mean_size=10)
    assert same_clusters(one[order], other)


def test_single_precision_means_for_large_pools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ladle.hac.clustering.WIDE_MEANS_BYTES", 0)
    monkeypatch.setattr("ladle.hac.clustering.DENSE_ROWS", 0)
    embeddings = blobs(15, 5000, 24)
    tree = ladle.cluster(embeddings, metric="sqeuclidean")
    expected = scipy_linkage(embeddings, "sqeuclidean")
    np.testing.assert_allclose(tree.heights, expected[:, 2], rtol=1e-4)
    theirs = scipy.cluster.hierarchy.cut_tree(expected, n_clusters=500)[:, 0]
    assert same_clusters(tree.cut(n_clusters=500), theirs)


@pytest.mark.parametrize("case", [case for case in CASES if case.ties], ids=lambda case: case.name)
def test_among_ties_small_pools_choose_as_scipy_does(case: Case) -> None:
    tree = ladle.cluster(case.embeddings, metric=case.metric)
    assert np.array_equal(tree.merges, np.sort(scipy_linkage(case.embeddings, case.metric)[:, :2], axis=1))
