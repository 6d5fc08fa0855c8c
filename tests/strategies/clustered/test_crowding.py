"""How many candidates `candidate_ratio="auto"` takes: by hand counts, by exact chances, and where it should be what."""

from __future__ import annotations

import sys
from collections import Counter
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ladle
from ladle.clusters import as_clusters
from ladle.errors import ArgumentError
from ladle.strategies.clustered.crowding import CROWDED, LEAST, MOST, Crowding, crowding
from ladle.strategies.query.request import check_request
from ladle.strategies.scored.candidates import smallest


def found(margins, clusters, size: int, labelled=(), seed: int = 0) -> Crowding:
    request = check_request(size, pool_rows=len(margins), labelled=np.array(labelled, int), seed=seed)
    batch = smallest(np.asarray(margins, np.float32), request, size)
    return crowding(batch, as_clusters(clusters), request)


@given(st.data())
def test_the_shares_are_those_counted_and_drawn_by_hand(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 40))
    clusters = data.draw(st.lists(st.integers(0, 8), min_size=n, max_size=n))
    margins = data.draw(st.permutations(range(n)))  # no ties: Margin's batch is certain
    labelled = data.draw(st.lists(st.integers(0, n - 1), unique=True, max_size=n - 1))
    free = [row for row in range(n) if row not in labelled]
    size = data.draw(st.integers(1, len(free)))
    told = found(margins, clusters, size, labelled)

    batch = sorted(free, key=lambda row: margins[row])[:size]
    in_batch = Counter(clusters[row] for row in batch)
    assert told.shared == pytest.approx(sum(in_batch[clusters[row]] > 1 for row in batch) / size)
    in_pool = Counter(clusters[row] for row in free)
    # Of all batches that hold a row, the share in which none of its cluster's others is drawn.
    alone = [comb(len(free) - in_pool[clusters[row]], size - 1) / comb(len(free) - 1, size - 1) for row in free]
    assert told.by_chance == pytest.approx(1 - sum(alone) / len(free), abs=1e-9)
    assert told.ratio == 1 or LEAST * CROWDED <= told.ratio <= MOST


def test_a_large_pool_keeps_its_digits() -> None:
    rng = np.random.default_rng(0)
    clusters = rng.integers(0, 100_000, 1_000_000)
    told = found(rng.random(1_000_000), clusters, 10_000)
    sizes = np.bincount(clusters).astype(float)
    nearly = (sizes / 1e6 * (1 - (1 - 9_999 / 999_999) ** (sizes - 1))).sum()  # draws put back: no different here
    assert told.by_chance == pytest.approx(nearly, rel=1e-3)
    assert told.shared == pytest.approx(told.by_chance, abs=0.01)


def test_margins_that_know_nothing_of_clusters_are_not_crowded() -> None:
    rng = np.random.default_rng(0)
    told = found(rng.random(20_000), rng.integers(0, 2_000, 20_000), 1_000)
    assert told.times_chance == pytest.approx(1, abs=0.1)
    assert not told.is_crowded


def test_copies_with_equal_margins_are_crowded() -> None:
    rng = np.random.default_rng(0)
    originals = np.repeat(np.arange(2_000), 10)
    told = found(rng.random(2_000)[originals], originals, 500)
    assert told.shared > 0.95
    assert told.by_chance == pytest.approx(1 - 0.975**9, abs=0.01)  # a fortieth of the pool was chosen
    assert told.ratio == pytest.approx(LEAST * told.times_chance)


def test_a_batch_that_avoids_company_is_not_crowded() -> None:
    clusters = np.repeat(np.arange(100), 10)
    margins = np.where(np.arange(1_000) % 10 == 0, 0.0, 1.0)  # one unsure row a cluster
    assert found(margins, clusters, 100) == Crowding(0.0, pytest.approx(0.61, abs=0.01))
    assert found(margins, clusters, 100).ratio == 1


def test_one_row_is_never_crowded() -> None:
    assert found([0.5], [3], 1) == Crowding(0.0, 0.0)


