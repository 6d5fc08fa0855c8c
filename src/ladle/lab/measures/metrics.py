"""How good a model is on the test split, as one number from 0 to 1.

Labels come in two shapes. Single-label: (n,) whole numbers, the class of each example. Multi-label: (n, classes) whole
numbers, 1 where people said that the class is there, 0 where they said that it is not, and a negative number where
nobody looked; such pairs are left out of every metric.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.arrays import as_matrix, check_finite
from ladle.errors import ArgumentError, DataError, ShapeError

Truth = npt.NDArray[Any]
SINGLE = ("accuracy", "macro_f1")  # of one label an example


def check_metrics(names: Sequence[str], *, multilabel: bool) -> None:
    """Raises: ArgumentError for a metric of one class an example, where examples have several."""
    single = [name for name in names if name in SINGLE]
    if multilabel and single:
        raise ArgumentError(
            "`metrics`", wanted="be pooled_ap where examples have several labels", got=", ".join(single)
        )


def known() -> tuple[str, ...]:
    """The names that `measure` takes."""
    return tuple(_MEASURES)


def measure(name: str, labels: npt.ArrayLike, probabilities: npt.ArrayLike) -> float:
    """Measure a metric by its name.

    Parameters
    ----------
    name : str
        One of `known()`.
    labels : array_like of int, shape (n,), for "pooled_ap" also (n, classes)
        True classes.
    probabilities : array_like of float, shape (n, classes)
        Of the model.

    Returns
    -------
    float
        From 0 to 1.

    Raises
    ------
    ArgumentError
        For an unknown name.
    ShapeError, DataError, NonFiniteError
        When the arrays do not fit each other.
    """
    if name not in _MEASURES:
        raise ArgumentError("`name`", wanted=f"be one of {', '.join(known())}", got=repr(name))
    return _MEASURES[name](labels, probabilities)


def accuracy(labels: npt.ArrayLike, probabilities: npt.ArrayLike) -> float:
    """Measure the share of examples whose most likely class is the true one.

    Parameters
    ----------
    labels : array_like of int, shape (n,)
        True classes.
    probabilities : array_like of float, shape (n, classes)
        Of equal probabilities the first counts.

    Returns
    -------
    float
        From 0 to 1.

    Raises
    ------
    ShapeError, DataError, NonFiniteError
        When the arrays do not fit each other.
    """
    truth, scores = _single(labels, probabilities)
    return float((scores.argmax(axis=1) == truth).mean())


def macro_f1(labels: npt.ArrayLike, probabilities: npt.ArrayLike) -> float:
    """Measure the mean of F1 = 2 hits / (examples + guesses) over the classes in `labels`, with equal weights.

    Parameters
    ----------
    labels : array_like of int, shape (n,)
        True classes.
    probabilities : array_like of float, shape (n, classes)
        The most likely class of a row is its guess; of equal probabilities the first counts.

    Returns
    -------
    float
        From 0 to 1.

    Raises
    ------
    ShapeError, DataError, NonFiniteError
        When the arrays do not fit each other.

    Notes
    -----
    Classes without an example are left out whatever was guessed, so that the same classes count for every model. The
    result is that of scikit-learn's `f1_score(average="macro", labels=classes present)`.
    """
    truth, scores = _single(labels, probabilities)
    guesses = scores.argmax(axis=1)
    classes = scores.shape[1]
    examples = np.bincount(truth, minlength=classes)
    hits = np.bincount(truth[guesses == truth], minlength=classes)
    guessed = np.bincount(guesses, minlength=classes)
    present = examples > 0
    return float((2 * hits[present] / (examples[present] + guessed[present])).mean())


def pooled_ap(labels: npt.ArrayLike, probabilities: npt.ArrayLike) -> float:
    """Measure average precision over all verified (example, class) pairs as one list (micro average precision).

    Parameters
    ----------
    labels : array_like of int, shape (n,) or (n, classes)
        True classes; or 1 where the class is there, 0 where it is not, and a negative number where nobody looked.
    probabilities : array_like of float, shape (n, classes)
        Scores, higher where the class is more likely.

    Returns
    -------
    float
        From 0 to 1.

    Raises
    ------
    ShapeError, NonFiniteError
        When the arrays do not fit each other.
    DataError
        When no pair is positive.

    Notes
    -----
    Pairs are ordered from the highest score to the lowest. Average precision is the sum over thresholds of (recall
    gained) x (precision there); pairs of equal score pass a threshold together. With single labels every pair is
    verified. The result is that of scikit-learn's `average_precision_score`. Cost: O(p log p) for p verified pairs,
    about 25 bytes a pair.

    References
    ----------
    Citovsky et al. 2021, "Batch active learning at scale", section 4 (pooled average precision).
    """
    scores = _scores(probabilities)
    truth = np.asarray(labels)
    if truth.ndim == 1:
        truth, scores = _single(labels, probabilities)
        positive = (truth[:, None] == np.arange(scores.shape[1])).ravel()
        return average_precision(positive, scores.ravel())
    if truth.shape != scores.shape or truth.dtype.kind not in "iub":
        raise ShapeError(
            "`labels`",
            wanted=f"be whole numbers of shape ({len(scores):,},) or {scores.shape}, as the probabilities are",
            got=f"{truth.dtype} of shape {truth.shape}",
        )
    verified = truth >= 0
    return average_precision(truth[verified] > 0, scores[verified])


def average_precision(positive: npt.NDArray[np.bool_], scores: npt.NDArray[np.floating[Any]]) -> float:
    """Average precision of (p,) pairs: whether each is positive, and its score.

    For data sets whose table of pairs does not fit in memory: give the verified pairs alone.
    Raises: DataError when no pair is positive. Cost: O(p log p).
    """
    if not positive.any():
        raise DataError("the verified pairs", wanted="hold a positive one, to measure precision on", got="none")
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    last = np.append(np.flatnonzero(ranked[1:] != ranked[:-1]), len(ranked) - 1)  # where each threshold ends
    hits = np.cumsum(positive[order], dtype=np.int64)[last]
    precision = hits / (last + 1)
    gained = np.diff(hits, prepend=0) / hits[-1]
    return float((gained * precision).sum())


def _single(labels: npt.ArrayLike, probabilities: npt.ArrayLike) -> tuple[npt.NDArray[np.int64], Truth]:
    scores = _scores(probabilities)
    truth = np.asarray(labels)
    if truth.shape != (len(scores),) or truth.dtype.kind not in "iu":
        raise ShapeError(
            "`labels`",
            wanted=f"be ({len(scores):,},) whole numbers, one class for each row of `probabilities`",
            got=f"{truth.dtype} of shape {truth.shape}",
            remedy="Of multi-label sets, measure pooled_ap." if truth.ndim == 2 else "",
        )
    if truth.min() < 0 or truth.max() >= scores.shape[1]:
        raise DataError(
            "`labels`",
            wanted=f"name classes 0 to {scores.shape[1] - 1}, the columns of `probabilities`",
            got=f"{truth.min()} to {truth.max()}",
        )
    return truth.astype(np.int64, copy=False), scores


def _scores(probabilities: npt.ArrayLike) -> Truth:
    scores = as_matrix(probabilities, "probabilities", axes=("n", "classes"))
    check_finite(scores, "probabilities")
    return scores


_MEASURES: dict[str, Callable[[npt.ArrayLike, npt.ArrayLike], float]] = {
    "accuracy": accuracy,
    "macro_f1": macro_f1,
    "pooled_ap": pooled_ap,
}
