"""Since when: a moment in the record of a campaign, by which a later export finds what is new.

It is a time, a round or an event. A text that could be read in two ways is refused, and the error names both.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ladle.errors import ArgumentError
from ladle.iso_times import read_time
from ladle.labelling.contract.columns import Int64
from ladle.labelling.contract.tables import MICROSECONDS, EventTable
from ladle.labelling.records import moment
from ladle.numbers import LARGEST, shown

_NAMED = re.compile(r"(round|event):([0-9]{1,18})", re.IGNORECASE)
_FORMS = "be a time such as 2026-03-01 or 2026-03-01T09:30Z, round:NUMBER, or the number of an event"
_YEARS = range(1970, 2200)  # what a number of four digits may mean


@dataclass(frozen=True, slots=True)
class Since:
    """time: from this time on, in microseconds. round: from its ask on. event: after this event."""

    kind: Literal["time", "round", "event"]
    number: int

    def __str__(self) -> str:
        if self.kind == "time":
            return f"{moment(self.number):%Y-%m-%d %H:%M:%S} UTC"
        return f"round {self.number:,}" if self.kind == "round" else f"event {self.number:,}"


@dataclass(frozen=True, slots=True)
class SinceLimits:
    """What a campaign has at the moment: rounds, events, and the time, in microseconds."""

    rounds: int
    events: int
    now: int


def since_of(given: object, limits: SinceLimits, name: str = "`since`") -> Since:
    """The caller's text, number of an event, or datetime with a time zone.

    A time without a zone is in UTC, and a day begins at midnight. Raises: ArgumentError for what the campaign does not
    have, for a time to come, and for a number that may mean a round or a date as well.
    """
    if isinstance(given, datetime):
        if given.tzinfo is None:
            raise ArgumentError(name, wanted="be a datetime with a time zone", got=shown(given))
        return _time(given, limits, name)
    if isinstance(given, (int, np.integer)) and not isinstance(given, (bool, np.timedelta64)):
        return _checked("event", int(given), limits, name)
    if not isinstance(given, str):
        raise ArgumentError(name, wanted=_FORMS, got=shown(given))
    text = given.strip()
    named = _NAMED.fullmatch(text)
    if named is not None:
        return _checked("round" if named[1].lower() == "round" else "event", int(named[2]), limits, name)
    if re.fullmatch(r"[0-9]{1,18}", text):
        return _number(text, limits, name)
    try:
        at = read_time(text)
    except ValueError:
        raise ArgumentError(name, wanted=_FORMS, got=shown(given)) from None
    return _time(at, limits, name)


def is_new(since: Since, events: EventTable) -> Callable[[Int64], npt.NDArray[np.bool_]]:
    """A function that says of numbers of events, 0 for none, whether each is new.

    events: all of the campaign. Cost: parses the details of the asks, for a round.
    """
    fresh = np.zeros(int(events.seq.max(initial=0)) + 1, bool)
    if since.kind == "time":  # from the first event of that time on, in case the clock went back later
        late = events.seq[events.at >= since.number]
        first = int(late.min(initial=len(fresh)))
    else:
        first = since.number + 1 if since.kind == "event" else _ask_of(since.number, events)
    fresh[first:] = True
    return lambda numbers: fresh[numbers]


def _ask_of(number: int, events: EventTable) -> int:
    """The number of the event that asked for this round. A later event of the same batch only renews its lease."""
    asks = events.take(events.kind == "ask")
    for seq, details in zip(asks.seq.tolist(), asks.details.tolist(), strict=True):
        told: dict[str, Any] = json.loads(details)["told"]
        if told.get("batch") == number and "size" in told:
            return int(seq)
    raise ArgumentError("`since`", wanted="be a round of the campaign", got=f"round:{number}")


def _number(text: str, limits: SinceLimits, name: str) -> Since:
    """A number alone: an event, unless it may be a round or a date too."""
    number = int(text)
    readings = [f"event:{number}"] if 1 <= number <= limits.events else []
    if 1 <= number <= limits.rounds:
        readings.append(f"round:{number}")
    if len(text) == 4 and number in _YEARS:
        readings.append(f"{text}-01-01")
    if len(text) == 8:
        with suppress(ValueError):  # 20261399 is no date
            readings.append(f"{datetime.strptime(text, '%Y%m%d').replace(tzinfo=UTC):%Y-%m-%d}")
    if readings == [f"event:{number}"]:
        return Since("event", number)
    if not readings:
        return _checked("event", number, limits, name)
    last = "" if len(readings) == 1 else f" or {readings.pop()}"
    raise ArgumentError(
        name,
        wanted="have one meaning",
        got=repr(text),
        remedy=f"Write {', '.join(readings)}{last}.",
    )


def _checked(kind: Literal["round", "event"], number: int, limits: SinceLimits, name: str) -> Since:
    most = limits.rounds if kind == "round" else limits.events
    if not 1 <= number <= most:
        got = f"{number:,}" if abs(number) <= LARGEST else shown(number)
        has = f"has {most:,} {kind}s" if most else f"has no {kind}s yet"
        raise ArgumentError(name, wanted=f"be one of the {kind}s of the campaign", got=f"{got}, and it {has}")
    return Since(kind, number)


def _time(at: datetime, limits: SinceLimits, name: str) -> Since:
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    try:
        microseconds = round(at.timestamp() * MICROSECONDS)
    except (OverflowError, ValueError):
        raise ArgumentError(name, wanted=_FORMS, got=str(at)) from None
    if microseconds > limits.now:
        now = moment(limits.now)
        raise ArgumentError(
            name, wanted="be a time that has passed", got=f"{at.isoformat()}, and it is {now:%Y-%m-%d %H:%M} UTC"
        )
    return Since("time", microseconds)