@pytest.mark.parametrize(
    ("shared", "by_chance", "ratio"), [(0.0, 0.0, 1), (0.5, 0.0, 10), (0.25, 0.15, 1.875), (0.17, 0.15, 1)]
)
def test_the_ratio_grows_with_the_crowding(shared: float, by_chance: float, ratio: float) -> None:
    assert Crowding(shared, by_chance).ratio == pytest.approx(ratio)


def test_a_crowding_at_the_boundary_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    at_boundary = Crowding(0.18, 0.15)
    monkeypatch.setattr(sys.modules[Crowding.__module__], "CROWDED", at_boundary.times_chance)
    assert at_boundary.is_crowded
    assert not Crowding(0.179, 0.15).is_crowded


def test_auto_chooses_what_its_ratio_chooses_and_tells_it() -> None:
    rng = np.random.default_rng(0)
    clusters = np.repeat(np.arange(300), 10)
    margins = (rng.random(300)[clusters] + 8 * rng.random(3_000)).astype(np.float32)
    labelled = np.arange(0, 3_000, 7)
    strategy = ladle.ClusterMargin(clusters, candidate_ratio="auto")
    selection = strategy.query(100, margins=margins, labelled=labelled, seed=3)
    facts = selection.story.facts
    assert LEAST < facts["candidate_ratio"] < MOST
    assert facts["shared"] > facts["shared_by_chance"] > 0
    rest = {"labelled": labelled, "seed": 3}
    for ratio in ("auto", facts["candidate_ratio"]):
        batch = ladle.cluster_margin(margins, clusters, 100, candidate_ratio=ratio, **rest)
        np.testing.assert_array_equal(selection.rows, batch)
    assert "shared" not in ladle.ClusterMargin(clusters).query(100, margins=margins).story.facts


@pytest.mark.parametrize(("clusters", "searches"), [(np.arange(2_000), 1), (np.arange(2_000) // 10, 2)])
def test_candidates_are_searched_no_more_often_than_needed(
    clusters: np.ndarray, searches: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts: list[int] = []

    def counting(margins, request, count):
        counts.append(count)
        return smallest(margins, request, count)

    module = sys.modules["ladle.strategies.clustered.cluster_margin"]
    monkeypatch.setattr(module, "smallest", counting)
    margins = np.arange(2_000) / 2_000
    ladle.ClusterMargin(clusters, candidate_ratio="auto").query(100, margins=margins)
    ladle.cluster_margin(margins, clusters, 100, candidate_ratio="auto")
    assert counts[: len(counts) // 2] == counts[len(counts) // 2 :]
    assert len(counts) == 2 * searches


def test_where_nothing_is_crowded_auto_is_margin() -> None:
    rng = np.random.default_rng(0)
    margins, clusters = rng.integers(0, 900, 3_000).astype(np.float32), rng.integers(0, 300, 3_000)  # with ties
    rest = {"labelled": np.arange(0, 3_000, 7), "seed": 3}
    selection = ladle.ClusterMargin(clusters, candidate_ratio="auto").query(100, margins=margins, **rest)
    wanted = ladle.Margin().query(100, margins=margins, **rest)
    np.testing.assert_array_equal(selection.rows, wanted.rows)
    np.testing.assert_array_equal(selection.scores, wanted.scores)
    assert selection.story.facts["candidate_ratio"] == 1
    assert selection.story.candidate_rows == 100
    batch = ladle.cluster_margin(margins, clusters, 100, candidate_ratio="auto", **rest)
    np.testing.assert_array_equal(batch, wanted.rows)


def test_partitions_each_find_their_own() -> None:
    clusters = np.repeat(np.arange(200), 10)
    margins = np.random.default_rng(0).random(200)[clusters]
    made = ladle.strategies.create("cluster-margin", clusters, candidate_ratio="auto", partitions=4)
    selection = made.query(100, margins=margins)
    assert len(set(selection.rows.tolist())) == 100


@pytest.mark.parametrize("ratio", ["Auto", "10", "", None, True, 0.5, float("nan"), float("inf")])
def test_other_ratios_are_refused(ratio: object) -> None:
    with pytest.raises(ArgumentError, match='be a number, 1 or larger, or "auto"'):
        ladle.ClusterMargin([0, 1], candidate_ratio=ratio)
