"""Times that people write, by one reading for files, options and arguments: ISO 8601, in UTC without a zone."""

from __future__ import annotations

import re
from datetime import UTC, datetime

FORMS = "2026-01-31T12:00:00Z, or 2026-01-31 for the beginning of that day"
_SHAPE = re.compile(  # the rest is read by the standard library, which would take any sign between day and time
    r"[0-9]{4}(-[0-9]{2}-[0-9]{2}|[0-9]{4}|-[Ww][0-9]{2}-[0-9]|[Ww][0-9]{3})"
    r"([Tt ][0-9]{2}[0-9:]*([.,][0-9]+)?([Zz]|[+-][0-9]{2}:?([0-9]{2})?)?)?",
    re.ASCII,
)
_AROUND = " \t"


def read_time(text: str) -> datetime:
    """A time of ISO 8601 in its extended or basic form, such as 2026-01-31T12:00Z, 20260131T120000 or 2026-W05-6.

    Without a zone it is in UTC. A day is its beginning, midnight in UTC. Spaces around it say nothing, and what is
    finer than a microsecond is cut off. Raises: ValueError for anything else, such as 31/01/2026.
    """
    plain = text.strip(_AROUND)
    if not _SHAPE.fullmatch(plain):
        raise ValueError(f"no time of ISO 8601: {text!r}")
    at = datetime.fromisoformat(plain.upper())
    try:
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except OverflowError as cause:
        raise ValueError(f"a time beyond the years 1 to 9999: {text!r}") from cause
