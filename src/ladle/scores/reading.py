"""Probabilities as a caller gives them: of one of two classes, not normalised, or without numbers in some rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.arrays import Probabilities, as_rows
from ladle.errors import ArgumentError, ProbabilityError
from ladle.numbers import switch
from ladle.scores.blocks import each_block
from ladle.scores.kernels import Waived, labelwise
from ladle.scores.simplex import SOFTMAX, as_probabilities, refuse_row, significant_bits

Kernel = Callable[[Any, int, Waived, Any], int]  # (block, bits, waived, out) -> the first bad row, or -1
NONE_WAIVED = np.zeros(0, np.bool_)
NONE_WAIVED.flags.writeable = False


@dataclass(frozen=True, slots=True, eq=False)
class CheckedProbabilities:
    """Probabilities whose shape and options are checked; the numbers are checked block by block, as they are read.

    Attributes
    ----------
    matrix : ndarray, (n, c) float; (n, 1) with `binary`
    binary, normalise : bool
        As in `ladle.margin`.
    waived : ndarray, (n,) bool, or (0,)
        Rows that need no score.
    free_sum : bool
        Whether a row may have any sum.
    """

    matrix: Probabilities
    binary: bool
    normalise: bool
    waived: Waived
    free_sum: bool = False

    @classmethod
    def of(
        cls,
        probabilities: npt.ArrayLike,
        *,
        binary: bool = False,
        normalise: bool = False,
        multilabel: bool = False,
        labelled: npt.ArrayLike | None = None,
    ) -> CheckedProbabilities:
        """Check the shape and the options. Raises: ShapeError; ArgumentError for options that exclude each other."""
        binary, normalise = switch(binary, "`binary`"), switch(normalise, "`normalise`")
        if normalise and (binary or multilabel):
            other = "binary" if binary else "multilabel"
            raise ArgumentError("`normalise`", wanted="go with classes that exclude each other", got=f"`{other}` too")
        matrix = as_probabilities(probabilities, binary=binary, multilabel=multilabel)
        return cls(matrix, binary, normalise, as_waived(labelled, len(matrix)), free_sum=multilabel)

    def score(self, kernel: Kernel) -> npt.NDArray[np.float32]:
        """The result of `kernel` for each row: (n,) float32. Raises: NonFiniteError, ProbabilityError."""
        out = np.empty(len(self.matrix), np.float32)
        bits = significant_bits(self.matrix.dtype)

        def work(block: Probabilities, start: int) -> None:
            rows = slice(start, start + len(block))
            waived = self.waived[rows]
            bad = kernel(self._prepare(block, start, waived, bits), bits, waived, out[rows])
            if bad >= 0:
                refuse_row(block[bad], start + bad, bits=bits, free_sum=self.free_sum)

        each_block(self.matrix, work)
        return out

    def as_matrix(self) -> Probabilities:
        """The probabilities (n, c): with `binary` or `normalise` a checked float32 copy, otherwise the matrix itself.

        Raises: for the copy NonFiniteError and ProbabilityError.
        """
        if not (self.binary or self.normalise):
            return self.matrix
        bits = significant_bits(self.matrix.dtype)
        out = np.empty((len(self.matrix), 2 if self.binary else self.matrix.shape[1]), np.float32)

        def work(block: Probabilities, start: int) -> None:
            rows = slice(start, start + len(block))
            out[rows] = self._prepare(block, start, self.waived[rows], bits)

        each_block(self.matrix, work)
        return out

    def _prepare(self, block: Probabilities, start: int, waived: Waived, bits: int) -> Probabilities:
        if self.binary:
            bad = labelwise(block, bits, False, waived, np.empty(len(block), np.float32))
            if bad >= 0:
                refuse_row(block[bad], start + bad, bits=bits, free_sum=True)
            block = np.clip(block, 0, 1)
            block = np.concatenate([1 - block, block], axis=1)
        elif self.normalise:
            block = _normalise(block, start, waived)
        else:
            return block
        block.flags.writeable = False  # the one type the kernels are compiled for, see each_block
        return block


def as_waived(labelled: npt.ArrayLike | None, rows: int) -> Waived:
    """The labelled rows, which need no score, as a read-only mask (n,), or (0,) for none. Raises: ArgumentError."""
    if labelled is None:
        return NONE_WAIVED
    waived = np.zeros(rows, np.bool_)
    waived[as_rows(labelled, "labelled", pool_rows=rows)] = True
    waived.flags.writeable = False
    return waived


def _normalise(block: Probabilities, start: int, waived: Waived) -> Probabilities:
    """Each row divided by its sum. Raises: ProbabilityError for a negative number, and for a row of zeros."""
    edge = 4 * float(np.finfo(block.dtype).eps)
    low = block.min(axis=1)
    totals = block.sum(axis=1, dtype=np.float64)
    bad = (low < -edge * np.maximum(1.0, totals)) | (totals <= 0)  # the kernel refuses NaN and infinity
    if bad.any():
        row = int(np.argmax(bad))
        raise ProbabilityError(
            "each row of `probabilities`",
            wanted="hold numbers from 0, one of them larger, to be normalised",
            got=f"{float(low[row]):.6g} as the smallest and a sum of {float(totals[row]):.6g} in row {start + row:,}",
            remedy=SOFTMAX,
        )
    with np.errstate(invalid="ignore"):
        divided: Probabilities = (np.maximum(block, 0) / totals[:, None]).astype(block.dtype)
    return divided
