"""Tables of more than two columns, for people: annotators, models, events."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from ladle.labelling import Records

_SHOWN_CHARACTERS = 100


def annotator_table(annotators: Records) -> Table:
    """One row each annotator."""
    tested = any(row.gold_seen for row in annotators)
    several = any(row.agreement == row.agreement for row in annotators)  # NaN where nobody else labelled the same
    head = ["annotator", "labels", "a day", *(["gold right"] * tested), *(["agrees"] * several), "last"]
    rows = []
    for row in annotators:
        gold = f"{row.gold_right:,} of {row.gold_seen:,}" if row.gold_seen else "-"
        agrees = "-" if row.agreement != row.agreement else f"{row.agreement:.0%}"
        rows.append(
            [
                row.annotator or "(not named)",
                f"{row.labels:,}",
                f"{row.labels_per_day:,.0f}",
                *([gold] * tested),
                *([agrees] * several),
                when(row.last_told_at),
            ]
        )
    return table(head, rows, right={1, 2})


def model_table(curve: Records) -> Table:
    """One row each recorded model, its metrics side by side."""
    names = list(dict.fromkeys(name for row in curve for name in row.metrics))
    rows = [
        [
            row.version,
            f"{row.labelled:,}",
            *(f"{row.metrics[name]:g}" if name in row.metrics else "-" for name in names),
            when(row.at),
        ]
        for row in curve
    ]
    return table(["model", "labelled", *names, "recorded"], rows, right=set(range(1, 2 + len(names))))


def audit_table(events: Records) -> Table:
    """One row each event."""
    rows = [[str(row.seq), when(row.at), row.kind, row.actor or "-", _in_short(row.details)] for row in events]
    return table(["", "at", "what", "who", "details"], rows, right={0})


def _in_short(details: Mapping[str, Any]) -> str:
    """What an event told, but for what is nothing."""
    parts = []
    for name, value in details.items():
        named = name.replace("_", " ")
        if name.endswith("_until") and isinstance(value, int):
            parts.append(f"{named} {when(datetime.fromtimestamp(value / 1e6, UTC))}")
        elif isinstance(value, int) and value:
            parts.append(f"{named} {value:,}")
        elif value and not isinstance(value, int):
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            parts.append(f"{named} {text}")
    told = ", ".join(parts)
    return told if len(told) <= _SHOWN_CHARACTERS else f"{told[: _SHOWN_CHARACTERS - 3]}..."


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, right: set[int]) -> Table:
    """A table without lines; the columns in `right` are numbers."""
    made = Table(box=None, padding=(0, 2))
    for place, name in enumerate(head):
        last = place == len(head) - 1
        made.add_column(
            Text(name, style="dim"), justify="right" if place in right else "left", no_wrap=not last, overflow="fold"
        )
    for row in rows:
        made.add_row(*(Text(cell) for cell in row))
    return made


def when(at: datetime | None) -> str:
    """A time for people, in UTC."""
    return "-" if at is None else f"{at:%Y-%m-%d %H:%M}"
