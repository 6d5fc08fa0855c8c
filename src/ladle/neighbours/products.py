"""Clusters packed for matrix products, and the top k of a block of products."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle import threads
from ladle.arrays import row_blocks
from ladle.geometry.frame import Frame, Means
from ladle.memory.fetch import fetch_rows
from ladle.memory.scratch import IN_MEMORY, Scratch
from ladle.neighbours.kernels import keep_best

# x QUERY_BLOCK: 1 MiB of float32 products stays in a core's cache until its top k is taken. Not a power of two: rows
# 4,096 bytes apart share cache sets, and transposing a block took six times as long.
MEMBER_BLOCK = 1008
QUERY_BLOCK = 256
BLOCK_BYTES = 4 << 20  # of means packed at once: about the size of a core's caches

Floats = npt.NDArray[np.floating[Any]]
Int32s = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Packed:
    """m clusters in a frame. The score x.y - half_y is largest where the linkage of x and y is smallest."""

    points: Floats  # (m, d)
    halves: Floats  # (m,) half of |point|^2 + spread
    norms: npt.NDArray[np.float64]  # (m,) |point|
    frame: Frame


def pack(
    means: Means,
    spreads: npt.NDArray[np.float64],
    members: Int32s,
    dtype: np.dtype[Any],
    frame: Frame,
    scratch: Scratch = IN_MEMORY,
    remainders: Means | None = None,
) -> Packed:
    """Pack `members` in `frame`, in their order, in `scratch`; without a copy where `means` are that already.

    remainders (n, d): added to the means.
    """
    framed = frame.scale == 1.0 and not frame.centre.any()
    all_members = len(members) == len(means) and np.array_equal(members, np.arange(len(means)))
    ready = framed and all_members and means.dtype == dtype and remainders is None
    points = means if ready else scratch.empty((len(members), means.shape[1]), dtype)
    squares = np.empty(len(members))

    def fill(block: slice) -> None:
        rows = block if ready else members[block]
        fetch_rows(means, rows)
        part = means[rows]
        if not framed or remainders is not None:
            part = part - frame.centre
            if remainders is not None:
                part += remainders[rows]
            part *= frame.scale
        squares[block] = np.einsum("ij,ij->i", part, part, dtype=np.float64)
        if not ready:
            points[block] = part

    threads.run_each(fill, row_blocks(len(members), 8 * means.shape[1], BLOCK_BYTES))
    halves = (0.5 * (squares + frame.scale**2 * spreads[members])).astype(dtype)
    return Packed(points, halves, np.sqrt(squares), frame)


def top_k(
    packed: Packed, queries: Floats, own: npt.NDArray[np.int64], scores: Floats, positions: Int32s, first: int = 0
) -> None:
    """Merge the best of all members for `queries` (q, d) into `scores` (q, k) and `positions` (q, k).

    first: the position of the first member, where `packed` is a part of them. own (q,): the queries' own positions,
    skipped; -1 for none.
    """
    rows = np.arange(len(queries))
    all_members = np.arange(first, first + len(packed.points), dtype=np.int32)
    products = np.empty((len(queries), MEMBER_BLOCK), packed.points.dtype)
    for start, stop in threads.ranges(len(packed.points), MEMBER_BLOCK):
        part = products
        if stop - start < MEMBER_BLOCK:
            part = np.empty((len(queries), stop - start), products.dtype)
        fetch_rows(packed.points, slice(start, stop))
        np.matmul(queries, packed.points[start:stop].T, out=part)
        keep_best(part, packed.halves[start:stop], all_members[start:stop], own, scores, positions, rows, False)


def linkages(
    packed: Packed, own: npt.NDArray[np.int64], scores: Floats, spreads: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """The linkages behind scores, in the frame's unit: (q,), for the members at `own` (q,), of `spreads` (q,)."""
    x = packed.norms[own]
    linkage: npt.NDArray[np.float64] = x * x + packed.frame.scale**2 * spreads - 2.0 * scores.astype(np.float64)
    return np.maximum(linkage, 0.0)


def rounding(packed: Packed, own: npt.NDArray[np.int64], linkage: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """How far rounding may have moved the linkage of any member nearer than `linkage` (q,) to the one at `own` (q,).

    Such a member y has |y| <= |x| + sqrt(linkage). So the bound is local to the query, and one outlier of huge norm
    does not spoil the bounds of the others. Source: |fl(x.y) - x.y| <= d u |x| |y| (Higham 2002, section 3.5).
    """
    dim = packed.points.shape[1]
    unit = float(np.finfo(packed.points.dtype).eps) / 2
    x = packed.norms[own]
    y = x + np.sqrt(linkage)
    # The product rounds d times and packing 4 times (two coordinates, each once, doubled for safety); `halves` and its
    # subtraction round too; and products that are too small for the dtype vanish.
    vanishing = (dim + 4) * float(np.finfo(packed.points.dtype).tiny)
    error: npt.NDArray[np.float64] = 2.0 * unit * ((dim + 4) * x * y + 2.0 * (y * y + linkage)) + 2.0 * vanishing
    return error
