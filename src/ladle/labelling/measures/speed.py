"""How fast labels come: counted over the last days, and only where there are enough days to count."""

from __future__ import annotations

import numpy as np

from ladle.labelling.contract.columns import Int64
from ladle.labelling.contract.tables import MICROSECONDS, LabelTable
from ladle.labelling.contract.tallies import DAY_HOURS, HOUR

DAY = 24 * 3600 * MICROSECONDS
WINDOW_DAYS = 7  # the speed is measured over these days


def labels_per_day(paid: LabelTable, at: int, *, since: int) -> float | None:
    """Labels a day over the last `WINDOW_DAYS` days, or since the first label where that is later.

    paid: the first label of each pair of example and annotator that still has a label, see `standing`. at: now. since:
    when the campaign began; labels from before say nothing of its speed. A label that was recorded before it is said to
    have been given counts from when it was recorded. All times in microseconds.

    None where it is not known: without labels, on the first day, and while all labels have one moment.
    """
    return times_per_day(np.minimum(paid.told_at, paid.recorded_at), at, since=since)


def times_per_day(given: Int64, at: int, *, since: int) -> float | None:
    """As `labels_per_day`. given: (p,) when each of the labels was given."""
    given = given[(given >= since) & (given <= at)]
    if not len(given):
        return None
    first, window = int(given.min()), WINDOW_DAYS * DAY
    if first <= at - window:
        return int((given > at - window).sum()) / WINDOW_DAYS
    if at - first < DAY or int(given.max()) == first:
        return None
    return len(given) / ((at - first) / DAY)


def hourly_labels_per_day(hours: Int64, counts: Int64, at: int, *, total: int) -> float | None:
    """As `labels_per_day`, of labels that are counted by the hour.

    hours: (h,) since 1970, those of the last `WINDOW_DAYS` days at least. counts: (h,) the labels of each. at: now, in
    microseconds. total: all labels since the campaign began.
    """
    now = at // HOUR
    recent = (hours > now - WINDOW_DAYS * DAY_HOURS) & (hours <= now)
    hours, counts = hours[recent], counts[recent]
    if not total:
        return None
    if total > counts.sum():
        return int(counts.sum()) / WINDOW_DAYS
    first = int(hours.min())
    if at - first * HOUR < DAY or int(hours.max()) == first:
        return None
    return int(counts.sum()) / ((at - first * HOUR) / DAY)
