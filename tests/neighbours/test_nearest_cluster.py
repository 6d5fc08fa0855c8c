"""Newcomers' nearest clusters against plain float64 differences."""

from __future__ import annotations

import numpy as np
import pytest

from ladle.neighbours import nearest_cluster
from ladle.neighbours.nearest_cluster import CellOutside, ExactOutside


def truth(means: np.ndarray, spreads: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(q, m) linkages, by their definition."""
    differences = points[:, None, :] - means.astype(np.float64)[None]
    return (differences**2).sum(axis=2) + spreads


def assert_nearest(found: nearest_cluster.Nearest, linkages: np.ndarray) -> None:
    """The first of those that are nearest, ties up to rounding."""
    least = linkages.min(axis=1)
    np.testing.assert_allclose(found.linkages, least, rtol=1e-12, atol=1e-300)
    tied = linkages <= least[:, None] * (1 + 1e-12) + 1e-300
    assert np.array_equal(found.positions, tied.argmax(axis=1))


def gauss(m: int, d: int, q: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    means = random.normal(size=(m, d)).astype(np.float32)
    return means, random.random(m), random.normal(size=(q, d))


@pytest.mark.parametrize("m", [1, 2, 4, 5, 6, 1500])
def test_exact_is_the_brute_force_answer(m: int) -> None:
    means, spreads, points = gauss(m, 12, 700)
    assert_nearest(ExactOutside(means, spreads).nearest(points), truth(means, spreads, points))


def test_equal_clusters_and_equal_distances_go_to_the_first() -> None:
    means, spreads, points = gauss(60, 5, 200)
    means, spreads = np.repeat(means, 9, axis=0), np.repeat(spreads, 9)
    found = ExactOutside(means, spreads).nearest(points)
    assert_nearest(found, truth(means, spreads, points))
    assert np.all(found.positions % 9 == 0)
    corners = np.eye(90)  # a newcomer at corner 80 or beyond is as far from each of the first 80
    assert not ExactOutside(corners[:80].astype(np.float32), np.zeros(80)).nearest(corners[80:]).positions.any()


def test_clusters_nearer_to_each_other_than_float32_products_tell() -> None:
    random = np.random.default_rng(1)
    means = (1 + 1e-4 * random.normal(size=(900, 8))).astype(np.float32)
    means[0] = -300  # one outlier sets the scale: the others share their first digits
    points = 1 + 1e-4 * random.normal(size=(300, 8))
    spreads = np.zeros(900)
    scale = np.abs(means).max()
    products = (points / scale).astype(np.float32) @ (means / scale).T
    squares = ((means / scale) ** 2).sum(axis=1)
    assert np.mean((products - squares / 2).argmax(axis=1) != truth(means, spreads, points).argmin(axis=1)) > 0.5
    assert_nearest(ExactOutside(means, spreads).nearest(points), truth(means, spreads, points))


@pytest.mark.parametrize("distance", [1e3, 1e8, 1e17])
@pytest.mark.parametrize("size", [1.0, 1e-6, 1e-12])
def test_newcomers_from_far_away(distance: float, size: float) -> None:
    means, spreads, points = gauss(300, 4, 50)
    means, spreads, points = np.float32(size) * means, size**2 * spreads, size * points
    points[::2] *= distance / size
    linkages = truth(means, spreads, points)
    for search in (ExactOutside(means, spreads), CellOutside(means, spreads, seed=0)):
        found = search.nearest(points)
        np.testing.assert_allclose(found.linkages, linkages.min(axis=1), rtol=1e-12)
        np.testing.assert_allclose(linkages[np.arange(50), found.positions], found.linkages, rtol=1e-12)


@pytest.mark.parametrize("threads", ["1", "2", "5"])
def test_neither_threads_nor_blocks_nor_order_matter(threads: str, monkeypatch: pytest.MonkeyPatch) -> None:
    means, spreads, points = gauss(3000, 16, 900)
    expected = ExactOutside(means, spreads).nearest(points)
    monkeypatch.setenv("LADLE_THREADS", threads)
    monkeypatch.setattr(nearest_cluster, "QUERY_BLOCK", 37)
    monkeypatch.setattr(nearest_cluster, "CHOICE_BLOCK", 11)
    order = np.random.default_rng(2).permutation(len(points))
    found = ExactOutside(means, spreads).nearest(points[order])
    assert np.array_equal(found.positions, expected.positions[order])
    assert np.array_equal(found.linkages, expected.linkages[order])


def test_cells_answer_nearly_all_rightly_and_say_how_many() -> None:
    random = np.random.default_rng(3)
    centres = random.normal(size=(400, 24))
    means = (centres[random.integers(0, 400, 20_000)] + 0.3 * random.normal(size=(20_000, 24))).astype(np.float32)
    spreads = 0.1 * random.random(20_000)
    points = means[random.integers(0, 20_000, 1500)] + 0.1 * random.normal(size=(1500, 24))
    exact = ExactOutside(means, spreads).nearest(points)
    cells = CellOutside(means, spreads, seed=0)
    told = cells.tune(points[:400], exact.linkages[:400], np.inf, recall=0.98)
    found = cells.nearest(points)
    right = found.positions == exact.positions
    assert told >= 0.98
    assert right[:400].mean() == told
    assert right.mean() >= 0.97
    assert np.all(found.linkages[~right] >= exact.linkages[~right])
    again = CellOutside(means, spreads, seed=0)
    assert again.tune(points[:400], exact.linkages[:400], np.inf, recall=0.98) == told
    assert np.array_equal(again.nearest(points).positions, found.positions)


def test_cells_try_harder_until_they_may_stop() -> None:
    means, spreads, points = gauss(6000, 32, 300)  # no structure: the nearest may be in any of the twelve cells
    exact = ExactOutside(means, spreads).nearest(points)
    lazy, eager, careless = (CellOutside(means, spreads, seed=0) for _ in range(3))
    few = lazy.tune(points, exact.linkages, np.inf, recall=0.0)
    assert few < eager.tune(points, exact.linkages, np.inf, recall=1.0) == 1.0
    assert np.array_equal(eager.nearest(points).positions, exact.positions)
    # Beyond the limit no answer is wrong.
    assert careless.tune(points, exact.linkages, 0.0, recall=1.0) == 1.0
    assert careless.probes < eager.probes
