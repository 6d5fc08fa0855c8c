"""Samples of the version space: consistent with every label, and as uniform as exact volumes say."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ladle.errors import ArgumentError, DataError, PrecisionError
from ladle.theory import VersionSpace
from ladle.theory.interior import interior_point


def labelled(dim: int, count: int, seed: int, width: float | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    target = random.standard_normal(dim)
    target /= np.linalg.norm(target)
    points = random.standard_normal((count, dim))
    if width is not None:
        points += np.outer(random.uniform(-width, width, count) - points @ target, target)
    return points, points @ target > 0, target


def arc(constraints: np.ndarray) -> tuple[float, float]:
    """The ends of {angle: constraints . (cos, sin) > 0}, for constraints of a half-plane and more."""
    middles = np.arctan2(constraints[:, 1], constraints[:, 0])
    origin = middles[0]
    offsets = (middles - origin + math.pi) % (2 * math.pi) - math.pi
    return origin + offsets.max() - math.pi / 2, origin + offsets.min() + math.pi / 2


def spherical_area(constraints: np.ndarray) -> float:
    """The area of {w on the sphere: constraints w > 0} in three dimensions, by Girard's theorem; 0 where it is empty.

    The corners are the intersections of two planes that all others allow.
    """
    corners = []
    for first in range(len(constraints)):
        for second in range(first):
            corner = np.cross(constraints[first], constraints[second])
            corner /= np.linalg.norm(corner)
            for each in (corner, -corner):
                slacks = np.delete(constraints, [first, second], axis=0) @ each
                if (slacks > 0).all():
                    corners.append((each, first, second))
    if not corners:
        return 0.0
    total = 0.0
    for _, first, second in corners:
        total += math.pi - math.acos(np.clip(constraints[first] @ constraints[second], -1, 1))
    return total - (len(corners) - 2) * math.pi


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("width", [None, 1e-3, 1e-7])
def test_in_two_dimensions_samples_are_uniform_on_the_arc(seed: int, width: float | None) -> None:
    from scipy.stats import kstest

    points, labels, target = labelled(2, 12, seed, width)
    space = VersionSpace(2, seed=seed, walks=2_000)
    space.add(points, labels)
    low, high = arc(np.where(labels, 1, -1)[:, None] * points)
    here = math.atan2(target[1], target[0])
    across = np.array([-target[1], target[0]])
    angles = np.arctan2(space.units @ across, space.units @ target)  # from the target: keeps the digits of thin arcs
    begin = (low - here + math.pi) % (2 * math.pi) - math.pi
    if high - low < 1e-9:
        pytest.fail("the truth of this test is too thin to be told")
    places = (angles - begin) / (high - low)
    assert kstest(places, "uniform").pvalue > 1e-4


@pytest.mark.parametrize("seed", range(6))
def test_in_three_dimensions_cells_have_their_exact_areas(seed: int) -> None:
    points, labels, _ = labelled(3, 6, seed)
    space = VersionSpace(3, seed=seed, walks=4_000)
    space.add(points, labels)
    signed = np.where(labels, 1, -1)[:, None] * points
    signed /= np.linalg.norm(signed, axis=1, keepdims=True)
    whole = spherical_area(signed)
    cuts = np.random.default_rng(seed + 100).standard_normal((200, 3))
    cuts /= np.linalg.norm(cuts, axis=1, keepdims=True)
    shares = np.array([spherical_area(np.vstack([signed, cut])) for cut in cuts]) / whole
    inside = (shares > 0.02) & (shares < 0.98)
    measured = (space.samples @ cuts.T > 0).mean(axis=0)
    errors = np.abs(measured - shares)[inside] / np.sqrt(shares * (1 - shares) / 4_000)[inside]
    assert inside.sum() >= 3
    assert errors.max() < 5


def test_the_truth_of_areas() -> None:
    assert spherical_area(np.eye(3)) == pytest.approx(math.pi / 2)  # an eighth of the sphere


def test_without_labels_the_ball_is_uniform() -> None:
    space = VersionSpace(4, walks=20_000)
    lengths = np.linalg.norm(space.samples, axis=1)
    assert lengths.max() <= 1
    assert (lengths**4).mean() == pytest.approx(0.5, abs=0.01)
    assert np.abs(space.samples.mean(axis=0)).max() < 0.02


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 8), st.lists(st.integers(1, 60), min_size=1, max_size=4), st.integers(0, 500))
def test_every_sample_and_the_centre_agree_with_every_label(dim: int, sizes: list[int], seed: int) -> None:
    space = VersionSpace(dim, seed=seed, walks=64)
    seen: list[np.ndarray] = []
    random = np.random.default_rng(seed)
    target = random.standard_normal(dim)
    for size in sizes:
        points = random.standard_normal((size, dim))
        space.add(points, points @ target > 0)
        seen.append(np.where(points @ target > 0, 1, -1)[:, None] * points)
        constraints = np.concatenate(seen)
        assert (space.samples @ constraints.T > 0).all()
        assert (constraints @ space.centre > 0).all()
        assert np.linalg.norm(space.samples, axis=1).max() <= 1 + 1e-9
    assert space.labels == sum(sizes)


def test_thousands_of_labels_at_once() -> None:
    points, labels, target = labelled(10, 5_000, 3)
    space = VersionSpace(10, seed=1)
    space.add(points, labels)
    assert ((points @ space.samples.T > 0) == labels[:, None]).all()
    assert np.arccos(space.centre @ target) < 0.02


def test_half_spaces_have_the_shares_of_rejection_in_eight_dimensions() -> None:
    points, labels, _ = labelled(8, 6, 4)
    space = VersionSpace(8, seed=2, walks=3_000)
    space.add(points, labels)
    random = np.random.default_rng(9)
    drawn = random.standard_normal((800_000, 8))
    drawn = drawn[((drawn @ points.T > 0) == labels).all(axis=1)]
    assert len(drawn) > 3_000
    cuts = random.standard_normal((60, 8))
    walked, rejected = (np.mean(each @ cuts.T > 0, axis=0) for each in (space.samples, drawn))
    errors = np.sqrt(walked * (1 - walked) / 3_000 + rejected * (1 - rejected) / len(drawn)) + 1e-3
    assert (np.abs(walked - rejected) / errors).max() < 5


@pytest.mark.parametrize(("dim", "width"), [(5, 1e-6), (20, 1.0), (20, 1e-3), (30, 1e-6)])
def test_a_cone_that_is_narrow_one_way_and_wide_the_others_has_its_exact_shares(dim: int, width: float) -> None:
    """A wedge of two coordinates times positive ones, rotated, told at once.

    The angle in the wedge is uniform, and the square of each other coordinate of a unit vector has a beta distribution.
    """
    from scipy.stats import beta, kstest, ortho_group

    cone = np.eye(dim)
    cone[:2, :2] = [[0, 1], [math.sin(width), -math.cos(width)]]
    squares, angles = [], []
    for seed in range(4):
        rotation = ortho_group.rvs(dim, random_state=seed)
        turned = cone @ rotation.T
        signs = np.random.default_rng(seed).random(dim) < 0.5
        space = VersionSpace(dim, seed=seed)
        space.add(np.where(signs[:, None], turned, -turned), signs)
        units = space.units @ rotation
        angles.append(np.arctan2(units[:, 1], units[:, 0]) / width)
        ranks = beta(0.5, (dim - 1) / 2).cdf(units[:, 2:] ** 2)
        squares.append((ranks.mean(axis=0) - 0.5) * math.sqrt(12 * len(ranks)))
    assert kstest(np.concatenate(angles), "uniform").pvalue > 1e-4
    assert np.mean(np.square(squares)) < 2.5  # 1 for independent draws


def test_the_target_is_one_of_the_samples() -> None:
    """After any batches, a target that was drawn uniformly is distributed as the samples are: its rank is uniform."""
    from scipy.stats import kstest

    from ladle.theory import distribution
    from ladle.theory.samplers import greedy_batch, half_width

    source, ranks = distribution("gaussian", 5), []
    for seed in range(100):
        random = np.random.default_rng(seed)
        target = random.standard_normal(5)
        target /= np.linalg.norm(target)
        space = VersionSpace(5, seed=seed, walks=64)
        examples = source.sample(12, random)
        space.add(examples, examples @ target > 0)
        for _ in range(2):
            band = source.band(space.centre, half_width(space), 100, random)
            examples = band[greedy_batch(band, space, 20, measure="volume", seed=seed, pairs=256)]
            space.add(examples, examples @ target > 0)
        direction = random.standard_normal(5)
        ranks.append(np.mean((space.units - target) @ direction > 0))
    assert kstest(ranks, "uniform").pvalue > 1e-3


def test_order_and_seed_do_not_matter_beyond_chance() -> None:
    points, labels, _ = labelled(3, 20, 11)
    spreads = []
    for seed in range(4):
        space = VersionSpace(3, seed=seed, walks=2_000)
        order = np.random.default_rng(seed).permutation(20)
        for part in np.array_split(order, seed + 1):
            space.add(points[part], labels[part])
        spreads.append(space.spread)
    assert max(spreads) < 1.1 * min(spreads)


def test_a_border_along_the_walk_stops_nothing() -> None:
    from ladle.theory.kernels import walk_cone

    borders = np.array([[1.0, 0.0], [0.0, 1.0]])
    points = np.full((500, 2), 0.5)
    directions = np.array([[0.0, 1.0]])  # along the first border
    walk_cone(np.uint64(3), points, points @ borders.T, directions, directions @ borders.T, 1)
    assert (points[:, 0] == 0.5).all()
    assert 0 < points[:, 1].min() < 0.01
    assert 0.98 * math.sqrt(0.75) < points[:, 1].max() <= math.sqrt(0.75)


def test_the_same_arguments_give_the_same_samples() -> None:
    points, labels, _ = labelled(5, 40, 2)
    first, second = VersionSpace(5, seed=4), VersionSpace(5, seed=4)
    for space in (first, second):
        space.add(points, labels)
    assert (first.samples == second.samples).all()


def test_contradictions_and_bad_examples_are_refused() -> None:
    space = VersionSpace(2)
    space.add(np.array([[1.0, 1.0]]), np.array([True]))
    before = space.samples.copy()
    with pytest.raises(PrecisionError, match="agrees with all labels"):
        space.add(np.array([[1.0, 0.0]] * 9), np.array([True] * 8 + [False]))
    assert (space.labels, (space.samples == before).all()) == (1, True)
    space.add(np.array([[1.0, 0.0]]), np.array([True]))
    assert (space.samples > 0)[:, 0].all()
    for points in (np.zeros((1, 2)), np.full((1, 2), np.nan), np.ones((1, 3)), np.ones(2)):
        with pytest.raises(DataError):
            VersionSpace(2).add(points, np.ones(len(points), bool))
    for arguments in ({"dim": 1}, {"dim": 2, "walks": 3}, {"dim": 2, "seed": -1}):
        with pytest.raises(ArgumentError):
            VersionSpace(**arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize("width", [None, 1e-4])
def test_the_interior_point_is_farther_from_the_borders_than_the_target(width: float | None) -> None:
    points, labels, target = labelled(6, 500, 1, width)
    constraints = np.where(labels, 1, -1)[:, None] * points / np.linalg.norm(points, axis=1, keepdims=True)
    point = interior_point(constraints, np.zeros(6), np.eye(6))
    assert point is not None
    assert np.linalg.norm(point) == pytest.approx(0.5)
    assert (constraints @ point).min() > 0.5 * (constraints @ target).min()
    assert (constraints @ point).min() > 0


def test_no_interior_point_of_an_empty_cone() -> None:
    assert interior_point(np.vstack([np.eye(3), -np.eye(3)]), np.ones(3), np.eye(3)) is None
