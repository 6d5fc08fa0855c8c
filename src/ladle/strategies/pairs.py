"""Multi-label pools, one label at a time: the (example, class) pairs to ask annotators about."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle import draws
from ladle.arraylikes import as_array
from ladle.arrays import Probabilities, Rows, row_blocks
from ladle.errors import ArgumentError, MismatchError
from ladle.frames import check_same_index
from ladle.numbers import number, whole
from ladle.scores.simplex import as_probabilities, refuse_row, significant_bits
from ladle.seeds import check_seed
from ladle.strategies.clustered.cluster_margin import cluster_margin

BLOCK_BYTES = 16 << 20
Longs = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Yes-or-no questions in the order of choice: whether the example rows[i] has the class classes[i].

    Attributes
    ----------
    rows : ndarray of int64, shape (b,)
        Positions in the pool.
    classes : ndarray of int64, shape (b,)
        Columns of the probabilities.
    margins : ndarray of float32, shape (b,)
        The margin abs(2p - 1) of each pair.
    """

    rows: Rows
    classes: Longs
    margins: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        return f"<Pairs: {len(self):,} pairs of an example and a class>"


def least_sure_pairs(
    probabilities: npt.ArrayLike,
    size: int,
    *,
    labelled: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    clusters: npt.ArrayLike | None = None,
    candidate_ratio: float = 10,
    seed: int = 0,
) -> Pairs:
    """Choose the `size` pairs of an example and a class with the smallest margins, abs(2p - 1). Each pair is one label.

    Parameters
    ----------
    probabilities : array_like, shape (n, c)
        The probability of each class by itself. A memory map is read block by block.
    size : int
        Pairs to choose, from 1 to the number of pairs without a label.
    labelled : pair of array_like of int, shape (a,) each, optional
        Rows and classes of the pairs that have a label, all different. Their probabilities may be NaN.
    clusters : array_like of int, shape (n,), optional
        The flat cluster of each example. With them, the candidate_ratio x size least sure pairs are candidates, and the
        batch takes one of each of their clusters in turn, the smallest first, as `cluster_margin` does.
    candidate_ratio : float, default 10
        Candidates for each place in the batch, 1 or larger.
    seed : int, default 0
        From 0 to 2**63 - 1. It decides ties.

    Returns
    -------
    Pairs
        Rows, classes and margins, in the order of choice.

    Raises
    ------
    ArgumentError, ShapeError, MismatchError
        An argument is out of range, or the arrays do not fit each other.
    ProbabilityError, NonFiniteError
        A row does not hold probabilities; the first such row is named.

    Notes
    -----
    Cost: one pass over n c numbers; 40 bytes a candidate and one block, for any number of classes.

    Repeatability: set by the arguments; ties are seeded draws; the size of a block changes nothing.

    References
    ----------
    Citovsky et al. 2021, "Batch Active Learning at Scale" (multi-label Open Images); the margin of a class is that of
    `ladle.margin`.
    """
    from ladle.strategies.pair_kernels import collect

    matrix = as_probabilities(probabilities, multilabel=True)
    n, c = matrix.shape
    answered = _flat(labelled, n, c)
    free = n * c - len(answered)
    size = whole(size, "`size`", least=1, most=free, wanted=f"be between 1 and the pairs without a label ({free:,})")
    candidate_ratio = number(candidate_ratio, "`candidate_ratio`", least=1)
    if clusters is not None:
        check_same_index({"probabilities": probabilities, "clusters": clusters})
        clusters = as_array(clusters, "clusters")
        if len(np.atleast_1d(clusters)) != n:
            raise MismatchError(
                "`clusters`", wanted=f"have one entry for each of {n:,} rows", got=f"{np.size(clusters):,}"
            )
    wanted = size if clusters is None else min(free, math.ceil(candidate_ratio * size))
    least_sure = _Smallest(wanted, draws.key(check_seed(seed), "pair ties"))
    bits = significant_bits(matrix.dtype)
    for block in row_blocks(n, 4 * c, BLOCK_BYTES):
        part: Any = np.ascontiguousarray(matrix[block], np.float64 if matrix.dtype == np.float64 else np.float32)
        names = np.empty(part.size, np.int64)
        margins = np.empty(part.size, np.float32)
        first = block.start * c
        skipped = answered[np.searchsorted(answered, first) : np.searchsorted(answered, first + part.size)] - first
        part = _checked(part, skipped, block.start, bits)
        count = collect(part, least_sure.cutoff, skipped, names, margins)
        least_sure.offer(first + names[:count], margins[:count])
    names, margins = least_sure.sorted()
    rows, classes = names // c, names % c
    if clusters is not None:
        order = cluster_margin(margins, np.asarray(clusters)[rows], size, candidate_ratio=candidate_ratio, seed=seed)
        rows, classes, margins = rows[order], classes[order], margins[order]
    return Pairs(rows, classes, margins)


