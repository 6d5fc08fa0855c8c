"""Hit-and-run in a polytope, and the regular simplex that is isotropic."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float64]


def simplex_facets(dim: int) -> tuple[Vectors, Vectors]:
    """The facets (dim + 1, dim) and bounds (dim + 1,) of the isotropic regular simplex {x: facets x <= bounds}.

    The simplex of non-negative numbers with sum 1 has the covariance 1 / ((dim + 1)(dim + 2)) within its hyperplane.
    """
    scale = math.sqrt((dim + 1) * (dim + 2))
    return -simplex_frame(dim), np.full(dim + 1, scale / (dim + 1))


def simplex_frame(dim: int) -> Vectors:
    """(dim + 1, dim) an orthonormal basis of the hyperplane of vectors with sum 0, as columns."""
    vectors = np.column_stack([np.ones(dim + 1), np.eye(dim + 1)[:, :dim]])
    return np.linalg.qr(vectors)[0][:, 1:]


def walk_polytope(
    facets: Vectors, bounds: Vectors, shape: Vectors, count: int, steps: int, random: np.random.Generator
) -> Vectors:
    """(count, dim) ends of walks of hit-and-run from 0 in {x: facets x <= bounds}; 0 lies within it.

    shape: (dim, dim) takes a normal vector to a direction. Cost: O(count steps facets dim) time.
    Source: Smith 1984, "Efficient Monte Carlo procedures for generating points uniformly distributed over bounded
    regions".
    """
    points = np.zeros((count, facets.shape[1]))
    for _ in range(steps):
        directions = random.standard_normal(points.shape) @ shape
        rise, room = directions @ facets.T, bounds - points @ facets.T
        with np.errstate(divide="ignore", invalid="ignore"):
            ends = room / rise
        high = np.where(rise > 0, ends, np.inf).min(axis=1)
        low = np.where(rise < 0, ends, -np.inf).max(axis=1)
        points += (low + (high - low) * random.random(count))[:, None] * directions
    return points
