"""Taking tasks from the shared list and from the list of disputes, and releasing them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np

from ladle.campaign.session.session import Session
from ladle.campaign.work.arguments import check_name, check_text
from ladle.errors import ArgumentError
from ladle.labelling import answers
from ladle.labelling.contract.columns import Int64
from ladle.labelling.contract.events import Effects, event_times, next_number, record
from ladle.labelling.contract.store import View
from ladle.labelling.contract.tables import (
    MICROSECONDS,
    AssignmentTable,
    BatchTable,
    EventTable,
    GoldTable,
    LabelTable,
    LeaseTable,
    PersonTable,
    TaskTable,
    gold_of,
)
from ladle.labelling.people import People, person_name
from ladle.labelling.records import moment
from ladle.labelling.rules import lease as lease_rules
from ladle.labelling.rules.assign import answered_by
from ladle.labelling.rules.lease import WaitingTasks, ended_by_time
from ladle.labelling.rules.people import founded, known_names, known_person, notices_of_names
from ladle.labelling.settings import Settings
from ladle.labelling.states import DISPUTED, LABELLED, WAITING, as_counted
from ladle.numbers import number, switch, whole

FIRST_ROWS, PAGE_ROWS = 100, 2_000  # tasks of a list that are read at a time, at first and at most
LONGEST_SECONDS = 100 * 366 * 86_400  # of a lease
FIRST_PLACE = (0, -(1 << 62))  # before every event and row


@dataclass(frozen=True, slots=True)
class TakeRequest:
    """What an annotator takes. lease: its length in microseconds. share: also from the batches of other holders.
    disputed: disputed tasks only. renew_below: as `renew_below_seconds` of `Campaign.take`."""

    annotator: str
    size: int
    lease: int
    share: bool = False
    disputed: bool = False
    renew_below: float | None = None


def take(session: Session, request: TakeRequest) -> answers.Taken:
    """The next tasks for an annotator, under a lease. Raises: see `Campaign.take`."""
    size, annotator = whole(request.size, "`size`", least=1), person_name(check_name(request.annotator, "annotator"))
    share, disputed = switch(request.share, "`share`"), switch(request.disputed, "`disputed`")
    if not annotator:
        raise ArgumentError("`annotator`", wanted="be a name", got="none", remedy="A lease belongs to an annotator.")
    below = None
    if request.renew_below is not None:
        below = round(
            number(request.renew_below, "`renew_below_seconds`", least=0, most=LONGEST_SECONDS) * MICROSECONDS
        )
    with session.reading() as view:
        session.examples(view)  # opens the pool before other writers have to wait
    with session.writing() as writer:
        at, lists = session.now(), _Lists(writer)
        annotator = lists.people.name_of(annotator)
        checked = TakeRequest(annotator, size, request.lease, share, disputed)
        rows = _next_rows(session, lists, checked, at)
        waiting = lists.waiting(writer.read(TaskTable, "row", rows.tolist()))
        until = None if below is None else lease_rules.held_until(waiting, rows, annotator)
        if below is not None and until is not None and until > at + below:
            return answers.Taken(session.examples(writer).at(rows), rows, annotator, moment(until))
        event = next_number(writer, EventTable)
        effects = lease_rules.take(waiting, rows, annotator, lease_until=at + request.lease, event=event, at=at)
        if len(rows):
            fresh = founded(lists.people.table, [annotator], event=event)
            record(writer, session.act("take", at), replace(effects, added=(*effects.added, fresh)))
        for text in notices_of_names(lists.people.table, [annotator]):
            session.note(text)
        ids = session.examples(writer).at(rows)
    renewed, passed_on = int(effects.report["renewed"]), int(effects.report["passed_on"])
    return answers.Taken(ids, rows, annotator, moment(at + request.lease), renewed, passed_on)


def tasks_of(session: Session, annotator: str) -> int:
    """How many tasks `release` would release now. Raises: NotFoundError for a name that nobody has; ArgumentError."""
    at, given = session.now(), person_name(check_text(annotator, "annotator"))
    with session.reading(whole=True) as view:
        lists = _Lists(view)
        people = lists.people
        name = known_person(people.table, given, also=known_names(view))
        own = [each for each in people.aliases_of(name) if people.name_of(each) == name]
        in_hand = _in_hand(lists, session.settings, view.read(LeaseTable, "annotator", own), name, at)
        batches = _batches_not_released(view, at)
        released = lease_rules.release_batches(Effects(), batches, given, people, event=0, at=at).report["batches"]
        return len(np.union1d(in_hand, _in_batches(lists, released, name)))


def release(session: Session, annotator: str, rows: Int64 | None) -> int:
    """Release what an annotator has taken: how many tasks. Without rows, the annotator's batches are released too."""
    at, given = session.now(), person_name(check_text(annotator, "annotator"))
    with session.writing() as writer:
        lists = _Lists(writer)
        people = lists.people
        name = known_person(people.table, given, also=known_names(writer))
        event = next_number(writer, EventTable)
        own = [each for each in people.aliases_of(name) if people.name_of(each) == name]
        leases = writer.read(LeaseTable, "annotator", own)
        if rows is not None:
            leases = leases.take(np.isin(leases.row, rows))
        in_hand = _in_hand(lists, session.settings, leases, name, at)
        owed = ended_by_time(leases.lease_until, event_times(writer, leases.event)) & np.isin(leases.row, in_hand)
        leases = leases.take((leases.lease_until > at) | owed)
        task = writer.read(TaskTable, "row", leases.row.tolist())
        effects = lease_rules.release(leases, task, name, in_hand, event=event, at=at)
        ended: list[int] = []
        if rows is None:
            batches = _batches_not_released(writer, at)
            effects = lease_rules.release_batches(effects, batches, given, people, event=event, at=at)
            ended = effects.report["batches"]
        released = len(np.union1d(in_hand, _in_batches(lists, ended, name)))
        effects = replace(effects, report={**effects.report, "released": released})
        if effects:
            record(writer, session.act("release", at), effects)
    return int(effects.report["released"])


