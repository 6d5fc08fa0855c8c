"""The invariant everything rests on, checked by brute force after every round."""

from __future__ import annotations

import numba
import numpy as np
import pytest

from ladle.hac import kernels
from ladle.hac.rounds import Rounds, Stop
from ladle.hac.state import NONE
from ladle.neighbours import BruteSearch
from tests.hac.pools import blobs


def root(parents: np.ndarray, cluster: int) -> int:
    """Lists of clusters that no merge disturbed may still name what a neighbour was before it merged."""
    while parents[cluster] != cluster:
        cluster = parents[cluster]
    return int(cluster)


def assert_certified(rounds: Rounds) -> None:
    """Every cluster nearer than the reach is on the list (or points here, which `refresh` looks at too)."""
    c = rounds.clusters
    active = np.flatnonzero(c.parents == np.arange(len(c.parents)))
    for a in active:
        linkages = ((c.means[active] - c.means[a]) ** 2).sum(axis=1) + c.spreads[active] + c.spreads[a]
        first = c.list_start[a]
        listed = {root(c.parents, b) for b in rounds.lists.ids[first : first + c.list_length[a]]}
        inside = active[(linkages < c.reach[a] * (1 - 1e-11)) & (active != a)]
        assert set(inside.tolist()) <= listed
        if c.nearest[a] != NONE:
            assert c.nearest_linkage[a] <= c.reach[a]
            others = np.where(active == a, np.inf, linkages)
            assert c.nearest_linkage[a] == pytest.approx(others.min(), rel=1e-11)


@pytest.mark.parametrize("seed", range(4))
def test_lists_stay_complete_within_reach(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    points = blobs(50 + seed, 400, [2, 5, 20, 60][seed], dtype=np.float64)
    rounds = Rounds(points, np.ones(len(points), np.int32), BruteSearch(), dense_clusters=0)
    checked = 0
    original = Rounds._merge

    def merge_then_check(self: Rounds, pairs: np.ndarray) -> int:
        nonlocal checked
        count = original(self, pairs)
        relinked = self.work[:count].copy()
        nearest, linkage = self.clusters.nearest[relinked].copy(), self.clusters.nearest_linkage[relinked].copy()
        assert_certified(self)
        assert np.array_equal(nearest, self.clusters.nearest[relinked])
        assert np.array_equal(linkage, self.clusters.nearest_linkage[relinked])
        checked += 1
        return count

    monkeypatch.setattr(Rounds, "_merge", merge_then_check)
    merges = rounds.run(Stop())
    assert checked > 10
    assert len(merges.pairs) == 399
    assert merges.sure.all()


def test_linkage_is_the_mean_over_all_pairs() -> None:
    random = np.random.default_rng(1)
    one, other = random.normal(size=(5, 7)), random.normal(size=(9, 7)) + 2
    means = np.stack([one.mean(axis=0), other.mean(axis=0)])
    spreads = np.array([((x - x.mean(axis=0)) ** 2).sum(axis=1).mean() for x in (one, other)])
    expected = np.mean([((a - b) ** 2).sum() for a in one for b in other])
    assert kernels.linkage_of(means, spreads, 0, 1) == pytest.approx(expected, rel=1e-12)


def test_tie_order_is_symmetric_and_spread() -> None:
    tie_order = numba.njit(kernels.tie_order)
    hashes = {int(tie_order(np.int32(a), np.int32(b))) for a in range(30) for b in range(a)}
    assert len(hashes) == 30 * 29 // 2
    assert tie_order(np.int32(3), np.int32(9)) == tie_order(np.int32(9), np.int32(3))


def test_a_star_of_ties_does_not_take_a_round_a_pair() -> None:
    # 300 points at equal distance from each other: the corners of a simplex
    points = np.eye(300)
    rounds = Rounds(points, np.ones(300, np.int32), BruteSearch(), dense_clusters=0)
    merges = rounds.run(Stop())
    assert len(merges.pairs) == 299
    assert merges.tally.rounds < 100
