from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ladle
from ladle.errors import ArgumentError
from ladle.hac import Level
from tests.hac.pools import blobs


@pytest.fixture(scope="module")
def tree() -> ladle.Dendrogram:
    return ladle.cluster(blobs(20, 900, 8))


def test_labels_are_dense_and_in_order_of_first_row(tree: ladle.Dendrogram) -> None:
    labels = tree.cut(mean_size=10)
    assert labels.dtype == np.int32
    assert labels.shape == (900,)
    _, first = np.unique(labels, return_index=True)
    assert len(first) == 90
    assert np.all(np.diff(first) > 0)
    assert labels[0] == 0


@given(sizes=st.lists(st.integers(1, 900), min_size=2, max_size=5))
@settings(max_examples=30)
def test_coarser_cuts_contain_finer_ones(tree: ladle.Dendrogram, sizes: list[int]) -> None:
    cuts = [tree.cut(n_clusters=size) for size in sorted(sizes, reverse=True)]
    for (finer, coarser), size in zip(itertools.pairwise(cuts), sorted(sizes, reverse=True), strict=False):
        assert finer.max() + 1 == size
        assert len(np.unique(np.column_stack([finer, coarser]), axis=0)) == size


def test_without_a_level_a_full_tree_is_cut_at_mean_size_10(tree: ladle.Dendrogram) -> None:
    assert np.array_equal(tree.cut(), tree.cut(mean_size=10))


def test_a_threshold_merges_up_to_and_including_it(tree: ladle.Dendrogram) -> None:
    height = tree.heights[500]
    assert tree.cut(threshold=float(height)).max() + 1 == 900 - np.searchsorted(tree.heights, height, "right")
    exact = ladle.cluster(blobs(20, 90, 8), metric="sqeuclidean")
    assert exact.rounding == 0.0  # so that a height counts as equal to a threshold only where it is
    assert exact.cut(threshold=float(exact.heights[50])).max() + 1 == 90 - 51
    assert exact.cut(threshold=float(np.nextafter(exact.heights[50], 0))).max() + 1 == 90 - 50


def test_mean_size_rounds_down_the_number_of_clusters() -> None:
    assert Level(mean_size=10).clusters_of(99) == 9
    assert Level(mean_size=10).clusters_of(5) == 1
    assert Level(mean_size=1).clusters_of(5) == 5


@pytest.mark.parametrize(
    "level",
    [
        {"mean_size": 0.5},
        {"mean_size": float("nan")},
        {"threshold": -1.0},
        {"n_clusters": 0},
        {"n_clusters": 1.5},
        {"n_clusters": 901},
        {"mean_size": 10, "n_clusters": 3},
        {"n_clusters": "a"},
        {"mean_size": "a"},
        {"threshold": [1, 2]},
        {"threshold": True},
    ],
)
def test_impossible_levels(tree: ladle.Dendrogram, level: dict[str, float]) -> None:
    with pytest.raises(ArgumentError):
        tree.cut(**level)
    with pytest.raises(ArgumentError):
        ladle.cluster(blobs(20, 900, 8), **level)


def test_a_stopped_tree_says_where_it_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ladle.hac.clustering.DENSE_ROWS", 0)
    monkeypatch.setattr("ladle.hac.clustering.DENSE_CLUSTERS", 0)
    stopped = ladle.cluster(blobs(21, 2000, 8), mean_size=2)
    assert not stopped.complete
    fewest = 2000 - len(stopped.merges)
    assert stopped.cut(n_clusters=fewest).max() + 1 == fewest
    for clusters in (fewest - 1, 1):
        with pytest.raises(ArgumentError, match="this tree stops"):
            stopped.cut(n_clusters=clusters)
    with pytest.raises(ArgumentError, match="this tree stops"):
        stopped.cut(threshold=stopped.known_below)
    with pytest.raises(ArgumentError, match="full tree"):
        stopped.to_scipy()
    assert stopped.cut(threshold=np.nextafter(stopped.known_below, 0)).max() + 1 == 2000 - len(stopped.merges)


def test_a_tree_is_shown_in_a_line(tree: ladle.Dendrogram) -> None:
    assert repr(tree) == "<Dendrogram of 900 rows of dim 8, cosine: 899 merges, complete; 100.0% certified>"
    stopped = replace(tree, merges=tree.merges[:9], heights=tree.heights[:9], known_below=0.25, recall=0.973, dim=0)
    assert "of 900 rows, cosine: 9 merges, known below height 0.25; 100.0% certified, recall 97.3%" in repr(stopped)
    newcomers = tree.assign(blobs(20, 30, 8), pool=blobs(20, 900, 8), new="mark")
    assert repr(newcomers).startswith("<Assignment of 30 rows to 90 clusters: 0 new clusters, ")


def test_scipy_accepts_the_linkage_matrix(tree: ladle.Dendrogram) -> None:
    import scipy.cluster.hierarchy as hierarchy

    matrix = tree.to_scipy()
    assert matrix.shape == (899, 4)
    assert hierarchy.is_valid_linkage(matrix)
    assert hierarchy.is_monotonic(matrix)
    assert matrix[-1, 3] == 900
    theirs = hierarchy.cut_tree(matrix, n_clusters=33)[:, 0]
    assert len(np.unique(np.column_stack([theirs, tree.cut(n_clusters=33)]), axis=0)) == 33
