"""Margin, entropy and least confidence of class probabilities."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ladle.arrays import Margins, Probabilities, as_matrix
from ladle.errors import ArgumentError, ShapeError
from ladle.scores.blocks import each_block
from ladle.scores.simplex import highest_of, refuse_row, tolerance_of

Scores = npt.NDArray[np.float32]  # (n,)
MultiLabel = Literal["min", "mean"]


def margin(probabilities: npt.ArrayLike, *, multilabel: MultiLabel | None = None) -> Margins:
    """How far the most likely class is ahead of the second: (n, c) -> (n,) float32 in [0, 1], small = unsure.

    `multilabel=None`: the classes exclude each other, rows sum to 1, and the margin is p(first) - p(second).
    `multilabel="min"` or `"mean"`: each class is a yes-or-no question of its own, rows sum to anything, the
    margin of a class is abs(2p - 1), and that of the row is the smallest or the mean over its classes.

    probabilities: (n, c) float16, float32 or float64 in any memory layout; a memory map is read block by block.
    Raises: ShapeError when not two-dimensional or of a single class (unless `multilabel`); NonFiniteError and
    ProbabilityError naming the first bad row: NaN or infinity, a value outside [0, 1], or a row whose sum is
    off 1 by more than 0.01 (float16), 0.001 (float32) or 0.0001 (float64).
    Cost: one pass that reads the input once; one block a thread besides the output.
    Repeats: no randomness; same answer for any thread count and block size.
    Source: Scheffer, Decomain & Wrobel 2001, "best versus second best".
    """
    P = as_matrix(probabilities, "probabilities", axes=("n", "classes"))
    if multilabel is None:
        return _leading(P, runner_up=True)
    if multilabel not in ("min", "mean"):
        raise ArgumentError("`multilabel`", wanted='be None, "min" or "mean"', got=repr(multilabel))
    from ladle.scores.kernels import labelwise

    out = np.empty(len(P), np.float32)
    highest = highest_of(P.dtype)

    def work(block: Probabilities, start: int) -> None:
        bad = labelwise(block, highest, multilabel == "mean", out[start : start + len(block)])
        if bad >= 0:
            refuse_row(block[bad], start + bad, highest=highest, tolerance=math.inf)  # the sum is free

    each_block(P, work)
    return out


def entropy(probabilities: npt.ArrayLike) -> Scores:
    """Shannon entropy of each row in nats: (n, c) -> (n,) float32 in [0, ln c], LARGE = unsure.

    Input, errors and Repeats as `margin` without `multilabel`.
    Raises: ShapeError, NonFiniteError, ProbabilityError.
    Cost: one pass; about six times the work of `margin`, for the logarithms.
    Repeats: no randomness; same answer for any thread count and block size.
    Source: Shannon 1948; as a query rule, Settles & Craven 2008.
    """
    from ladle.scores.kernels import surprise

    P = _exclusive_classes(as_matrix(probabilities, "probabilities", axes=("n", "classes")))
    out = np.empty(len(P), np.float32)
    highest, tolerance = highest_of(P.dtype), tolerance_of(P.dtype)

    def work(block: Probabilities, start: int) -> None:
        bad = surprise(block, highest, tolerance, out[start : start + len(block)])
        if bad >= 0:
            refuse_row(block[bad], start + bad, highest=highest, tolerance=tolerance)

    each_block(P, work)
    return out


def least_confidence(probabilities: npt.ArrayLike) -> Scores:
    """One minus the largest probability of each row: (n, c) -> (n,) float32 in [0, 1 - 1/c], LARGE = unsure.

    Input and errors as `margin` without `multilabel`.
    Raises: ShapeError, NonFiniteError, ProbabilityError.
    Cost: as `margin`.
    Repeats: no randomness; same answer for any thread count and block size.
    Source: Lewis & Gale 1994.
    """
    return _leading(as_matrix(probabilities, "probabilities", axes=("n", "classes")), runner_up=False)


def _leading(P: Probabilities, *, runner_up: bool) -> Scores:
    from ladle.scores.kernels import leading

    _exclusive_classes(P)
    out = np.empty(len(P), np.float32)
    highest, tolerance = highest_of(P.dtype), tolerance_of(P.dtype)

    def work(block: Probabilities, start: int) -> None:
        bad = leading(block, highest, tolerance, runner_up, out[start : start + len(block)])
        if bad >= 0:
            refuse_row(block[bad], start + bad, highest=highest, tolerance=tolerance)

    each_block(P, work)
    return out


def _exclusive_classes(P: npt.NDArray[np.floating[Any]]) -> Probabilities:
    if P.shape[1] < 2:
        raise ShapeError(
            "`probabilities`",
            wanted="have a column for each of at least two classes",
            got=f"shape {P.shape}",
            remedy="For one yes-or-no probability a row, give both columns (1 - p, p), or use a multi-label margin.",
        )
    return P
