"""The shared list: which tasks an annotator gets next, and what a lease writes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.labelling.contract.columns import Int64, repeated, texts
from ladle.labelling.contract.events import Effects
from ladle.labelling.contract.tables import AssignmentTable, BatchTable, LabelTable, LeaseTable, TaskTable, answers_of
from ladle.labelling.people import People
from ladle.labelling.rules.assign import answered_by, assignees_of
from ladle.labelling.settings import Settings
from ladle.labelling.states import DISPUTED, EXCLUDED, WAITING


@dataclass(frozen=True, slots=True, eq=False)
class WaitingTasks:
    """Tasks in the order of the list, with their labels, leases and assignments.

    gold: rows that test annotators. batch: all batches. people: all people.
    """

    task: TaskTable
    label: LabelTable
    lease: LeaseTable
    assignment: AssignmentTable
    gold: Int64
    batch: BatchTable
    people: People


def due(
    waiting: WaitingTasks, settings: Settings, annotator: str, at: int, *, share: bool = False
) -> npt.NDArray[np.bool_]:
    """(tasks,) whether this annotator may get each task. share: also from the batches of other holders.

    An annotator gets no excluded task, none that is kept for others, and none that this annotator has labelled. A task
    is due while it lacks labels: it needs as many annotators as the campaign asks for, and a disputed task one more
    than it has. A lease of another annotator counts as a label to come. Gold is given to every annotator.
    """
    task, current = waiting.task, answers_of(waiting.label)
    mine = np.isin(task.row, current.row[current.annotator == annotator])
    held = waiting.lease.take((waiting.lease.lease_until > at) & (waiting.lease.annotator != annotator))
    tests = np.isin(task.row, waiting.gold) & (task.state != EXCLUDED)
    waits = np.isin(task.state, WAITING) & (_lacking(waiting, settings, held) > 0)
    is_due: npt.NDArray[np.bool_] = ~mine & (tests | waits)
    return is_due & ~kept_for_others(waiting, annotator, at, share=share)


def kept_for_others(waiting: WaitingTasks, annotator: str, at: int, *, share: bool) -> npt.NDArray[np.bool_]:
    """(tasks,) whether each task is kept for other people than this annotator.

    An assigned task is kept for its assignees. A task of a batch with a holder is kept for this holder while the lease
    of the batch lasts, unless the annotator has a lease of the task too. A person or a team for whom a task is kept
    loses it by an answer: an example that needs one more label must be able to go to others.
    """
    task, people = waiting.task, waiting.people
    answered = answered_by(waiting.label)
    assignees = assignees_of(waiting.assignment, answered, people)
    holders = {} if share else holders_of(waiting.batch, at)
    others = {number: holder for number, holder in holders.items() if not people.belongs(annotator, holder)}
    mine = waiting.lease.row[(waiting.lease.annotator == annotator) & (waiting.lease.lease_until > at)]
    kept: npt.NDArray[np.bool_] = np.isin(task.batch, list(others)) & ~np.isin(task.row, mine)
    for place in np.flatnonzero(kept & np.isin(task.row, list(answered))).tolist():
        kept[place] = not people.have_answered(others[int(task.batch[place])], answered[int(task.row[place])])
    for place in np.flatnonzero(np.isin(task.row, list(assignees))).tolist():
        names = assignees[int(task.row[place])]
        kept[place] = not any(people.belongs(annotator, name) for name in names)
    return kept


def holders_of(batch: BatchTable, at: int) -> dict[int, str]:
    """The holder of each batch that was asked with one and whose lease lasts, by its number."""
    held = batch.take((batch.holder != "") & (batch.lease_until > at)) if len(batch) else batch
    return dict(zip(held.number.tolist(), held.holder.tolist(), strict=True))


def take(waiting: WaitingTasks, rows: Int64, annotator: str, *, lease_until: int, event: int, at: int) -> Effects:
    """Lease these rows to the annotator. `waiting` has all leases of these rows. A lease that has ended begins anew."""
    known = waiting.lease.take(waiting.lease.annotator == annotator)
    again = np.isin(rows, known.row)
    fresh = rows[~again]
    count = len(fresh)
    until, now = repeated(lease_until, count), repeated(at, count)
    new = LeaseTable(fresh, repeated(annotator, count), until, repeated(event, count), now)
    mine = known.take(np.isin(known.row, rows))
    renewed = int((mine.lease_until > at).sum())
    longer = np.maximum(mine.lease_until, lease_until)
    since = np.where(mine.lease_until > at, mine.since, at).astype(np.int64)
    changed = replace(mine, lease_until=longer, event=repeated(event, len(mine)), since=since)
    others = waiting.lease.take((waiting.lease.annotator != annotator) & (waiting.lease.lease_until <= at))
    passed_on = int(np.isin(rows, others.row).sum())
    report = {"size": len(rows), "renewed": renewed, "passed_on": passed_on, "annotator": annotator}
    report |= {"lease_until": lease_until, "ids": ids_of(waiting.task, rows)}
    return Effects(added=(new.take(np.argsort(new.row)),), changed=(changed,), report=report)


def held_until(waiting: WaitingTasks, rows: Int64, annotator: str) -> int | None:
    """When the first of the annotator's leases of these rows ends; None without rows, or where one has no lease."""
    mine = waiting.lease.take((waiting.lease.annotator == annotator) & np.isin(waiting.lease.row, rows))
    return int(mine.lease_until.min()) if len(rows) and len(mine) == len(np.unique(rows)) else None


