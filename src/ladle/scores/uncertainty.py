"""Margin, entropy and least confidence of class probabilities."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from ladle.arrays import Margins, Probabilities
from ladle.errors import ArgumentError

Scores = npt.NDArray[np.float32]  # (n,)
MultiLabel = Literal["min", "mean"]


def margin(
    probabilities: npt.ArrayLike,
    *,
    multilabel: MultiLabel | None = None,
    binary: bool = False,
    normalise: bool = False,
    labelled: npt.ArrayLike | None = None,
) -> Margins:
    """How far the most likely class is ahead of the second: (n, c) -> (n,) float32 in [0, 1], small = unsure.

    `multilabel=None`: the classes exclude each other, rows sum to 1, and the margin is p(first) - p(second).
    `multilabel="min"` or `"mean"`: each class is a yes-or-no question of its own, rows sum to anything, the
    margin of a class is abs(2p - 1), and that of the row is the smallest or the mean over its classes.

    probabilities: (n, c) float16, float32, float64 or bfloat16 in any memory layout; a memory map is read block by
        block.
    binary: they are (n,) or (n, 1), the probability of one of two classes; the margin is abs(2p - 1).
    normalise: divide each row by its sum first, for weights, and for rows that are off by more than their rounding.
    labelled: rows that may hold NaN, distinct, or a boolean mask (n,): nobody asks for their scores, and they count as
        sure (1).
    Raises: ShapeError when not two-dimensional or of a single class, unless `binary` or `multilabel` says what that is;
        NonFiniteError and ProbabilityError naming the first bad row: NaN or infinity, a value outside [0, 1] by more
        than a few units in the last place, or a row whose sum is off 1 by more than 0.01 (float16), 0.001 (float32) or
        0.0001 (float64), or by more than rounding explains where the row shows less precision than its dtype has:
        bfloat16 or float16 numbers in a wider dtype, numbers of 2 to 6 decimals. ArgumentError.
    Cost: one pass that reads the input once; one block a thread besides the output.
    Repeats: no randomness; same answer for any thread count and block size.
    Source: Scheffer, Decomain & Wrobel 2001, "best versus second best".
    """
    from ladle.scores.kernels import labelwise, leading
    from ladle.scores.reading import CheckedProbabilities

    if multilabel is not None and multilabel not in ("min", "mean"):
        raise ArgumentError("`multilabel`", wanted='be None, "min" or "mean"', got=repr(multilabel))
    checked = CheckedProbabilities.of(
        probabilities, binary=binary, normalise=normalise, multilabel=multilabel is not None, labelled=labelled
    )
    if binary:  # one yes-or-no question, whose margin loses no digit
        checked = replace(checked, binary=False, free_sum=True)
    if multilabel is not None or binary:
        return checked.score(lambda block, bits, waived, out: labelwise(block, bits, multilabel == "mean", waived, out))
    return checked.score(lambda block, bits, waived, out: leading(block, bits, True, waived, out))


def entropy(
    probabilities: npt.ArrayLike,
    *,
    binary: bool = False,
    normalise: bool = False,
    labelled: npt.ArrayLike | None = None,
) -> Scores:
    """Shannon entropy of each row in nats: (n, c) -> (n,) float32 in [0, ln c], LARGE = unsure.

    Input, options, errors and Repeats as `margin` without `multilabel`; labelled rows without a score count as sure
    (0).
    Raises: ShapeError, NonFiniteError, ProbabilityError, ArgumentError.
    Cost: one pass; about six times the work of `margin`, for the logarithms.
    Repeats: no randomness; same answer for any thread count and block size.
    Source: Shannon 1948; as a query rule, Settles & Craven 2008.
    """
    from ladle.scores.kernels import surprise
    from ladle.scores.reading import CheckedProbabilities

    checked = CheckedProbabilities.of(probabilities, binary=binary, normalise=normalise, labelled=labelled)
    return checked.score(surprise)


def least_confidence(
    probabilities: npt.ArrayLike,
    *,
    binary: bool = False,
    normalise: bool = False,
    labelled: npt.ArrayLike | None = None,
) -> Scores:
    """One minus the largest probability of each row: (n, c) -> (n,) float32 in [0, 1 - 1/c], LARGE = unsure.

    Input, options and errors as `margin` without `multilabel`; labelled rows without a score count as sure (0).
    Raises: ShapeError, NonFiniteError, ProbabilityError, ArgumentError.
    Cost: as `margin`.
    Repeats: no randomness; same answer for any thread count and block size.
    Source: Lewis & Gale 1994.
    """
    from ladle.scores.kernels import leading
    from ladle.scores.reading import CheckedProbabilities

    checked = CheckedProbabilities.of(probabilities, binary=binary, normalise=normalise, labelled=labelled)
    return checked.score(lambda block, bits, waived, out: leading(block, bits, False, waived, out))


def class_probabilities(
    probabilities: npt.ArrayLike,
    *,
    binary: bool = False,
    normalise: bool = False,
    labelled: npt.ArrayLike | None = None,
) -> Probabilities:
    """The probabilities (n, c) that a strategy takes: of one of two classes (n, 2), or each row divided by its sum.

    Without `binary` and `normalise` the matrix itself, unchecked. Options as in `margin`.
    Raises: ShapeError, ArgumentError; NonFiniteError and ProbabilityError for what cannot be converted.
    Cost: a copy in float32 where there is something to do.
    """
    from ladle.scores.reading import CheckedProbabilities

    return CheckedProbabilities.of(probabilities, binary=binary, normalise=normalise, labelled=labelled).as_matrix()
