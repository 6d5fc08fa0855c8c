"""Figures that read all tasks and labels: a page of a small campaign reads them, for a large one somebody has to ask.

While they are read, SQLite lets nobody save, and Python has little time for others. So no page of a large campaign
begins such a reading by itself. It shows the last one that was made, and offers to make another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastapi import Request

from ladle.campaign import Campaign
from ladle.service.remembered import LONGEST_SECONDS, PAGE_SECONDS, remembered_of

MOST_UNASKED = 50_000  # tasks and labels that a page reads by itself: some tenths of a second


@dataclass(frozen=True, slots=True)
class FullReading:
    """A figure, None where it is not known. at_event: the last change that it knows. is_now: whether none came since.

    is_coming: whether it is being worked out, and the page can load it.
    """

    figure: Any = None
    at_event: int = 0
    is_now: bool = False
    is_coming: bool = False


def is_small(campaign: Campaign) -> bool:
    """Whether pages may read all tasks and labels by themselves. Cost: that of `Reader.figures`."""
    figures = campaign.figures()
    return figures.asked + figures.labelled_unasked + figures.labels <= MOST_UNASKED


def read_all(request: Request, campaign: Campaign, name: str, work: Callable[[], Any], *, wait: bool) -> FullReading:
    """A figure of all tasks or labels. wait: someone asks for it, and waits. Raises: as `work`."""
    remembered, event = remembered_of(request), campaign.last_event()
    if wait or is_small(campaign):
        seconds = LONGEST_SECONDS if wait else PAGE_SECONDS
        found = remembered.peek(name, event, lambda: (event, work()), seconds=seconds)
        return FullReading(is_coming=True) if found is None else FullReading(found[1], found[0], True)
    known = remembered.known(name)
    return FullReading() if known is None else FullReading(known[1], known[0], known[0] == event)
