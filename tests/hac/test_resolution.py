"""Rows whose size drowns the others: the tree is right, or says that it may not be."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.cluster.hierarchy

import ladle
from ladle.errors import DataError, PrecisionError, PrecisionWarning
from ladle.geometry.frame import LONGEST, frame_of
from ladle.neighbours import Effort
from tests.hac.truth import same_clusters, scipy_linkage

ROWS = 1_500


@pytest.fixture
def _rounds_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ladle.hac.clustering.DENSE_ROWS", 0)
    monkeypatch.setattr("ladle.hac.clustering.DENSE_CLUSTERS", 0)


def drowning(kind: str) -> np.ndarray:
    random = np.random.default_rng(3)
    points = random.standard_normal((ROWS, 8))
    match kind:
        case "one coordinate of 1e12":
            points[7, 3] = 1e12
        case "one coordinate of 1e15":
            points[7, 3] = 1e15
        case "a row of 1e12":
            points[0] = 1e12
        case "a row of 1e10 in float32":
            points[0] = 1e10
            return points.astype(np.float32)
        case "forty rows of 1e13, all their own ways":
            points[::40] *= 1e13
        case "four scales, apart by 3":
            group = np.arange(ROWS) % 4
            return points * np.array([1, 2e-3, 4e-6, 8e-9])[group][:, None] + 3.0 * group[:, None]
        case "two groups 1e12 apart":
            points[ROWS // 2 :] += 1e12
        case "far from the origin":
            points += 1e10
        case "small":
            points *= 1e-135
    return points


KINDS = (
    "one coordinate of 1e12",
    "one coordinate of 1e15",
    "a row of 1e12",
    "a row of 1e10 in float32",
    "forty rows of 1e13, all their own ways",
    "four scales, apart by 3",
    "two groups 1e12 apart",
    "far from the origin",
    "small",
)


@pytest.mark.usefixtures("_rounds_only")
@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_no_row_drowns_the_others(kind: str, exact: bool) -> None:
    points = drowning(kind)
    expected = scipy_linkage(points, "sqeuclidean")
    tree = ladle.cluster(points, metric="sqeuclidean", exact=exact)
    assert tree.certified > 0.99  # so few rows are compared exactly under exact=False too
    np.testing.assert_allclose(tree.heights, expected[:, 2], rtol=1e-9)
    for wanted in (3, ROWS // 50, ROWS // 10, ROWS // 5):
        theirs = scipy.cluster.hierarchy.cut_tree(expected, n_clusters=wanted)[:, 0]
        assert same_clusters(tree.cut(n_clusters=wanted), theirs), wanted


@pytest.mark.parametrize("exact", [True, False])
def test_a_few_rows_of_very_different_size(exact: bool) -> None:
    tree = ladle.cluster(np.array([[0], [0], [0], [1], [5.5e7], [1.5]]), metric="sqeuclidean", exact=exact)
    assert tree.heights[:4].tolist() == [0, 0, 0.25, 1.625]
    assert tree.certified == 1.0


@pytest.mark.parametrize("scale", [1e-23, 1e-70, 1e-139])
def test_small_values_keep_their_heights(scale: float) -> None:
    tree = ladle.cluster(np.array([[0.0], [1], [3]]) * scale, metric="sqeuclidean")
    np.testing.assert_allclose(tree.heights, np.array([1, 6.5]) * scale**2, rtol=1e-12)
    assert tree.cut(n_clusters=2).tolist() == [0, 0, 1]


def test_values_whose_squares_vanish_are_refused() -> None:
    with pytest.raises(DataError, match=r"norm 1e-140 or more.*Multiply all"):
        ladle.cluster(np.random.default_rng(0).standard_normal((5001, 3)) * 1e-160, metric="sqeuclidean")
    assert ladle.cluster(np.zeros((5, 3)), metric="sqeuclidean").heights.tolist() == [0, 0, 0, 0]


@pytest.mark.usefixtures("_rounds_only")
def test_an_exact_tree_that_proves_little_is_refused_or_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ladle.hac.clustering.WIDE_MEANS_BYTES", 0)  # means in float32, as those of a large pool
    points = drowning("four scales, apart by 3")
    with pytest.raises(PrecisionError, match=r"prove 99% of its merges; got \d+\.\d+% of its 1,499 merges proven"):
        ladle.cluster(points, metric="sqeuclidean", exact=True)
    with pytest.warns(PrecisionWarning, match=r"not known to be exact: \d+"):
        tree = ladle.cluster(points, metric="sqeuclidean")
    assert tree.certified < 0.99
    ladle.cluster(drowning("a row of 1e12"), metric="sqeuclidean", exact=True)  # one row apart is no reason


@pytest.mark.usefixtures("_rounds_only")
def test_an_approximate_tree_that_float32_blurs_is_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ladle.hac.clustering._effort", lambda quality: Effort(brute_cost=0, hard_cost=0))
    with pytest.warns(PrecisionWarning, match="float32 cannot tell the neighbours of"):
        tree = ladle.cluster(drowning("two groups 1e12 apart"), metric="sqeuclidean", exact=False, mean_size=10)
    assert tree.recall is not None
    assert tree.recall < 0.6
    tree = ladle.cluster(drowning("one coordinate of 1e15"), metric="sqeuclidean", exact=False, mean_size=10)
    assert tree.recall is not None
    assert tree.recall > 0.9


def test_a_frame_lies_where_most_points_are() -> None:
    random = np.random.default_rng(0)
    points = random.standard_normal((4_000, 5)) + 3.0
    members = np.arange(4_000, dtype=np.int32)
    plain = frame_of(points, members)
    np.testing.assert_allclose(plain.centre, points.mean(axis=0))
    points[:3] = 1e17
    frame = frame_of(points, members)
    assert np.abs(frame.centre - 3.0).max() < 1.0
    packed = np.linalg.norm((points - frame.centre) * frame.scale, axis=1)
    assert packed.max() <= LONGEST
    assert np.median(packed) > 2.0**-20  # its square is far from where float32 ends


def test_one_frame_for_equal_points() -> None:
    frame = frame_of(np.ones((10, 3)), np.arange(10, dtype=np.int32))
    assert frame.scale == 1.0
    assert frame.centre.tolist() == [1, 1, 1]
