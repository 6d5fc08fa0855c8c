"""Numbers and times in words, as filters of the templates."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from markupsafe import Markup, escape

from ladle.counts import counted, rate_text, share_text

UNKNOWN = "-"
_TIMES = ("_until", "_at")  # ends of the names of times
_LEAST_TIME = 10**15  # microseconds: in 2001
# Names of numbers that name something: nobody counts with them.
_IDENTIFIERS = frozenset(
    {"seed", "batch", "batches", "number", "numbers", "round", "rounds", "id", "ids", "event", "row"}
)
_CODE = re.compile(r"`([^`]+)`")
_STEPS = ((86_400 * 7, "week"), (86_400, "day"), (3_600, "hour"), (60, "minute"))


def count_text(number: int | None) -> str:
    """A count with separators: "12,000"."""
    return UNKNOWN if number is None else f"{number:,}"


def percent(share: float | None) -> str:
    """A share in percent."""
    return UNKNOWN if share is None else share_text(share)


def rate(number: float | None) -> str:
    """A rate such as labels a day."""
    return UNKNOWN if number is None else rate_text(number)


def time_text(at: datetime | None) -> str:
    """A time in UTC, to the minute."""
    return UNKNOWN if at is None else f"{_in_utc(at):%Y-%m-%d %H:%M}"


def iso_text(at: datetime | None) -> str:
    """A time for machines."""
    return "" if at is None else _in_utc(at).isoformat()


def duration(seconds: float | None) -> str:
    """How long: "3 days", "40 minutes"; the largest unit of which there is more than one and a half."""
    if seconds is None or math.isnan(seconds):
        return UNKNOWN
    for size, unit in _STEPS:
        if seconds >= 1.5 * size:
            return counted(round(seconds / size), unit)
    return "under a minute" if seconds < 90 else "a minute"


def money(amount: float | None, currency: str) -> str:
    """A sum with its currency."""
    return UNKNOWN if amount is None else f"{amount:,.2f} {currency}".strip()


def value_text(value: Any) -> str:
    """A label as people write it."""
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return UNKNOWN if value is None else str(value)


def plain_text(value: Any) -> str:
    """A value of a story or of a change on one line; what is empty in a mapping is left out."""
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: UNKNOWN}[value]
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.6g}"
    if isinstance(value, dict):
        known = {name: each for name, each in value.items() if each not in ("", None, [], {})}
        return "; ".join(f"{key_words(name)}: {named_text(each, name)}" for name, each in known.items()) or UNKNOWN
    if isinstance(value, (list, tuple)):
        return ", ".join(plain_text(each) for each in value) or UNKNOWN
    return str(value)


def named_text(value: Any, name: str) -> str:
    """A value by what it is: a time in microseconds as a time, a number that names something without separators."""
    if isinstance(value, int) and not isinstance(value, bool):
        if name.endswith(_TIMES) and value >= _LEAST_TIME:
            return f"{time_text(datetime.fromtimestamp(value / 1_000_000, UTC))} UTC"
        return str(value) if name in _IDENTIFIERS else plain_text(value)
    if isinstance(value, (list, tuple)) and name in _IDENTIFIERS:
        return ", ".join(named_text(each, name) for each in value) or UNKNOWN
    return plain_text(value)


def key_words(name: Any) -> str:
    """The key of a mapping in words."""
    return str(name).replace("_", " ")


def second_text(at: datetime | None) -> str:
    """A time in UTC, to the second."""
    return UNKNOWN if at is None else f"{_in_utc(at):%Y-%m-%d %H:%M:%S}"


def _in_utc(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def size_text(amount: int) -> str:
    """Bytes in the largest unit that they fill."""
    size, units = float(amount), ["bytes", "KB", "MB", "GB", "TB"]
    while size >= 1000 and len(units) > 1:
        size, units = size / 1000, units[1:]
    return f"{size:,.{0 if units[0] == 'bytes' else 1}f} {units[0]}"


def sentence(text: str) -> Markup:
    """A sentence whose commands in backticks are set as code; all else is escaped."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))


def effort(seconds: float) -> str:
    """How long work takes, roughly: people wait for it."""
    if seconds < 1:
        return "less than a second"
    return (
        f"about {counted(round(seconds), 'second')}"
        if seconds < 120
        else f"about {counted(round(seconds / 60), 'minute')}"
    )


FILTERS: dict[str, Callable[..., str]] = {
    "count": count_text,
    "counted": counted,
    "bytes": size_text,
    "percent": percent,
    "rate": rate,
    "at": time_text,
    "iso": iso_text,
    "duration": duration,
    "effort": effort,
    "money": money,
    "sentence": sentence,
    "value": value_text,
    "plain": plain_text,
    "named": named_text,
    "words": key_words,
    "second": second_text,
}
