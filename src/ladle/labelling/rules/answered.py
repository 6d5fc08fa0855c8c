"""Open entries of the quarantine that are answered since: the same annotator has another answer for the example.

An entry is answered while a label or a skip of its annotator for its example stands that was stored later than the
entry. One that stood before says nothing: the entry may have been meant to correct it. A comment is never answered.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ladle.labelling.contract.store import View
from ladle.labelling.contract.tables import LabelTable, PersonTable, QuarantineTable, TaskTable, answers_of
from ladle.labelling.people import People, person_name

UNKNOWN_EXAMPLE = "the pool has no example of this id"  # the reason of an entry, before others
STRAY_COMMENT = f"a comment: {UNKNOWN_EXAMPLE}"


def stored_id(example_id: str) -> str:
    """An id as entries of the quarantine have it, which may be of no pool."""
    return example_id.replace("\x00", "\\0")


def answered(
    entries: QuarantineTable, tasks: TaskTable, labels: LabelTable, people: PersonTable
) -> npt.NDArray[np.bool_]:
    """(e,) whether each entry is open and answered. tasks, labels: of the examples of the entries, or more.

    Cost: without entries nothing; else a look-up for each entry, task and label.
    """
    if not len(entries):
        return np.zeros(0, bool)
    crew, current = People(people), answers_of(labels)
    row_of = {stored_id(each): row for row, each in zip(tasks.row.tolist(), tasks.example_id.tolist(), strict=True)}
    listed = (current.row.tolist(), current.annotator.tolist(), current.event.tolist())
    stored = {(row, who): event for row, who, event in zip(*listed, strict=True)}
    columns = (entries.example_id, entries.annotator, entries.event, entries.closed, entries.reason)
    found = [
        closed == 0
        and reason != STRAY_COMMENT
        and example in row_of
        and stored.get((row_of[example], crew.name_of(person_name(annotator))), 0) > event
        for example, annotator, event, closed, reason in zip(*(each.tolist() for each in columns), strict=True)
    ]
    return np.array(found, bool)


def read_answered(view: View, entries: QuarantineTable, tasks: TaskTable | None = None) -> npt.NDArray[np.bool_]:
    """As `answered`, of a campaign. tasks: those of the examples of the entries; None to look among all.

    Cost: nothing without open entries; else the labels of these tasks, and without `tasks` the ids of all tasks.
    """
    is_open = entries.closed == 0
    if not is_open.any():
        return np.zeros(len(entries), bool)
    ids = set(entries.example_id[is_open].tolist())
    tasks = view.read(TaskTable) if tasks is None else tasks
    tasks = tasks.take(np.array([stored_id(each) in ids for each in tasks.example_id.tolist()], bool))
    return answered(entries, tasks, view.read(LabelTable, "row", tasks.row.tolist()), view.read(PersonTable))
