"""What waits for labels and for a decision, and who has it: the tables of `Reader`, each made from one view."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import numpy as np

from ladle.campaign.examples import from_texts
from ladle.campaign.overview.views import id_type, names, rounds_of
from ladle.labelling.columns import Int64, Texts, repeated, texts
from ladle.labelling.contract import View
from ladle.labelling.labels import parsed
from ladle.labelling.people import People
from ladle.labelling.records import Records, times
from ladle.labelling.rules.ask import lease_ends
from ladle.labelling.rules.assign import answered_by, assignees_of
from ladle.labelling.states import DISPUTED, STATES, WAITING, as_counted
from ladle.labelling.tables import (
    AdjudicationTable,
    AssignmentTable,
    BatchTable,
    EventTable,
    GoldTable,
    LabelTable,
    LeaseTable,
    PersonTable,
    TaskTable,
    answers_of,
    gold_of,
)

_ALL = 1 << 62
_FIRST = (0, -_ALL)  # before every event and row


def outstanding(view: View, at: int) -> Records:
    """One row for each task that waits for labels. at: now, in microseconds."""
    task = _waiting_tasks(view)
    batches, lease = view.read(BatchTable), view.read(LeaseTable)
    lease = lease.take(np.isin(lease.row, task.row))
    order = np.argsort(task.row)
    until = repeated(0, len(task))
    until[order] = lease_ends(task.take(order), batches, lease)
    by_batch = _by_number(batches)
    answered = answered_by(view.read(LabelTable, "row", task.row.tolist()))
    people = People(view.read(PersonTable))
    holder = by_batch.holder[task.batch]
    has = np.array(
        [
            bool(name) and not people.have_answered(name, answered.get(row, ()))
            for name, row in zip(holder.tolist(), task.row.tolist(), strict=True)
        ],
        bool,
    )
    live = _not_answered(lease.take(lease.lease_until > at), answered)
    return Records(
        {
            "id": from_texts(task.example_id, id_type(view)),
            "row": task.row,
            "round": rounds_of(view, task),
            "order": task.place,
            "state": names(STATES, task.state),
            "lease_until": times(until),
            "holder": holder,
            "held_since": times(np.where(has, by_batch.asked_at[task.batch], 0)),
            "held_until": times(np.where(has, by_batch.lease_until[task.batch], 0)),
            "taken_by": _joined(task.row, live.row, live.annotator),
            "taken_since": times(_earliest(task.row, live.row, live.since)),
            "assigned_to": _assigned_to(view, task.row),
        }
    )


def holdings(view: View, at: int) -> Records:
    """One row for each person or team that has tasks which wait for labels, by batch, by taking or by assignment."""
    task = _waiting_tasks(view)
    batches, lease = view.read(BatchTable), view.read(LeaseTable)
    answered, people = answered_by(view.read(LabelTable, "row", task.row.tolist())), People(view.read(PersonTable))
    holder_of = dict(zip(batches.number.tolist(), batches.holder.tolist(), strict=True)) | {0: ""}
    in_batch = Counter(
        number
        for row, number in zip(task.row.tolist(), task.batch.tolist(), strict=True)
        if holder_of[number] and not people.have_answered(holder_of[number], answered.get(row, ()))
    )
    found: list[tuple[str, str, int, int, int]] = []  # who, how, tasks, since, until
    for number, since, until in zip(
        batches.number.tolist(), batches.asked_at.tolist(), batches.lease_until.tolist(), strict=True
    ):
        if in_batch[number]:
            found.append((holder_of[number], f"batch {number}", in_batch[number], since, until))
    lease = _not_answered(lease.take((lease.lease_until > at) & np.isin(lease.row, task.row)), answered)
    taken: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for _, annotator, until, _, since in lease.tuples():
        taken[annotator].append((since, until))
    for annotator, spans in sorted(taken.items()):
        found.append((annotator, "taken", len(spans), min(spans)[0], max(until for _, until in spans)))
    assigned = view.read(AssignmentTable)
    for assignee, rows in sorted(_kept(view, assigned, task.row).items()):
        mine = (assigned.assignee == assignee) & np.isin(assigned.row, rows)
        found.append((assignee, "assigned", len(rows), int(assigned.at[mine].min()), 0))
    who, how, tasks, since_, until_ = zip(*found, strict=True) if found else ((), (), (), (), ())
    ends = np.array(until_, np.int64)
    return Records(
        {
            "who": texts(who),
            "how": texts(how),
            "tasks": np.array(tasks, np.int64),
            "since": times(np.array(since_, np.int64)),
            "until": times(ends),
            "ended": (ends <= at) & (ends > 0),
        }
    )


def disputes(view: View, at: int) -> Records:
    """One row for each disputed example, the oldest dispute first."""
    task = _disputed(view, gold_of(view.read(GoldTable)).row)
    rows = task.row.tolist()
    answers = answers_of(view.read(LabelTable, "row", rows))
    answers = answers.take(np.lexsort((answers.number, answers.told_at, answers.row)))
    by_row: dict[int, dict[str, Any]] = defaultdict(dict)
    for row, annotator, label in zip(
        answers.row.tolist(), answers.annotator.tolist(), answers.label.tolist(), strict=True
    ):
        by_row[row][annotator] = label
    said = [by_row[row] for row in rows]
    lease = view.read(LeaseTable, "row", rows)
    lease = _not_answered(lease.take(lease.lease_until > at), by_row)
    return Records(
        {
            "id": from_texts(task.example_id, id_type(view)),
            "row": task.row,
            "why": texts("disagree" if len(set(each.values()) - {""}) > 1 else "skipped" for each in said),
            "labels": [{who: parsed(label) if label else None for who, label in each.items()} for each in said],
            "votes": np.array([sum(label != "" for label in each.values()) for each in said], np.int64),
            "since": times(_event_times(view, task.event)),
            "round": rounds_of(view, task),
            "taken_by": _joined(task.row, lease.row, lease.annotator),
            "assigned_to": _assigned_to(view, task.row),
        }
    )


def adjudications(view: View) -> Records:
    """One row for each example with a final word, in row order."""
    word = view.read(AdjudicationTable)
    word = word.take(word.active == 1)
    return Records(
        {
            "id": from_texts(word.example_id, id_type(view)),
            "row": word.row,
            "label": [parsed(label) for label in word.label.tolist()],
            "by": word.by,
            "reason": word.reason,
            "at": times(word.at),
        }
    )


def _waiting_tasks(view: View) -> TaskTable:
    """Tasks of batches in order of choice, then assigned ones of no batch by row, then the other disputed ones."""
    gold, assignments = gold_of(view.read(GoldTable)).row, view.read(AssignmentTable)
    asked = as_counted(view.ranked((0, -1), _ALL), gold)
    assigned = as_counted(
        view.read(TaskTable, "row", np.unique(assignments.row[assignments.active == 1]).tolist()), gold
    )
    assigned, others = assigned.take(assigned.batch == 0), _disputed(view, gold)
    others = others.take((others.batch == 0) & ~np.isin(others.row, assigned.row))
    found = TaskTable.joined([asked, assigned, others])
    return found.take(np.isin(found.state, WAITING))


def _disputed(view: View, gold: Int64) -> TaskTable:
    """The disputed tasks, the oldest dispute first."""
    task = as_counted(view.disputed(_FIRST, _ALL), gold)
    return task.take(task.state == DISPUTED)


def _not_answered(lease: LeaseTable, answered: Mapping[int, Collection[str]]) -> LeaseTable:
    """The leases of people who have not answered yet."""
    return lease.take(np.array([who not in answered.get(row, ()) for row, who in lease.each_key()], bool))


def _by_number(batches: BatchTable) -> BatchTable:
    """The batches at the places of their numbers; other places are of no batch."""
    count = int(batches.number.max(initial=0)) + 1
    empty = {name: repeated("" if holds == "text" else 0, count) for name, holds in BatchTable.layout().items()}
    for name, column in empty.items():
        column[batches.number] = batches.column(name)
    return BatchTable(**empty)


def _joined(rows: Int64, of_rows: Int64, words: Texts) -> Texts:
    """(rows,) the words of each row, with commas; "" for none."""
    by_row: dict[int, list[str]] = defaultdict(list)
    for row, word in zip(of_rows.tolist(), words.tolist(), strict=True):
        by_row[row].append(word)
    return texts(", ".join(by_row.get(row, ())) for row in rows.tolist())


def _earliest(rows: Int64, of_rows: Int64, at: Int64) -> Int64:
    """(rows,) the least of the times of each row; 0 for none."""
    by_row: dict[int, int] = {}
    for row, each in zip(of_rows.tolist(), at.tolist(), strict=True):
        by_row[row] = min(each, by_row.get(row, each))
    return np.array([by_row.get(row, 0) for row in rows.tolist()], np.int64)


def _kept(view: View, assignments: AssignmentTable, rows: Int64) -> dict[str, list[int]]:
    """The rows that are kept for each assignee, among these."""
    assignments = assignments.take((assignments.active == 1) & np.isin(assignments.row, rows))
    answered = answered_by(view.read(LabelTable, "row", np.unique(assignments.row).tolist()))
    kept: dict[str, list[int]] = defaultdict(list)
    for row, assignees in assignees_of(assignments, answered, People(view.read(PersonTable))).items():
        for assignee in assignees:
            kept[assignee].append(row)
    return dict(kept)


def _assigned_to(view: View, rows: Int64) -> Texts:
    """(rows,) the people and teams for whom each row is kept, with commas; "" for nobody."""
    pairs = sorted(
        (row, assignee) for assignee, mine in _kept(view, view.read(AssignmentTable), rows).items() for row in mine
    )
    return _joined(rows, np.array([row for row, _ in pairs], np.int64), texts(assignee for _, assignee in pairs))


def _event_times(view: View, events: Iterable[int]) -> Int64:
    """The time of each event."""
    numbers = [int(each) for each in events]
    event = view.read(EventTable, "seq", sorted(set(numbers)))
    at = dict(zip(event.seq.tolist(), event.at.tolist(), strict=True))
    return np.array([at.get(number, 0) for number in numbers], np.int64)
