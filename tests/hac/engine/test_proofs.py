"""`sure`, and so `certified`, against the truth: every merge called proven joins the nearest pair that there is.

The lists alone decide (no dense end). Merges are replayed in the order in which they were made, on a matrix of all
linkages in long double: a proven one joins two clusters of which each is the other's nearest, ties apart.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ladle.hac.engine import dense
from ladle.hac.engine.merges import Merges, StopRule
from ladle.hac.engine.rounds import Rounds
from ladle.hac.engine.state import new_clusters
from ladle.neighbours import BruteSearch, Candidates, NeighbourSearch

TIE = 2e-6  # float64 means are believed to a millionth


def replay(points: np.ndarray, sizes: np.ndarray, merges: Merges) -> int:
    """Check the proven merges; returns how many there are."""
    wide = points.astype(np.longdouble)
    matrix = np.zeros((len(wide), len(wide)), np.longdouble)
    for t in range(wide.shape[1]):
        matrix += (wide[:, None, t] - wide[None, :, t]) ** 2
    np.fill_diagonal(matrix, np.inf)
    weights = sizes.astype(np.longdouble)
    for (kept, gone), sure in zip(merges.pairs, merges.sure, strict=True):
        if sure:
            nearest = min(matrix[kept].min(), matrix[gone].min())
            assert matrix[kept, gone] <= nearest * (1 + TIE), (kept, gone)
        union = (weights[kept] * matrix[kept] + weights[gone] * matrix[gone]) / (weights[kept] + weights[gone])
        matrix[kept], matrix[:, kept] = union, union
        matrix[kept, kept] = np.inf
        matrix[gone], matrix[:, gone] = np.inf, np.inf
        weights[kept] += weights[gone]
    return int(merges.sure.sum())


def merged(points: np.ndarray, search: NeighbourSearch, sizes: np.ndarray | None = None) -> tuple[int, int]:
    """How many merges there are, and how many of them are proven, after checking those."""
    sizes = np.ones(len(points), np.int32) if sizes is None else sizes
    merges = Rounds(points.copy(), sizes, search, dense_clusters=0).run(StopRule())
    return len(merges.pairs), replay(points, sizes, merges)


class Forgetful:
    """An exact search, but some of its answers have lost half of their candidates, and are no proof."""

    def __init__(self, seed: int, share: float) -> None:
        self.random = np.random.default_rng(seed)
        self.share = share
        self.exact = BruteSearch()

    def nearest(self, *clusters: object, precise: bool, **others: object) -> Candidates:
        """The answer of an exact search, some rows without some of their candidates and without a proof."""
        found = self.exact.nearest(*clusters, precise=precise, **others)  # type: ignore[arg-type]
        forgets = self.random.random(len(found.ids)) < self.share
        ids = found.ids.copy()
        gone = self.random.random(ids.shape) < 0.5
        gone[:, -1] = False  # one is left, so that the rounds come to an end
        ids[gone & forgets[:, None] & (ids >= 0)] = -1
        return Candidates(ids=ids, reach=found.reach, proven=found.proven & ~forgets)


def pools(random: np.random.Generator, kind: int) -> np.ndarray:
    n, dim = int(random.integers(3, 70)), int(random.integers(1, 6))
    points = random.standard_normal((n, dim))
    match kind:
        case 0:
            return points
        case 1:  # scales
            return points * 10.0 ** random.uniform(-9, 0, (n, 1))
        case 2:  # groups far apart, each of its own scale
            group = random.integers(0, 4, n)
            return points * (10.0 ** (-3.0 * group))[:, None] + 3.0 * group[:, None]
        case 3:  # some rows of huge size
            points[: 1 + n // 9] *= 1e12
            return points
        case 4:  # far from the origin
            return points + 1e9
        case 5:  # ties
            return np.round(points)
        case 6:  # a hub and its satellites
            return points / np.linalg.norm(points, axis=1, keepdims=True) * np.exp(np.arange(n) / 9)[:, None]
        case _:  # a line of growing gaps
            return np.arange(n)[:, None] ** 2.0 * np.ones(dim)


@pytest.mark.parametrize("kind", range(8))
def test_every_proven_merge_is_the_nearest_there_is(kind: int) -> None:
    random = np.random.default_rng(kind)
    proven = total = 0
    for _ in range(120):
        points = np.unique(pools(random, kind), axis=0)
        merges, sure = merged(points, BruteSearch())
        total, proven = total + merges, proven + sure
    assert proven > 0.999 * total  # an exact search that proves little would pass the replay too


@pytest.mark.parametrize("kind", range(8))
@pytest.mark.parametrize("share", [0.1, 0.6])
def test_no_wrong_merge_is_called_proven_where_neighbours_are_forgotten(kind: int, share: float) -> None:
    random = np.random.default_rng(100 + kind)
    proven = total = 0
    for seed in range(60):
        points = np.unique(pools(random, kind), axis=0)
        merges, sure = merged(points, Forgetful(seed, share))
        total, proven = total + merges, proven + sure
    assert 0 < proven < total


def satellites(n: int) -> np.ndarray:
    """A hub takes them in one by one."""
    directions = np.random.default_rng(5).normal(size=(n, 16))
    return directions * (np.exp(5 * np.arange(n) / n) / np.linalg.norm(directions, axis=1))[:, None]


@pytest.mark.parametrize("search", [BruteSearch(), Forgetful(3, 0.2)], ids=["exact", "forgetful"])
@pytest.mark.parametrize("kind", ["scales", "hub"])
def test_lists_that_are_cut_prove_no_more_than_they_hold(
    search: NeighbourSearch, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lists of 200 unite to more than the 256 that a merge may make."""
    monkeypatch.setattr("ladle.hac.engine.rounds.FIRST_NEIGHBOURS", 200)
    random = np.random.default_rng(9)
    points = random.standard_normal((450, 6)) * 10.0 ** random.uniform(-2, 0, (450, 1))
    points = points if kind == "scales" else satellites(450)
    merges, sure = merged(points, search, random.integers(1, 30, 450).astype(np.int32))
    assert sure == merges if isinstance(search, BruteSearch) else 0 < sure < merges


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_unequal_sizes_and_scales(seed: int) -> None:
    random = np.random.default_rng(seed)
    n = int(random.integers(3, 50))
    points = random.standard_normal((n, 2)) * 10.0 ** random.uniform(-8, 0, (n, 1))
    merges, sure = merged(points, BruteSearch(), random.integers(1, 1000, n).astype(np.int32))
    assert sure == merges


@pytest.mark.parametrize(
    ("dtype", "spread", "distance", "sure"),
    [
        (np.float64, 0.0, 1e11, True),  # points: their differences have all digits
        (np.float64, 1e-6, 1e11, False),
        (np.float64, 1e-6, 0.0, True),
        (np.float32, 0.0, 1e5, False),
        (np.float32, 0.0, 0.0, True),
    ],
)
def test_the_dense_end_proves_what_rounding_of_the_means_leaves(
    dtype: type, spread: float, distance: float, sure: bool
) -> None:
    means = np.random.default_rng(3).standard_normal((30, 4)) + distance
    clusters = new_clusters(means.astype(dtype), np.full(30, 2, np.int32))
    clusters.spreads[:] = spread
    _, _, proven = dense.finish(clusters, np.arange(30, dtype=np.int32))
    assert proven.any() == proven.all() == sure
