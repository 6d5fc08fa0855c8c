"""Everything that must hold is checked: each way to break it shows in `verify`, though every checksum is right."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ladle.labelling import MemoryStore, Writer
from ladle.labelling.contract.tables import (
    KINDS,
    BatchRowsTable,
    BatchTable,
    EventTable,
    ExclusionTable,
    GoldTable,
    LabelTable,
    LeaseTable,
    PoolPartTable,
    QuarantineTable,
    TallyTable,
    TaskTable,
)
from ladle.labelling.invariants import Everything, problems
from ladle.labelling.settings import Settings
from ladle.labelling.states import LABELLED
from tests.golden.make_campaign import Clock, everything


def changed(kind: type, which: int, /, **values: object) -> Callable[[Writer], None]:
    """A change of one row of a table, past all rules."""

    def change(writer: Writer) -> None:
        row = writer.read(kind).take(np.array([which]))
        fields = dict(zip(row.layout(), row.only(), strict=True)) | values
        writer.change(kind.of([tuple(fields.values())]))

    return change


def added(kind: type, *row: object) -> Callable[[Writer], None]:
    return lambda writer: writer.add(kind.of([row]))


BREAKS = {
    "an event was rewritten": (changed(EventTable, 2, actor="someone else"), "does not follow"),
    "an event was moved": (changed(EventTable, 3, at=1), "does not follow"),
    "a label came from nowhere": (
        added(LabelTable, 999, 1, "x", 1, '"cat"', 1, 1, "", 0, 1, 0, '"cat"', "x", 0, 0, "", ""),
        "where the log counts",
    ),
    "a label of no task": (changed(LabelTable, 0, row=58), "is of no task"),
    "a lease of no task": (added(LeaseTable, 58, "x", 1, 1, 1), "1 row of lease is of no task"),
    "a label of no event": (changed(LabelTable, 0, event=10_000), "is of no event"),
    "a label ended by no event": (changed(LabelTable, 0, ended=-1), "ended"),
    "a label that is none": (changed(LabelTable, 0, label='"yak"'), "no label of the campaign"),
    "a label that is not canonical": (changed(LabelTable, 0, label=' "cat"'), "no label of the campaign"),
    "a version skipped": (changed(LabelTable, 0, version=7), "versions"),
    "a superseded label without an end": (changed(LabelTable, 1, status=1), "both current and ended"),
    "a task labelled by no one": (changed(TaskTable, 0, state=LABELLED), "not in the state"),
    "a task in another batch": (changed(TaskTable, 0, batch=2), "asked for it last"),
    "a task at another place": (changed(TaskTable, 0, place=19), "1 task is not at its place in its batch"),
    "a task of another example": (changed(TaskTable, 0, example_id="stranger"), "not those of the pool"),
    "a batch of no tasks": (changed(BatchRowsTable, 0, row_list=np.array([58], "<i8").tobytes()), "no tasks"),
    "a batch of another size": (changed(BatchTable, 0, size=3), "different examples"),
    "a batch that lost its rows": (changed(BatchTable, 0, number=1, size=21), "different examples"),
    "gold that was not in it": (
        changed(BatchRowsTable, 0, gold_list=np.array([59], "<i8").tobytes()),
        "different examples",
    ),
    "an exclusion behind the back": (added(ExclusionTable, 0, "bilder/ö0.jpg", "?", 1, 1, 1), "not in the state"),
    "gold outside the pool": (changed(GoldTable, 0, row=40, event=10_000), "is of no event"),
    "a pool that shrank": (changed(PoolPartTable, 1, rows=10), "shrank"),
    "a kept count that is another": (changed(TallyTable, 0, count=999), "the kept count"),
    "a kept count under another key": (
        added(TallyTable, "0" * 24, "classes", "yak", 0, 0, 0, 1),
        "1 kept count has another key",
    ),
    "a quarantine without a reason": (changed(QuarantineTable, 0, reason=""), "without a reason"),
}


@pytest.mark.parametrize("name", BREAKS)
def test_whatever_is_broken_is_found(name: str, tmp_path: Path) -> None:
    store = MemoryStore()
    campaign = everything(store, tmp_path, Clock())  # type: ignore[arg-type]
    assert campaign.verify().ok
    breaking, told = BREAKS[name]
    with store.writing("birds") as writer:
        breaking(writer)
    verdict = campaign.verify()
    assert not verdict
    assert told in str(verdict)


def test_an_ask_beyond_the_budget_is_found(tmp_path: Path) -> None:
    store = MemoryStore()
    everything(store, tmp_path, Clock())  # type: ignore[arg-type]
    with store.reading("birds") as view:
        tables = {kind: view.read(kind) for kind in KINDS}
        settings = Settings.from_json(view.settings)
    events = tables[EventTable]
    place = next(place for place, row in enumerate(events.tuples()) if row[2] == "ask")
    details = json.loads(events.column("details")[place])
    spend = details["told"]["spend"]
    spend["paid"] += 1  # nothing was paid for at the first ask
    room = spend["budget"] - spend["paid"] - spend["reserved"]
    for labels, sound in ((room, True), (room + 1, False)):
        spend["labels"] = labels
        changed = events.column("details").copy()
        changed[place] = json.dumps(details)
        found = problems(Everything(settings, tables | {EventTable: replace(events, details=changed)}))
        assert any("of a budget of" in line for line in found) is not sound
