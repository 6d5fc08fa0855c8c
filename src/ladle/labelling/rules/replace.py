"""What a new pool in place of the old one writes: every record follows its example by id to its new row."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np

from ladle.labelling.contract.columns import Columns, Int64, Texts, repeated, texts
from ladle.labelling.contract.events import Effects
from ladle.labelling.contract.store import View
from ladle.labelling.contract.tables import (
    NO_ROW,
    REMOVED,
    AdjudicationTable,
    AssignmentTable,
    BatchRowsTable,
    CommentTable,
    ControlTable,
    ExclusionTable,
    GoldTable,
    LabelTable,
    LeaseTable,
    TaskTable,
)
from ladle.labelling.rules.ask import rows_of
from ladle.labelling.rules.tell import resolutions
from ladle.labelling.settings import Settings
from ladle.labelling.states import EXCLUDED, OPEN, check_moves

Table = TypeVar("Table", bound=Columns)

NAMED = (TaskTable, GoldTable, ExclusionTable, AdjudicationTable, AssignmentTable, CommentTable, ControlTable)


@dataclass(frozen=True, slots=True, eq=False)
class Recorded:
    """Everything that a campaign has recorded of single examples."""

    task: TaskTable
    gold: GoldTable
    exclusion: ExclusionTable
    adjudication: AdjudicationTable
    assignment: AssignmentTable
    comment: CommentTable
    control: ControlTable
    label: LabelTable
    lease: LeaseTable
    batch_rows: BatchRowsTable

    @classmethod
    def of(cls, view: View) -> Recorded:
        """All of them. Cost: reads these tables."""
        kinds = (*NAMED, LabelTable, LeaseTable, BatchRowsTable)
        return cls(*(view.read(kind) for kind in kinds))  # type: ignore[arg-type]

    def named(self) -> tuple[Int64, Texts]:
        """The rows of all these examples, ascending, and the id of each."""
        tables = (
            *(self.task, self.gold, self.exclusion, self.adjudication, self.assignment, self.comment),
            self.control,
        )
        rows, first = np.unique(np.concatenate([each.row for each in tables]), return_index=True)
        return rows, np.concatenate([each.example_id for each in tables])[first]


def replace_pool(
    settings: Settings, records: Recorded, now: Int64, *, removals: Collection[int], event: int, at: int
) -> tuple[Effects, dict[str, int]]:
    """Move every record to the row that its example has now, and how many examples went, came back and moved.

    now: for each example of `records.named()` its row in the new pool; NO_ROW where it has none. Such an example gets a
    negative row and is excluded until it is in the pool again; removals are the events that excluded such examples
    before. An exclusion by a person stays, whatever its reason says. Where none moves, nothing is written.
    """
    before, ids = records.named()
    after = _new_rows(before, now)
    gone, back = (after < 0) & (before >= 0), (after >= 0) & (before < 0)
    move = _Move(before, after)
    known = move.table(records.exclusion)
    returned = after[back][~np.isin(after[back], known.row[~np.isin(known.event, list(removals))])]
    exclusion = _exclusions(known, after[gone], ids[gone], returned, event=event, at=at)
    task = _judged(settings, records, move, exclusion, np.concatenate([after[gone], after[back]]), event)
    counts = {"removed": int(gone.sum()), "returned": int(back.sum()), "moved": int((after != before).sum())}
    if not (after != before).any():
        return Effects(), counts
    moved = (
        *(move.table(each) for each in (records.gold, records.adjudication, records.assignment, records.comment)),
        *(move.table(each) for each in (records.control, records.label, records.lease)),
        _batch_rows(records.batch_rows, move),
    )
    report = {"removed_ids": ids[gone].tolist(), "returned_ids": ids[back].tolist()}
    return Effects(rewritten=(task, exclusion, *moved), report=report), counts


def _new_rows(before: Int64, now: Int64) -> Int64:
    """The new row of each example: in the pool, or its negative row, or the next negative row that is free."""
    stay_out = (now == NO_ROW) & (before < 0)
    after = np.where(stay_out, before, now)
    fresh = np.flatnonzero(now == NO_ROW)
    fresh = fresh[before[fresh] >= 0]
    lowest = int(before[stay_out].min(initial=0))
    after[fresh] = lowest - 1 - np.arange(len(fresh), dtype=np.int64)
    return after


@dataclass(frozen=True, slots=True, eq=False)
class _Move:
    """The rows of all examples with records: before, ascending, and after."""

    before: Int64
    after: Int64

    def rows(self, rows: Int64) -> Int64:
        moved: Int64 = self.after[np.searchsorted(self.before, rows)] if len(rows) else rows
        return moved

    def table(self, columns: Table) -> Table:
        plain: Any = columns
        changed: Table = replace(plain, row=self.rows(plain.row))
        return changed.take(np.argsort(changed.column("row"), kind="stable"))


def _exclusions(known: ExclusionTable, gone: Int64, ids: Texts, back: Int64, *, event: int, at: int) -> ExclusionTable:
    """The exclusions, with those that begin or end because an example left the pool, or came back.

    back: the examples that come back and were excluded for that alone.
    """
    begins = np.isin(known.row, gone) & (known.active == 0)
    ends = np.isin(known.row, back) & (known.active == 1)
    changed = begins | ends
    reason = known.reason.copy()
    reason[begins] = REMOVED
    kept = replace(
        known,
        reason=reason,
        at=np.where(changed, at, known.at),
        active=np.where(begins, 1, np.where(ends, 0, known.active)),
        event=np.where(changed, event, known.event),
    )
    new = ~np.isin(gone, known.row)
    count = int(new.sum())
    added = ExclusionTable(
        gone[new], ids[new], repeated(REMOVED, count), repeated(at, count), repeated(1, count), repeated(event, count)
    )
    joined = ExclusionTable.joined([kept, added])
    return joined.take(np.argsort(joined.row))


def _judged(
    settings: Settings, records: Recorded, move: _Move, exclusion: ExclusionTable, touched: Int64, event: int
) -> TaskTable:
    """The tasks at their new rows; those that left the pool or came back in the state that they have now."""
    task = move.table(records.task)
    places = np.flatnonzero(np.isin(task.row, touched))
    rows = task.row[places]
    label = move.table(records.label)
    resolved = resolutions(settings, label.take(np.isin(label.row, rows)), move.table(records.adjudication))
    state = repeated(OPEN, len(rows))
    inside = np.isin(rows, resolved.row)
    state[inside] = resolved.state[np.searchsorted(resolved.row, rows[inside])]
    state[np.isin(rows, exclusion.row[exclusion.active == 1])] = EXCLUDED
    check_moves("replace", task.state[places], state)
    changed = places[state != task.state[places]]
    states, events = task.state.copy(), task.event.copy()
    states[places], events[changed] = state, event
    return replace(task, state=states, event=events)


def _batch_rows(known: BatchRowsTable, move: _Move) -> BatchRowsTable:
    """The rows of each batch, in the order of choice as before, and its gold rows, ascending."""

    def moved() -> Iterator[tuple[bytes, bytes]]:
        for place in range(len(known)):
            rows, gold = rows_of(known.take(np.array([place])))
            yield (
                move.rows(rows).astype("<i8").tobytes(),
                np.sort(move.rows(gold)).astype("<i8").tobytes(),
            )

    lists = list(moved())
    return replace(known, row_list=texts(each for each, _ in lists), gold_list=texts(each for _, each in lists))
