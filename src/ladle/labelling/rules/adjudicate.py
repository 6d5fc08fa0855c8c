"""A lead's final word on an example: what it writes, and what taking it back writes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ladle.labelling.contract.columns import Texts, repeated
from ladle.labelling.contract.events import Effects
from ladle.labelling.contract.tables import ADJUDICATED, AdjudicationTable
from ladle.labelling.rules.assign import new_tasks
from ladle.labelling.rules.pool import NamedExamples
from ladle.labelling.rules.tell import KnownRows, rejudge
from ladle.labelling.settings import Settings
from ladle.labelling.states import LABELLED


def adjudicate(
    settings: Settings,
    named: NamedExamples,
    labels: Texts,
    known: KnownRows,
    *,
    as_told: Texts,
    by: str,
    reason: str,
) -> Effects:
    """Decide the label of each of these examples, whatever its answers are. An example without a task gets one.

    labels, as_told: (examples,) canonical JSON under the names of the classes now, and as they were given. The same
    final word again changes nothing; another one replaces it.
    """
    old = known.adjudication
    fresh = ~np.isin(named.row, old.row)
    count = int(fresh.sum())
    new = AdjudicationTable(
        row=named.row[fresh],
        example_id=named.example_id[fresh],
        label=labels[fresh],
        by=repeated(by, count),
        reason=repeated(reason, count),
        at=repeated(known.at, count),
        active=repeated(1, count),
        event=repeated(known.event, count),
        as_told=as_told[fresh],
    )
    places = np.searchsorted(named.row, old.row)
    wanted, given = labels[places], as_told[places]
    differ = np.array((old.active == 0) | (old.label != wanted), bool)
    changed = old.take(differ)
    changed = replace(
        changed,
        label=wanted[differ],
        by=repeated(by, len(changed)),
        reason=repeated(reason, len(changed)),
        at=repeated(known.at, len(changed)),
        active=repeated(1, len(changed)),
        event=repeated(known.event, len(changed)),
        as_told=given[differ],
    )
    words = AdjudicationTable.joined([old.take(~differ), new, changed])
    moved = rejudge("adjudicate", settings, replace(known, adjudication=words), known.label, named.row)
    report = {
        "adjudicated": count + len(changed),
        "changed": int((old.take(differ).active == 1).sum()),
        "reason": reason,
        "ids": [*new.example_id.tolist(), *changed.example_id.tolist()],
        "labels": [*new.label.tolist(), *changed.label.tolist()],
    }
    return Effects(added=(new_tasks(named, ADJUDICATED, LABELLED, known), new), changed=(changed, moved), report=report)


def undo(settings: Settings, known: KnownRows) -> Effects:
    """Take back the final words on these examples: each task gets the state that its labels give."""
    active = known.adjudication.take(known.adjudication.active == 1)
    count = len(active)
    ended = replace(active, active=repeated(0, count), at=repeated(known.at, count), event=repeated(known.event, count))
    without = replace(known, adjudication=AdjudicationTable.empty())
    moved = rejudge("undo", settings, without, known.label, active.row)
    return Effects(changed=(ended, moved), report={"undone": count, "ids": active.example_id.tolist()})
