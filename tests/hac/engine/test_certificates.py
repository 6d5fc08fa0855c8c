"""The invariant everything rests on, checked by brute force after every round."""

from __future__ import annotations

from collections.abc import Callable

import numba
import numpy as np
import pytest

from ladle.hac.engine import kernels
from ladle.hac.engine.merges import StopRule
from ladle.hac.engine.rounds import Rounds
from ladle.hac.engine.state import STALE
from ladle.neighbours import BruteSearch, Candidates, NeighbourSearch
from tests.hac.pools import blobs


def root(parents: np.ndarray, cluster: int) -> int:
    """Lists of clusters that no merge disturbed may still name what a neighbour was before it merged."""
    while parents[cluster] != cluster:
        cluster = parents[cluster]
    return int(cluster)


def assert_certified(rounds: Rounds) -> None:
    """Every cluster nearer than the reach is on the list, at a linkage that is one or a lower bound of it."""
    c = rounds.clusters
    active = np.flatnonzero(c.parents == np.arange(len(c.parents)))
    for a in active:
        linkages = ((c.means[active] - c.means[a]) ** 2).sum(axis=1) + c.spreads[active] + c.spreads[a]
        linkages[active == a] = np.inf
        entries = slice(c.list_start[a], c.list_start[a] + c.list_length[a])
        listed = np.array([root(c.parents, b if b >= 0 else ~b) for b in rounds.lists.ids[entries]], int)
        assert set(active[linkages < c.reach[a] * (1 - 1e-11)].tolist()) <= set(listed.tolist())
        for b in set(listed.tolist()) - {a}:  # parts of one cluster may be listed apart: the nearest bounds them all
            bound = rounds.lists.linkages[entries][listed == b].min()
            assert bound <= linkages[active == b] * (1 + 1e-11)
        if c.nearest[a] >= 0:
            assert c.nearest_linkage[a] <= c.reach[a]
            assert c.nearest_linkage[a] == pytest.approx(linkages.min(), rel=1e-11)
        elif c.nearest[a] == STALE:
            assert c.nearest_linkage[a] <= linkages.min() * (1 + 1e-11)
        else:
            assert c.reach[a] <= linkages.min() * (1 + 1e-11)


class Scattered:
    """Of the corners of a simplex, all at linkage 2 and so are their unions: any k are the nearest."""

    def nearest(self, *clusters: object, members: np.ndarray, queries: np.ndarray, k: int, **others: object) -> object:
        random = np.random.default_rng(len(members))
        ids = np.stack([random.choice(members[members != query], min(k, len(members) - 1), False) for query in queries])
        return Candidates(ids=ids, reach=np.full(len(queries), 2.0), proven=np.ones(len(queries), bool))


@pytest.mark.parametrize(
    ("points", "search", "k", "longest"),
    [
        *(
            (blobs(50 + seed, 400, dim, dtype=np.float64), BruteSearch(), 12, 100)
            for seed, dim in enumerate([2, 5, 60])
        ),
        (np.random.default_rng(54).standard_normal((400, 30)), BruteSearch(), 250, kernels.LONG),
        # Ties: a union keeps all of both lists, until it is cut and its reach with it.
        (np.eye(400), Scattered(), 250, kernels.LONG),
    ],
    ids=["2-d", "5-d", "60-d", "lists that are cut", "simplex of ties"],
)
def test_lists_stay_complete_within_reach(
    points: np.ndarray, search: NeighbourSearch, k: int, longest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds = Rounds(points.copy(), np.ones(len(points), np.int32), search, dense_clusters=0)
    checked = most = 0
    original = Rounds._merge

    def merge_then_check(self: Rounds, count: int, entries: int) -> None:
        nonlocal checked, most
        original(self, count, entries)
        assert_certified(self)
        checked += 1
        most = max(most, int(self.clusters.list_length.max()))

    monkeypatch.setattr("ladle.hac.engine.rounds.FEW", 0)  # every step comes through here
    monkeypatch.setattr("ladle.hac.engine.rounds.FIRST_NEIGHBOURS", k)
    monkeypatch.setattr(Rounds, "_merge", merge_then_check)
    merges = rounds.run(StopRule())
    assert checked > 10
    assert most <= longest
    assert (most >= 250) == (k == 250)
    assert len(merges.pairs) == 399
    assert merges.sure.all()


@pytest.mark.parametrize("few", [0, 7, 10**6])
@pytest.mark.parametrize("steps", [1, 4096])
def test_same_merges_whoever_takes_the_steps(few: int, steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    points = blobs(55, 3000, 6, dtype=np.float64)
    points[:500] *= 0.01
    expected = Rounds(points.copy(), np.ones(3000, np.int32), BruteSearch(), dense_clusters=0).run(StopRule())
    monkeypatch.setattr("ladle.hac.engine.rounds.FEW", few)
    monkeypatch.setattr("ladle.hac.engine.rounds.STEPS", steps)
    found = Rounds(points.copy(), np.ones(3000, np.int32), BruteSearch(), dense_clusters=0).run(StopRule())
    assert np.array_equal(found.pairs, expected.pairs)
    assert np.array_equal(found.linkages, expected.linkages)
    assert found.tally == expected.tally


def star(n: int) -> np.ndarray:
    """A hub and satellites in widening orbits, which it takes in one by one."""
    directions = np.random.default_rng(5).normal(size=(n, 64))
    return directions * (np.exp(7 * np.arange(n) / n) / np.linalg.norm(directions, axis=1))[:, None]


def line(n: int) -> np.ndarray:
    """Growing gaps: one reciprocal pair at a time."""
    return np.arange(n, dtype=np.float64)[:, None] ** 2


@pytest.mark.parametrize("pool", [star, line, np.eye], ids=["star", "line", "simplex of ties"])
def test_a_merge_disturbs_few(pool: Callable[[int], np.ndarray], monkeypatch: pytest.MonkeyPatch) -> None:
    looked = 0
    original = Rounds._refresh_lists

    def count_then_look(self: Rounds, dirty: np.ndarray, count: int, entries: int) -> None:
        nonlocal looked
        looked += count
        original(self, dirty, count, entries)

    monkeypatch.setattr("ladle.hac.engine.rounds.FEW", 0)  # every step comes through here
    monkeypatch.setattr(Rounds, "_refresh_lists", count_then_look)
    merges = Rounds(pool(1200), np.ones(1200, np.int32), BruteSearch(), dense_clusters=0).run(StopRule())
    assert len(merges.pairs) == 1199
    assert looked < 6 * 1200  # were all satellites to look again at each merge, there would be hundreds of thousands
    assert merges.tally.searched < 3 * 1200


def test_linkage_is_the_mean_over_all_pairs() -> None:
    random = np.random.default_rng(1)
    one, other = random.normal(size=(5, 7)), random.normal(size=(9, 7)) + 2
    means = np.stack([one.mean(axis=0), other.mean(axis=0)])
    spreads = np.array([((x - x.mean(axis=0)) ** 2).sum(axis=1).mean() for x in (one, other)])
    expected = np.mean([((a - b) ** 2).sum() for a in one for b in other])
    assert kernels.linkage_of(means, np.empty((0, 7)), spreads, 0, 1) == pytest.approx(expected, rel=1e-12)


def test_tie_order_is_symmetric_and_spread() -> None:
    tie_order = numba.njit(kernels.tie_order)
    hashes = {int(tie_order(np.int32(a), np.int32(b))) for a in range(30) for b in range(a)}
    assert len(hashes) == 30 * 29 // 2
    assert tie_order(np.int32(3), np.int32(9)) == tie_order(np.int32(9), np.int32(3))
