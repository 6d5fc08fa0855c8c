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

from ladle.errors import ArgumentError, ShapeError
from ladle.seeds import stream

DRAWS = 5_000
# Of one trial nothing can be said about others, and two agree by mere chance every other time.
FEWEST_TRIALS = 3
# Resamples of fewer trials reach no further than the trials do: what calls itself 95% then covers 76% (of three
# trials, measured) or 87% (of four). Student's t about the jackknife's error covers 95% of either.
FEWEST_RESAMPLED = 5
Curves = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Savings:
    """How many fewer labels `strategy` needs than `against` to be as accurate as `against` ends.

    saved: 1 - labels_needed / labels_against; negative when it needs more; None when it never gets there.
    low, high: an interval over trials; None where a bound is one that never got there, and both of a single trial.
    reached: the share of resamples in which it did.
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
        """Whether the interval leaves out zero. That few trials never got there is no interval."""
        if self.high is None:
            return self.trials >= FEWEST_RESAMPLED
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

    The expanded percentile bootstrap over trials, as for `label_savings`; Student's t interval with fewer than
    `FEWEST_RESAMPLED`, and None with fewer than `FEWEST_TRIALS`.
    Raises: ArgumentError for a confidence outside (0, 1).
    Cost: `DRAWS` x O(trials x points). Repeats: set by the arguments and `seed`.
    """
    _check_confidence(confidence)
    if len(accuracy) < FEWEST_TRIALS:
        return None
    if len(accuracy) < FEWEST_RESAMPLED:
        mean, error = mean_and_error(accuracy)
        assert error is not None, "several trials have an error"
        reach = _t_quantile(len(accuracy), confidence) * error
        return mean - reach, mean + reach
    draws = stream(seed, "curve interval").integers(len(accuracy), size=(DRAWS, len(accuracy)))
    tail = _expanded_tail(len(accuracy), confidence)
    low, high = np.quantile(accuracy[draws].mean(axis=1), (tail, 1 - tail), axis=0, method="inverted_cdf")
    return low, high


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

    The target is the final value of the other's mean curve. The interval is the expanded percentile bootstrap: trials
    are drawn with replacement, in pairs (both strategies' trial t together), and everything is computed anew, the
    target too; the tails are cut further out than a plain percentile's, by as much as a t interval of so few trials
    is wider than a normal one. With fewer trials than `FEWEST_RESAMPLED` it is Student's t interval about the
    jackknife's error, which leaves out one trial at a time. A single trial has no interval.
    Raises: ShapeError when the arrays do not fit; ArgumentError for a confidence outside (0, 1).
    Cost: `DRAWS` x O(trials x points). Repeats: set by the arguments and `seed`.
    Source: Hesterberg 2015, "What teachers should know about the bootstrap", section 4.2; Tukey 1958.
    """
    if accuracy.shape != accuracy_against.shape or accuracy.ndim != 2 or accuracy.shape[1] != len(labels):
        raise ShapeError(
            "the accuracies",
            wanted=f"both have shape (trials, {len(labels)})",
            got=f"{accuracy.shape} and {accuracy_against.shape}",
        )
    _check_confidence(confidence)
    mean, mean_against = accuracy.mean(axis=0), accuracy_against.mean(axis=0)
    target = float(mean_against[-1])
    draws = stream(seed, "label savings", strategy, against).integers(len(accuracy), size=(DRAWS, len(accuracy)))
    resampled = _all_saved(labels, accuracy[draws].mean(axis=1), accuracy_against[draws].mean(axis=1))
    saved = saved_share(labels, mean, mean_against)
    if len(accuracy) == 1:
        low = high = -math.inf
    elif len(accuracy) < FEWEST_RESAMPLED:
        low, high = _jackknifed(labels, accuracy, accuracy_against, saved, confidence)
    else:
        # An order statistic, not an interpolated one: a resample that never got there is -inf, and stays out of sums.
        tail = _expanded_tail(len(accuracy), confidence)
        low, high = np.quantile(resampled, (tail, 1 - tail), method="inverted_cdf")
    return Savings(
        strategy=strategy,
        against=against,
        target=target,
        labels_needed=_finite(labels_to_reach(labels, mean, target)),
        labels_against=labels_to_reach(labels, mean_against, target),
        saved=_finite(saved),
        low=_finite(float(low)),
        high=_finite(float(high)),
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


def _check_confidence(confidence: float) -> None:
    if not 0 < confidence < 1:
        raise ArgumentError("`confidence`", wanted="lie between 0 and 1", got=repr(confidence))


def _jackknifed(
    labels: npt.ArrayLike, accuracy: Curves, accuracy_against: Curves, saved: float, confidence: float
) -> tuple[float, float]:
    """Student's t interval about `saved`. Where it, or a part without one trial, never got there: -inf to the best."""
    trials = len(accuracy)
    rest = ~np.eye(trials, dtype=bool)  # row t: all trials but t
    parts = [curves[np.nonzero(rest)[1].reshape(trials, -1)].mean(axis=1) for curves in (accuracy, accuracy_against)]
    found = _all_saved(labels, *parts)
    if not math.isfinite(saved) or not np.isfinite(found).all():
        return -math.inf, float(found.max())
    error = math.sqrt((trials - 1) / trials * float(np.square(found - found.mean()).sum()))
    reach = _t_quantile(trials, confidence) * error
    return saved - reach, min(saved + reach, 1.0)  # nobody saves more than all


def _t_quantile(trials: int, confidence: float) -> float:
    """Half the width of a t interval over `trials`, in standard errors."""
    from scipy.special import stdtrit

    return float(stdtrit(trials - 1, (1 + confidence) / 2))


def _expanded_tail(trials: int, confidence: float) -> float:
    """The share of resamples below the interval: less than (1 - confidence) / 2, which it nears with many trials."""
    from scipy.special import ndtr

    return float(ndtr(-math.sqrt(trials / (trials - 1)) * _t_quantile(trials, confidence)))


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