def _in_hand(lists: _Lists, settings: Settings, leases: LeaseTable, name: str, at: int) -> Int64:
    """The rows of these leases that `holdings` counts as taken by this person: ascending.

    leases: of this person, under all names. Those that last count where the task waits for labels and this person has
    not answered; gold that others have labelled waits for the person who has it. Those that ended by their time count
    while they are overdue.
    """
    view, rows = lists.view, np.unique(leases.row)
    task = as_counted(view.read(TaskTable, "row", rows.tolist()), lists.gold)
    assigned = view.read(AssignmentTable, "row", rows.tolist())
    is_listed = (task.batch > 0) | (task.state == DISPUTED) | np.isin(task.row, assigned.row[assigned.active == 1])
    waiting = lists.waiting(task.take(np.isin(task.state, WAITING) & is_listed))
    late = lease_rules.overdue(waiting, settings, event_times(view, waiting.lease.event), at)
    tests = task.row[np.isin(task.row, lists.gold) & (task.state == LABELLED)]
    live = np.intersect1d(leases.row[leases.lease_until > at], np.concatenate([waiting.task.row, tests]))
    answered = answered_by(view.read(LabelTable, "row", live.tolist()))
    has_answered = [lists.people.have_answered(name, answered.get(row, ())) for row in live.tolist()]
    owed = np.intersect1d(late.row[late.annotator == name], rows)
    found: Int64 = np.union1d(live[~np.array(has_answered, bool)], owed)
    return found


def _in_batches(lists: _Lists, batches: list[int], name: str) -> Int64:
    """The rows of these batches that wait for a label which this person or team has not given."""
    task = as_counted(lists.view.read(TaskTable, "batch", batches), lists.gold)
    rows = task.row[np.isin(task.state, WAITING)]
    answered = answered_by(lists.view.read(LabelTable, "row", rows.tolist()))
    has_answered = [lists.people.have_answered(name, answered.get(row, ())) for row in rows.tolist()]
    found: Int64 = rows[~np.array(has_answered, bool)]
    return found