def overdue(waiting: WaitingTasks, settings: Settings, written_at: Int64, at: int) -> LeaseTable:
    """The leases that ended by their time on people who still owe an answer, under the names these people have now.

    written_at: (leases,) when each lease of `waiting` was written last. An answer that was given since the task was
    taken is owed no more, whatever became of it. Neither is one for a task that these people would not get again, see
    `due`, or that was asked for again later. Each label that a task lacks is owed by one person: by those who had the
    task last. Cost: `due` for each of these people.
    """
    lease, task = waiting.lease, waiting.task
    live = lease.take(lease.lease_until > at)
    ended = lease.take((lease.lease_until <= at) & ended_by_time(lease.lease_until, written_at))
    ended = replace(ended, annotator=texts(waiting.people.name_of(name) for name in ended.annotator.tolist()))
    answered = _last_answers(waiting.label)
    asked_at = dict(zip(waiting.batch.number.tolist(), waiting.batch.asked_at.tolist(), strict=True))
    asked = {row: asked_at.get(batch, 0) for row, batch in zip(task.row.tolist(), task.batch.tolist(), strict=True)}
    lacking = dict(zip(task.row.tolist(), _lacking(waiting, settings, live).tolist(), strict=True))
    due_to = {name: set(task.row[due(waiting, settings, name, at)].tolist()) for name in set(ended.annotator.tolist())}
    listed, owed, rows = set(live.each_key()), [], list(ended.tuples())
    for place in np.argsort(-ended.since, kind="stable").tolist():
        row, name, until, _, since = rows[place]
        is_over = answered.get((row, name), since - 1) >= since or asked[row] >= until or row not in due_to[name]
        if not is_over and lacking[row] > 0 and (row, name) not in listed:
            listed.add((row, name))
            lacking[row] -= 1
            owed.append(place)
    return ended.take(np.array(sorted(owed), np.int64))


def ended_by_time(lease_until: Int64, written_at: Int64) -> npt.NDArray[np.bool_]:
    """(leases,) whether each lease, of a task or of a batch, ends by its time: nobody has released or taken it away.

    written_at: when each was written last. What ends a lease writes the time of that moment as its end.
    """
    return lease_until > written_at


def release(leases: LeaseTable, task: TaskTable, annotator: str, in_hand: Int64, *, event: int, at: int) -> Effects:
    """End these leases now. One that has ended by its time keeps its end, and nobody owes the answer any more.

    task: of all rows of the leases. in_hand: the rows that are given back; the other leases held nothing any more, and
    the log says so apart (`also_ended`).
    """
    ended = replace(leases, lease_until=np.minimum(leases.lease_until, at), event=repeated(event, len(leases)))
    rows = np.unique(leases.row)
    report: dict[str, Any] = {"annotator": annotator, "ids": ids_of(task, np.intersect1d(rows, in_hand))}
    if len(others := np.setdiff1d(rows, in_hand)):
        report["also_ended"] = ids_of(task, others)
    return Effects(changed=(ended,), report=report)


def release_batches(
    effects: Effects, batches: BatchTable, holder: str, people: People, *, event: int, at: int
) -> Effects:
    """`effects`, and the leases of those of these batches that this holder has end now too."""
    names = {name for name in set(batches.holder.tolist()) if name and people.name_of(name) == people.name_of(holder)}
    mine = batches.take(np.isin(batches.holder.astype(str), list(names)))
    ended = replace(mine, lease_until=np.minimum(mine.lease_until, at), event=repeated(event, len(mine)))
    report = {**effects.report, "batches": mine.number.tolist()}
    return Effects(changed=(*effects.changed, ended), report=report)


def ids_of(task: TaskTable, rows: Int64) -> list[str]:
    """The ids of these rows, in their order. The log names examples by id: rows change with the pool."""
    known = dict(zip(task.row.tolist(), task.example_id.tolist(), strict=True))
    return [known[row] for row in rows.tolist()]


def _lacking(waiting: WaitingTasks, settings: Settings, leases: LeaseTable) -> Int64:
    """(tasks,) the labels that each task lacks beyond its answers and those that come by these leases."""
    task, current = waiting.task, answers_of(waiting.label)
    votes = np.bincount(_places(task, current.row), minlength=len(task)) if len(current) else repeated(0, len(task))
    labelled = set(zip(current.row.tolist(), current.annotator.tolist(), strict=True))
    held = leases.take(np.array([pair not in labelled for pair in leases.each_key()], bool))
    coming = np.bincount(_places(task, held.row), minlength=len(task)) if len(held) else repeated(0, len(task))
    wanted = np.where(task.state == DISPUTED, votes + 1, settings.annotators_per_task)
    lacking: Int64 = (wanted - votes - coming).astype(np.int64)
    return lacking


def _last_answers(label: LabelTable) -> dict[tuple[int, str], int]:
    """When each person last answered each row, whether the answer still stands or not."""
    found: dict[tuple[int, str], int] = {}
    for row, name, at in zip(label.row.tolist(), label.annotator.tolist(), label.recorded_at.tolist(), strict=True):
        found[row, name] = max(at, found.get((row, name), at))
    return found


def _places(task: TaskTable, rows: Int64) -> Int64:
    """The positions of the tasks of these rows."""
    order = np.argsort(task.row)
    places: Int64 = order[np.searchsorted(task.row[order], rows)]
    return places
