"""What waits for labels and for a decision, and who has it: the tables of `Reader`, each made from one view."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.campaign.overview.views import control_mask, id_type, names, rounds_of
from ladle.campaign.session.examples import from_texts
from ladle.labelling.contract.columns import Int64, Texts, repeated, texts
from ladle.labelling.contract.events import event_times
from ladle.labelling.contract.store import View
from ladle.labelling.contract.tables import (
    AdjudicationTable,
    AssignmentTable,
    BatchTable,
    GoldTable,
    LabelTable,
    LeaseTable,
    PersonTable,
    TaskTable,
    answers_of,
    gold_of,
)
from ladle.labelling.labels import parsed
from ladle.labelling.people import People
from ladle.labelling.records import Records, times
from ladle.labelling.rules.ask import lease_ends
from ladle.labelling.rules.assign import answered_by, assignees_of
from ladle.labelling.rules.lease import WaitingTasks, ended_by_time, overdue
from ladle.labelling.settings import Settings
from ladle.labelling.states import DISPUTED, LABELLED, STATES, WAITING, as_counted

Mask = npt.NDArray[np.bool_]

_ALL = 1 << 62
_FIRST = (0, -_ALL)  # before every event and row


def outstanding(view: View, settings: Settings, at: int) -> Records:
    """One row for each task that waits for labels. at: now, in microseconds."""
    work = _work(view)
    task, batches, lease = work.task, work.batch, work.lease
    order = np.argsort(task.row)
    until = repeated(0, len(task))
    until[order] = lease_ends(task.take(order), batches, lease)
    by_batch = _by_number(batches)
    holder, has = by_batch.holder[task.batch], _with_holder(view, work, at)
    live = not_answered(lease.take(lease.lease_until > at), answered_by(work.label))
    late = _overdue(view, work, settings, at)
    return Records(
        {
            "id": from_texts(task.example_id, id_type(view)),
            "row": task.row,
            "round": rounds_of(view, task),
            "order": task.place,
            "state": names(STATES, task.state),
            "lease_until": times(until),
            "holder": np.where(has, holder, ""),
            "held_since": times(np.where(has, by_batch.asked_at[task.batch], 0)),
            "held_until": times(np.where(has, by_batch.lease_until[task.batch], 0)),
            "taken_by": joined(task.row, live.row, live.annotator),
            "taken_since": times(_earliest(task.row, live.row, live.since)),
            "overdue_by": joined(task.row, late.row, late.annotator),
            "assigned_to": assigned_to(view, view.read(AssignmentTable), task.row),
            "control": control_mask(view, task.row),
        }
    )


def holdings(view: View, settings: Settings, at: int) -> Records:
    """One row for each person or team that has tasks which wait for labels, by batch, by taking or by assignment.

    Gold whose label is known waits for nobody else: what people have of it is counted apart, as "gold".
    """
    work = _work(view)
    task, batches = work.task, work.batch
    in_batch = Counter(task.batch[_with_holder(view, work, at)].tolist())
    found: list[tuple[str, str, int, int, int]] = []  # who, how, tasks, since, until
    for number, holder, since, until in zip(
        *(batches.column(name).tolist() for name in ("number", "holder", "asked_at", "lease_until")), strict=True
    ):
        if in_batch[number]:
            found.append((holder, f"batch {number}", in_batch[number], since, until))
    live = not_answered(work.lease.take(work.lease.lease_until > at), answered_by(work.label))
    taken: dict[tuple[str, bool], list[tuple[int, int]]] = defaultdict(list)
    for is_late, lease in ((False, live), (True, _overdue(view, work, settings, at))):
        for _, annotator, until, _, since in lease.tuples():
            taken[annotator, is_late].append((since, until))
    for (annotator, _), spans in sorted(taken.items()):
        found.append((annotator, "taken", len(spans), min(spans)[0], max(until for _, until in spans)))
    tests = _gold_in_hand(view, work.gold, at)
    for annotator in sorted(set(tests.annotator.tolist())):
        theirs = tests.take(tests.annotator == annotator)
        found.append((annotator, "gold", len(theirs), int(theirs.since.min()), int(theirs.lease_until.max())))
    assigned = work.assignment
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


def count_unasked(view: View) -> int:
    """How many tasks wait for labels that no ask has chosen: assigned and disputed ones."""
    return int((_waiting_tasks(view).batch == 0).sum())


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
    lease = not_answered(lease.take(lease.lease_until > at), by_row)
    return Records(
        {
            "id": from_texts(task.example_id, id_type(view)),
            "row": task.row,
            "why": texts("disagree" if len(set(each.values()) - {""}) > 1 else "skipped" for each in said),
            "labels": [{who: parsed(label) if label else None for who, label in each.items()} for each in said],
            "votes": np.array([sum(label != "" for label in each.values()) for each in said], np.int64),
            "since": times(event_times(view, task.event)),
            "round": rounds_of(view, task),
            "taken_by": joined(task.row, lease.row, lease.annotator),
            "assigned_to": assigned_to(view, view.read(AssignmentTable), task.row),
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


def _work(view: View) -> WaitingTasks:
    """The tasks that wait for labels, with what says who has them."""
    task = _waiting_tasks(view)
    rows, lease = task.row.tolist(), view.read(LeaseTable)
    return WaitingTasks(
        task=task,
        label=view.read(LabelTable, "row", rows),
        lease=lease.take(np.isin(lease.row, task.row)),
        assignment=view.read(AssignmentTable),
        gold=gold_of(view.read(GoldTable)).row,
        batch=view.read(BatchTable),
        people=People(view.read(PersonTable)),
    )


def _gold_in_hand(view: View, gold: Int64, at: int) -> LeaseTable:
    """The running leases of gold that has its labels, by people who have not answered yet."""
    task = as_counted(view.read(TaskTable, "row", gold.tolist()), gold)
    rows = task.row[task.state == LABELLED]
    lease = view.read(LeaseTable, "row", rows.tolist())
    answered = answered_by(view.read(LabelTable, "row", rows.tolist()))
    return not_answered(lease.take(lease.lease_until > at), answered)


def _with_holder(view: View, work: WaitingTasks, at: int) -> Mask:
    """(tasks,) whether each one is with the holder of its batch, who has neither answered nor released it."""
    batches, answered = work.batch, answered_by(work.label)
    is_released = (batches.lease_until <= at) & ~ended_by_time(batches.lease_until, event_times(view, batches.event))
    held = batches.take(~is_released & (batches.holder != ""))
    holders = dict(zip(held.number.tolist(), held.holder.tolist(), strict=True))
    return np.array(
        [
            number in holders and not work.people.have_answered(holders[number], answered.get(row, ()))
            for row, number in zip(work.task.row.tolist(), work.task.batch.tolist(), strict=True)
        ],
        bool,
    )


def _overdue(view: View, work: WaitingTasks, settings: Settings, at: int) -> LeaseTable:
    """The leases whose time is over while their people still owe an answer, see `ladle.labelling.rules.lease`."""
    rows = work.lease.row[work.lease.lease_until <= at]
    chosen = replace(
        work,
        task=work.task.take(np.isin(work.task.row, rows)),
        label=work.label.take(np.isin(work.label.row, rows)),
        lease=work.lease.take(np.isin(work.lease.row, rows)),
        assignment=work.assignment.take(np.isin(work.assignment.row, rows)),
    )
    return overdue(chosen, settings, event_times(view, chosen.lease.event), at)


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


def not_answered(lease: LeaseTable, answered: Mapping[int, Collection[str]]) -> LeaseTable:
    """The leases of people who have not answered yet."""
    return lease.take(np.array([who not in answered.get(row, ()) for row, who in lease.each_key()], bool))


def _by_number(batches: BatchTable) -> BatchTable:
    """The batches at the places of their numbers; other places are of no batch."""
    count = int(batches.number.max(initial=0)) + 1
    empty = {name: repeated("" if holds == "text" else 0, count) for name, holds in BatchTable.layout().items()}
    for name, column in empty.items():
        column[batches.number] = batches.column(name)
    return BatchTable(**empty)


def joined(rows: Int64, of_rows: Int64, words: Texts) -> Texts:
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


def assigned_to(view: View, assignments: AssignmentTable, rows: Int64) -> Texts:
    """(rows,) the people and teams for whom each row is kept, with commas; "" for nobody.

    assignments: of these rows, or all.
    """
    pairs = sorted((row, assignee) for assignee, mine in _kept(view, assignments, rows).items() for row in mine)
    return joined(rows, np.array([row for row, _ in pairs], np.int64), texts(assignee for _, assignee in pairs))
