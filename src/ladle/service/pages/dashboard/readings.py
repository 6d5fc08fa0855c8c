"""Figures that read all tasks and labels: a page of a small campaign reads them, for a large one somebody has to ask.

While they are read, SQLite lets nobody save, and Python has little time for others. So no page of a large campaign
begins such a reading by itself. It shows the last one that was made, and offers to make another.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastapi import Request

from ladle.campaign import Campaign
from ladle.service.remembered import LONGEST_SECONDS, PAGE_SECONDS, remembered_of

MOST_UNASKED = 50_000  # tasks and labels that a page reads by itself: some tenths of a second
# Seconds of one processor that each figure takes for a million tasks and labels together, measured on 199,000 of each.
SECONDS_A_MILLION = {
    **{"batches": 1.4, "status": 10.0, "people": 6.0, "clusters": 8.0, "resolved": 7.0},
    **{"comments": 0.1, "disputes": 0.1},
}

READS = {"comments": "all comments", "disputes": "all disputed tasks and their answers"}  # instead of tasks and labels


@dataclass(frozen=True, slots=True)
class FullReading:
    """A figure, None where it is not known. at_event: the last change that it knows. is_now: whether none came since.

    is_coming: whether it is being worked out, and the page can load it. unread: what a reading reads, in words.
    seconds: how long it takes: as the last one took here, else as expected.
    """

    figure: Any = None
    at_event: int = 0
    is_now: bool = False
    is_coming: bool = False
    unread: str = ""
    seconds: float = 0.0


def rows_of(campaign: Campaign) -> int:
    """How many tasks and labels a full reading reads. Cost: that of `Reader.figures`."""
    figures = campaign.figures()
    return figures.asked + figures.labelled_unasked + figures.labels


def is_small(campaign: Campaign) -> bool:
    """Whether pages may read all tasks and labels by themselves. Cost: that of `Reader.figures`."""
    return rows_of(campaign) <= MOST_UNASKED


def read_all(request: Request, campaign: Campaign, name: str, work: Callable[[], Any], *, wait: bool) -> FullReading:
    """A figure of all tasks or labels. wait: someone asks for it, and waits. Raises: as `work`."""
    remembered, event, rows = remembered_of(request), campaign.last_event(), rows_of(campaign)

    def timed() -> tuple[int, Any, float]:
        begun = time.perf_counter()
        return event, work(), time.perf_counter() - begun

    if wait or rows <= MOST_UNASKED:
        found = remembered.peek(name, event, timed, seconds=LONGEST_SECONDS if wait else PAGE_SECONDS)
    else:
        found = remembered.known(name)
    unread = READS.get(name, f"all {rows:,} tasks and labels")
    if found is None:
        expected = SECONDS_A_MILLION[name] * rows / 1_000_000
        return FullReading(is_coming=wait or rows <= MOST_UNASKED, unread=unread, seconds=expected)
    return FullReading(found[1], found[0], found[0] == event, unread=unread, seconds=found[2])
