"""Examples of rotation-invariant distributions, given their coordinate along one axis."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float64]
Generator = np.random.Generator


def gaussian_rest(dim: int, axis: Vectors, random: Generator) -> Vectors:
    """(count, dim - 1) standard normal numbers, which do not depend on the axis coordinates (count,)."""
    return random.standard_normal((len(axis), dim - 1))


def sphere_rest(dim: int, axis: Vectors, random: Generator) -> Vectors:
    """(count, dim - 1) the rest of points on the sphere of radius sqrt(dim)."""
    directions = random.standard_normal((len(axis), dim - 1))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return directions * np.sqrt(np.maximum(0, dim - axis**2))[:, None]


def ball_rest(dim: int, axis: Vectors, random: Generator) -> Vectors:
    """(count, dim - 1) the rest of points uniform in the ball of radius sqrt(dim + 2)."""
    directions = random.standard_normal((len(axis), dim - 1))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    radius = np.sqrt(np.maximum(0, dim + 2 - axis**2)) * random.random(len(axis)) ** (1 / (dim - 1))
    return directions * radius[:, None]


def onto_axis(unit: Vectors, axis: Vectors, rest: Vectors) -> Vectors:
    """(count, dim) points with coordinate axis (count,) along `unit` and `rest` (count, dim - 1) across it.

    A Householder reflection takes the first unit vector to `unit`. The coordinate along `unit` keeps its digits,
    however small it is beside the rest.
    """
    mirror = unit.copy()
    mirror[0] += math.copysign(1.0, unit[0])
    mirror /= np.linalg.norm(mirror)
    points = np.concatenate([np.zeros((len(axis), 1)), rest], axis=1)
    points -= 2 * np.outer(points @ mirror, mirror)
    points -= np.outer(points @ unit, unit)  # what rounding left
    return points + np.outer(axis, unit)
