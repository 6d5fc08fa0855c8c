from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ladle.neighbours import BruteSearch, Candidates, CellSearch, Effort
from ladle.neighbours.effort import PICKING_DIMS
from ladle.progress import SILENT
from tests.hac.pools import blobs


@pytest.fixture(autouse=True)
def _cells_for_small_pools_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ladle.neighbours.effort.BRUTE_COST", 0)
    monkeypatch.setattr("ladle.neighbours.effort.HARD_COST", 0)


def ask(
    search: BruteSearch | CellSearch, means: np.ndarray, members: np.ndarray, queries: np.ndarray, k: int
) -> Candidates:
    return search.nearest(
        means, np.zeros(len(means)), members=members, queries=queries, k=k, precise=False, progress=SILENT
    )


def recall(found: Candidates, exact: Candidates) -> float:
    return float(np.mean([np.isin(a, b).mean() for a, b in zip(exact.ids, found.ids, strict=True)]))


@given(
    seed=st.integers(0, 1000),
    n=st.integers(2, 120),
    dim=st.integers(1, 12),
    k=st.integers(1, 12),
    cell_rows=st.sampled_from([5, 20, 500]),
)
@settings(max_examples=60)
def test_lists_hold_distinct_others(seed: int, n: int, dim: int, k: int, cell_rows: int) -> None:
    random = np.random.default_rng(seed)
    means = random.normal(size=(n, dim)).round(1)
    members = np.sort(random.choice(n, random.integers(2, n + 1), replace=False)).astype(np.int32)
    search = CellSearch(seed, Effort(cell_rows=cell_rows))
    for queries in (members, members[::3]):
        found = ask(search, means, members, queries, k)
        for query, ids in zip(queries, found.ids, strict=True):
            listed = ids[ids >= 0]
            assert query not in listed
            assert len(set(listed.tolist())) == len(listed)
            assert np.isin(listed, members).all()
        assert not found.proven.any()


@pytest.mark.parametrize("wanted", [0.9, 0.99])
def test_the_effort_rises_until_the_recall_is_good(wanted: float) -> None:
    means = np.random.default_rng(3).normal(size=(6000, 12))
    members = np.arange(6000, dtype=np.int32)
    search = CellSearch(0, Effort(recall=wanted, cell_rows=60, probes=2))
    found = ask(search, means, members, members, 10)
    exact = ask(BruteSearch(), means, members, members, 10)
    assert len(search.recalls) > 1
    assert search.recalls == sorted(search.recalls)
    assert search.recalls[-1] >= wanted
    assert recall(found, exact) >= wanted - 0.02


@pytest.mark.parametrize("hard", [True, False])
def test_more_recall_is_wanted_where_neighbours_are_hard_to_find(hard: bool) -> None:
    means = np.random.default_rng(3).normal(size=(6000, 24 if hard else 2))
    members = np.arange(6000, dtype=np.int32)
    search, wanting_more = (
        CellSearch(0, Effort(recall=0.85, hard_recall=more, cell_rows=60, probes=2)) for more in (0.0, 0.995)
    )
    for each in (search, wanting_more):
        ask(each, means, members, members, 10)
    if hard:
        assert search.recalls[-1] < 0.995 <= wanting_more.recalls[-1]
    else:
        assert search.recalls == wanting_more.recalls


def test_neighbours_a_little_harder_to_find_are_looked_for_in_more_of_the_first_cells() -> None:
    means = blobs(6, 6000, 6).astype(np.float64)
    members = np.arange(6000, dtype=np.int32)

    def searched(**thresholds: float) -> tuple[float, bool]:
        search = CellSearch(0, Effort(recall=0.0, cell_rows=60, probes=4, **thresholds))
        ask(search, means, members, members, 10)
        return search.recalls[0], search._hard

    plain, plain_hard = searched(easy=0.0, hard=0.0)
    more, more_hard = searched(easy=1.0, hard=0.0)  # six cells where the plain search asks four
    hard, hard_is = searched(easy=1.0, hard=1.0)  # nor do six suffice
    assert hard == more > plain
    assert (plain_hard, more_hard, hard_is) == (False, False, True)