def _batches_not_released(view: View, at: int) -> BatchTable:
    """Those whose lease lasts, and those whose lease ended by its time and whose tasks still wait."""
    batches = view.read(BatchTable)
    ended = (batches.lease_until <= at) & ended_by_time(batches.lease_until, event_times(view, batches.event))
    task = view.read(TaskTable, "batch", batches.number[ended & (batches.holder != "")].tolist())
    waits = np.isin(batches.number, task.batch[np.isin(task.state, WAITING)])
    return batches.take((batches.lease_until > at) | (ended & waits))


class _Lists:
    """The lists from which tasks are taken, read in pages from one view."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.gold = gold_of(view.read(GoldTable)).row
        self.batch = view.read(BatchTable)
        self.people = People(view.read(PersonTable))

    def waiting(self, task: TaskTable) -> WaitingTasks:
        """These tasks, with what the rules need to know of them."""
        rows = task.row.tolist()
        label, lease = self.view.read(LabelTable, "row", rows), self.view.read(LeaseTable, "row", rows)
        assignment = self.view.read(AssignmentTable, "row", rows)
        return WaitingTasks(task, label, lease, assignment, self.gold, self.batch, self.people)

    def of_rows(self, rows: list[int]) -> WaitingTasks:
        """The tasks of these rows: those of batches in order of batch and place, then the others by row."""
        task = self.view.read(TaskTable, "row", rows)
        return self.waiting(task.take(np.lexsort((task.row, task.place, task.batch, task.batch == 0))))

    def asked(self) -> Iterator[WaitingTasks]:
        """The tasks of batches. Gold tasks have the place of their batch, whether they are labelled or not."""
        tests = self.view.read(TaskTable, "row", self.gold.tolist())
        tests = tests.take((tests.batch > 0) & ~np.isin(tests.state, WAITING))
        after, rows = (0, -1), min(FIRST_ROWS, PAGE_ROWS)
        while True:
            page = self.view.ranked(after, rows)
            last = len(page) < rows
            until = (1 << 62, 0) if last else (int(page.batch[-1]), int(page.place[-1]))
            places = list(zip(tests.batch.tolist(), tests.place.tolist(), strict=True))
            here = np.array([after < place <= until for place in places], bool)
            both = TaskTable.joined([page, tests.take(here)])
            yield self.waiting(both.take(np.lexsort((both.place, both.batch))))
            if last:
                return
            after, rows = until, min(2 * rows, PAGE_ROWS)

    def disputes(self, *, unasked: bool) -> Iterator[WaitingTasks]:
        """The disputed tasks, oldest dispute first, without gold. unasked: only those of no batch."""
        after, rows = FIRST_PLACE, min(FIRST_ROWS, PAGE_ROWS)
        while True:
            page = self.view.disputed(after, rows)
            is_disputed = as_counted(page, self.gold).state == DISPUTED
            listed = page.take(is_disputed & ((page.batch == 0) | (not unasked)))
            yield self.waiting(listed)
            if len(page) < rows:
                return
            after, rows = (int(page.event[-1]), int(page.row[-1])), min(2 * rows, PAGE_ROWS)


def _next_rows(session: Session, lists: _Lists, request: TakeRequest, at: int) -> Int64:
    """The rows that the annotator has already, then the assigned ones, then the next ones of the lists that are due."""
    mine = lists.view.read(LeaseTable, "annotator", [request.annotator])
    assigned = lists.view.read(AssignmentTable, "assignee", lists.people.aliases_of(request.annotator))
    own = (mine.row[mine.lease_until > at], np.unique(assigned.row[assigned.active == 1]))
    shared = () if request.disputed else lists.asked()
    chosen: list[int] = []
    for waiting in chain(
        (lists.of_rows(rows.tolist()) for rows in own), shared, lists.disputes(unasked=not request.disputed)
    ):
        due = lease_rules.due(waiting, session.settings, request.annotator, at, share=request.share)
        if request.disputed:
            due &= as_counted(waiting.task, lists.gold).state == DISPUTED
        rows = waiting.task.row[due & ~np.isin(waiting.task.row, chosen)]
        chosen += rows[: request.size - len(chosen)].tolist()
        if len(chosen) == request.size:
            break
    return np.array(chosen, np.int64)
