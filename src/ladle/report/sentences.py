"""The results of a report in words, with the uncertainty that the trials leave."""

from __future__ import annotations

from ladle.lab.measures.comparisons import Comparison
from ladle.lab.measures.savings import FEWEST_TRIALS, Savings

NO_SAVINGS = (
    f"Labels saved are told with an interval or not at all, and an interval takes {FEWEST_TRIALS} finished "
    "trials of both strategies."
)
# Of the points along the curve.
WIDER_FAMILY = (
    "corrected by Holm over all pairs and all points, a wider family than that of the end alone: a win there may be a "
    "tie here"
)
_METRICS = {"macro_f1": "macro-F1", "pooled_ap": "pooled average precision"}
RATIOS = (
    "How many candidates for each place in the batch a strategy with the candidate ratio auto took: the mean over "
    "trials (the least to the most). At 1 its batch is Margin's."
)
LEVELS = (
    "How many rows a cluster has in the mean, at the level of the tree whose clusters the strategy auto took one row "
    "each of: the mean over trials (the least to the most), and the rule that decided. At 1 its batch is Margin's."
)
FITS = (
    "The models, in the mean over strategies and trials, beside logistic regression (C = 1, on standardised features) "
    "fitted to the same labels. A model that is clearly behind it on the labels and on the test split has not fitted."
)
GAPS = (
    "An upper bound chooses by true labels: of many candidate batches, the one whose model is best on rows of the pool "
    "that are held out. So no strategy can be expected to reach it, and better batches may exist. A share of 0% is the "
    "baseline and 100% the bound; intervals of 95% over trials (Fieller), each on its own."
)
PLUS_MINUS = "mean ± standard error"  # what a number with "±" is
NEVER = "never got there"  # did not reach the final value of the other
FEWER, MORE = "fewer labels", "more labels"  # the two clear verdicts
_OUTCOMES = {"win": "wins", "tie": "ties", "loss": "loses", "untested": "too few trials to test"}


def metric_text(metric: str) -> str:
    """What people call a metric: "macro-F1"."""
    return _METRICS.get(metric, metric)


def outcome_text(comparison: Comparison) -> str:
    """One of: "wins", "ties", "loses", "too few trials to test"."""
    return _OUTCOMES[comparison.outcome]


def difference_text(comparison: Comparison) -> str:
    """The difference in points with its interval, "+0.62 (+0.21 to +1.03)"; without one, says so."""
    difference = points_text(comparison.difference)
    if comparison.low is None or comparison.high is None:
        return f"{difference} (no interval of {count_text(comparison.trials, 'trial')})"
    return f"{difference} ({points_text(comparison.low)} to {points_text(comparison.high)})"


def points_text(share: float) -> str:
    """A difference of shares in points: "+0.62", "+0.00"."""
    points = f"{100 * share:+.2f}"
    return "+0.00" if points == "-0.00" else points


def chance_text(chance: float | None) -> str:
    """A p as people write it: "0.012", "< 0.001", "none"."""
    if chance is None:
        return "none"
    return "< 0.001" if chance < 0.001 else f"{chance:.3f}"


def near_sentence(by_chance: float | None) -> str:
    """How near-duplicates are told, and how many there are by chance; None where the run did not measure that."""
    if by_chance is None:
        return "Near-duplicates are told on the inputs by a limit that a twentieth of a uniform batch meets by chance."
    return (
        "Near-duplicates are told on the inputs, by a limit on cosine distance within which exact copies always are. "
        f"By chance {100 * by_chance:.1f}% of a batch are near-duplicates, as measured in uniform batches of its size."
    )


def count_text(count: int, noun: str) -> str:
    """How many of something: "1 trial", "10 trials"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def share_text(share: float | None) -> str:
    """A share in whole percent, "-7%"; "never" for None, a target that is never reached."""
    return "never" if share is None else f"{100 * share:.0f}%"


def interval_text(savings: Savings) -> str:
    """The interval of the savings, "38% to 50%"; an end without a number of labels in words."""
    if savings.trials < 2:
        return "none of one trial"
    if savings.high is None:
        return NEVER
    if savings.low is None:
        return f"may never get there; at best {share_text(savings.high)}"
    return f"{share_text(savings.low)} to {share_text(savings.high)}"


def verdict(savings: Savings) -> str:
    """One of: "fewer labels", "more labels", "no clear difference", "too few trials to tell"."""
    if savings.trials < FEWEST_TRIALS or (savings.high is None and not savings.clear):
        return "too few trials to tell"
    if not savings.clear:
        return "no clear difference"
    return FEWER if savings.low is not None and savings.low > 0 else MORE


def savings_sentence(savings: Savings, *, metric: str = "accuracy") -> str:
    """The savings as a sentence with target, interval and verdict."""
    target = f"{100 * savings.target:.1f}% {metric_text(metric)}"
    if savings.saved is None or savings.labels_needed is None:
        missed = f"{savings.strategy} on average did not reach the {target} at which {savings.against} ended"
        return f"{missed}: {verdict(savings)}."
    counts = f"{savings.labels_needed:,.0f} labels instead of {savings.labels_against:,.0f}"
    doubt = f"{'' if savings.low is None else 'interval '}{interval_text(savings)} of the labels saved"
    if verdict(savings) not in (FEWER, MORE):
        outcome = f"{verdict(savings)} ({counts}; {doubt})"
    elif savings.saved >= 0:
        outcome = f"{share_text(savings.saved)} of the labels saved ({counts}; {doubt})"
    else:
        outcome = f"{share_text(-savings.saved)} more labels needed ({counts}; {doubt})"
    return f"{savings.strategy} against {savings.against}, at {target}: {outcome}."


def plus_minus(mean: float, error: float | None, *, digits: int = 2) -> str:
    """A share in percent with its standard error: "85.21 ± 0.19"; without one, "85.21"."""
    percent = f"{100 * mean:.{digits}f}"
    return percent if error is None else f"{percent} ± {100 * error:.{digits}f}"


def seconds_text(seconds: float) -> str:
    """Seconds with as many digits as mean something: "0.004 s", "1.3 s", "2 min 5 s"."""
    if seconds >= 60:
        minutes, rest = divmod(round(seconds), 60)
        return f"{minutes} min {rest} s"
    return f"{seconds:.3f} s" if seconds < 0.1 else f"{seconds:.1f} s"
