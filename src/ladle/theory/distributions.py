"""Isotropic log-concave distributions of examples: samplers, samplers of a band, and the error of a hypothesis.

Isotropic: the mean is 0 and the covariance is the identity. A band of half-width b around a hypothesis w, a unit
vector, is the set of x with |<w, x>| <= b. All but the simplex draw from a band exactly, however narrow it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ladle.numbers import choice, whole
from ladle.theory.rotation import ball_rest, gaussian_rest, onto_axis, sphere_rest
from ladle.theory.simplex import simplex_facets, walk_polytope

Vectors = npt.NDArray[np.float64]
Generator = np.random.Generator
NORMAL_95 = 1.959963984540054  # half the width of a 95% interval, in standard errors
ERROR_DRAWS = 20_000  # of a Monte Carlo estimate


@dataclass(frozen=True, slots=True)
class Disagreement:
    """The probability that two hypotheses label an example differently: the error of one where the other is true.

    Attributes
    ----------
    value : float
        The probability, or its estimate.
    low, high : float
        A 95% interval of Monte Carlo; both are `value` where it is exact.
    is_exact : bool
        Whether the value comes from a formula.
    """

    value: float
    low: float
    high: float
    is_exact: bool


class Distribution(Protocol):
    """An isotropic distribution of examples with `dim` coordinates.

    Hypotheses are unit vectors of shape (dim,); random numbers come from the generator that is given.
    """

    @property
    def dim(self) -> int:
        """The number of coordinates."""
        ...

    def sample(self, count: int, random: Generator) -> Vectors:
        """(count, dim) independent examples."""
        ...

    def band(self, hypothesis: Vectors, width: float, count: int, random: Generator) -> Vectors:
        """(count, dim) independent examples x, given that |<hypothesis, x>| <= width."""
        ...

    def disagreement(self, first: Vectors, second: Vectors, random: Generator) -> Disagreement:
        """The probability that the two hypotheses label an example differently."""
        ...


def angle(first: Vectors, second: Vectors) -> float:
    """The angle of two unit vectors in radians, exact to rounding for angles near 0 and near pi too."""
    return 2 * math.atan2(float(np.linalg.norm(first - second)), float(np.linalg.norm(first + second)))


@dataclass(frozen=True, slots=True)
class RotationInvariant:
    """A distribution that no rotation changes: normal, uniform in a ball, or uniform on a sphere.

    draw_rest: from axis coordinates (count,), the other coordinates (count, dim - 1); draw_axis: axis coordinates of a
    band of a width, from uniform numbers (count,).
    """

    dim: int
    draw_all: Callable[[int, int, Generator], Vectors]
    draw_axis: Callable[[int, float, Vectors], Vectors]
    draw_rest: Callable[[int, Vectors, Generator], Vectors]

    def sample(self, count: int, random: Generator) -> Vectors:
        """See `Distribution.sample`."""
        return self.draw_all(self.dim, count, random)

    def band(self, hypothesis: Vectors, width: float, count: int, random: Generator) -> Vectors:
        """See `Distribution.band`. Cost: O(count dim)."""
        axis = self.draw_axis(self.dim, width, random.random(count)) * random.choice([-1.0, 1.0], count)
        return onto_axis(hypothesis, axis, self.draw_rest(self.dim, axis, random))

    def disagreement(self, first: Vectors, second: Vectors, random: Generator) -> Disagreement:
        """The angle over pi, exactly."""
        value = angle(first, second) / math.pi
        return Disagreement(value, value, value, is_exact=True)


def _gaussian_axis(dim: int, width: float, uniform: Vectors) -> Vectors:
    from scipy.special import erf, erfinv

    return math.sqrt(2) * erfinv(uniform * erf(width / math.sqrt(2)))  # type: ignore[no-any-return]


def _ball_axis(dim: int, width: float, uniform: Vectors) -> Vectors:
    return _beta_axis(dim + 2, dim + 1, width, uniform)


def _sphere_axis(dim: int, width: float, uniform: Vectors) -> Vectors:
    return _beta_axis(dim, dim - 1, width, uniform)


def _beta_axis(radius_squared: float, twice_shape: float, width: float, uniform: Vectors) -> Vectors:
    """|x_1| given |x_1| <= width, where x_1^2 / radius^2 has the distribution Beta(1/2, twice_shape / 2)."""
    from scipy.special import betainc, betaincinv

    share = min(1.0, width**2 / radius_squared)
    within = betainc(0.5, twice_shape / 2, share)
    return np.sqrt(radius_squared * betaincinv(0.5, twice_shape / 2, uniform * within))  # type: ignore[no-any-return]


def _draw_gaussian(dim: int, count: int, random: Generator) -> Vectors:
    return random.standard_normal((count, dim))


def _draw_sphere(dim: int, count: int, random: Generator) -> Vectors:
    vectors = random.standard_normal((count, dim))
    return np.asarray(vectors * (math.sqrt(dim) / np.linalg.norm(vectors, axis=1, keepdims=True)))


def _draw_ball(dim: int, count: int, random: Generator) -> Vectors:
    radius = math.sqrt((dim + 2) / dim) * random.random((count, 1)) ** (1 / dim)
    return _draw_sphere(dim, count, random) * radius


@dataclass(frozen=True, slots=True)
class Product:
    """Independent coordinates, each symmetric and unimodal, of mean 0 and variance 1.

    lower: the distribution function at (n,) numbers; quantile: its inverse at (n,) probabilities of at most 1/2.
    """

    dim: int
    lower: Callable[[Vectors], Vectors]
    quantile: Callable[[Vectors], Vectors]

    def sample(self, count: int, random: Generator) -> Vectors:
        """See `Distribution.sample`."""
        half = self.quantile(_open(random, (count, self.dim)) / 2)
        return np.asarray(half * random.choice([-1.0, 1.0], half.shape))

    def band(self, hypothesis: Vectors, width: float, count: int, random: Generator) -> Vectors:
        """See `Distribution.band`.

        All coordinates but one are drawn. The last one has to lie in an interval, and the draw is accepted with the
        probability of that interval, relative to the most probable interval of its length. Cost: O(dim) for each
        proposal, of which at least about one in sqrt(dim) is accepted, at any width.
        """
        last = int(np.argmax(np.abs(hypothesis)))
        reach = np.array([width / abs(hypothesis[last])])
        most = self._between(-reach, reach)[0]
        accepted: list[Vectors] = []
        missing = count
        while missing > 0:
            points = self.sample(2 * missing + 64, random)
            centre = -(points @ hypothesis - points[:, last] * hypothesis[last]) / hypothesis[last]
            kept = random.random(len(points)) * most < self._between(centre - reach, centre + reach)
            points, centre = points[kept], centre[kept]
            points[:, last] = self._draw_between(centre - reach, centre + reach, random)
            accepted.append(points[:missing])
            missing -= len(accepted[-1])
        return np.concatenate(accepted)

    def disagreement(self, first: Vectors, second: Vectors, random: Generator) -> Disagreement:
        """The mean of exact probabilities over one coordinate, given the others: precise for small angles too."""
        last = int(np.argmax(np.abs(first)))
        if second[last] == 0:
            last = int(np.argmax(np.abs(first * second)))
        points = self.sample(ERROR_DRAWS, random)
        points[:, last] = 0
        with np.errstate(divide="ignore", invalid="ignore"):
            roots = [np.nan_to_num(-(points @ each) / each[last]) for each in (first, second)]
        chances = self._between(np.minimum(*roots), np.maximum(*roots))
        if first[last] * second[last] < 0:
            chances = 1 - chances
        value, error = float(chances.mean()), float(chances.std(ddof=1) / math.sqrt(len(chances)))
        return Disagreement(value, max(0.0, value - NORMAL_95 * error), min(1.0, value + NORMAL_95 * error), False)

    def _between(self, low: Vectors, high: Vectors) -> Vectors:
        """The probability of each interval, without the cancellation of two probabilities near 1."""
        flip = low + high > 0
        low, high = np.where(flip, -high, low), np.where(flip, -low, high)
        return np.asarray(self.lower(high) - self.lower(low))

    def _draw_between(self, low: Vectors, high: Vectors, random: Generator) -> Vectors:
        flip = low + high > 0
        bottom, top = np.where(flip, -high, low), np.where(flip, -low, high)
        first, last = self.lower(bottom), self.lower(top)
        chance = first + _open(random, low.shape) * (last - first)
        upper = chance > 0.5  # only where the interval holds 0
        values = self.quantile(np.where(upper, 1 - chance, chance))
        values = np.clip(np.where(upper, -values, values), bottom, top)
        return np.asarray(np.where(flip, -values, values))


def _open(random: Generator, shape: tuple[int, ...]) -> Vectors:
    """Uniform numbers between 0 and 1, neither of them."""
    return (random.integers(0, 2**52, shape) + 0.5) / 2**52


def _laplace_lower(values: Vectors) -> Vectors:
    tail = 0.5 * np.exp(-math.sqrt(2) * np.abs(values))
    return np.where(values < 0, tail, 1 - tail)


def _laplace_quantile(chances: Vectors) -> Vectors:
    return np.log(2 * chances) / math.sqrt(2)


def _logistic_lower(values: Vectors) -> Vectors:
    from scipy.special import expit

    return expit(values * (math.pi / math.sqrt(3)))  # type: ignore[no-any-return]


def _logistic_quantile(chances: Vectors) -> Vectors:
    from scipy.special import logit

    return logit(chances) * (math.sqrt(3) / math.pi)  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class Simplex:
    """Uniform in a regular simplex, by hit-and-run: a polytope, and not symmetric.

    Draws are approximate: every one is the end of a walk of its own from the centre, of `40 dim` steps.
    """

    dim: int

    def sample(self, count: int, random: Generator) -> Vectors:
        """See `Distribution.sample`. Cost: O(count dim^3)."""
        return walk_polytope(*simplex_facets(self.dim), np.eye(self.dim), count, 40 * self.dim, random)

    def band(self, hypothesis: Vectors, width: float, count: int, random: Generator) -> Vectors:
        """See `Distribution.band`. The directions of the walk are as flat as the band. Cost: O(count dim^3)."""
        facets, bounds = simplex_facets(self.dim)
        facets = np.vstack([facets, hypothesis, -hypothesis])
        flat = np.eye(self.dim) - (1 - min(1.0, width)) * np.outer(hypothesis, hypothesis)
        return walk_polytope(facets, np.append(bounds, [width, width]), flat, count, 40 * self.dim, random)

    def disagreement(self, first: Vectors, second: Vectors, random: Generator) -> Disagreement:
        """The share of draws that differ, with the interval of Clopper and Pearson."""
        from scipy.stats import beta

        points = self.sample(ERROR_DRAWS, random)
        count = int(((points @ first > 0) != (points @ second > 0)).sum())
        low = float(beta.ppf(0.025, count, ERROR_DRAWS - count + 1)) if count else 0.0
        high = float(beta.ppf(0.975, count + 1, ERROR_DRAWS - count)) if count < ERROR_DRAWS else 1.0
        return Disagreement(count / ERROR_DRAWS, low, high, is_exact=False)


DISTRIBUTIONS: dict[str, Callable[[int], Distribution]] = {
    "gaussian": lambda dim: RotationInvariant(dim, _draw_gaussian, _gaussian_axis, gaussian_rest),
    "ball": lambda dim: RotationInvariant(dim, _draw_ball, _ball_axis, ball_rest),
    "sphere": lambda dim: RotationInvariant(dim, _draw_sphere, _sphere_axis, sphere_rest),
    "laplace": lambda dim: Product(dim, _laplace_lower, _laplace_quantile),
    "logistic": lambda dim: Product(dim, _logistic_lower, _logistic_quantile),
    "simplex": Simplex,
}


def distribution(name: str, dim: int) -> Distribution:
    """An isotropic distribution by its name.

    Parameters
    ----------
    name : str
        One of `DISTRIBUTIONS`: gaussian, ball, sphere, laplace, logistic, simplex. The sphere has no density and is
        not log-concave; it is the limit of thin shells, and the case of the first analyses.
    dim : int
        The number of coordinates, 2 or larger.

    Returns
    -------
    Distribution

    Raises
    ------
    ArgumentError
        For an unknown name, or a dimension below 2.

    Notes
    -----
    Repeatability: set by the generator that each method is given.
    """
    return DISTRIBUTIONS[choice(name, "`name`", DISTRIBUTIONS)](whole(dim, "`dim`", least=2, most=1_000))
