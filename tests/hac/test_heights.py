"""Heights are float64 throughout, and a threshold merges up to and including them: SciPy's own heights too."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster

import ladle
from tests.hac.truth import same_clusters, scipy_linkage

POOLS = {
    "normal": lambda random: random.standard_normal((601, 6)),
    "float32": lambda random: random.standard_normal((601, 20)).astype(np.float32),
    "many dimensions": lambda random: random.standard_normal((400, 300)),
    "small": lambda random: random.standard_normal((500, 3)) * 1e-12,
    "far from zero": lambda random: random.standard_normal((500, 4)) + 1e4,
    "tenths, with ties and duplicates": lambda random: random.integers(0, 10, (400, 2)) * 0.1,
}


def same_at_scipys_heights(tree: ladle.Dendrogram, expected: np.ndarray, every: int = 1) -> None:
    for height in expected[::every, 2]:
        theirs = fcluster(expected, height, "distance")
        assert same_clusters(tree.cut(threshold=float(height)), theirs), height


def test_the_threshold_of_the_issue() -> None:
    assert ladle.cluster([[0.0], [0.3]], metric="sqeuclidean").cut(threshold=0.09).max() == 0


@pytest.mark.parametrize("name", POOLS)
def test_small_pools_have_scipys_heights_to_the_last_bit(name: str) -> None:
    embeddings = POOLS[name](np.random.default_rng(0))
    tree = ladle.cluster(embeddings, metric="sqeuclidean", prototypes=False)
    expected = scipy_linkage(embeddings, "sqeuclidean")
    assert tree.heights.dtype == np.float64
    # SciPy lets a merge stand an ulp below one it stands on; here it is raised.
    np.testing.assert_array_max_ulp(tree.heights, np.maximum.accumulate(expected[:, 2]), maxulp=0)
    same_at_scipys_heights(tree, expected)


@pytest.mark.parametrize("name", ["normal", "float32", "many dimensions"])
def test_cosine_cuts_at_scipys_heights(name: str) -> None:
    embeddings = POOLS[name](np.random.default_rng(1))
    same_at_scipys_heights(
        ladle.cluster(embeddings, metric="cosine", prototypes=False), scipy_linkage(embeddings, "cosine")
    )


@pytest.mark.parametrize("metric", ["sqeuclidean", "cosine"])
def test_the_list_engine_cuts_at_scipys_heights(metric: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ladle.hac.clustering.DENSE_ROWS", 0)
    monkeypatch.setattr("ladle.hac.clustering.DENSE_CLUSTERS", 10)
    embeddings = POOLS["normal"](np.random.default_rng(2))
    expected = scipy_linkage(embeddings, metric)
    tree = ladle.cluster(embeddings, metric=metric, prototypes=False)  # type: ignore[arg-type]
    same_at_scipys_heights(tree, expected)
    height = float(expected[300, 2])
    stopped = ladle.cluster(embeddings, metric=metric, threshold=height, prototypes=False)  # type: ignore[arg-type]
    assert np.array_equal(stopped.cut(), tree.cut(threshold=height))


@given(st.lists(st.floats(-1e3, 1e3, width=32), min_size=2, max_size=8))
@settings(max_examples=200, deadline=None)
def test_any_line_of_points_cuts_as_scipy(places: list[float]) -> None:
    embeddings = np.array(places)[:, None]
    expected = scipy_linkage(embeddings, "sqeuclidean")
    tree = ladle.cluster(embeddings, metric="sqeuclidean", prototypes=False)
    same_at_scipys_heights(tree, expected)


def test_heights_survive_their_file(tmp_path: Path) -> None:
    tree = ladle.cluster(POOLS["normal"](np.random.default_rng(0)), metric="sqeuclidean")
    tree.save(tmp_path / "tree.npz")
    again = ladle.Dendrogram.load(tmp_path / "tree.npz")
    assert again.heights.dtype == np.float64
    assert np.array_equal(again.heights, tree.heights)
    assert again.rounding == tree.rounding == 0.0
    with np.load(tmp_path / "tree.npz") as archive:
        assert archive["heights"].dtype == np.float64


def test_a_threshold_of_zero_joins_equal_rows_alone() -> None:
    near = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 2e-8]])
    assert ladle.cluster(near, metric="cosine").cut(threshold=0.0).tolist() == [0, 0, 1]
