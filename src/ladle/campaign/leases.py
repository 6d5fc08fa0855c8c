"""Taking tasks from the shared list, and giving them back."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import numpy as np

from ladle.campaign.session import Desk
from ladle.campaign.telling import check_text
from ladle.errors import ArgumentError
from ladle.labelling import answers, lease_rules
from ladle.labelling.columns import Int64
from ladle.labelling.contract import View
from ladle.labelling.events import Act, next_number, record
from ladle.labelling.lease_rules import Waiting
from ladle.labelling.records import moment
from ladle.labelling.settings import check_count
from ladle.labelling.states import WAITING
from ladle.labelling.tables import Batch, Event, Gold, Label, Lease, Task

PAGE_ROWS = 2_000  # of the list, looked through at a time


def take(desk: Desk, annotator: str, size: int, lease: int) -> answers.Taken:
    """The next tasks for an annotator, under a lease. Raises: see `Campaign.take`."""
    check_count(size, "size", least=1)
    if not check_text(annotator, "annotator"):
        raise ArgumentError("`annotator`", wanted="be a name", got="none", remedy="Leases belong to someone.")
    with desk.reading() as view:
        desk.examples(view)  # opened before others have to wait for us
    with desk.writing() as writer:
        at = desk.now()
        rows = _next_rows(desk, writer, annotator, size, at)
        waiting = _waiting(writer, writer.read(Task, "row", rows.tolist()), np.empty(0, np.int64))
        event = next_number(writer, Event)
        effects = lease_rules.taken(waiting, rows, annotator, lease_until=at + lease, event=event, at=at)
        if len(rows):
            record(writer, Act("take", at, annotator), effects)
        ids = desk.examples(writer).at(rows)
    renewed, passed_on = int(effects.told["renewed"]), int(effects.told["passed_on"])
    return answers.Taken(ids, rows, annotator, moment(at + lease), renewed, passed_on)


def release(desk: Desk, annotator: str, rows: Int64 | None) -> int:
    """Give back what an annotator has taken: how many tasks. Batches too that the annotator holds, unless by id."""
    at = desk.now()
    with desk.writing() as writer:
        event = next_number(writer, Event)
        leases = writer.read(Lease, "annotator", [annotator])
        if rows is not None:
            leases = leases.take(np.isin(leases.row, rows))
        effects = lease_rules.released(leases, event=event, at=at)
        if rows is None:
            effects = lease_rules.given_back(effects, writer.read(Batch), annotator, event=event, at=at)
        if effects:
            record(writer, Act("release", at, annotator), effects)
    return int(effects.told["released"])


def _next_rows(desk: Desk, view: View, annotator: str, size: int, at: int) -> Int64:
    """Rows that the annotator has already, and then the next ones due, in the order of the list."""
    gold = view.read(Gold).row
    mine = view.read(Lease, "annotator", [annotator])
    held = mine.row[mine.lease_until > at].tolist()
    found: list[int] = []
    for waiting in chain([_waiting(view, _listed(view.read(Task, "row", held)), gold)], _pages(view, gold)):
        due = lease_rules.due(waiting, desk.settings, annotator, at)
        rows = waiting.task.row[due & ~np.isin(waiting.task.row, found)]
        found += rows[: size - len(found)].tolist()
        if len(found) == size:
            break
    return np.array(found, np.int64)


def _pages(view: View, gold: Int64) -> Iterator[Waiting]:
    """The list, a page at a time; gold stands in it where it was asked, labelled or not."""
    tests = _listed(view.read(Task, "row", gold.tolist()))
    tests = tests.take(~np.isin(tests.state, WAITING))
    after = (0, -1)
    while True:
        page = view.ranked(after, PAGE_ROWS)
        last = len(page) < PAGE_ROWS
        until = (1 << 62, 0) if last else (int(page.batch[-1]), int(page.place[-1]))
        places = list(zip(tests.batch.tolist(), tests.place.tolist(), strict=True))
        here = np.array([after < place <= until for place in places], bool)
        yield _waiting(view, _listed(Task.joined([page, tests.take(here)])), gold)
        if last:
            return
        after = until


def _waiting(view: View, task: Task, gold: Int64) -> Waiting:
    rows = task.row.tolist()
    return Waiting(task, view.read(Label, "row", rows), view.read(Lease, "row", rows), gold)


def _listed(task: Task) -> Task:
    """Tasks that a batch holds, in order of batch and place."""
    task = task.take(task.batch > 0)
    return task.take(np.lexsort((task.place, task.batch)))