def test_late_nearly_all_turn_to_further_partitions_for_anybody_may_miss_some() -> None:
    means = np.random.default_rng(3).normal(size=(6000, 16))
    members = np.arange(6000, dtype=np.int32)
    demanding = Effort(recall=0.999, cell_rows=60, probes=2, brute_cost=0.0, hard_cost=0.0)
    search, of_the_far = CellSearch(0, demanding), CellSearch(0, replace(demanding, late=1.0))
    for each in (search, of_the_far):
        ask(each, means, members, members, 10)
    assert search.recalls[-1] >= 0.999 > of_the_far.recalls[-1]


def test_where_a_partition_costs_little_another_comes_before_neighbours_of_neighbours() -> None:
    effort = Effort(probes=4, ready=0.7, ready_if_cheap=0.9, cheap=2000)
    assert effort.ready_recall(members=250_000, cells=1000) == 0.9
    assert effort.ready_recall(members=1_000_000, cells=2000) == 0.7
    assert effort.rungs(members=250_000, cells=1000) == effort.later
    assert effort.rungs(members=1_000_000, cells=2000) == effort.later_if_dear
    assert effort.further(0.89, members=250_000, cells=1000) == (1.0, 4)
    assert effort.further(0.9, members=250_000, cells=1000) == effort.far
    assert effort.further(0.69, members=1_000_000, cells=2000) == (1.0, 4)
    assert effort.further(0.7, members=1_000_000, cells=2000) == effort.far_if_dear
    assert effort.further(0.99, members=1_000_000, cells=2000) == effort.far_late


def test_some_queries_among_later_clusters() -> None:
    means = blobs(4, 5000, 16).astype(np.float64)
    search = CellSearch(0, Effort(cell_rows=100))
    everybody = np.arange(5000, dtype=np.int32)
    ask(search, means, everybody, everybody, 10)
    means += 0.01  # clusters move
    members = everybody[::2]
    queries = members[::7]
    found, exact = ask(search, means, members, queries, 10), ask(BruteSearch(), means, members, queries, 10)
    assert recall(found, exact) > 0.9
    fewer = everybody[::5]  # few enough that new cells are made
    found, exact = ask(search, means, fewer, fewer[::3], 10), ask(BruteSearch(), means, fewer, fewer[::3], 10)
    assert recall(found, exact) > 0.9


@pytest.mark.parametrize("threads", ["1", "5"])
def test_same_answer_for_any_number_of_threads(threads: str, monkeypatch: pytest.MonkeyPatch) -> None:
    means = blobs(5, 4000, 8).astype(np.float64)
    members = np.arange(4000, dtype=np.int32)
    expected = ask(CellSearch(1), means, members, members, 10)
    monkeypatch.setenv("LADLE_THREADS", threads)
    found = ask(CellSearch(1), means, members, members, 10)
    assert np.array_equal(found.ids, expected.ids)
    assert np.array_equal(found.reach, expected.reach)


def test_where_neighbours_are_hard_to_find_not_too_many_are_searched_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ladle.neighbours.effort.HARD_COST", 6000**2 * (64 + PICKING_DIMS))
    means = np.random.default_rng(3).normal(size=(6000, 64))  # no structure at all
    members = np.arange(6000, dtype=np.int32)
    search = CellSearch(0, Effort(cell_rows=60))
    found = ask(search, means, members, members, 10)
    assert search.recalls[0] < search.recalls[-1] == 1.0
    assert found.proven.all()
    assert np.array_equal(found.ids, ask(BruteSearch(), means, members, members, 10).ids)
    assert not any(name.startswith("join.") for name in search.state())  # nothing kept of the search given up
    resumed = CellSearch()
    resumed.restore(search.state())
    for later in (search, resumed):
        assert ask(later, means, members[::2], members[::6], 10).proven.all()
