"""Learning curves, areas under them, label savings and their confidence intervals, from plain arrays.

In all functions, `labels` (points,) are the numbers of labels at which all trials were measured, ascending; `accuracy`
(trials, points) are the measurements, of accuracy or of another metric that is better when it is larger. Row t of two
strategies' measurements belongs to the same trial t.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ladle.arrays import as_numbers, check_finite
from ladle.errors import ArgumentError, ShapeError
from ladle.numbers import number
from ladle.seeds import stream

DRAWS = 5_000
# One trial says nothing about others, and of two both have the same sign by chance every other time.
FEWEST_TRIALS = 3
_STEPS = 64  # between two points of a curve, to find the ends of an interval
Curves = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Savings:
    """The share of labels that a strategy saves in reaching the final value of another.

    Attributes
    ----------
    strategy, against : str
        The two strategies, by label.
    target : float
        The final value of the mean curve of `against`.
    labels_needed : float or None
        Labels at which the mean curve of `strategy` first reaches the target; None when it never does.
    labels_against : float
        The same of `against`.
    saved : float or None
        1 - labels_needed / labels_against; negative when more labels are needed; None when the target is not reached.
    low, high : float or None
        Confidence interval of `saved` over trials. An end is None where the target may never be reached; both are None
        with a single trial.
    reached : float
        The share of resamples of the trials in which the target is reached.
    confidence : float
        Of the interval, in (0, 1).
    trials : int
        How many trials both share.
    """

    strategy: str
    against: str
    target: float
    labels_needed: float | None
    labels_against: float
    saved: float | None
    low: float | None
    high: float | None
    reached: float
    confidence: float
    trials: int

    @property
    def clear(self) -> bool:
        """Whether the interval excludes zero; without an upper end, whether there are enough trials to say so."""
        if self.high is None:
            return self.trials >= FEWEST_TRIALS
        return (self.low is not None and self.low > 0) or self.high < 0


def mean_and_error(accuracy: Curves) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64] | None]:
    """Average curves over trials.

    Parameters
    ----------
    accuracy : ndarray of float64, shape (trials, points)
        One curve a trial.

    Returns
    -------
    mean : ndarray of float64, shape (points,)
    error : ndarray of float64, shape (points,), or None
        The standard error of the mean, sqrt(variance / trials); None with one trial.
    """
    mean = accuracy.mean(axis=0)
    if len(accuracy) < 2:
        return mean, None
    return mean, accuracy.std(axis=0, ddof=1) / math.sqrt(len(accuracy))


def curve_interval(
    accuracy: Curves, *, confidence: float = 0.95, seed: int = 0
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]] | None:
    """Compute Student's t interval of the mean curve, point by point.

    Parameters
    ----------
    accuracy : ndarray of float64, shape (trials, points)
        One curve a trial.
    confidence : float, optional
        In (0, 1).
    seed : int, optional
        Has no effect, because nothing is drawn.

    Returns
    -------
    (ndarray, ndarray) of float64, shape (points,) each, or None
        The lower and upper ends; None with fewer than `FEWEST_TRIALS` trials.

    Raises
    ------
    ArgumentError
        For a confidence outside (0, 1).
    """
    confidence = _checked(confidence)
    if len(accuracy) < FEWEST_TRIALS:
        return None
    return _t_interval(accuracy, confidence)


def area_under_curve(labels: npt.ArrayLike, accuracy: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Compute the area under each curve, linear between its points, divided by the range of labels.

    Parameters
    ----------
    labels : array_like, shape (points,)
        Numbers of labels, ascending.
    accuracy : array_like, shape (trials, points)
        One curve a trial.

    Returns
    -------
    ndarray of float64, shape (trials,)
        Mean accuracy over the range of labels; with a single point, the value there.
    """
    at, heights = np.asarray(labels, float), np.asarray(accuracy, float)
    if len(at) == 1:
        return heights[:, 0]
    return np.asarray(np.trapezoid(heights, at, axis=1) / (at[-1] - at[0]))


