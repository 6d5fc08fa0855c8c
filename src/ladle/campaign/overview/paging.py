"""Pages of the long tables of a campaign. Each is one range of an index, so its cost does not depend on the table."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from ladle.campaign.overview.resolving import ResolvedLabels, resolved_labels
from ladle.campaign.overview.views import (
    event_records,
    id_type,
    label_records,
    quarantine_records,
    resolved_records,
    state_words,
)
from ladle.campaign.overview.waiting import assigned_to, joined, not_answered
from ladle.campaign.session.examples import from_texts
from ladle.campaign.session.session import Session
from ladle.errors import ArgumentError, MismatchError
from ladle.labelling.contract.columns import Columns, Int64
from ladle.labelling.contract.store import View
from ladle.labelling.contract.tables import (
    CURRENT,
    NO_ROW,
    AdjudicationTable,
    AssignmentTable,
    BatchTable,
    EventTable,
    GoldTable,
    LabelTable,
    LeaseTable,
    PersonTable,
    QuarantineTable,
    TallyTable,
    TaskTable,
    answers_of,
    gold_of,
)
from ladle.labelling.contract.tallies import counts_in
from ladle.labelling.labels import parsed
from ladle.labelling.pages import Page
from ladle.labelling.people import People
from ladle.labelling.records import Records
from ladle.labelling.settings import Settings
from ladle.labelling.states import DISPUTED, LABELLED, STATES, as_counted
from ladle.numbers import shown

MOST_ROWS = 10_000  # of a page
SCANNED = 1_000  # tasks that one page looks at where it has several filters
_BEFORE, _LAST = -(1 << 62), (1 << 62)  # before every row and number, and behind them
# The changes that leave every label as it is, but for new ones and for those that new ones supersede.
_KEEPS_LABELS = frozenset({"tell", "import", "skip", "comment", "take", "release", "renew", "backup", "model"})


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """Which tasks a page lists, None for all: the number of a state, a batch, who has a current answer, a current label
    as canonical JSON, a person or a team to whom the task is assigned, some rows of the pool, ascending."""

    state: int | None = None
    batch: int | None = None
    annotator: str | None = None
    label: str | None = None
    assigned_to: str | None = None
    rows: Int64 | None = None


def task_page(view: View, wanted: TaskFilter, after: str | None, limit: int, at: int) -> Page:
    """The next tasks that pass a filter. at: now, in microseconds. Raises: ArgumentError for another `after`.

    Where several filters are given, about `SCANNED` tasks that pass the first one are looked at. Cost: the tasks looked
    at.
    """
    found: list[TaskTable] = []

    def passing(listed: Int64) -> Int64:
        found.append(_passing(view, wanted, _tasks_at(view, listed)))
        return found[-1].row

    rows, following = _walked(_source(view, wanted), after, limit, passing)
    task = TaskTable.joined(found)
    where = dict(zip(task.row.tolist(), range(len(task)), strict=True))
    task = task.take(np.array([where[row] for row in rows], np.int64))
    return Page(_task_records(view, task, at), following)


def resolved_page(
    view: View, settings: Settings, *, batch: int | None, label: str | None, after: str | None, limit: int
) -> Page:
    """The next resolved labels: of a batch, and one label as canonical JSON, or all. Raises: ArgumentError for another
    `after`. Cost: as `task_page`; reads all gold examples, and with a label all final words that say it."""
    found: list[ResolvedLabels] = []

    def passing(listed: Int64) -> Int64:
        resolved = resolved_labels(view, settings, np.unique(listed).tolist())
        if label is not None:
            resolved = resolved.take(resolved.label == label)
        if batch is not None:
            mine = [row for row, number in _batches_of(view, resolved.row).items() if number == batch]
            resolved = resolved.take(np.isin(resolved.row, mine))
        found.append(resolved)
        return resolved.row

    rows, following = _walked(_resolved_source(view, batch, label), after, limit, passing)
    place = {row: (part, at) for part, each in enumerate(found) for at, row in enumerate(each.row.tolist())}
    parts = [found[part].take(np.array([at], np.int64)) for part, at in (place[row] for row in rows)]
    columns = [
        np.concatenate([getattr(each, field.name) for each in parts or found]) for field in fields(ResolvedLabels)
    ]
    listed = ResolvedLabels(*columns).take(np.arange(len(rows)))
    return Page(resolved_records(view, listed, view.read(TaskTable, "row", rows)), following)


def _batches_of(view: View, rows: Int64) -> dict[int, int]:
    """The batch of each row, 0 for one that no ask has chosen: gold may have no task."""
    task = view.read(TaskTable, "row", rows.tolist())
    return dict.fromkeys(rows.tolist(), 0) | dict(zip(task.row.tolist(), task.batch.tolist(), strict=True))


def _resolved_source(view: View, batch: int | None, label: str | None) -> _Source:
    """The rows that may have a resolved label. Gold has one whatever the state of its task is."""
    gold = gold_of(view.read(GoldTable))
    if label is not None:
        final = view.read(AdjudicationTable, "label", [label])
        said = _source(view, TaskFilter(label=label))
        known = np.union1d(gold.row[gold.label == label], final.row[final.active == 1])
        return _merged([said, _places([(row, _LAST) for row in known.tolist()])])
    labelled = view.read(TaskTable, "row", gold.row.tolist())
    labelled = labelled.take(labelled.state == LABELLED)
    both = [(number, row) for row, number in _batches_of(view, np.setdiff1d(gold.row, labelled.row)).items()]
    listed = [(number, row) for number, row in both if batch in (None, number)]
    places: list[tuple[int, ...]] = sorted((row,) if batch is not None else (number, row) for number, row in listed)
    return _merged([_source(view, TaskFilter(state=LABELLED, batch=batch)), _places(places)])


def _walked(
    source: _Source, after: str | None, limit: int, passing: Callable[[Int64], Int64]
) -> tuple[list[int], str | None]:
    """The next rows of a source that pass, at most `limit`, and the place after which the next page begins.

    passing: those of some rows that pass. Raises: ArgumentError for another `after`.
    """
    place, chunk = _place(after, len(source.start)) or source.start, limit + 1
    rows: list[int] = []
    looked, is_end = 0, False
    while len(rows) < limit and looked < SCANNED and not is_end:
        listed, places = source.read(place, chunk)
        kept, seen = set(passing(listed).tolist()), 0
        for row, place in zip(listed.tolist(), places, strict=True):  # noqa: B007 - the last one is where it goes on
            seen += 1
            if row in kept and row not in rows[-1:]:
                rows.append(row)
            if len(rows) == limit:
                break
        looked += seen
        is_end = len(listed) < chunk and seen == len(listed)
        chunk = max(limit + 1, SCANNED // 4)
    return rows, None if is_end else ".".join(map(str, place))


def task_total(view: View, wanted: TaskFilter) -> int | None:
    """How many tasks pass a filter by state and batch, from kept counts, or are among its rows; None for another one.

    Cost: the kept counts of tasks, or the tasks among the rows.
    """
    if wanted.annotator is not None or wanted.label is not None or wanted.assigned_to is not None:
        return None
    if wanted.rows is not None:
        if len(wanted.rows) > MOST_ROWS:
            return None
        return len(_passing(view, wanted, _tasks_at(view, wanted.rows)))
    word = None if wanted.state is None else STATES[wanted.state]
    return sum(
        count
        for (_, state, batch, _), count in counts_in(view.read(TallyTable, "sheet", ["tasks"])).items()
        if word in (None, state) and wanted.batch in (None, batch)
    )


def label_page(view: View, after: str | None, limit: int) -> Page:
    """The next labels and skips, in the order in which they came, as they were at the moment of the first page.

    Raises: ArgumentError for another `after`; MismatchError when labels were changed since then, not only added.
    """
    last = int(view.last(EventTable).seq[0])
    until, number = _place(after, 2) or (last, 0)
    _refuse_changes(view, until, last)
    label = view.page(LabelTable, {}, ("number",), (number,), limit)
    is_end = len(label) < limit or (len(label) > 0 and int(label.event[-1]) > until)
    label = label.take(label.event <= until)
    was_current = label.ended > until
    status, ended = np.where(was_current, CURRENT, label.status), np.where(was_current, 0, label.ended)
    values = dict(zip(label.layout(), (label.column(name) for name in label.layout()), strict=True))
    label = LabelTable(**values | {"status": status.astype(np.int64), "ended": ended.astype(np.int64)})
    task = view.read(TaskTable, "row", np.unique(label.row).tolist())
    return Page(label_records(view, label, task), None if is_end else f"{until}.{int(label.number[-1])}")


def audit_page(view: View, after: str | None, limit: int) -> Page:
    """The events before `after`, the newest first. Raises: ArgumentError for another `after`."""
    (before,) = _place(after, 1) or (int(view.last(EventTable).seq[0]) + 1,)
    first = max(1, before - limit)
    event = view.read(EventTable, "seq", range(first, before))
    event = event.take(np.arange(len(event))[::-1])
    return Page(event_records(event), None if first == 1 else str(first))


def quarantine_page(session: Session, view: View, after: str | None, limit: int, *, is_open: bool) -> Page:
    """The next entries of the quarantine in order of number. is_open: only those that are open.

    Raises: ArgumentError for another `after`.
    """
    where = {"closed": 0} if is_open else {}
    entry = view.page(QuarantineTable, where, ("number",), _place(after, 1) or (0,), limit)
    rows = session.examples(view).find_texts(entry.example_id.tolist())
    task = view.read(TaskTable, "row", np.unique(rows[rows != NO_ROW]).tolist())
    return Page(quarantine_records(view, entry, task), str(int(entry.number[-1])) if len(entry) == limit else None)


@dataclass(frozen=True, slots=True)
class _Source:
    """Rows in the order of an index. start: before all of them. read: after a place, at most so many: the rows, and
    the place of each; fewer only at the end."""

    start: tuple[int, ...]
    read: Callable[[tuple[int, ...], int], tuple[Int64, list[tuple[int, ...]]]]


def _source(view: View, wanted: TaskFilter) -> _Source:
    """The rows that pass one of the filters: that which the fewest tasks pass, as a rule."""
    if wanted.rows is not None:
        return _places([(row,) for row in wanted.rows.tolist()])
    if wanted.annotator is not None:
        where: dict[str, object] = {"annotator": wanted.annotator, "status": CURRENT}
        return _range(view, LabelTable, where, ("row",))
    if wanted.label is not None:
        said = _range(view, LabelTable, {"label": wanted.label, "status": CURRENT}, ("row", "number"))
        return _Source(said.start, lambda place, limit: _whole_rows(*said.read(place, limit)))
    if wanted.assigned_to is not None:
        return _range(view, AssignmentTable, {"assignee": wanted.assigned_to, "active": 1}, ("row",))
    of_batch: dict[str, object] = {} if wanted.batch is None else {"batch": wanted.batch}
    if wanted.state is None and not of_batch:
        return _range(view, TaskTable, {}, ("row",))
    if wanted.state is None:
        states = tuple(range(len(STATES)))
    else:  # gold in dispute is labelled
        states = (LABELLED, DISPUTED) if wanted.state == LABELLED else (wanted.state,)
    by = ("row",) if of_batch else ("batch", "row")
    return _merged([_range(view, TaskTable, {"state": state} | of_batch, by) for state in states])


def _range(view: View, kind: type[Columns], where: dict[str, object], by: tuple[str, ...]) -> _Source:
    def read(place: tuple[int, ...], limit: int) -> tuple[Int64, list[tuple[int, ...]]]:
        found = view.page(kind, where, by, place, limit)
        return found.column("row"), list(zip(*(found.column(name).tolist() for name in by), strict=True))

    return _Source((_BEFORE,) * len(by), read)


def _places(places: list[tuple[int, ...]]) -> _Source:
    """Rows that are known already, by their places in ascending order. A row is the last number of its place, or the
    first one where the last is no row."""

    def read(place: tuple[int, ...], limit: int) -> tuple[Int64, list[tuple[int, ...]]]:
        first = bisect_right(places, place)
        part = places[first : first + limit]
        return np.array([_row_at(each) for each in part], np.int64), part

    return _Source((_BEFORE,) * (len(places[0]) if places else 1), read)


def _row_at(place: tuple[int, ...]) -> int:
    """The row of a place: (row,), (batch, row) or, behind all labels of a row, (row, `_LAST`)."""
    return place[0] if place[-1] == _LAST else place[-1]


def _whole_rows(rows: Int64, places: list[tuple[int, ...]]) -> tuple[Int64, list[tuple[int, ...]]]:
    """The places behind all labels of each row: several people may have given the same one."""
    return rows, [(place[0], _LAST) for place in places]


def _merged(sources: list[_Source]) -> _Source:
    """Several sources in one order."""

    def read(place: tuple[int, ...], limit: int) -> tuple[Int64, list[tuple[int, ...]]]:
        places = sorted(each for source in sources for each in source.read(place, limit)[1])[:limit]
        return np.array([_row_at(each) for each in places], np.int64), places

    return sources[0] if len(sources) == 1 else _Source(sources[0].start, read)


def _tasks_at(view: View, rows: Int64) -> TaskTable:
    """The tasks of these rows, in the states that lists go by."""
    listed = np.unique(rows).tolist()
    return as_counted(view.read(TaskTable, "row", listed), gold_of(view.read(GoldTable, "row", listed)).row)


def _passing(view: View, wanted: TaskFilter, task: TaskTable) -> TaskTable:
    """Those of these tasks that pass all filters."""
    passes = np.ones(len(task), bool)
    if wanted.state is not None:
        passes &= task.state == wanted.state
    if wanted.batch is not None:
        passes &= task.batch == wanted.batch
    is_listed = wanted.rows is not None  # then no other filter was the source
    if wanted.rows is not None:
        passes &= np.isin(task.row, wanted.rows)
    given = (wanted.annotator is not None) + (wanted.label is not None)
    if given == 2 or (is_listed and given):
        answers = answers_of(view.read(LabelTable, "row", task.row[passes].tolist()))
        is_said = np.ones(len(answers), bool)
        if wanted.annotator is not None:
            is_said &= answers.annotator == wanted.annotator
        if wanted.label is not None:
            is_said &= answers.label == wanted.label
        passes &= np.isin(task.row, answers.row[is_said])
    if wanted.assigned_to is not None and (given or is_listed):
        assigned = view.read(AssignmentTable, "row", task.row[passes].tolist())
        is_mine = (assigned.active == 1) & (assigned.assignee == wanted.assigned_to)
        passes &= np.isin(task.row, assigned.row[is_mine])
    return task.take(passes)


def _task_records(view: View, task: TaskTable, at: int) -> Records:
    """One row for each of these tasks, in their order."""
    rows = task.row.tolist()
    answers = answers_of(view.read(LabelTable, "row", rows))
    answers = answers.take(np.lexsort((answers.number, answers.told_at, answers.row)))
    said: dict[int, dict[str, Any]] = defaultdict(dict)
    for row, name, label in zip(answers.row.tolist(), answers.annotator.tolist(), answers.label.tolist(), strict=True):
        said[row][name] = parsed(label) if label else None
    lease, assignment = view.read(LeaseTable, "row", rows), view.read(AssignmentTable, "row", rows)
    live = not_answered(lease.take(lease.lease_until > at), said)
    batches = view.read(BatchTable, "number", np.unique(task.batch).tolist())
    round_of = dict(zip(batches.number.tolist(), batches.round.tolist(), strict=True))
    return Records(
        {
            "id": from_texts(task.example_id, id_type(view)),
            "row": task.row,
            "state": state_words(view, task),
            "batch": task.batch,
            "round": np.array([round_of.get(number, 0) for number in task.batch.tolist()], np.int64),
            "order": task.place,
            "labels": [said.get(row, {}) for row in rows],
            "taken_by": joined(task.row, live.row, live.annotator),
            "assigned_to": assigned_to(view, assignment, task.row),
        }
    )


def person_filter(view: View, name: str) -> str:
    """The name of the person that this name belongs to now, as labels have it."""
    return People(view.read(PersonTable)).name_of(name)


def state_number(word: object) -> int:
    """The number of a state. Raises: ArgumentError."""
    if not isinstance(word, str) or word not in STATES:
        listed = ", ".join(map(repr, STATES))
        raise ArgumentError("`state`", wanted=f"be one of {listed}", got=shown(word)[:80])
    return STATES.index(word)


def _place(after: str | None, count: int) -> tuple[int, ...] | None:
    """So many numbers, as a page has written them; None for the first page. Raises: ArgumentError."""
    if after is None:
        return None
    try:
        place = tuple(int(each) for each in after.split("."))
        if len(place) != count or ".".join(map(str, place)) != after or max(map(abs, place)) > _LAST:
            raise ValueError(after)
    except (ValueError, AttributeError):
        raise ArgumentError(
            "`after`", wanted="be the `next` of an earlier page with the same filters", got=shown(after)[:80]
        ) from None
    return place


def _refuse_changes(view: View, until: int, last: int) -> None:
    """Refuse to go on with the labels of an earlier moment once others were changed. Raises: MismatchError."""
    if until > last:
        raise ArgumentError("`after`", wanted="be the `next` of an earlier page", got=f"one of event {until:,}")
    event = view.read(EventTable, "seq", range(until + 1, last + 1))
    for seq, kind, details in zip(event.seq.tolist(), event.kind.tolist(), event.details.tolist(), strict=True):
        if kind not in _KEEPS_LABELS or "retimed" in json.loads(details)["told"]:
            raise MismatchError(
                "the labels",
                wanted="only grow while their pages are read",
                got=f"a change of those that were there (event {seq:,}: {kind})",
                remedy="Begin again with the first page.",
            )
