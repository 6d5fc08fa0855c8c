"""A point inside many half-spaces, far from their borders, by linear programs over the constraints that matter."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float64]

BOX = 6.0  # the point lies within so many standard deviations in each direction
MOST_ROUNDS = 100


def interior_point(constraints: Vectors, mean: Vectors, shape: Vectors) -> Vectors | None:
    """A point w with constraints w > 0, of norm 1/2, or None where none is found.

    constraints: (n, d) float64; mean: (d,); shape: (d, d). The point is mean + u shape, where its least distance to a
    border, told in the coordinates u, is largest.
    Cost: up to 100 linear programs of d + 1 variables; O(n d) time for each.
    """
    from scipy.optimize import linprog

    dim = len(mean)
    level, slope = constraints @ mean, constraints @ shape.T
    norms = np.linalg.norm(slope, axis=1)
    norms[norms == 0] = 1.0
    level, slope = level / norms, slope / norms[:, None]
    used = np.argsort(level)[: 4 * dim]
    cost = np.append(np.zeros(dim), -1.0)
    bounds = [(-BOX, BOX)] * dim + [(None, None)]
    for _ in range(MOST_ROUNDS):
        rows = np.column_stack([-slope[used], np.ones(len(used))])
        solved = linprog(cost, A_ub=rows, b_ub=level[used], bounds=bounds, method="highs")
        if solved.status != 0:
            return None
        place, radius = solved.x[:dim], solved.x[dim]
        slacks = level + slope @ place
        broken = np.flatnonzero(slacks < radius - 1e-7)
        if len(broken) == 0:
            point: Vectors = mean + place @ shape
            is_inside = bool((constraints @ point > 0).all())
            return point * (0.5 / np.linalg.norm(point)) if is_inside else None
        worst = broken[np.argsort(slacks[broken])[: 4 * dim]]
        used = np.union1d(used, worst)
    return None
