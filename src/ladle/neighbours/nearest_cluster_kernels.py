"""Compiled loops: the nearest of candidate clusters, and whether rounding leaves another one as near."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba.extending import register_jitable

from ladle.arrays import row_blocks
from ladle.compiled import kernel
from ladle.geometry.frame import Means
from ladle.neighbours.kernels import square_distance

Floats64 = npt.NDArray[np.float64]

UNIT = 2.0**-53  # the rounding of one operation in float64
ROUNDINGS = 8.0  # of a coordinate before it comes here: read, divided by a norm, shifted, averaged, once or twice each


class Blur(NamedTuple):
    """How far rounding may have moved points and means, as distances; passed whole to the kernels."""

    origin: float  # of the points' origin
    fine: Floats64  # (m,) of the means, in float64
    coarse: Floats64  # (m,) of the means as they are, which a file may have kept in float32
    most: float  # the largest of `coarse`

    @classmethod
    def of(cls, means: Means, origin_norm: float, rounding: float) -> Blur:
        """The blur of means (m, d) around an origin of this norm, which were rounded by this share of them."""
        norms = np.empty(len(means))
        for block in row_blocks(len(means), 8 * means.shape[1]):
            part = means[block].astype(np.float64, copy=False)
            norms[block] = np.sqrt(np.einsum("ij,ij->i", part, part))
        origin = ROUNDINGS * UNIT * origin_norm
        fine = ROUNDINGS * UNIT * norms + origin
        coarse = fine + rounding * norms
        return cls(origin, fine, coarse, float(coarse.max()))


@register_jitable
def _linkage(points: Any, means: Any, spreads: Any, x: int, a: int) -> Any:
    """The linkage of point x and cluster a."""
    return square_distance(points, x, means, a) + spreads[a]


@register_jitable
def doubt(linkage: Any, blur: Any, dim: int) -> Any:
    """How far a linkage may be from the true one, if the difference of point and mean is off by `blur`.

    The last part is the rounding of a sum of `dim` squares and a spread (Higham 2002, section 3.1).
    """
    return 2.0 * np.sqrt(linkage) * blur + blur * blur + (dim + ROUNDINGS) * UNIT * linkage


@register_jitable
def _blur_of(points: Any, x: int, origin: float) -> Any:
    total = 0.0
    for t in range(points.shape[1]):
        total += points[x, t] * points[x, t]
    return ROUNDINGS * UNIT * np.sqrt(total) + origin


@register_jitable
def _settled(points: Any, means: Any, spreads: Any, blur: Any, x: int, a: int, near: int, least: float) -> Any:
    """Whether cluster a is as near to point x as `near`, the nearest at `least`: to float64, and to all there is."""
    dim, own = points.shape[1], _blur_of(points, x, blur.origin)
    d = _linkage(points, means, spreads, x, a)
    fine = doubt(d, own + blur.fine[a], dim) + doubt(least, own + blur.fine[near], dim)
    coarse = doubt(d, own + blur.coarse[a], dim) + doubt(least, own + blur.coarse[near], dim)
    return d, d - least <= fine, d - least <= coarse


@kernel
def choose(
    points: Any, means: Any, spreads: Any, blur: Any, rows: Any, candidates: Any, best: Any, linkages: Any, open_: Any
) -> None:
    """The nearest of `candidates` (r, k) int32, -1 for none, of the points at rows (r,): into the last three, (q,)."""
    dim = points.shape[1]
    for y in range(rows.shape[0]):
        x = rows[y]
        near, least, second = -1, np.inf, np.inf
        for t in range(candidates.shape[1]):
            a = candidates[y, t]
            if a < 0:
                continue
            d = _linkage(points, means, spreads, x, a)
            if d < least or (d == least and a < near):
                near, least, second = a, d, least
            elif d < second:
                second = d
        best[x], linkages[x], open_[x] = near, least, False
        wide = _blur_of(points, x, blur.origin) + blur.most
        if second == np.inf or second - least > doubt(second, wide, dim) + doubt(least, wide, dim):
            continue
        for t in range(candidates.shape[1]):
            a = candidates[y, t]
            if a < 0 or a == near:
                continue
            d, tied, unsure = _settled(points, means, spreads, blur, x, a, near, least)
            if tied and a < best[x]:
                best[x], linkages[x] = a, d
            open_[x] |= unsure
