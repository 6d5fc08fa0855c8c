"""The shared list: which tasks an annotator gets next, and what a lease comes to."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ladle.labelling.columns import Int64, repeated
from ladle.labelling.events import Effects
from ladle.labelling.settings import Settings
from ladle.labelling.states import DISPUTED, EXCLUDED, WAITING
from ladle.labelling.tables import CURRENT, Batch, Label, Lease, Task


@dataclass(frozen=True, slots=True, eq=False)
class Waiting:
    """Tasks in the order of the list, with the labels and leases there are of them. gold: rows that test annotators."""

    task: Task
    label: Label
    lease: Lease
    gold: Int64


def due(waiting: Waiting, settings: Settings, annotator: str, at: int) -> npt.NDArray[np.bool_]:
    """(tasks,) which of them this annotator may be given.

    Not those the annotator has labelled, nor excluded ones. Of the others, those that lack labels: of as many
    annotators as the campaign asks for, or, where these do not agree, of one more; a lease of another annotator counts
    as a label to come. Gold is given to everyone.
    """
    task, current = waiting.task, waiting.label.take(waiting.label.status == CURRENT)
    votes = np.bincount(_places(task, current.row), minlength=len(task)) if len(current) else repeated(0, len(task))
    mine = np.isin(task.row, current.row[current.annotator == annotator])
    said = set(zip(current.row.tolist(), current.annotator.tolist(), strict=True))
    silent = np.array([pair not in said for pair in waiting.lease.each_key()], bool)
    held = waiting.lease.take((waiting.lease.lease_until > at) & (waiting.lease.annotator != annotator) & silent)
    coming = np.bincount(_places(task, held.row), minlength=len(task)) if len(held) else repeated(0, len(task))
    wanted = np.where(task.state == DISPUTED, votes + 1, settings.annotators_per_task)
    tests = np.isin(task.row, waiting.gold) & (task.state != EXCLUDED)
    given: npt.NDArray[np.bool_] = ~mine & (tests | (np.isin(task.state, WAITING) & (votes + coming < wanted)))
    return given


def taken(waiting: Waiting, rows: Int64, annotator: str, *, lease_until: int, event: int, at: int) -> Effects:
    """Leases of these rows to the annotator. `waiting` has all leases of these rows."""
    known = waiting.lease.take(waiting.lease.annotator == annotator)
    again = np.isin(rows, known.row)
    fresh = rows[~again]
    count = len(fresh)
    new = Lease(fresh, repeated(annotator, count), repeated(lease_until, count), repeated(event, count))
    mine = known.take(np.isin(known.row, rows))
    renewed = int((mine.lease_until > at).sum())
    longer = np.maximum(mine.lease_until, lease_until)
    changed = replace(mine, lease_until=longer, event=repeated(event, len(mine)))
    others = waiting.lease.take((waiting.lease.annotator != annotator) & (waiting.lease.lease_until <= at))
    passed_on = int(np.isin(rows, others.row).sum())
    told = {"size": len(rows), "renewed": renewed, "passed_on": passed_on, "rows": rows.tolist()}
    return Effects(added=(new.take(np.argsort(new.row)),), changed=(changed,), told=told)


def released(leases: Lease, *, event: int, at: int) -> Effects:
    """These leases ended now."""
    live = leases.take(leases.lease_until > at)
    ended = replace(live, lease_until=repeated(at, len(live)), event=repeated(event, len(live)))
    return Effects(changed=(ended,), told={"released": len(live)})


def given_back(effects: Effects, batches: Batch, holder: str, *, event: int, at: int) -> Effects:
    """The same, and the batches that this one holds given back too."""
    live = batches.take((batches.holder == holder) & (batches.lease_until > at))
    ended = replace(live, lease_until=repeated(at, len(live)), event=repeated(event, len(live)))
    told = {**effects.told, "batches": live.number.tolist()}
    return Effects(changed=(*effects.changed, ended), told=told)


def _places(task: Task, rows: Int64) -> Int64:
    """Where the tasks of these rows stand."""
    order = np.argsort(task.row)
    found: Int64 = order[np.searchsorted(task.row[order], rows)]
    return found
