"""Learning curves of several campaigns at equal counts of labelled examples."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping

Curve = dict[int, float]  # the value of a metric by the number of labelled examples, ascending


def curve_of(points: Iterable[tuple[int, float]]) -> Curve:
    """The curve of these models, oldest first. Of several at one count the last stands."""
    last = {int(labelled): float(value) for labelled, value in points}
    return dict(sorted(last.items()))


def at_equal_counts(curves: Mapping[str, Curve]) -> Iterator[tuple[int, dict[str, tuple[float, bool]]]]:
    """Each count at which any curve has a point, and the value of each curve there, and whether it was measured.

    Between two points of a curve the value lies on the line between them. Before its first point and after its last the
    value is not known: NaN.
    """
    for count in sorted({count for curve in curves.values() for count in curve}):
        yield count, {name: (_value(curve, count), count in curve) for name, curve in curves.items()}


def _value(curve: Curve, count: int) -> float:
    if count in curve:
        return curve[count]
    counts = list(curve)
    after = bisect_left(counts, count)
    if after in (0, len(counts)):
        return math.nan
    low, high = counts[after - 1], counts[after]
    share = (count - low) / (high - low)
    return curve[low] + share * (curve[high] - curve[low])