def labels_to_reach(labels: npt.ArrayLike, curve: npt.ArrayLike, target: float) -> float:
    """Compute the number of labels at which a curve first reaches a target.

    Parameters
    ----------
    labels : array_like, shape (points,)
        Numbers of labels, ascending.
    curve : array_like, shape (points,)
        Values there; the curve is linear in between.
    target : float
        The value to reach.

    Returns
    -------
    float
        inf when the curve never reaches it; the first number of labels when it starts there.
    """
    return float(_all_labels_to_reach(labels, np.asarray(curve, float)[None], np.array([target]))[0])


def saved_share(labels: npt.ArrayLike, mean: npt.ArrayLike, mean_against: npt.ArrayLike) -> float:
    """Compute the share of labels that A saves against B.

    Parameters
    ----------
    labels : array_like, shape (points,)
        Numbers of labels, ascending.
    mean, mean_against : array_like, shape (points,)
        The mean curves of A and of B.

    Returns
    -------
    float
        1 - labels_A / labels_B, each where the mean curve first reaches B's final value; -inf if A never does.
    """
    return float(_all_saved(labels, np.asarray(mean, float)[None], np.asarray(mean_against, float)[None])[0])


def label_savings(
    labels: Sequence[int],
    accuracy: Curves,
    accuracy_against: Curves,
    *,
    strategy: str,
    against: str,
    confidence: float = 0.95,
    seed: int = 0,
) -> Savings:
    """Measure how many labels one strategy saves against another.

    Parameters
    ----------
    labels : sequence of int, length points
        Numbers of labels at which both were measured, ascending.
    accuracy, accuracy_against : ndarray of float64, shape (trials, points)
        Measurements of the two strategies, larger being better; row t of both is the same trial.
    strategy, against : str
        Their labels, for the result.
    confidence : float, optional
        Of the interval, in (0, 1).
    seed : int, optional
        Of the resamples behind `reached`.

    Returns
    -------
    Savings

    Raises
    ------
    ShapeError
        When the arrays do not fit each other.
    ArgumentError
        For a confidence outside (0, 1), and for labels that do not ascend.
    NonFiniteError
        For NaN or infinity.

    Notes
    -----
    The target is the final value of the mean curve of `against`. The interval holds every number of labels at which a
    paired t test does not tell the strategy's curve from that value [1]_: its ends are where the upper and the lower
    end of the t interval of the differences within trials first reach zero. Its coverage holds for any number of
    trials, and for curves that are steep or level where they cross. Where the curve of `against` may have been at its
    final value before its end, the interval allows for both. A single trial has no interval.

    Cost: `DRAWS` x O(trials x points). Repeatability: set by the arguments.

    References
    ----------
    .. [1] Fieller 1954, "Some problems in interval estimation".
    """
    counts = _as_floats(labels, "labels")
    accuracy, accuracy_against = _as_floats(accuracy, "accuracy"), _as_floats(accuracy_against, "accuracy_against")
    if counts.ndim != 1 or not counts.size or (np.diff(counts) <= 0).any() or counts[0] < 0:
        raise ArgumentError("`labels`", wanted="be numbers of labels, ascending", got=str(list(counts.ravel()[:5])))
    if accuracy.shape != accuracy_against.shape or accuracy.ndim != 2 or accuracy.shape[1] != len(counts):
        raise ShapeError(
            "the accuracies",
            wanted=f"both have shape (trials, {len(counts)})",
            got=f"{accuracy.shape} and {accuracy_against.shape}",
        )
    if not len(accuracy):
        raise ShapeError("the accuracies", wanted="be of one trial or more", got="none")
    confidence = _checked(confidence)
    mean, mean_against = accuracy.mean(axis=0), accuracy_against.mean(axis=0)
    target = float(mean_against[-1])
    low, high = _saved_interval(labels, accuracy, accuracy_against, confidence)
    draws = stream(seed, "label savings", strategy, against).integers(len(accuracy), size=(DRAWS, len(accuracy)))
    resampled = _all_saved(labels, accuracy[draws].mean(axis=1), accuracy_against[draws].mean(axis=1))
    return Savings(
        strategy=strategy,
        against=against,
        target=target,
        labels_needed=_finite(labels_to_reach(labels, mean, target)),
        labels_against=labels_to_reach(labels, mean_against, target),
        saved=_finite(saved_share(labels, mean, mean_against)),
        low=_finite(low),
        high=_finite(high),
        reached=float(np.isfinite(resampled).mean()),
        confidence=confidence,
        trials=len(accuracy),
    )


