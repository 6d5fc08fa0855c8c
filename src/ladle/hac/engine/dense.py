"""The end of the tree, and small pools: a nearest-neighbour chain on a dense matrix of linkages.

Late merges join few, large clusters, one or two a round, and a matrix of a few thousand clusters is small.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ladle import threads
from ladle.compiled import kernel
from ladle.hac.engine.kernels import resolved
from ladle.hac.engine.state import Clusters, Int32s
from ladle.neighbours.kernels import square_distance_of_sums

ROW_BLOCK = 64


@kernel
def fill_linkages(c, members, matrix, start, stop):
    """Ranged over rows. Write the linkages of members[start:stop] with the members before them, both ways, to `matrix`.

    matrix: (m, m) float64. Squares are summed coordinate by coordinate, as SciPy sums them, and not rounded: the
    heights of a small pool are SciPy's to the last bit. Four sums at a time hide the latency of an addition.
    """
    means, spreads = c.means, c.spreads
    for x in range(start, stop):
        matrix[x, x] = np.inf
        a = members[x]
        if c.remainders.shape[0] > 0:
            for y in range(x):
                b = members[y]
                matrix[x, y] = square_distance_of_sums(means, c.remainders, a, b) + (spreads[a] + spreads[b])
                matrix[y, x] = matrix[x, y]
            continue
        whole = x - x % 4
        for y in range(0, whole, 4):
            b0, b1, b2, b3 = members[y], members[y + 1], members[y + 2], members[y + 3]
            d0 = d1 = d2 = d3 = 0.0
            for t in range(means.shape[1]):
                own = np.float64(means[a, t])
                e0 = own - means[b0, t]
                e1 = own - means[b1, t]
                e2 = own - means[b2, t]
                e3 = own - means[b3, t]
                d0 += e0 * e0
                d1 += e1 * e1
                d2 += e2 * e2
                d3 += e3 * e3
            matrix[x, y] = d0 + (spreads[a] + spreads[b0])
            matrix[x, y + 1] = d1 + (spreads[a] + spreads[b1])
            matrix[x, y + 2] = d2 + (spreads[a] + spreads[b2])
            matrix[x, y + 3] = d3 + (spreads[a] + spreads[b3])
        for y in range(whole, x):
            d = 0.0
            for t in range(means.shape[1]):
                e = np.float64(means[a, t]) - means[members[y], t]
                d += e * e
            matrix[x, y] = d + (spreads[a] + spreads[members[y]])
        for y in range(x):
            matrix[y, x] = matrix[x, y]  # no other range writes there


@kernel
def chain(matrix, sizes, path, pairs, linkages):
    """Nearest-neighbour chain (Murtagh 1983) with the Lance-Williams update of average linkage; SciPy's tie rules.

    matrix (m, m) float64 symmetric, inf on the diagonal, and sizes (m,) int64 are consumed; path (m,) int64 is
    scratch. pairs (m - 1, 2) int32 receives positions (gone, kept), linkages (m - 1,) their heights, in the order of
    the chain.
    """
    m = matrix.shape[0]
    length = 0
    for step in range(m - 1):
        if length == 0:
            for x in range(m):
                if sizes[x] > 0:
                    path[0] = x
                    break
            length = 1
        while True:
            x = path[length - 1]
            if length > 1:  # prefer the previous cluster of the chain on ties, or the chain may never end
                y = path[length - 2]
                best = matrix[x, y]
            else:
                y = -1
                best = np.inf
            for z in range(m):
                if matrix[x, z] < best:
                    best = matrix[x, z]
                    y = z
            if length > 1 and y == path[length - 2]:
                break
            path[length] = y
            length += 1
        length -= 2
        gone = min(x, y)
        kept = max(x, y)
        pairs[step, 0] = gone
        pairs[step, 1] = kept
        linkages[step] = best
        size_gone = sizes[gone]
        size_kept = sizes[kept]
        sizes[gone] = 0
        sizes[kept] = size_gone + size_kept
        for z in range(m):
            if sizes[z] > 0 and z != kept:
                d = (size_gone * matrix[gone, z] + size_kept * matrix[kept, z]) / (size_gone + size_kept)
                matrix[kept, z] = d
                matrix[z, kept] = d
            matrix[gone, z] = np.inf
            matrix[z, gone] = np.inf
        matrix[kept, kept] = np.inf


def finish(c: Clusters, members: Int32s) -> tuple[Int32s, np.ndarray, npt.NDArray[np.bool_]]:
    """Merge `members` (m,) cluster ids into one, in any valid order.

    Returns (m - 1, 2) ids (kept, gone), (m - 1,) linkages, and (m - 1,) whether rounding of the means hides nothing.
    Later merges name the kept id of a merge. Cost: 8 m^2 bytes, m^2 d / 2 multiply-adds, O(m^2) steps.
    """
    m = len(members)
    matrix = np.empty((m, m))
    pairs = np.empty((m - 1, 2), np.int32)
    linkages = np.empty(m - 1)
    threads.run_each(lambda block: fill_linkages(c, members, matrix, *block), threads.ranges(m, ROW_BLOCK))
    chain(matrix, c.sizes[members].astype(np.int64), np.empty(m, np.int64), pairs, linkages)
    sure = np.ones(m - 1, bool)
    wide = c.means.dtype.itemsize == 8
    # Linkages of points have all digits of their differences, and the means of such linkages have them too.
    if not wide or (len(c.remainders) == 0 and c.spreads[members].any()):
        norms = np.sqrt(np.einsum("ij,ij->i", c.means[members], c.means[members], dtype=np.float64))
        mark_resolved(pairs, linkages, norms, wide, sure)
    return members[pairs[:, ::-1]], linkages, sure


@kernel
def mark_resolved(pairs, linkages, norms, wide, sure):
    """Write whether each of the merges `pairs` (m - 1, 2), in order, is `resolved` to sure (m - 1,) bool.

    norms (m,) float64: length of each mean. They are consumed: a union counts as long as the longer of its parts.
    """
    for step in range(pairs.shape[0]):
        gone = pairs[step, 0]
        kept = pairs[step, 1]
        sure[step] = resolved(wide, norms[gone], norms[kept], linkages[step])
        norms[kept] = max(norms[gone], norms[kept])
