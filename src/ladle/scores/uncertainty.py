"""Margin, entropy and least confidence of class probabilities."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from ladle.arrays import Margins, Probabilities
from ladle.numbers import choice

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
    """How far the most likely class is ahead of the second, for each row; a small margin means an unsure model.

    Parameters
    ----------
    probabilities : array_like, (n, c) float16, float32, float64 or bfloat16
        Class probabilities in any memory layout. A memory map is read block by block.
    multilabel : {None, "min", "mean"}, default None
        None: the classes exclude each other, each row sums to 1, and the margin is p(first) - p(second).
        "min" or "mean": each class is a yes-or-no question of its own and a row may have any sum. The margin of a class
        is abs(2p - 1); the margin of a row is the smallest or the mean over its classes.
    binary : bool, default False
        The probabilities are (n,) or (n, 1), those of the second of two classes. The margin is abs(2p - 1).
    normalise : bool, default False
        Divide each row by its sum first: for weights, and for rows whose sum is off 1 by more than rounding explains.
    labelled : array_like, optional
        Rows that may hold NaN, as distinct row numbers or as a boolean mask (n,). A labelled row without a score gets
        the largest margin, 1.

    Returns
    -------
    ndarray, (n,) float32
        Margins in [0, 1].

    Raises
    ------
    ShapeError
        If `probabilities` is not two-dimensional or has a single class, unless `binary` or `multilabel` explains it.
    NonFiniteError, ProbabilityError
        For the first bad row: NaN or infinity, a value outside [0, 1] by more than a few units in the last place, or a
        sum that is off 1 by more than 0.01 (float16), 0.001 (float32) or 0.0001 (float64). A row that shows less
        precision than its dtype (bfloat16 or float16 numbers in a wider dtype, numbers of 2 to 6 decimals) is allowed
        as much as the rounding to that precision explains.
    ArgumentError
        For a wrong option, or options that exclude each other.

    Notes
    -----
    Cost: one pass that reads the input once; one block per thread besides the output. There is no randomness: the
    result does not depend on the number of threads or the block size.

    References
    ----------
    Scheffer, Decomain & Wrobel 2001, "Active hidden Markov models for information extraction" ("best versus second
    best").
    """
    from ladle.scores.kernels import labelwise, leading
    from ladle.scores.reading import CheckedProbabilities

    choice(multilabel, "`multilabel`", get_args(MultiLabel), undecided=True)
    checked = CheckedProbabilities.of(
        probabilities, binary=binary, normalise=normalise, multilabel=multilabel is not None, labelled=labelled
    )
    if binary:  # read as one yes-or-no question: 1 - p would lose digits
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
    """Shannon entropy of each row in nats; a LARGE entropy means an unsure model.

    Parameters
    ----------
    probabilities, binary, normalise, labelled
        As in `margin`. A labelled row without a score gets the smallest entropy, 0.

    Returns
    -------
    ndarray, (n,) float32
        Entropies in [0, ln c].

    Raises
    ------
    ShapeError, NonFiniteError, ProbabilityError, ArgumentError
        As `margin`.

    Notes
    -----
    Cost: one pass; about six times the work of `margin`, because of the logarithms. There is no randomness: the result
    does not depend on the number of threads or the block size.

    References
    ----------
    Shannon 1948, "A mathematical theory of communication". As a query rule: Settles & Craven 2008, "An analysis of
    active learning strategies for sequence labeling tasks".
    """
    from ladle.scores.kernels import entropies
    from ladle.scores.reading import CheckedProbabilities

    checked = CheckedProbabilities.of(probabilities, binary=binary, normalise=normalise, labelled=labelled)
    return checked.score(entropies)


def least_confidence(
    probabilities: npt.ArrayLike,
    *,
    binary: bool = False,
    normalise: bool = False,
    labelled: npt.ArrayLike | None = None,
) -> Scores:
    """One minus the largest probability of each row; a LARGE value means an unsure model.

    Parameters
    ----------
    probabilities, binary, normalise, labelled
        As in `margin`. A labelled row without a score gets the smallest value, 0.

    Returns
    -------
    ndarray, (n,) float32
        Values in [0, 1 - 1/c].

    Raises
    ------
    ShapeError, NonFiniteError, ProbabilityError, ArgumentError
        As `margin`.

    Notes
    -----
    Cost: as `margin`. There is no randomness: the result does not depend on the number of threads or the block size.

    References
    ----------
    Lewis & Gale 1994, "A sequential algorithm for training text classifiers".
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
    """The (n, c) probabilities that a strategy takes, from those of one class of two or from weights.

    Parameters
    ----------
    probabilities, binary, normalise, labelled
        As in `margin`.

    Returns
    -------
    ndarray
        With `binary` (n, 2) float32, with `normalise` (n, c) float32; otherwise `probabilities` itself, unchecked.

    Raises
    ------
    ShapeError, ArgumentError
        As `margin`.
    NonFiniteError, ProbabilityError
        For rows that cannot be converted.

    Notes
    -----
    Cost: one pass and a copy in float32 with `binary` or `normalise`, otherwise nothing. There is no randomness.
    """
    from ladle.scores.reading import CheckedProbabilities

    checked = CheckedProbabilities.of(probabilities, binary=binary, normalise=normalise, labelled=labelled)
    return checked.as_matrix()