def _as_floats(value: npt.ArrayLike, name: str) -> npt.NDArray[np.float64]:
    """`value` as float64, of any shape. Raises: ArgumentError; NonFiniteError for NaN or infinity."""
    array = np.asarray(as_numbers(value, name), np.float64)
    if array.size:
        check_finite(np.atleast_1d(array), name)
    return array


def _all_labels_to_reach(labels: npt.ArrayLike, curves: Curves, targets: Curves) -> npt.NDArray[np.float64]:
    """(k,) `labels_to_reach` of each of (k, points) curves for its own of (k,) targets."""
    at = np.asarray(labels, float)
    reached = curves >= targets[:, None]
    point = reached.argmax(axis=1)
    before = np.maximum(point - 1, 0)
    curve = np.arange(len(curves))
    low, high = curves[curve, before], curves[curve, point]
    # A curve that starts at the target needs no interpolation, and one that never reaches it has none.
    inside = (point > 0) & reached[curve, point]
    share = np.divide(targets - low, high - low, out=np.zeros(len(curves)), where=inside)
    needed = at[before] + share * (at[point] - at[before])
    return np.where(reached.any(axis=1), needed, np.inf)


def _all_saved(labels: npt.ArrayLike, means: Curves, means_against: Curves) -> npt.NDArray[np.float64]:
    """(k,) `saved_share` of each of (k, points) curves against the other of the same index."""
    targets = means_against[:, -1]
    needed = _all_labels_to_reach(labels, means, targets)
    return np.asarray(1 - needed / _all_labels_to_reach(labels, means_against, targets))


def _checked(confidence: float) -> float:
    return number(confidence, "`confidence`", above=0, below=1)


def _saved_interval(
    labels: npt.ArrayLike, accuracy: Curves, accuracy_against: Curves, confidence: float
) -> tuple[float, float]:
    """The ends of the interval of `saved_share`; -inf where the target may never be reached, and for a single trial."""
    if len(accuracy) == 1:
        return -math.inf, -math.inf
    if np.array_equal(accuracy, accuracy_against):  # equal curves in every trial: nothing is saved, with certainty
        return 0.0, 0.0
    final = accuracy_against[:, -1:]
    first, last = _reached_between(labels, accuracy - final, confidence)
    _, last_against = _reached_between(labels, accuracy_against - final, confidence)
    mean_against = accuracy_against.mean(axis=0)
    first_against = labels_to_reach(labels, mean_against, float(mean_against[-1]))
    return 1 - last / first_against, 1 - first / max(first_against, last_against)


def _reached_between(labels: npt.ArrayLike, differences: Curves, confidence: float) -> tuple[float, float]:
    """The fewest and the most labels at which the mean of curves (trials, points) may first reach zero; inf: never.

    Curves are linear between their points, but the ends of their t interval are not, so small steps are taken.
    """
    at = np.asarray(labels, float)
    steps = np.arange(_STEPS) / _STEPS
    between = at[:-1, None] + np.diff(at)[:, None] * steps
    fine = np.append(between.ravel(), at[-1])
    rise = np.diff(differences, axis=1)[:, :, None] * steps
    interpolated = np.hstack([(differences[:, :-1, None] + rise).reshape(len(differences), -1), differences[:, -1:]])
    low, high = _t_interval(interpolated, confidence)
    return labels_to_reach(fine, high, 0.0), labels_to_reach(fine, low, 0.0)


def _t_interval(values: Curves, confidence: float) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """(columns,) the ends of Student's t interval of the mean of each column of (trials, columns); trials >= 2."""
    from scipy.special import stdtrit

    mean, error = mean_and_error(values)
    assert error is not None, "several trials have an error"
    reach = float(stdtrit(len(values) - 1, (1 + confidence) / 2)) * error
    return mean - reach, mean + reach


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
