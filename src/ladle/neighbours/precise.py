"""Exact nearest clusters where rounding hides them: products in float64 rule out most members, differences decide.

Products tell linkages apart down to the rounding of |x| |y|. Differences of means tell them apart down to the rounding
of the difference itself, however far from the centre the means lie. Differences cost several times as much, so only
members that the products do not rule out are compared.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from ladle import threads
from ladle.compiled import kernel
from ladle.geometry.frame import Frame, Means
from ladle.neighbours.contract import Candidates
from ladle.neighbours.kernels import linkage_of
from ladle.neighbours.products import MEMBER_BLOCK, QUERY_BLOCK, Int32s, Packed, pack
from ladle.progress import Advance

PACKED_ROWS = 65 * MEMBER_BLOCK  # members packed at a time
ROOM = 1.0 + 1e-12  # added to a linkage for its rounding to 44 bits

Floats64 = npt.NDArray[np.float64]


class ClusterArrays(NamedTuple):
    """Means, remainders and spreads of clusters, by cluster id."""

    means: Means  # (n, d)
    remainders: Means  # (n, d), added to the means; or (0, d)
    spreads: Floats64  # (n,)

    @classmethod
    def of(cls, means: Means, remainders: Means | None, spreads: Floats64) -> Self:
        """These arrays; without remainders, an empty one."""
        return cls(means, np.empty((0, means.shape[1]), means.dtype) if remainders is None else remainders, spreads)

    def packed(self, members: Int32s, dtype: np.dtype[Any], frame: Frame) -> Packed:
        """Some of the clusters, ready for matrix products in `frame`."""
        remainders = self.remainders if len(self.remainders) else None
        return pack(self.means, self.spreads, members, dtype, frame, remainders=remainders)


def nearest_by_differences(
    clusters: ClusterArrays, members: Int32s, queries: Int32s, k: int, frame: Frame, advance: Advance
) -> Candidates:
    """The k nearest of `members` (m,) for each of `queries` (q,), by linkages as `linkage_of` computes them.

    The reach is the k-th linkage, rounded to the dtype of `means` as the lists of the clustering are: a proof.
    Cost: q m d multiply-adds in float64, and 3 q d operations for each member that is not ruled out; 8 d bytes for
    each query and for PACKED_ROWS members.
    """
    wide = np.dtype(np.float64)
    asking = clusters.packed(queries, wide, frame)
    ids = np.full((len(queries), k), -1, np.int32)
    linkages = np.full((len(queries), k), np.inf)
    for first, last in threads.ranges(len(members), PACKED_ROWS):
        part = members[first:last]
        packed = asking if len(part) == len(members) == len(queries) else clusters.packed(part, wide, frame)

        def search(block: tuple[int, int]) -> None:
            _compare(clusters, packed, part, asking, queries, slice(*block), ids, linkages)  # noqa: B023 - see below

        threads.run_each(search, threads.ranges(len(queries), QUERY_BLOCK))  # ends before the next part begins
        advance(len(queries) * (last - first) / len(members))
    reach = linkages[:, -1].astype(clusters.means.dtype).astype(np.float64)
    if k == len(members) - 1:  # every other member is listed
        reach[:] = np.inf
    return Candidates(ids=ids, reach=reach, proven=np.ones(len(queries), bool))


def _compare(
    clusters: ClusterArrays,
    packed: Packed,
    members: Int32s,
    asking: Packed,
    queries: Int32s,
    mine: slice,
    ids: Int32s,
    linkages: Floats64,
) -> None:
    """Compare the queries `mine` with all `members`, which are `packed`."""
    dim = clusters.means.shape[1]
    unit, tiny = float(np.finfo(np.float64).eps) / 2, float(np.finfo(np.float64).tiny)
    for start, stop in threads.ranges(len(members), MEMBER_BLOCK):
        theirs = slice(start, stop)
        products = asking.points[mine] @ packed.points[theirs].T
        keep_nearest(
            products,
            (asking.norms[mine], asking.halves[mine], queries[mine]),
            (packed.norms[theirs], packed.halves[theirs], members[theirs]),
            (clusters.means, clusters.remainders, clusters.spreads),
            (packed.frame.scale**2, 2.0 * unit * (dim + 8), 4.0 * tiny * (dim + 8)),
            ids[mine],
            linkages[mine],
        )


@kernel
def keep_nearest(
    products: Any, asking: Any, packed: Any, clusters: Any, rounding: Any, ids: Any, linkages: Any
) -> None:
    """Merge one block of products into the running k nearest of its queries.

    products (q, t) float64: query x times column y, in the frame. asking and packed: (norms, halves, cluster ids) of
    queries and columns; halves are half of |point|^2 + spread. clusters: (means, remainders, spreads). rounding: square
    of the frame's scale; how far a product may be off, relative and absolute. ids (q, k) int32 and linkages (q, k)
    float64, ascending: updated in place. Equal linkages keep the one that came first.
    """
    norms, halves, queries = asking
    other_norms, other_halves, members = packed
    means, remainders, spreads = clusters
    square_scale, relative, absolute = rounding
    last = ids.shape[1] - 1
    for x in range(products.shape[0]):
        limit = linkages[x, last] * square_scale * ROOM
        for y in range(products.shape[1]):
            half = halves[x] + other_halves[y]
            # |x|^2 and |y|^2 are within the halves, so these bound the rounding of the products and of the halves.
            error = relative * (norms[x] * other_norms[y] + half) + absolute
            if 2.0 * (half - products[x, y] - error) > limit or members[y] == queries[x]:
                continue
            linkage = linkage_of(means, remainders, spreads, queries[x], members[y])
            if linkage >= linkages[x, last]:
                continue
            place = last
            while place > 0 and linkages[x, place - 1] > linkage:
                linkages[x, place] = linkages[x, place - 1]
                ids[x, place] = ids[x, place - 1]
                place -= 1
            linkages[x, place] = linkage
            ids[x, place] = members[y]
            limit = linkages[x, last] * square_scale * ROOM
