"""The shared list: which tasks an annotator gets next, and what a lease writes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ladle.labelling.columns import Int64, repeated
from ladle.labelling.events import Effects
from ladle.labelling.people import People
from ladle.labelling.rules.assign import answered_by, assignees_of
from ladle.labelling.settings import Settings
from ladle.labelling.states import DISPUTED, EXCLUDED, WAITING
from ladle.labelling.tables import AssignmentTable, BatchTable, LabelTable, LeaseTable, TaskTable, answers_of


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
    votes = np.bincount(_places(task, current.row), minlength=len(task)) if len(current) else repeated(0, len(task))
    mine = np.isin(task.row, current.row[current.annotator == annotator])
    labelled = set(zip(current.row.tolist(), current.annotator.tolist(), strict=True))
    unlabelled = np.array([pair not in labelled for pair in waiting.lease.each_key()], bool)
    held = waiting.lease.take((waiting.lease.lease_until > at) & (waiting.lease.annotator != annotator) & unlabelled)
    coming = np.bincount(_places(task, held.row), minlength=len(task)) if len(held) else repeated(0, len(task))
    wanted = np.where(task.state == DISPUTED, votes + 1, settings.annotators_per_task)
    tests = np.isin(task.row, waiting.gold) & (task.state != EXCLUDED)
    is_due: npt.NDArray[np.bool_] = ~mine & (tests | (np.isin(task.state, WAITING) & (votes + coming < wanted)))
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
    report = {"size": len(rows), "renewed": renewed, "passed_on": passed_on, "rows": rows.tolist()}
    return Effects(added=(new.take(np.argsort(new.row)),), changed=(changed,), report=report)


def release(leases: LeaseTable, *, event: int, at: int) -> Effects:
    """End these leases now."""
    live = leases.take(leases.lease_until > at)
    ended = replace(live, lease_until=repeated(at, len(live)), event=repeated(event, len(live)))
    return Effects(changed=(ended,), report={"released": len(live)})


def release_batches(
    effects: Effects, batches: BatchTable, holder: str, people: People, *, event: int, at: int
) -> Effects:
    """`effects`, and the leases of the batches of this holder end now too."""
    names = {name for name in set(batches.holder.tolist()) if name and people.name_of(name) == people.name_of(holder)}
    live = batches.take(np.isin(batches.holder.astype(str), list(names)) & (batches.lease_until > at))
    ended = replace(live, lease_until=repeated(at, len(live)), event=repeated(event, len(live)))
    report = {**effects.report, "batches": live.number.tolist()}
    return Effects(changed=(*effects.changed, ended), report=report)


def _places(task: TaskTable, rows: Int64) -> Int64:
    """The positions of the tasks of these rows."""
    order = np.argsort(task.row)
    places: Int64 = order[np.searchsorted(task.row[order], rows)]
    return places
