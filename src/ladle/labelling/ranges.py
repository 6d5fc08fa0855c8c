"""The values that each column of a campaign's tables can hold: numbers in a range, JSON of one shape."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.counts import counted
from ladle.errors import CorruptFileError
from ladle.labelling.contract.columns import Columns
from ladle.labelling.contract.tables import (
    EARLIEST,
    LATEST,
    ORIGINS,
    STATUSES,
    AdjudicationTable,
    ArtefactTable,
    AssignmentTable,
    BatchRowsTable,
    BatchTable,
    CommentTable,
    ControlTable,
    EventTable,
    ExclusionTable,
    GoldTable,
    LabelTable,
    LeaseTable,
    ModelTable,
    PersonTable,
    PoolPartTable,
    QuarantineTable,
    SettingsTable,
    TallyTable,
    TaskTable,
)
from ladle.labelling.labels import holdable
from ladle.labelling.settings import Settings
from ladle.labelling.states import STATES

MOST = 2**53  # no campaign has so many rows, places or numbers

TIME = (EARLIEST, LATEST)
COUNT = (0, MOST)
ROW = (-MOST, MOST)  # negative for an example that was taken out of the pool
FLAG = (0, 1)
NUMBER = (1, MOST)

RANGES: dict[type[Columns], dict[str, tuple[int, int]]] = {
    EventTable: {"at": TIME},
    PoolPartTable: {"rows": (1, MOST), "dim": (1, MOST)},
    BatchTable: {"round": NUMBER, "asked_at": TIME, "lease_until": TIME, "size": NUMBER, "passed_on": COUNT},
    TaskTable: {
        "row": ROW,
        "origin": (0, len(ORIGINS) - 1),
        "state": (0, len(STATES) - 1),
        "batch": COUNT,
        "place": COUNT,
    },
    LabelTable: {
        "row": ROW,
        "version": NUMBER,
        "told_at": TIME,
        "recorded_at": TIME,
        "status": (0, len(STATUSES) - 1),
        "ended": COUNT,
        "origin": FLAG,
        "spent_ms": COUNT,
    },
    LeaseTable: {"row": ROW, "lease_until": TIME, "since": TIME},
    GoldTable: {"row": ROW},
    ExclusionTable: {"row": ROW, "at": TIME, "active": FLAG},
    QuarantineTable: {"at": TIME, "closed": COUNT},
    ModelTable: {"at": TIME, "round": COUNT, "labelled": COUNT},
    ArtefactTable: {"file_bytes": COUNT},
    PersonTable: {"merged_into": COUNT},
    AdjudicationTable: {"row": ROW, "at": TIME, "active": FLAG},
    AssignmentTable: {"row": ROW, "at": TIME, "active": FLAG},
    CommentTable: {"row": ROW, "told_at": TIME},
    ControlTable: {"row": ROW, "batch": NUMBER, "drawn": FLAG},
    TallyTable: {"number": ROW, "level": COUNT, "count": COUNT},
}


def _is_digest(text: str) -> bool:
    return len(text) == 64 and set(text) <= set("0123456789abcdef")


def _is_object(text: str) -> bool:
    return isinstance(json.loads(text), dict)


def _is_settings(text: str) -> bool:
    try:
        Settings.from_json(text)
    except CorruptFileError:
        return False
    return True


def _is_log_entry(text: str) -> bool:
    entry = json.loads(text)
    rows = entry["rows"]
    return isinstance(entry["told"], dict) and all(type(count) is int for count in rows.values())


def _is_reopening(text: str) -> bool:
    return text == "" or isinstance(json.loads(text)["path"], str)


def _is_metrics(text: str) -> bool:
    return all(type(value) in (int, float) for value in json.loads(text).values())


def _is_label(text: str) -> bool:
    return json.loads(text) is not None


def _is_answer(text: str) -> bool:
    return text == "" or _is_label(text)


def _is_plain_name(text: str) -> bool:
    return bool(text) and text not in (".", "..") and not set(text) & set("/\\\0")


def _is_rows(octets: bytes) -> bool:
    return len(octets) % 8 == 0


SHAPES: dict[type[Columns], dict[str, Callable[[Any], bool]]] = {
    EventTable: {"details": _is_log_entry},
    PoolPartTable: {
        "id_type": lambda text: text in ("integer", "text"),
        "digest": _is_digest,
        "reopen": _is_reopening,
    },
    BatchTable: {"story": _is_object},
    BatchRowsTable: {"row_list": _is_rows, "gold_list": _is_rows},
    LabelTable: {"label": _is_answer, "as_told": _is_answer},
    GoldTable: {"label": _is_answer, "as_told": _is_label},
    AdjudicationTable: {"label": _is_label, "as_told": _is_label},
    ControlTable: {"predicted": _is_answer},
    PersonTable: {"name": bool},
    SettingsTable: {"settings": _is_settings},
    ModelTable: {"metrics": _is_metrics},
    ArtefactTable: {"name": _is_plain_name, "digest": _is_digest},
}
WRONG_SHAPE = (AttributeError, LookupError, RecursionError, TypeError, ValueError)


def out_of_range(columns: Columns) -> Iterator[str]:
    """One line for each column with values that no campaign has. Cost: a pass; parses each distinct text once."""
    kind = type(columns)
    for name, (low, high) in RANGES.get(kind, {}).items():
        numbers = columns.column(name)
        yield from _line(kind, name, (numbers < low) | (numbers > high))
    for name, fits in SHAPES.get(kind, {}).items():
        values = columns.column(name).tolist()
        known = {value: _fits(fits, value) for value in set(values)}
        yield from _line(kind, name, np.array([not known[value] for value in values], bool))
    for name, holds in columns.layout().items():
        if holds == "text":
            values = columns.column(name).tolist()
            odd = {value for value in set(values) if not holdable(value)}
            yield from _line(kind, name, np.array([value in odd for value in values], bool))


def _fits(fits: Callable[[Any], bool], value: Any) -> bool:
    try:
        return fits(value)
    except WRONG_SHAPE:
        return False


def _line(kind: type[Columns], name: str, wrong: npt.NDArray[np.bool_]) -> Iterator[str]:
    places = np.flatnonzero(wrong)
    if len(places):
        yield f"{counted(len(places), 'impossible value')} in {kind.NAME}.{name} (the first at {places[0]})"
