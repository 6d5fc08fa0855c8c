"""What must hold in every campaign at every moment, checked from its tables alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.labelling import tell_rules
from ladle.labelling.ask_rules import rows_of
from ladle.labelling.columns import Columns, Int64
from ladle.labelling.contract import Kind
from ladle.labelling.events import chain_of
from ladle.labelling.ranges import out_of_range
from ladle.labelling.settings import Settings
from ladle.labelling.states import EXCLUDED, OPEN
from ladle.labelling.tables import (
    CURRENT,
    KINDS,
    Batch,
    BatchRows,
    Event,
    Exclusion,
    Gold,
    Label,
    Lease,
    PoolPart,
    Quarantined,
    Task,
)

# What a rule raises over tables that do not hold together; ladle.errors come first, for some are ValueErrors too.
CRASHES = (ArithmeticError, AssertionError, AttributeError, LookupError, MemoryError, TypeError, ValueError)
SHOWN = 3  # rows named in a problem; the count tells the rest


@dataclass(frozen=True, slots=True, eq=False)
class Everything:
    """All tables of a campaign, of one moment."""

    settings: Settings
    tables: dict[type[Columns], Columns]

    def of(self, kind: type[Kind]) -> Kind:
        """One of them."""
        found = self.tables[kind]
        assert isinstance(found, kind)
        return found


def problems(everything: Everything) -> list[str]:
    """What does not hold, a line each. Cost: a few sorts of all tasks and labels, and every batch."""
    checks = (_ranges, _keys, _log, _references, _batches, _labels, _states, _pool)
    return [line for check in checks for line in _guarded(check, everything)]


def _guarded(check: Callable[[Everything], Iterator[str]], everything: Everything) -> Iterator[str]:
    """What a check finds; where tables are in no state to be checked, that is the finding."""
    try:
        yield from check(everything)
    except CRASHES as cause:
        said = (check.__doc__ or "").partition(".")[0]
        yield f"it could not be checked that {said[0].lower()}{said[1:]} ({type(cause).__name__}: {cause})"


def _ranges(everything: Everything) -> Iterator[str]:
    """Every value is one that its column can hold."""
    for kind in KINDS:
        yield from out_of_range(everything.of(kind))


def _keys(everything: Everything) -> Iterator[str]:
    """No two rows of a table have one key."""
    for kind in KINDS:
        keys = list(everything.of(kind).each_key())
        if len(set(keys)) < len(keys):
            yield f"{len(keys) - len(set(keys)):,} rows of {kind.NAME} have a key that another row has"
    named = [(row[2], row[4]) for row in everything.of(Event).tuples() if row[4]]
    if len(set(named)) < len(named):
        yield "events of one kind have one key"


def _log(everything: Everything) -> Iterator[str]:
    """Events are numbered without a gap, each seals those before, and count the rows of all tables."""
    events, chain = everything.of(Event), ""
    for number, row in enumerate(events.tuples(), start=1):
        chain = chain_of(chain, row[:-1])
        if row[0] != number or row[-1] != chain:
            yield f"event {row[0]} does not follow from those before it"
            return
    if not len(events):
        yield "the log of changes is empty"
        return
    counted = json.loads(events.details[-1])["rows"]
    for kind in KINDS:
        rows = len(everything.of(kind))
        if kind is not Event and rows != counted.get(kind.NAME, 0):
            yield f"the table {kind.NAME} has {rows:,} rows where the log counts {counted.get(kind.NAME, 0):,}"


def _references(everything: Everything) -> Iterator[str]:
    """Every row names an event there is; numbered tables have no gap; labels and leases are of tasks."""
    events = len(everything.of(Event))
    for kind in KINDS:
        columns = everything.of(kind)
        if "event" in kind.layout():
            yield from _told(f"rows of {kind.NAME} name no event", _outside(columns.column("event"), 1, events))
        if kind.KEY == ("number",) and not np.array_equal(columns.column("number"), np.arange(1, len(columns) + 1)):
            yield f"the table {kind.NAME} is not numbered without a gap"
    tasks = everything.of(Task).row
    for related in (Label, Lease):
        yield from _told(
            f"rows of {related.NAME} are of no task", ~np.isin(everything.of(related).column("row"), tasks)
        )
    ended = everything.of(Label).ended
    yield from _told("labels ended by no event", _outside(ended, 0, events))


def _batches(everything: Everything) -> Iterator[str]:
    """Every task stands where the last batch that asked for it has it; batches are whole, and within the budget."""
    batches, chosen, task = everything.of(Batch), everything.of(BatchRows), everything.of(Task)
    yield from _told("batches are of no round", _outside(batches.round, 1, len(batches)))
    if not np.array_equal(batches.number, chosen.number):
        yield "a batch has lost its examples"
        return
    batch_of, place_of = np.zeros(len(task), np.int64), np.zeros(len(task), np.int64)
    for number in range(len(batches)):
        rows, gold = rows_of(chosen.take(np.array([number])))
        places = np.minimum(np.searchsorted(task.row, rows), max(0, len(task) - 1))
        if not len(task) or (task.row[places] != rows).any():
            yield f"batch {number + 1} has examples that are no tasks"
            return
        if len(rows) != batches.size[number] or len(np.unique(rows)) != len(rows) or not np.isin(gold, rows).all():
            yield f"batch {number + 1} is not the {batches.size[number]:,} different examples it was"
        batch_of[places], place_of[places] = number + 1, np.arange(len(rows))
    yield from _told("tasks are not in the batch that asked for them last", task.batch != batch_of)
    yield from _told("tasks are not at their place in their batch", (task.place != place_of) & (task.batch == batch_of))
    budget = everything.settings.budget
    asked = int((task.batch > 0).sum()) * everything.settings.annotators_per_task
    if budget is not None and asked > budget:
        yield f"{asked:,} labels were asked for, of a budget of {budget:,}"


def _labels(everything: Everything) -> Iterator[str]:
    """Versions count from 1; the last one is current or was deleted, those before are ended; each is a good label."""
    label, kind = everything.of(Label), everything.settings.labels
    yield from _told("labels are both current and ended", (label.status == CURRENT) != (label.ended == 0))
    order = np.lexsort((label.number, label.annotator.astype(str), label.row)) if len(label) else label.number
    ordered = label.take(order)
    starts = np.ones(len(ordered), bool)
    starts[1:] = (ordered.row[1:] != ordered.row[:-1]) | (ordered.annotator[1:] != ordered.annotator[:-1])
    began = np.flatnonzero(starts)
    counted = np.arange(len(ordered)) - np.repeat(began, np.diff([*began, len(ordered)])) + 1
    yield from _told("labels are out of the order of their versions", ordered.version != counted)
    last = np.append(starts[1:], True)[: len(ordered)]
    yield from _told("labels are current though a later version is there", (ordered.status == CURRENT) & ~last)
    for text in sorted(set(label.label.tolist())):
        try:
            sound = kind.canonical(json.loads(text)) == text
        except ValueError:
            sound = False
        if not sound:
            yield f"{text} is no label of the campaign"


def _states(everything: Everything) -> Iterator[str]:
    """Every task is in the state that its labels and the exclusions make."""
    task, exclusions = everything.of(Task), everything.of(Exclusion)
    found = tell_rules.verdicts(everything.settings, everything.of(Label))
    state = np.full(len(task), OPEN, np.int64)
    inside = np.isin(task.row, found.row)
    state[inside] = found.state[np.searchsorted(found.row, task.row[inside])]
    state[np.isin(task.row, exclusions.row[exclusions.active == 1])] = EXCLUDED
    yield from _told("tasks are not in the state their labels make", task.state != state)


def _pool(everything: Everything) -> Iterator[str]:
    """The pool only grows, and everything lies in it."""
    parts = everything.of(PoolPart)
    if not len(parts):
        yield "the campaign has no pool"
        return
    if (np.diff(parts.rows) <= 0).any():
        yield "the pool shrank"
    rows = int(parts.rows[-1])
    for kind in (Task, Gold, Exclusion):
        yield from _told(
            f"rows of {kind.NAME} are outside the pool", _outside(everything.of(kind).column("row"), 0, rows - 1)
        )
    stray = everything.of(Quarantined).reason == ""
    yield from _told("entries are in quarantine without a reason", stray)


def _told(what: str, wrong: npt.NDArray[Any]) -> Iterator[str]:
    places = np.flatnonzero(wrong)
    if len(places):
        shown = ", ".join(str(place) for place in places[:SHOWN].tolist())
        yield f"{len(places):,} {what} (at {shown}{', ...' if len(places) > SHOWN else ''})"


def _outside(values: Int64, low: int, high: int) -> npt.NDArray[np.bool_]:
    outside: npt.NDArray[np.bool_] = (values < low) | (values > high)
    return outside
