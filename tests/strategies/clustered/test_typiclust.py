"""TypiClust against its definition, cluster by cluster."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import scipy.stats

import ladle
from ladle.errors import ArgumentError, MismatchError, ZeroVectorError
from ladle.strategies.clustered import kmeans, typiclust
from ladle.strategies.clustered.kmeans import k_means
from ladle.strategies.clustered.typiclust import TypiClust, visits


def pool(n: int, dim: int = 6, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    centres = 3 * random.normal(size=(max(1, n // 40), dim))
    return centres[random.integers(0, len(centres), n)] + random.normal(size=(n, dim))


def mean_distances(E: np.ndarray, metric: str) -> np.ndarray:
    """Of each row to its 20 nearest others, or to all there are."""
    E = E.astype(np.float64)
    if metric == "cosine":
        E = E / np.linalg.norm(E, axis=1, keepdims=True)
    apart = np.sort(np.linalg.norm(E[:, None] - E[None], axis=2), axis=1)[:, 1:21]
    return apart.mean(axis=1) if apart.shape[1] else np.full(len(E), np.inf)


def by_definition(E: np.ndarray, labels: np.ndarray, labelled: list[int], size: int, metric: str) -> list[int]:
    """No two clusters may tie in labelled rows and size."""
    ranked = {}
    for cluster in np.unique(labels):
        rows = np.flatnonzero(labels == cluster)
        means = mean_distances(E[rows], metric)
        known = np.isin(rows, labelled)
        small = len(rows) < (2 if len(labels) < 500 else 5)  # by the mean size: 18, or 110
        ranked[(small, known.sum(), -len(rows))] = rows[~known][np.argsort(means[~known])].tolist()
    batch = []
    for small in (False, True):
        turn = 0
        tier = [ranked[place] for place in sorted(ranked) if place[0] == small]
        while any(len(rows) > turn for rows in tier):
            batch += [rows[turn] for rows in tier if len(rows) > turn]
            turn += 1
    return batch[:size]


@pytest.mark.parametrize("metric", ["cosine", "sqeuclidean"])
@pytest.mark.parametrize("size", [1, 4, 9, 60, 150])
@pytest.mark.parametrize("largest", [66, 900])
def test_given_clusters_by_definition(metric: str, size: int, largest: int) -> None:
    sizes = [1, 3, 4, 5, 7, 15, 22, 40, largest]  # of two, both are as typical
    labels = np.random.default_rng(1).permutation(np.repeat([9, 4, 0, 70, 5, 8, 1, 2, 33], sizes))
    E = pool(len(labels))
    labelled = [*np.flatnonzero(labels == 33)[:5].tolist(), *np.flatnonzero(labels == 5)[:2].tolist()]
    chosen = TypiClust(labels, metric=metric).query(size, embeddings=E, labelled=labelled)
    assert chosen.rows.tolist() == by_definition(E, labels, labelled, size, metric)
    for row, score in zip(chosen.rows, chosen.scores, strict=True):
        rows = np.flatnonzero(labels == labels[row])
        mean = mean_distances(E[rows], metric)[rows == row][0]
        assert score == pytest.approx(1 / (mean + 1e-5), rel=1e-5)
    assert chosen.story.facts["clusters"] == 9


def test_a_tree_is_cut_at_labelled_and_size() -> None:
    E = pool(400)
    tree = ladle.cluster(E, n_clusters=1)
    labelled = [1, 50, 200]
    chosen = TypiClust(tree).query(20, embeddings=E, labelled=labelled, seed=3)
    flat = TypiClust(tree.cut(n_clusters=23)).query(20, embeddings=E, labelled=labelled, seed=3)
    np.testing.assert_array_equal(chosen.rows, flat.rows)


class Stopped:
    """A tree that stops at 100 clusters."""

    def cut(
        self, *, mean_size: float | None = None, threshold: float | None = None, n_clusters: int | None = None
    ) -> np.ndarray:
        if n_clusters is not None and n_clusters < 100:
            raise ArgumentError("the cut", wanted="leave at least 100 clusters", got=str(n_clusters))
        return np.arange(400, dtype=np.int32) % (n_clusters or 100)


def test_a_tree_that_stops_short_is_cut_at_its_level() -> None:
    for size, clusters in ((20, 100), (120, 120)):
        chosen = TypiClust(Stopped()).query(size, embeddings=pool(400))
        assert (chosen.story.facts["clusters"], chosen.story.facts["clusters_touched"]) == (clusters, size)


def test_restricted_to_some_rows() -> None:
    E = pool(400)
    tree = ladle.cluster(E, n_clusters=1)
    rows = np.random.default_rng(5).permutation(400)[:150]
    wanted = TypiClust(tree.cut(n_clusters=10)[rows]).query(10, embeddings=E[rows])
    for strategy in (TypiClust(tree), TypiClust(tree.cut(n_clusters=10))):
        chosen = strategy.restricted(rows).query(10, embeddings=E[rows])
        np.testing.assert_array_equal(chosen.rows, wanted.rows)
    twice = TypiClust(tree).restricted(rows).restricted(np.arange(50, 100)).query(5, embeddings=E[rows[50:100]])
    once = TypiClust(tree).restricted(rows[50:100]).query(5, embeddings=E[rows[50:100]])
    np.testing.assert_array_equal(twice.rows, once.rows)
    assert TypiClust().restricted(rows).tree is None


@pytest.mark.parametrize("at_once", [2_000, 10])
def test_k_means_finds_the_clusters_there_are(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kmeans, "AT_ONCE", at_once)
    E = pool(2000)
    chosen = TypiClust().query(40, embeddings=E, labelled=np.arange(10))
    assert chosen.story.facts["clustered_by"] == "k-means"
    assert 40 <= chosen.story.facts["clusters"] <= 60
    units = E / np.linalg.norm(E, axis=1, keepdims=True)
    labels = k_means(units / 2, 50, 0, ladle.progress.SILENT)
    means = np.array([units[labels == label].mean(axis=0) for label in np.unique(labels)])
    own = np.unique(labels, return_inverse=True)[1]
    assert np.square(units - means[own]).sum() < 0.5 * np.square(units - units.mean(axis=0)).sum()


def test_large_clusters_go_by_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    E = np.random.default_rng(2).normal(size=(1200, 4)) + 4
    labels = np.repeat([0, 1], [1150, 50])
    whole = TypiClust(labels).query(20, embeddings=E)
    monkeypatch.setattr(typiclust, "REFERENCE", 300)
    sampled = TypiClust(labels).query(20, embeddings=E)
    ranks = np.argsort(np.argsort(mean_distances(E[:1150], "cosine")))
    assert ranks[whole.rows[::2]].tolist() == list(range(10))
    assert np.median(ranks[sampled.rows[::2]]) < 60
    np.testing.assert_array_equal(sampled.rows[1::2], whole.rows[1::2])


@pytest.mark.parametrize(
    ("n", "dim", "labelled", "size"), [(1, 3, 0, 1), (2, 1, 1, 1), (3, 2, 0, 3), (300, 2, 40, 260)]
)
@pytest.mark.parametrize("clustered", [True, False])
def test_exact_size_without_repeats(n: int, dim: int, labelled: int, size: int, clustered: bool) -> None:
    left_out = np.random.default_rng(4).permutation(n)[:labelled]
    strategy = TypiClust(np.arange(n) // 7) if clustered else TypiClust()
    chosen = strategy.query(size, embeddings=pool(n, dim), labelled=left_out)
    assert chosen.rows.dtype == np.int64
    assert len(set(chosen.rows.tolist())) == size == len(chosen.scores)
    assert not set(chosen.rows.tolist()) & set(left_out.tolist())
    assert np.isfinite(chosen.scores).all()


def test_equal_rows_and_equal_clusters_are_told_apart_by_the_seed() -> None:
    anywhere = Counter()
    for seed in range(600):
        chosen = TypiClust(np.arange(12) // 4).query(1, embeddings=np.ones((12, 2)), labelled=[1], seed=seed)
        anywhere.update(chosen.rows.tolist())
        assert len(TypiClust().query(3, embeddings=np.ones((12, 2)), seed=seed)) == 3
    assert set(anywhere) == set(range(4, 12))
    assert scipy.stats.chisquare(list(anywhere.values())).pvalue > 0.01


@pytest.mark.parametrize("labels", [None, np.random.default_rng(8).integers(0, 30, 1500)])
def test_threads_and_dtype_change_nothing(labels: np.ndarray | None, monkeypatch: pytest.MonkeyPatch) -> None:
    E = pool(1500).astype(np.float16)
    answers = []
    for threads, dtype in (("1", np.float16), ("3", np.float64)):
        monkeypatch.setenv("LADLE_THREADS", threads)
        answers.append(TypiClust(labels).query(60, embeddings=E.astype(dtype), labelled=[1, 2]))
    np.testing.assert_array_equal(answers[0].rows, answers[1].rows)
    np.testing.assert_array_equal(answers[0].scores, answers[1].scores)


def test_visits_go_round() -> None:
    rank, turn = visits(np.array([1, 3, 2, 5]), 3, 9)
    assert rank.tolist() == [0, 1, 2, 1, 2, 1, 3, 3, 3]
    assert turn.tolist() == [0, 0, 0, 1, 1, 2, 0, 1, 2]
    assert visits(np.array([4]), 0, 2)[0].tolist() == [0, 0]


def test_what_does_not_fit() -> None:
    E = pool(30)
    with pytest.raises(MismatchError, match="30 rows that were clustered"):
        TypiClust(np.zeros(30, int)).query(1, embeddings=E[:20])
    with pytest.raises(MismatchError, match="30 rows that were clustered"):
        TypiClust(ladle.cluster(E, n_clusters=1)).query(1, embeddings=E[:20])
    with pytest.raises(ArgumentError, match="give `embeddings`"):
        TypiClust().query(1, margins=np.zeros(30))
    with pytest.raises(ArgumentError, match="`metric`"):
        TypiClust(metric="manhattan")
    E[4] = 0
    with pytest.raises(ZeroVectorError, match="row 4"):
        TypiClust().query(1, embeddings=E)