def _checked(part: Probabilities, answered: Longs, start: int, bits: int) -> Probabilities:
    """A block with probabilities in all pairs but those answered. Raises: ProbabilityError, NonFiniteError."""
    from ladle.scores.kernels import labelwise
    from ladle.scores.reading import NONE_WAIVED

    lacking = answered[np.isnan(part.reshape(-1)[answered])]
    if lacking.size:
        part = part.copy()
        part.reshape(-1)[lacking] = 1
    part = part.view()
    part.flags.writeable = False  # the kernel is compiled for read-only arrays alone, see ladle.scores.blocks
    bad = labelwise(part, bits, False, NONE_WAIVED, np.empty(len(part), np.float32))
    if bad >= 0:
        refuse_row(part[bad], start + bad, bits=bits, free_sum=True)
    return part


class _Smallest:
    """The smallest margins among those offered; a seeded draw decides ties."""

    def __init__(self, wanted: int, draw_key: np.uint64) -> None:
        self._wanted = wanted
        self._key = draw_key
        self._names: list[Longs] = []
        self._margins: list[npt.NDArray[np.float32]] = []
        self._held = 0
        self.cutoff = np.inf  # larger margins need not be offered

    def offer(self, names: Longs, margins: npt.NDArray[np.float32]) -> None:
        self._names.append(names.copy())
        self._margins.append(margins.copy())
        self._held += len(names)
        if self._held >= 2 * self._wanted:
            names, margins = self.sorted()
            self._names, self._margins, self._held = [names], [margins], len(names)
            self.cutoff = float(margins[-1])

    def sorted(self) -> tuple[Longs, npt.NDArray[np.float32]]:
        """Names and margins of the smallest, (k,) each, smallest first."""
        names, margins = np.concatenate(self._names), np.concatenate(self._margins)
        if len(names) > self._wanted:
            near = margins <= np.partition(margins, self._wanted - 1)[self._wanted - 1]
            names, margins = names[near], margins[near]
        order = np.lexsort((draws.priorities(self._key, names), margins))[: self._wanted]
        return names[order], margins[order]


def _flat(labelled: tuple[npt.ArrayLike, npt.ArrayLike] | None, n: int, c: int) -> Longs:
    """The answered pairs as numbers row * c + class, (a,) int64 ascending. Raises: ArgumentError."""
    if labelled is None:
        return np.empty(0, np.int64)
    rows, classes = (np.atleast_1d(as_array(part, "labelled", by_index=False)) for part in labelled)
    if rows.shape != classes.shape or rows.ndim != 1:
        raise ArgumentError(
            "`labelled`", wanted="be rows and classes of one length", got=f"shapes {rows.shape} and {classes.shape}"
        )
    if len(rows) == 0:
        return np.empty(0, np.int64)
    if rows.dtype.kind not in "iu" or classes.dtype.kind not in "iu":
        raise ArgumentError("`labelled`", wanted="hold whole numbers", got=f"{rows.dtype} and {classes.dtype}")
    if rows.min() < 0 or rows.max() >= n or classes.min() < 0 or classes.max() >= c:
        raise ArgumentError("`labelled`", wanted=f"lie within {n:,} rows and {c:,} classes", got="a pair outside")
    flat = np.unique(rows.astype(np.int64) * c + classes)
    if len(flat) < len(rows):
        raise ArgumentError("`labelled`", wanted="name each pair once", got=f"{len(rows) - len(flat):,} repeats")
    return flat
