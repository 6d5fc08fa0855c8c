"""What commands print of a campaign beside two columns: tables of annotators, models and events; the learning curve."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from ladle.cli.campaign.opening import days_text
from ladle.counts import rate_text, share_text

if TYPE_CHECKING:
    from ladle.labelling import Records

_SHOWN_CHARACTERS = 100
_TELLS = ("tell", "import", "skip", "comment")
# What a tell counts, in the words of its line; `labels` in its report is the number of all answers.
_OF_A_TELL = {
    "accepted": "labels",
    "skipped": "skips",
    "repeated": "repeats",
    "quarantined": "quarantined",
    "labels": "",
}
_CLASSES = ("name", "old", "new", "into")  # of a change of classes
_LABELS = ("labels", "was")  # lists and mappings of labels, each as JSON text
_FIRST = {"annotators": 0, "holder": 1, "reason": 2, "reasons": 3, "ids": 4}  # of texts and lists: whose, why, which
_IN_WORDS = {"part": "pool number"}  # of the log
_SETTINGS = {"lease_seconds": "lease"}  # whose names have a unit that people do not see
_LEAST_OF_TEXTS = 60  # characters of the texts and lists of an event, however long its counts are
_LEAST_CHARACTERS = 10  # of a column that wraps; a date
HEIGHT = 7
_POINT, _BETWEEN = "●", "·"


def annotator_table(annotators: Records) -> Table:
    """One row for each annotator."""
    tested = any(row.gold_seen for row in annotators)
    several = any(row.agreement == row.agreement for row in annotators)  # NaN: no other annotator labelled the same
    names = ["annotator", "labels", "a day", *(["gold right"] * tested), *(["agrees"] * several), "last"]
    rows = []
    for row in annotators:
        gold = f"{row.gold_right:,} of {row.gold_seen:,}" if row.gold_seen else "-"
        agrees = share_text(row.agreement)
        rows.append(
            [
                row.annotator or "(not named)",
                f"{row.labels:,}",
                rate_text(row.labels_per_day),
                *([gold] * tested),
                *([agrees] * several),
                when(row.last_told_at),
            ]
        )
    return table(names, rows, right={1, 2})


def model_table(curve: Records) -> Table:
    """One row for each recorded model, with its metrics."""
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
    """One row for each event."""
    rows = [
        [
            str(row.seq),
            when(row.at),
            row.kind.replace("-", " "),
            row.actor or "not recorded",
            _in_short(row.kind, row.details),
        ]
        for row in events
    ]
    return table(["", "at", "what", "who", "details"], rows, right={0})


def _in_short(kind: str, details: Mapping[str, Any]) -> str:
    """The report of an event in a line: counts but zeros, whole, then texts and lists but empty ones, which may be cut.

    A class may be a number, and then it is no count: 0 is a name.
    """
    counts, texts, lists = [], [], []
    for name, value in details.items():
        named = _IN_WORDS.get(name, name.replace("_", " "))
        if name.endswith("_until") and isinstance(value, int):
            counts.append(f"{named} {when(datetime.fromtimestamp(value / 1e6, UTC))}")
        elif kind == "class" and name in _CLASSES:
            texts.append(f"{named} {value}")
        elif isinstance(value, int):
            counts += [f"{named} {value:,}"] if value and not (kind in _TELLS and name in _OF_A_TELL) else []
        elif isinstance(value, str):
            texts += [f"{named} {value}"] if value else []
        elif value:
            lists.append(f"{named} {_listed(name, value)}")
    if kind in _TELLS:
        counts = [f"{word} {details.get(name, 0):,}" for name, word in _OF_A_TELL.items() if word] + counts
    texts = sorted([*texts, *lists], key=lambda each: _FIRST.get(each.split(" ", 1)[0], len(_FIRST)))
    whole, rest = ", ".join(counts), ", ".join(texts)
    room = max(_LEAST_OF_TEXTS, _SHOWN_CHARACTERS - len(whole) - 2)
    rest = rest if len(rest) <= room else f"{rest[: room - 3]}..."
    return ", ".join(part for part in (whole, rest) if part)


def _listed(name: str, value: Any) -> str:
    """A list or a mapping of an event: labels as they are, changed settings as they were and are."""
    if name == "changed":
        words = {each: " to ".join(setting_text(each, one) for one in both) for each, both in value.items()}
        return ", ".join(f"{_SETTINGS.get(each, each.replace('_', ' '))} {both}" for each, both in words.items())
    if name == "corrected":
        right = [f"{each} {setting_text(each, value[each])}" for each in ("price", "currency") if each in value]
        return f"{', '.join(right)} instead of {setting_text('price', value['instead_of'])}"
    if name in _LABELS:
        pairs = value.items() if isinstance(value, Mapping) else enumerate(value)
        parsed = {place: json.loads(label) for place, label in pairs}
        value = parsed if isinstance(value, Mapping) else list(parsed.values())
    return json.dumps(value, ensure_ascii=False)


def setting_text(setting: str, value: Any) -> str:
    """The value of a setting for people, in the units in which commands take it."""
    if value is None or value == "":
        return "none"
    if setting == "lease_seconds":
        return days_text(value)
    if setting in ("control", "gold_accuracy"):
        return f"{value * 100:g}%"
    return f"{value:,}" if isinstance(value, int) else f"{value:g}" if isinstance(value, float) else str(value)


def table(names: Sequence[str], rows: Iterable[Sequence[str]], *, right: set[int]) -> Table:
    """A table without borders; the columns at these places are numbers, aligned to the right.

    The first column, which names what a row is about, and numbers are never cut or wrapped. The others wrap.
    """
    listed = [list(row) for row in rows]
    made = Table(box=None, padding=(0, 2))
    for place, name in enumerate(names):
        is_whole = place == 0 or place in right
        widest = max(cell_len(text) for text in (name, *(row[place] for row in listed)))
        made.add_column(
            Text(name, style="dim"),
            justify="right" if place in right else "left",
            min_width=widest if is_whole else min(widest, _LEAST_CHARACTERS),
            no_wrap=is_whole,
            overflow="fold",
        )
    for row in listed:
        made.add_row(*(Text(cell) for cell in row))
    return made


def when(at: datetime | None) -> str:
    """A time in UTC, for people."""
    return "-" if at is None else f"{at:%Y-%m-%d %H:%M}"


def curve_lines(labels: Sequence[int], values: Sequence[float], *, width: int, plain: bool = False) -> list[str]:
    """The curve of `values` over `labels`, both (points,), as lines of at most `width` characters.

    The axis begins at the least value, not at 0; its ends are written beside it. plain: ASCII only.
    """
    low, high = min(values), max(values)
    if high == low:
        low, high = low - 0.5 * (abs(low) or 1), high + 0.5 * (abs(high) or 1)
    margin = max(len(_axis(row, low, high)) for row in range(HEIGHT))
    columns = max(10, width - margin - 3)
    first, last = min(labels), max(labels)
    grid = [[" "] * columns for _ in range(HEIGHT)]
    points = sorted(zip(labels, values, strict=True))
    at = [(_place(label, first, last, columns), _place(value, low, high, HEIGHT)) for label, value in points]
    for (left, below), (right, above) in pairwise(at):
        for column in range(left, right + 1):
            share = (column - left) / max(1, right - left)
            grid[HEIGHT - 1 - round(below + share * (above - below))][column] = _BETWEEN
    for column, height in at:
        grid[HEIGHT - 1 - height][column] = _POINT
    lines = [
        f"{_axis(row, low, high):>{margin}} | {''.join(cells).rstrip()}".rstrip() for row, cells in enumerate(grid)
    ]
    ends = f"{first:,}" if first == last else f"{first:,}{f'{last:,} labelled':>{max(1, columns - len(f'{first:,}'))}}"
    lines += [f"{'':>{margin}} +{'-' * (columns + 1)}", f"{'':>{margin}}   {ends}"]
    return [line.replace(_POINT, "o").replace(_BETWEEN, ".") for line in lines] if plain else lines


def _axis(row: int, low: float, high: float) -> str:
    if row == 0:
        return _short(high)
    return _short(low) if row == HEIGHT - 1 else _short((low + high) / 2) if row == HEIGHT // 2 else ""


def _place(value: float, low: float, high: float, places: int) -> int:
    return 0 if high == low else round((value - low) / (high - low) * (places - 1))


def _short(value: float) -> str:
    return f"{value:.4g}"
