"""Kept counts: a campaign's totals without reading its tasks and labels.

`tallied` counts all that some examples have. A change of the campaign changes the kept counts by what its examples have
afterwards less what they had before, in the same transaction (`ladle.labelling.contract.events.record`). The integrity
check counts everything anew and compares.

| sheet | name | number | level | counts |
|---|---|---|---|---|
| tasks | the state, in dispute or not as lists have it | of the batch | answers, of an open task of a batch | tasks |
| labels | the annotator | 0 | 1 for imported ones | current labels |
| classes | the class as JSON | 0 | 0 | current labels that name it, without values |
| pairs | "all" or "equal" | 0 | 0 | ordered pairs of labels of one example that measure agreement |
| excluded, quarantined | "" | 0 | 0 | active exclusions; open entries |
| payments | "" | changes of the settings before | 0 | labels paid for |
| days | "" | the day since 1970, UTC | 0 | first labels of a pair of example and annotator that has a label still |
| day N | the annotator | the hour of the day N | 0 | the same |
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields
from hashlib import blake2b
from typing import Self

import numpy as np
import numpy.typing as npt

from ladle.labelling.contract.columns import Columns, Int64, distinct, repeated
from ladle.labelling.contract.store import View
from ladle.labelling.contract.tables import (
    CURRENT,
    DISPUTED,
    LABELLED,
    MICROSECONDS,
    OPEN,
    STATES,
    TOLD_LABEL,
    ExclusionTable,
    GoldTable,
    LabelTable,
    QuarantineTable,
    TallyTable,
    TaskTable,
    answers_of,
    gold_of,
    labels_of,
)

Cell = tuple[str, str, int, int]  # sheet, name, number, level
Tally = Counter[Cell]

HOUR = 3600 * MICROSECONDS
DAY_HOURS = 24
_WHOLE = re.compile(r"-?\d+")  # a class that is a whole number; a value always has a point or an exponent


@dataclass(frozen=True, slots=True, eq=False)
class ExampleRows:
    """All rows of some examples in the tables from which their counts come."""

    task: TaskTable
    label: LabelTable
    gold: GoldTable
    exclusion: ExclusionTable

    @classmethod
    def read(cls, view: View, rows: npt.NDArray[np.int64] | None, sizes: Mapping[str, int]) -> Self:
        """Those of these rows of the pool; None for all. sizes: of all tables; an empty one is not read."""
        few = () if rows is None else ("row", rows.tolist())
        kinds = (TaskTable, LabelTable, GoldTable, ExclusionTable)
        return cls(*(view.read(kind, *few) if sizes.get(kind.NAME) else kind.empty() for kind in kinds))  # type: ignore[arg-type]

    def rewritten(self, tables: Mapping[type[Columns], Columns]) -> ExampleRows:
        """All rows, where some tables were written anew."""
        mine = (getattr(self, each.name) for each in fields(self))
        return ExampleRows(*(tables.get(type(each), each) for each in mine))

    def after(self, added: Mapping[type[Columns], Columns], changed: Mapping[type[Columns], Columns]) -> ExampleRows:
        """The rows once some were added and others changed. Both by the kind of table."""
        return ExampleRows(
            *(  # type: ignore[arg-type]
                overlaid(getattr(self, each.name), added, changed) for each in fields(self)
            )
        )


def overlaid(
    table: Columns, added: Mapping[type[Columns], Columns], changed: Mapping[type[Columns], Columns]
) -> Columns:
    """A table with the added rows, and the changed ones in place of those of the same keys."""
    kind = type(table)
    new, other = added.get(kind), changed.get(kind)
    if other is not None and len(other):
        keys = np.isin(table.column(kind.KEY[0]), other.column(kind.KEY[0]))
        table = kind.joined([table.take(~keys), other])
    return table if new is None or not len(new) else kind.joined([table, new])


def tallied(rows: ExampleRows) -> Tally:
    """The counts of these examples. Cost: a few sorts of their labels."""
    found: Tally = Counter()
    current = labels_of(rows.label)
    _count_tasks(found, rows)
    names = zip(current.annotator.tolist(), current.origin.tolist(), strict=True)
    for (name, origin), count in Counter(names).items():
        found["labels", name, 0, origin] += count
    for text, count in Counter(current.label.tolist()).items():
        for each in _classes_in(text):
            found["classes", each, 0, 0] += count
    _count_pairs(found, counted_labels(rows.label, rows.exclusion))
    _count_days(found, rows.label, current)
    if excluded := int(rows.exclusion.active.sum()):
        found["excluded", "", 0, 0] += excluded
    return found


def quarantine_tallied(entries: QuarantineTable) -> Tally:
    """The count of open entries among these."""
    count = int((entries.closed == 0).sum())
    return Counter({("quarantined", "", 0, 0): count} if count else {})


def new_payments(before: LabelTable, added: LabelTable) -> int:
    """How many of the added labels are paid for: the first told one of each pair of example and annotator.

    before: all versions of the labels of these examples.
    """
    told = told_labels(added)
    if not len(told):
        return 0
    pairs, known = _pairs(told, told_labels(before))
    return int((~np.isin(distinct(pairs), known)).sum())


def change_of(before: Tally, after: Tally) -> Tally:
    """What has to be added to each count, without zeros."""
    change = Counter(after)
    change.subtract(before)
    return Counter({cell: count for cell, count in change.items() if count})


def tally_rows(counts: Mapping[Cell, int], event: int) -> TallyTable:
    """The counts as rows of their table, in the order of their keys."""
    rows = sorted((key_of(cell), *cell, count, event) for cell, count in counts.items())
    return TallyTable.of(rows)


def counts_in(table: TallyTable, *, zeros: bool = False) -> Tally:
    """The counts of rows of the table. zeros: those that are 0 again too."""
    columns = (table.column(name).tolist() for name in ("sheet", "name", "number", "level", "count"))
    found: Tally = Counter()
    for sheet, name, number, level, count in zip(*columns, strict=True):
        if count or zeros:
            found[sheet, name, number, level] = count
    return found


def key_of(cell: Cell) -> str:
    """The key of a count: short, whatever the length of a name."""
    sheet, name, number, level = cell
    text = json.dumps([sheet, name, number, level])
    return blake2b(text.encode(), digest_size=12).hexdigest()


def day_sheet(day: int) -> str:
    """The sheet of a day since 1970."""
    return f"day {day}"


def counted_states(task: TaskTable, gold: Int64) -> Int64:
    """The states that lists and counts go by, see `ladle.labelling.states.as_counted`. gold: rows."""
    state: Int64 = np.where((task.state == DISPUTED) & np.isin(task.row, gold), LABELLED, task.state)
    return state.astype(np.int64)


def counted_labels(label: LabelTable, exclusion: ExclusionTable) -> LabelTable:
    """The current labels that measure people: with a name, of examples that are in the pool and not excluded."""
    excluded = exclusion.row[exclusion.active == 1]
    is_label = (label.status == CURRENT) & (label.label != "") & (label.annotator != "")
    return label.take(is_label & (label.row >= 0) & ~np.isin(label.row, excluded))


def told_labels(label: LabelTable) -> LabelTable:
    """All versions of labels that were told: no skips, and no imported ones."""
    return label.take((label.origin == TOLD_LABEL) & (label.label != "")) if len(label) else label


def paid_for(label: LabelTable) -> LabelTable:
    """The first told label of each pair of an example and an annotator, in the order of the numbers."""
    told = told_labels(label)
    codes = _codes(told.annotator)
    order = np.lexsort((told.number, codes, told.row))
    row, code = told.row[order], codes[order]
    first = np.ones(len(order), bool)
    first[1:] = (row[1:] != row[:-1]) | (code[1:] != code[:-1])
    return told.take(np.sort(order[first]))


def standing(paid: LabelTable, current: LabelTable) -> LabelTable:
    """The first labels of pairs of an example and an annotator with a current label: work that was not undone."""
    pairs, standing_pairs = _pairs(paid, current)
    return paid.take(np.isin(pairs, standing_pairs))


def _count_tasks(found: Tally, rows: ExampleRows) -> None:
    task = rows.task
    if not len(task):
        return
    state = counted_states(task, gold_of(rows.gold).row)
    waits = (state == OPEN) & (task.batch > 0)
    answers = answers_of(rows.label).row
    level = repeated(0, len(task))
    if len(answers) and waits.any():
        answered, counts = np.unique(answers, return_counts=True)
        places = np.minimum(np.searchsorted(answered, task.row), len(answered) - 1)
        level = np.where(waits & (answered[places] == task.row), counts[places], 0).astype(np.int64)
    cells = Counter(zip(state.tolist(), task.batch.tolist(), level.tolist(), strict=True))
    for (code, batch, given), count in cells.items():
        found["tasks", STATES[code], batch, given] += count


def _count_pairs(found: Tally, label: LabelTable) -> None:
    """Count the ordered pairs of different labels of one example, and how many of them are equal."""
    if len(label) < 2:
        return
    row_of, votes = _numbered(label.row)
    if votes.max() < 2:
        return
    codes = _codes(label.label)
    _, same = _numbered(row_of * (int(codes.max()) + 1) + codes)
    found["pairs", "all", 0, 0] += int((votes * (votes - 1)).sum())
    if equal := int((same * (same - 1)).sum()):
        found["pairs", "equal", 0, 0] += equal


def _count_days(found: Tally, label: LabelTable, current: LabelTable) -> None:
    stands = standing(paid_for(label), current)
    hours = np.minimum(stands.told_at, stands.recorded_at) // HOUR
    for (hour, name), count in Counter(zip(hours.tolist(), stands.annotator.tolist(), strict=True)).items():
        day, of_day = divmod(hour, DAY_HOURS)
        found["days", "", day, 0] += count
        found[day_sheet(day), name, of_day, 0] += count


def _numbered(values: Int64) -> tuple[Int64, Int64]:
    """The place of each value among the different ones, ascending, and how often each of those is there."""
    order = np.argsort(values, kind="stable")
    new = np.ones(len(values), bool)
    new[1:] = values[order][1:] != values[order][:-1]
    place = np.empty(len(values), np.int64)
    place[order] = np.cumsum(new) - 1
    return place, np.diff(np.append(np.flatnonzero(new), len(values))).astype(np.int64)


def _classes_in(label: str) -> list[str]:
    """The classes that a label names, as JSON; none of a value."""
    if label.startswith("["):
        return [json.dumps(each, ensure_ascii=False) for each in json.loads(label)]
    return [label] if label.startswith('"') or _WHOLE.fullmatch(label) else []


def _pairs(first: LabelTable, second: LabelTable) -> tuple[Int64, Int64]:
    """A number for each pair of example and annotator of two tables, the same for the same pair."""
    codes = _codes(np.concatenate([first.annotator, second.annotator]))
    rows = np.concatenate([first.row, second.row])
    # Rows of examples that were taken out are negative.
    pairs: Int64 = (rows - rows.min(initial=0)) * (int(codes.max(initial=0)) + 1) + codes
    return pairs[: len(first)], pairs[len(first) :]


def _codes(texts: npt.NDArray[np.object_]) -> Int64:
    """A number for each text, from 0, in the order of their first occurrence."""
    listed = texts.tolist()
    code = {text: place for place, text in enumerate(dict.fromkeys(listed))}
    return np.fromiter(map(code.__getitem__, listed), np.int64, len(listed))
