"""What must hold in every campaign at every moment. The checks need its tables alone."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.counts import counted, of_number
from ladle.labelling.classes import rewritten
from ladle.labelling.contract.columns import Columns, Int64
from ladle.labelling.contract.events import chain_of, replaced_parts
from ladle.labelling.contract.store import Kind
from ladle.labelling.contract.tables import (
    CURRENT,
    KINDS,
    AdjudicationTable,
    AssignmentTable,
    BatchRowsTable,
    BatchTable,
    CommentTable,
    ControlTable,
    EventTable,
    ExclusionTable,
    GoldTable,
    LabelTable,
    LeaseTable,
    PoolPartTable,
    QuarantineTable,
    SettingsTable,
    TallyTable,
    TaskTable,
)
from ladle.labelling.contract.tallies import (
    Cell,
    ExampleRows,
    change_of,
    counts_in,
    key_of,
    quarantine_tallied,
    tallied,
)
from ladle.labelling.measures.spending import payments
from ladle.labelling.ranges import MOST, out_of_range
from ladle.labelling.rules import tell as tell_rules
from ladle.labelling.rules.ask import rows_of
from ladle.labelling.rules.people import changes_in
from ladle.labelling.settings import Settings
from ladle.labelling.states import EXCLUDED, OPEN

# What a rule raises over tables that contradict each other. Catch ladle.errors first: some are ValueErrors too.
CRASHES = (ArithmeticError, AssertionError, AttributeError, LookupError, MemoryError, TypeError, ValueError)
SHOWN = 3  # rows that a problem names; it counts the others


@dataclass(frozen=True, slots=True, eq=False)
class Everything:
    """All tables of a campaign at one moment."""

    settings: Settings
    tables: dict[type[Columns], Columns]

    def of(self, kind: type[Kind]) -> Kind:
        """One table."""
        table = self.tables[kind]
        assert isinstance(table, kind)
        return table


Check = Callable[[Everything], Iterator[str]]


def problems(everything: Everything) -> list[str]:
    """The problems, one line each. Cost: a few sorts of all tasks and labels; reads every batch."""
    return [line for check, rule in _CHECKS.items() for line in _guarded(check, rule, everything)]


def _guarded(check: Check, rule: str, everything: Everything) -> Iterator[str]:
    """The problems of one check; a check that crashes over the tables is a problem itself."""
    try:
        yield from check(everything)
    except CRASHES as cause:
        yield f"it could not be checked that {rule} ({type(cause).__name__}: {cause})"


def _ranges(everything: Everything) -> Iterator[str]:
    """Every value is one that its column can hold."""
    for kind in KINDS:
        yield from out_of_range(everything.of(kind))


def _keys(everything: Everything) -> Iterator[str]:
    """No two rows of a table have the same key."""
    for kind in KINDS:
        keys = list(everything.of(kind).each_key())
        if len(set(keys)) < len(keys):
            more = len(keys) - len(set(keys))
            yield f"{counted(more, 'row')} of {kind.NAME} {of_number(more, 'has')} a key that another row has"
    named = [(row[2], row[4]) for row in everything.of(EventTable).tuples() if row[4]]
    if len(set(named)) < len(named):
        yield "events of one kind have one key"


def _log(everything: Everything) -> Iterator[str]:
    """Events are numbered without a gap, each seals the earlier ones, and the last counts the rows of all tables."""
    events, chain = everything.of(EventTable), ""
    for number, row in enumerate(events.tuples(), start=1):
        chain = chain_of(chain, row[:-1])
        if row[0] != number or row[-1] != chain:
            yield f"event {row[0]} does not follow from those before it"
            return
    if not len(events):
        yield "the log of changes is empty"
        return
    wanted = json.loads(events.details[-1])["rows"]
    for kind in KINDS:
        rows = len(everything.of(kind))
        if kind is not EventTable and rows != wanted.get(kind.NAME, 0):
            yield f"the table {kind.NAME} has {counted(rows, 'row')} where the log counts {wanted.get(kind.NAME, 0):,}"


def _references(everything: Everything) -> Iterator[str]:
    """Every row names an existing event, numbered tables have no gap, and labels and leases belong to tasks."""
    events = len(everything.of(EventTable))
    for kind in KINDS:
        columns = everything.of(kind)
        if "event" in kind.layout():
            yield from _lines(f"row of {kind.NAME}", "is", "of no event", _outside(columns.column("event"), 1, events))
        if kind.KEY == ("number",) and not np.array_equal(columns.column("number"), np.arange(1, len(columns) + 1)):
            yield f"the table {kind.NAME} is not numbered without a gap"
    tasks = everything.of(TaskTable).row
    for related in (LabelTable, LeaseTable, AdjudicationTable, AssignmentTable):
        yield from _lines(
            f"row of {related.NAME}", "is", "of no task", ~np.isin(everything.of(related).column("row"), tasks)
        )
    ended = everything.of(LabelTable).ended
    yield from _lines("label", "was", "ended by no event", _outside(ended, 0, events))


def _batches(everything: Everything) -> Iterator[str]:
    """Every task is in the batch that asked for it last, and batches are whole."""
    batches, chosen, task = everything.of(BatchTable), everything.of(BatchRowsTable), everything.of(TaskTable)
    yield from _lines("batch", "is", "of no round", _outside(batches.round, 1, len(batches)))
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
    yield from _lines("task", "is", "not in the batch that asked for it last", task.batch != batch_of)
    misplaced = (task.place != place_of) & (task.batch == batch_of)
    yield from _lines("task", "is", "not at its place in its batch", misplaced)


def _control(everything: Everything) -> Iterator[str]:
    """Every member of the control was made one by an ask, and what an ask drew is in its batch."""
    control, chosen = everything.of(ControlTable), everything.of(BatchRowsTable)
    yield from _lines("member of the control", "is", "of no batch", _outside(control.batch, 1, len(chosen)))
    for number in np.unique(control.batch[control.drawn == 1]).tolist():
        rows, _ = rows_of(chosen.take(chosen.number == number))
        drawn = control.row[(control.drawn == 1) & (control.batch == number)]
        lost = ~np.isin(drawn, rows)
        yield from _lines("row", "is", f"drawn for the control and not in batch {number}", lost)


def _budget(everything: Everything) -> Iterator[str]:
    """No ask went beyond its budget. Corrections, disputes and other settings may go beyond it afterwards."""
    for seq, _, kind, _, _, _, details, _ in everything.of(EventTable).tuples():
        spend = json.loads(details)["told"].get("spend") if kind == "ask" else None
        if spend and spend["paid"] + spend["reserved"] + spend["labels"] > spend["budget"]:
            yield (
                f"event {seq} asked for {spend['labels']:,} labels beside {spend['paid']:,} paid for and "
                f"{spend['reserved']:,} reserved, of a budget of {spend['budget']:,}"
            )


def _labels(everything: Everything) -> Iterator[str]:
    """Versions count from 1, at most one is current, and each label is one of the campaign, as it was told."""
    label, kind = everything.of(LabelTable), everything.settings.labels
    yield from _lines("label", "is", "both current and ended", (label.status == CURRENT) != (label.ended == 0))
    order = np.lexsort((label.number, label.annotator.astype(str), label.row)) if len(label) else label.number
    ordered = label.take(order)
    starts = np.ones(len(ordered), bool)
    starts[1:] = (ordered.row[1:] != ordered.row[:-1]) | (ordered.annotator[1:] != ordered.annotator[:-1])
    began = np.flatnonzero(starts)
    in_order = np.arange(len(ordered)) - np.repeat(began, np.diff([*began, len(ordered)])) + 1
    yield from _lines("label", "is", "out of the order of versions", ordered.version != in_order)
    current = (ordered.status == CURRENT).astype(np.int64)
    if len(ordered):
        yield from _lines("annotator", "has", "two current labels for an example", np.add.reduceat(current, began) > 1)
    for text in sorted(set(label.label.tolist()) - {""}):
        try:
            is_canonical = kind.canonical(json.loads(text)) == text
        except ValueError:
            is_canonical = False
        if not is_canonical:
            yield f"{text} is no label of the campaign"
    for table in (label, everything.of(GoldTable), everything.of(AdjudicationTable)):
        written, refused = rewritten(kind, table.as_told)
        is_back = (table.label == "") & (table is not label)  # gold that was taken back
        wrong = (written != table.label) & ~is_back
        wrong[list(refused)] = True
        yield from _lines(f"row of {table.NAME}", "is", "not what was told, under the names of the classes now", wrong)


def _states(everything: Everything) -> Iterator[str]:
    """Every task is in the state that its labels and the exclusions give."""
    task, exclusions = everything.of(TaskTable), everything.of(ExclusionTable)
    resolved = tell_rules.resolutions(everything.settings, everything.of(LabelTable), everything.of(AdjudicationTable))
    state = np.full(len(task), OPEN, np.int64)
    inside = np.isin(task.row, resolved.row)
    state[inside] = resolved.state[np.searchsorted(resolved.row, task.row[inside])]
    state[np.isin(task.row, exclusions.row[exclusions.active == 1])] = EXCLUDED
    yield from _lines("task", "is", "not in the state that its labels make", task.state != state)


def _pool(everything: Everything) -> Iterator[str]:
    """The pool only grows unless it is replaced; every row is in it, or of an example that was taken out of it."""
    parts = everything.of(PoolPartTable)
    if not len(parts):
        yield "the campaign has no pool"
        return
    grown = ~np.isin(parts.number[1:], replaced_parts(everything.of(EventTable)))
    if (np.diff(parts.rows)[grown] <= 0).any():
        yield "the pool shrank"
    rows = int(parts.rows[-1])
    kinds = (TaskTable, GoldTable, ExclusionTable, AdjudicationTable, AssignmentTable, CommentTable, ControlTable)
    for kind in kinds:
        stray = _outside(everything.of(kind).column("row"), -MOST, rows - 1)
        yield from _lines(f"row of {kind.NAME}", "is", "outside the pool", stray)
    was_replaced = bool(replaced_parts(everything.of(EventTable)))
    taken_out = everything.of(ExclusionTable).row if was_replaced else np.empty(0, np.int64)
    for kind in kinds:
        outside = everything.of(kind).column("row")
        lost = (outside < 0) & ~np.isin(outside, taken_out)
        yield from _lines(f"row of {kind.NAME}", "is", "of no example that was taken out of the pool", lost)
    silent = everything.of(QuarantineTable).reason == ""
    yield from _lines("entry", "is", "in quarantine without a reason", silent)


def _tallies(everything: Everything) -> Iterator[str]:
    """Every kept count is what a count of all rows finds."""
    table = everything.of(TallyTable)
    kept, found = counts_in(table), recounted(everything)
    for cell in sorted(change_of(found, kept)):
        yield f"the kept count {cell} is {kept[cell]:,} where there are {found[cell]:,}"
    wrong = np.array([key_of((row[1], row[2], row[3], row[4])) != row[0] for row in table.tuples()], bool)
    yield from _lines("kept count", "has", "another key than its own", wrong)


def recounted(everything: Everything) -> Counter[Cell]:
    """All counts, by all rows of the tables."""
    of, label = everything.of, everything.of(LabelTable)
    counts = tallied(ExampleRows(of(TaskTable), label, of(GoldTable), of(ExclusionTable)))
    counts.update(quarantine_tallied(of(QuarantineTable)))
    paid = payments(label, changes_in(of(EventTable)))
    for period, count in Counter(np.searchsorted(of(SettingsTable).event, paid.event, side="right").tolist()).items():
        counts["payments", "", period, 0] = count
    return counts


def _lines(what: str, verb: str, how: str, wrong: npt.NDArray[Any]) -> Iterator[str]:
    """One line that names the first places where `wrong` is set; none where nothing is. what, verb: of one place."""
    places = np.flatnonzero(wrong)
    if len(places):
        shown = ", ".join(str(place) for place in places[:SHOWN].tolist())
        noun, *more = what.split(" ")
        subject = " ".join([counted(len(places), noun), *more, of_number(len(places), verb)])
        yield f"{subject} {how} (at {shown}{', ...' if len(places) > SHOWN else ''})"


def _outside(values: Int64, low: int, high: int) -> npt.NDArray[np.bool_]:
    outside: npt.NDArray[np.bool_] = (values < low) | (values > high)
    return outside


_CHECKS: dict[Check, str] = {
    _ranges: "every value is one that its column can hold",
    _keys: "no two rows of a table have the same key",
    _log: "events are numbered without a gap, each seals the earlier ones, and the last counts the rows of all tables",
    _references: "every row names an existing event, numbered tables have no gap, labels and leases are of tasks",
    _batches: "every task is in the batch that asked for it last, and batches are whole",
    _control: "every member of the control was made one by an ask, and what an ask drew is in its batch",
    _budget: "no ask went beyond its budget",
    _labels: "versions count from 1, at most one is current, each label is one of the campaign, as it was told",
    _states: "every task is in the state that its labels and the exclusions give",
    _tallies: "every kept count is what a count of all rows finds",
    _pool: "the pool only grows unless it is replaced, and every row is in it or of an example that was taken out",
}
