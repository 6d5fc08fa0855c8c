"""Distributions are isotropic, bands are bands of them, and errors are those of the wedge between two hypotheses."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ladle.errors import ArgumentError
from ladle.theory import DISTRIBUTIONS, distribution
from ladle.theory.distributions import angle
from ladle.theory.simplex import simplex_facets, simplex_frame

EXACT = [name for name in DISTRIBUTIONS if name != "simplex"]
COUNT = 40_000


def unit(dim: int, seed: int) -> np.ndarray:
    vector = np.random.default_rng(seed).standard_normal(dim)
    return vector / np.linalg.norm(vector)


@pytest.mark.parametrize("name", DISTRIBUTIONS)
@pytest.mark.parametrize("dim", [2, 3, 7])
def test_samples_are_isotropic(name: str, dim: int) -> None:
    count = COUNT if name in EXACT else 6_000
    points = distribution(name, dim).sample(count, np.random.default_rng(1))
    assert points.shape == (count, dim)
    # Six standard errors: the variance of x_i^2 is at most 5 among these distributions (that of Laplace).
    assert np.abs(points.mean(axis=0)).max() < 6 / math.sqrt(count)
    assert np.abs(points.T @ points / count - np.eye(dim)).max() < 6 * math.sqrt(5 / count)


def test_the_shapes_are_those_they_are_called() -> None:
    random = np.random.default_rng(2)
    ball, sphere = (distribution(name, 4).sample(20_000, random) for name in ("ball", "sphere"))
    assert np.allclose(np.linalg.norm(sphere, axis=1), 2)
    assert np.linalg.norm(ball, axis=1).max() <= math.sqrt(6)
    assert np.mean(np.linalg.norm(ball, axis=1) < math.sqrt(6) / 2) == pytest.approx(1 / 16, abs=0.01)
    # Fourth moments of one coordinate: 3 for the normal, 6 for Laplace, 4.2 for the logistic distribution.
    for name, moment in (("gaussian", 3), ("laplace", 6), ("logistic", 4.2)):
        values = distribution(name, 2).sample(400_000, random)
        assert np.mean(values**4) == pytest.approx(moment, rel=0.05)


@pytest.mark.parametrize("dim", [2, 5])
def test_hit_and_run_in_the_simplex_agrees_with_exact_draws(dim: int) -> None:
    random = np.random.default_rng(3)
    facets, bounds = simplex_facets(dim)
    walked = distribution("simplex", dim).sample(4_000, random)
    assert (walked @ facets.T <= bounds + 1e-9).all()
    scale = math.sqrt((dim + 1) * (dim + 2))
    exact = scale * (random.dirichlet(np.ones(dim + 1), 4_000) @ simplex_frame(dim))
    from scipy.stats import ks_2samp

    direction = unit(dim, 5)
    assert ks_2samp(walked @ direction, exact @ direction).pvalue > 1e-4
    assert ks_2samp(np.linalg.norm(walked, axis=1), np.linalg.norm(exact, axis=1)).pvalue > 1e-4


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_a_band_is_the_distribution_within_it(name: str) -> None:
    from scipy.stats import ks_2samp

    random = np.random.default_rng(4)
    source, hypothesis, width = distribution(name, 3), unit(3, 6), 0.5
    drawn = source.band(hypothesis, width, 3_000, random)
    assert drawn.shape == (3_000, 3)
    assert (np.abs(drawn @ hypothesis) <= width * (1 + 1e-9)).all()
    points = source.sample(20_000, random)
    rejected = points[np.abs(points @ hypothesis) <= width]
    across = np.cross(hypothesis, [1.0, 0.0, 0.0])
    for values in (lambda x: x @ hypothesis, lambda x: x @ across, lambda x: np.linalg.norm(x, axis=1).round(9)):
        assert ks_2samp(values(drawn), values(rejected)).pvalue > 1e-4


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(EXACT), st.integers(2, 9), st.floats(-9, 0), st.integers(0, 1000))
def test_a_band_of_any_width_is_filled(name: str, dim: int, exponent: float, seed: int) -> None:
    hypothesis, width = unit(dim, seed), 10.0**exponent
    drawn = distribution(name, dim).band(hypothesis, width, 400, np.random.default_rng(seed))
    place = drawn @ hypothesis / width
    assert np.abs(place).max() <= 1 + 1e-5
    # Both halves are equally likely, and each distribution is unimodal across the band: 8 standard errors.
    assert abs((place > 0).mean() - 0.5) < 0.2
    assert np.abs(place).max() > 0.9
    if width < 0.01:
        assert abs((np.abs(place) > 0.5).mean() - 0.5) < 0.2


def test_the_error_of_a_rotation_is_its_angle() -> None:
    source = distribution("gaussian", 2)
    for turned in (1e-12, 1e-6, 0.3, math.pi / 2, math.pi - 1e-7):
        second = np.array([math.cos(turned), math.sin(turned)])
        error = source.disagreement(np.array([1.0, 0.0]), second, np.random.default_rng(0))
        assert error.is_exact
        assert error.value == pytest.approx(turned / math.pi, rel=1e-3)
        assert error.low == error.value == error.high


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_errors_agree_with_counts(name: str) -> None:
    random = np.random.default_rng(7)
    source, first = distribution(name, 3), unit(3, 8)
    second = first + 0.4 * unit(3, 9)
    second /= np.linalg.norm(second)
    error = source.disagreement(first, second, random)
    points = source.sample(20_000, random)
    counted = np.mean((points @ first > 0) != (points @ second > 0))
    assert error.value == pytest.approx(counted, abs=0.015)
    assert error.low <= error.value <= error.high
    assert (error.high - error.low > 0) is not error.is_exact
    opposite = source.disagreement(first, -second, random)
    assert opposite.value == pytest.approx(1 - counted, abs=0.015)


def test_errors_of_products_keep_their_digits() -> None:
    # In two dimensions the wedge of a small angle has a probability proportional to the angle.
    source, random = distribution("laplace", 2), np.random.default_rng(0)
    values = []
    for turned in (1e-2, 1e-5, 1e-8):
        second = np.array([math.cos(1 + turned), math.sin(1 + turned)])
        values.append(source.disagreement(np.array([math.cos(1), math.sin(1)]), second, random).value / turned)
    assert values == pytest.approx([values[0]] * 3, rel=0.05)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    # For a product of normal numbers the truth is the angle; the intervals hold it in 95 of 100 draws.
    from scipy.special import ndtr, ndtri

    from ladle.theory.distributions import Product

    source, first, second = Product(3, ndtr, ndtri), unit(3, 1), unit(3, 2)
    truth = angle(first, second) / math.pi
    errors = [source.disagreement(first, second, np.random.default_rng(seed)) for seed in range(100)]
    assert 88 <= sum(each.low <= truth <= each.high for each in errors) <= 100
    assert max(each.high - each.low for each in errors) < 0.02


@pytest.mark.parametrize(("name", "dim"), [("gausian", 3), (3, 3), ("ball", 1), ("ball", 2.5)])
def test_unknown_ones_are_refused(name: object, dim: object) -> None:
    with pytest.raises(ArgumentError):
        distribution(name, dim)  # type: ignore[arg-type]
