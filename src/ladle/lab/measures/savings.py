"""Curves, areas under them, label savings and their intervals, from plain arrays of accuracies.

Everywhere: `labels` (points,) are the numbers of labels at which all trials were measured, ascending; `accuracy`
(trials, points) are the measurements, of accuracy or any other measure that is better when it is larger; row t of two
strategies' accuracies belongs to the same trial t.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ladle.errors import ShapeError
from ladle.numbers import number
from ladle.seeds import stream

DRAWS = 5_000
# Of one trial nothing can be said about others, and two agree by mere chance every other time.
FEWEST_TRIALS = 3
_STEPS = 64  # between two points of a curve, where an interval's ends are looked for
Curves = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Savings:
    """How many fewer labels `strategy` needs than `against` to be as accurate as `against` ends.

    saved: 1 - labels_needed / labels_against; negative when it needs more; None when it never gets there.
    low, high: an interval over trials; None where a bound is one that never got there, and both of a single trial.
    reached: the share of resamples of the trials in which it gets there.
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
        """Whether the interval leaves out zero. Without an upper end, it never gets there: clear, of enough trials."""
        if self.high is None:
            return self.trials >= FEWEST_TRIALS
        return (self.low is not None and self.low > 0) or self.high < 0


def mean_and_error(accuracy: Curves) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64] | None]:
    """(points,) mean over trials and its standard error, sqrt(var / trials); the error is None for a single trial."""
    mean = accuracy.mean(axis=0)
    if len(accuracy) < 2:
        return mean, None
    return mean, accuracy.std(axis=0, ddof=1) / math.sqrt(len(accuracy))


def curve_interval(
    accuracy: Curves, *, confidence: float = 0.95, seed: int = 0
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]] | None:
    """The lower and upper ends (points,) of an interval about the mean curve, each point on its own.

    Student's t interval; None with fewer than `FEWEST_TRIALS`. seed: not used, for nothing is drawn.
    Raises: ArgumentError for a confidence outside (0, 1).
    """
    confidence = _checked(confidence)
    if len(accuracy) < FEWEST_TRIALS:
        return None
    return _t_interval(accuracy, confidence)


def area_under_curve(labels: npt.ArrayLike, accuracy: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """(trials,) area under each curve, linear between its points, over the range of labels: the mean accuracy on it.

    A single point is its own area.
    """
    at, heights = np.asarray(labels, float), np.asarray(accuracy, float)
    if len(at) == 1:
        return heights[:, 0]
    return np.asarray(np.trapezoid(heights, at, axis=1) / (at[-1] - at[0]))


def labels_to_reach(labels: npt.ArrayLike, curve: npt.ArrayLike, target: float) -> float:
    """The number of labels at which `curve` (points,), linear between its points, first is at `target` or above.

    inf when it never is; the first point's labels when it starts there.
    """
    return float(_all_labels_to_reach(labels, np.asarray(curve, float)[None], np.array([target]))[0])


def saved_share(labels: npt.ArrayLike, mean: npt.ArrayLike, mean_against: npt.ArrayLike) -> float:
    """1 - labels_A / labels_B at B's final value, both where the mean curve first reaches it; -inf if A never does."""
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
    """The label savings of one strategy against another, with an interval over trials.

    The target is the final value of the other's mean curve. The interval holds every number of labels at which a
    paired t test cannot tell the strategy's curve from the other's final value: its ends are where the upper and the
    lower end of the t interval of their difference within trials first reach zero. So it covers what it says whatever
    the number of trials, and whether the curves are steep or level where they cross. Where the other's own curve may
    have been at its final value before its end, the interval allows for either. A single trial has no interval.
    Raises: ShapeError when the arrays do not fit; ArgumentError for a confidence outside (0, 1).
    Cost: `DRAWS` x O(trials x points). Repeats: set by the arguments and `seed`.
    Source: Fieller 1954, "Some problems in interval estimation", for the inversion of a test.
    """
    if accuracy.shape != accuracy_against.shape or accuracy.ndim != 2 or accuracy.shape[1] != len(labels):
        raise ShapeError(
            "the accuracies",
            wanted=f"both have shape (trials, {len(labels)})",
            got=f"{accuracy.shape} and {accuracy_against.shape}",
        )
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


def _all_labels_to_reach(labels: npt.ArrayLike, curves: Curves, targets: Curves) -> npt.NDArray[np.float64]:
    """`labels_to_reach` of each of (k, points) curves for its own of (k,) targets."""
    at = np.asarray(labels, float)
    reached = curves >= targets[:, None]
    point = reached.argmax(axis=1)
    before = np.maximum(point - 1, 0)
    curve = np.arange(len(curves))
    low, high = curves[curve, before], curves[curve, point]
    # At its first point a curve is where it starts, and one that never gets there has no way to share out.
    inside = (point > 0) & reached[curve, point]
    share = np.divide(targets - low, high - low, out=np.zeros(len(curves)), where=inside)
    found = at[before] + share * (at[point] - at[before])
    return np.where(reached.any(axis=1), found, np.inf)


def _all_saved(labels: npt.ArrayLike, means: Curves, means_against: Curves) -> npt.NDArray[np.float64]:
    """`saved_share` of each of (k, points) curves against the other's of the same place."""
    targets = means_against[:, -1]
    needed = _all_labels_to_reach(labels, means, targets)
    return np.asarray(1 - needed / _all_labels_to_reach(labels, means_against, targets))


def _checked(confidence: float) -> float:
    return number(confidence, "`confidence`", above=0, below=1)


def _saved_interval(
    labels: npt.ArrayLike, accuracy: Curves, accuracy_against: Curves, confidence: float
) -> tuple[float, float]:
    """The ends of the interval of `saved_share`; -inf for an end that never gets there, and both of a single trial."""
    if len(accuracy) == 1:
        return -math.inf, -math.inf
    if np.array_equal(accuracy, accuracy_against):  # the same choices in every trial save nothing for certain
        return 0.0, 0.0
    final = accuracy_against[:, -1:]
    first, last = _reached_between(labels, accuracy - final, confidence)
    _, last_against = _reached_between(labels, accuracy_against - final, confidence)
    mean_against = accuracy_against.mean(axis=0)
    first_against = labels_to_reach(labels, mean_against, float(mean_against[-1]))
    return 1 - last / first_against, 1 - first / max(first_against, last_against)


def _reached_between(labels: npt.ArrayLike, differences: Curves, confidence: float) -> tuple[float, float]:
    """The fewest and the most labels at which the mean of curves (trials, points) may first be at zero; inf for never.

    Curves are linear between their points, but the ends of their t interval are not: they are followed in small steps.
    """
    at = np.asarray(labels, float)
    steps = np.arange(_STEPS) / _STEPS
    between = at[:-1, None] + np.diff(at)[:, None] * steps
    fine = np.append(between.ravel(), at[-1])
    rise = np.diff(differences, axis=1)[:, :, None] * steps
    followed = np.hstack([(differences[:, :-1, None] + rise).reshape(len(differences), -1), differences[:, -1:]])
    low, high = _t_interval(followed, confidence)
    return labels_to_reach(fine, high, 0.0), labels_to_reach(fine, low, 0.0)


def _t_interval(values: Curves, confidence: float) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Student's t interval of the mean of each column of (trials, columns); at least two trials."""
    from scipy.special import stdtrit

    mean, error = mean_and_error(values)
    assert error is not None, "several trials have an error"
    reach = float(stdtrit(len(values) - 1, (1 + confidence) / 2)) * error
    return mean - reach, mean + reach


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
