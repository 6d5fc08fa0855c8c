"""The engine on approximate neighbours: close to exact, always a whole tree, and honest about it."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score, v_measure_score

import ladle
from ladle.hac.engine.merges import StopRule
from ladle.neighbours import Effort
from tests.hac.pools import blobs, cases


@pytest.fixture(autouse=True)
def _cells_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ladle.neighbours.effort.BRUTE_COST", 0)
    monkeypatch.setattr("ladle.neighbours.effort.HARD_COST", 0)
    monkeypatch.setattr("ladle.hac.clustering.DENSE_CLUSTERS", 50)


@pytest.mark.parametrize(("quality", "floor"), [("default", 0.97), ("high", 0.99)])
def test_close_to_exact_where_clusters_exist(quality: str, floor: float) -> None:
    embeddings = blobs(60, 12_000, 24)
    exact = ladle.cluster(embeddings, mean_size=10).cut(mean_size=10)
    tree = ladle.cluster(embeddings, mean_size=10, engine="cells", quality=quality)  # type: ignore[arg-type]
    found = tree.cut(mean_size=10)
    assert tree.certified < 1
    assert tree.recall is not None
    assert tree.recall >= (0.96 if quality == "default" else 0.995)
    assert ladle.cluster(embeddings[:300]).recall is None
    assert adjusted_rand_score(exact, found) >= floor
    assert v_measure_score(exact, found) >= floor


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_always_a_whole_tree(case: object) -> None:
    tree = ladle.cluster(case.embeddings, metric=case.metric, exact=False)  # type: ignore[attr-defined]
    assert tree.complete
    assert np.all(np.diff(tree.heights) >= 0)
    assert tree.cut(n_clusters=1).max() == 0


def test_it_tells_its_own_mistakes(monkeypatch: pytest.MonkeyPatch) -> None:
    embeddings = np.random.default_rng(63).normal(size=(4000, 32))  # no structure, so that much is overlooked
    exact = ladle.cluster(embeddings, exact=True).checks
    careful = ladle.cluster(embeddings, exact=False).checks
    monkeypatch.setattr("ladle.hac.clustering._effort", lambda quality: Effort(recall=0.3, cell_rows=40, probes=1))
    careless = ladle.cluster(embeddings, exact=False).checks
    assert exact is not None
    assert careful is not None
    assert careless is not None
    assert exact.inversions == 0
    assert exact.inversions <= careful.inversions < careless.inversions
    assert careful.pushes < careless.pushes


def test_reaches_its_level_whatever_it_overlooked(monkeypatch: pytest.MonkeyPatch) -> None:
    embeddings = np.random.default_rng(0).normal(size=(3000, 32))
    monkeypatch.setattr("ladle.hac.clustering._effort", lambda quality: Effort(recall=0.1, cell_rows=20, probes=1))
    for clusters in (300, 900, 1063, 1200, 1500):  # with 1063, merges raised past the level once left the tree short
        tree = ladle.cluster(embeddings, n_clusters=clusters, exact=False)
        assert tree.cut().max() + 1 == clusters


def test_a_merge_raised_past_the_level_does_not_count() -> None:
    pairs, linkages = np.array([[0, 1], [0, 2], [3, 4]], np.int32), np.array([5.0, 1.0, 2.0])
    assert not StopRule(clusters=3).reached(5, pairs, linkages, 3.0)  # only 3 and 4 are one below 3, for {0, 1} is not
    assert StopRule(clusters=4).reached(5, pairs, linkages, 3.0)
    assert StopRule(clusters=3).reached(5, pairs, linkages, 6.0)
    assert StopRule(clusters=1, linkage=2.5).reached(5, pairs, linkages, 3.0)
    assert not StopRule(clusters=1, linkage=3.0).reached(5, pairs, linkages, 3.0)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_tiny(n: int) -> None:
    assert ladle.cluster(np.eye(3)[:n], exact=False).complete


def test_repeats_with_its_seed() -> None:
    embeddings = blobs(61, 3000, 8)
    one, again = (ladle.cluster(embeddings, exact=False, seed=5) for _ in range(2))
    assert np.array_equal(one.merges, again.merges)


@pytest.mark.parametrize("exact", [True, False])
def test_fewer_distinct_rows_than_clusters_wanted(exact: bool) -> None:
    embeddings = np.repeat(blobs(62, 100, 8), 60, axis=0)
    clusters = ladle.cluster(embeddings, mean_size=10, exact=exact).cut(mean_size=10)
    assert clusters.max() + 1 == 600
    of_cluster = [np.unique(embeddings[clusters == cluster], axis=0) for cluster in range(600)]
    assert all(len(rows) == 1 for rows in of_cluster)
