"""Taking tasks from the shared list, and releasing them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import numpy as np

from ladle.campaign.session import Session
from ladle.campaign.telling import check_text
from ladle.errors import ArgumentError
from ladle.labelling import answers
from ladle.labelling.columns import Int64
from ladle.labelling.contract import View
from ladle.labelling.events import next_number, record
from ladle.labelling.records import moment
from ladle.labelling.rules import lease as lease_rules
from ladle.labelling.rules.lease import WaitingTasks
from ladle.labelling.states import WAITING
from ladle.labelling.tables import BatchTable, EventTable, GoldTable, LabelTable, LeaseTable, TaskTable
from ladle.numbers import whole

PAGE_ROWS = 2_000  # tasks of the list that are read at a time


def take(session: Session, annotator: str, size: int, lease: int) -> answers.Taken:
    """The next tasks for an annotator, under a lease. Raises: see `Campaign.take`."""
    size = whole(size, "`size`", least=1)
    if not check_text(annotator, "annotator"):
        raise ArgumentError("`annotator`", wanted="be a name", got="none", remedy="A lease belongs to an annotator.")
    with session.reading() as view:
        session.examples(view)  # opens the pool before other writers have to wait
    with session.writing() as writer:
        at = session.now()
        rows = _next_rows(session, writer, annotator, size, at)
        waiting = _waiting(writer, writer.read(TaskTable, "row", rows.tolist()), np.empty(0, np.int64))
        event = next_number(writer, EventTable)
        effects = lease_rules.take(waiting, rows, annotator, lease_until=at + lease, event=event, at=at)
        if len(rows):
            record(writer, session.act("take", at), effects)
        ids = session.examples(writer).at(rows)
    renewed, passed_on = int(effects.report["renewed"]), int(effects.report["passed_on"])
    return answers.Taken(ids, rows, annotator, moment(at + lease), renewed, passed_on)


def release(session: Session, annotator: str, rows: Int64 | None) -> int:
    """Release what an annotator has taken: how many tasks. Without rows, the annotator's batches are released too."""
    at = session.now()
    with session.writing() as writer:
        event = next_number(writer, EventTable)
        leases = writer.read(LeaseTable, "annotator", [annotator])
        if rows is not None:
            leases = leases.take(np.isin(leases.row, rows))
        effects = lease_rules.release(leases, event=event, at=at)
        if rows is None:
            effects = lease_rules.release_batches(effects, writer.read(BatchTable), annotator, event=event, at=at)
        if effects:
            record(writer, session.act("release", at), effects)
    return int(effects.report["released"])


def _next_rows(session: Session, view: View, annotator: str, size: int, at: int) -> Int64:
    """The rows that the annotator holds already, and then the next rows that are due, in the order of the list."""
    gold = view.read(GoldTable).row
    mine = view.read(LeaseTable, "annotator", [annotator])
    held = mine.row[mine.lease_until > at].tolist()
    chosen: list[int] = []
    for waiting in chain([_waiting(view, _listed(view.read(TaskTable, "row", held)), gold)], _pages(view, gold)):
        due = lease_rules.due(waiting, session.settings, annotator, at)
        rows = waiting.task.row[due & ~np.isin(waiting.task.row, chosen)]
        chosen += rows[: size - len(chosen)].tolist()
        if len(chosen) == size:
            break
    return np.array(chosen, np.int64)


def _pages(view: View, gold: Int64) -> Iterator[WaitingTasks]:
    """The list in pages. Gold tasks have the place of their batch, whether they are labelled or not."""
    tests = _listed(view.read(TaskTable, "row", gold.tolist()))
    tests = tests.take(~np.isin(tests.state, WAITING))
    after = (0, -1)
    while True:
        page = view.ranked(after, PAGE_ROWS)
        last = len(page) < PAGE_ROWS
        until = (1 << 62, 0) if last else (int(page.batch[-1]), int(page.place[-1]))
        places = list(zip(tests.batch.tolist(), tests.place.tolist(), strict=True))
        here = np.array([after < place <= until for place in places], bool)
        yield _waiting(view, _listed(TaskTable.joined([page, tests.take(here)])), gold)
        if last:
            return
        after = until


def _waiting(view: View, task: TaskTable, gold: Int64) -> WaitingTasks:
    rows = task.row.tolist()
    return WaitingTasks(task, view.read(LabelTable, "row", rows), view.read(LeaseTable, "row", rows), gold)


def _listed(task: TaskTable) -> TaskTable:
    """The tasks that are in a batch, in order of batch and place."""
    task = task.take(task.batch > 0)
    return task.take(np.lexsort((task.place, task.batch)))
