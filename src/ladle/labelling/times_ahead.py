"""Times that people say and that have not come yet, by the clock of the campaign.

A clock may be some minutes ahead, and nobody has to hear of it. One that is further ahead is said: of two answers of
one annotator the later one stands, so an answer from the future outlasts every correction with a time of today. Beyond
a year it is no clock but a slip, and refused.
"""

from __future__ import annotations

from ladle.counts import counted, of_number
from ladle.labelling.contract.tables import MICROSECONDS
from ladle.labelling.records import moment

AHEAD = 5 * 60 * MICROSECONDS  # clocks that differ by more are said to differ
FARTHEST = 366 * 86_400 * MICROSECONDS  # ahead of now


def ahead_notice(count: int, noun: str, first: int, where: str, now: int) -> str:
    """What users should know of so many answers or comments from the future. first: the time of the first one."""
    return (
        f"{counted(count, noun)} {of_number(count, 'has')} a time that is still to come: the first is {where}, "
        f"{moment(first):%Y-%m-%d %H:%M} UTC, and it is {moment(now):%Y-%m-%d %H:%M} UTC. The later answer of an "
        "annotator stands: a correction without a time counts as given at that time too, and one with an earlier time "
        "does not stand"
    )
