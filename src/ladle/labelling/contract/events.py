"""The audit log: every change is an event, and each event seals all earlier ones.

A rule returns `Effects`: rows to add, rows to change, and a report for the log. `record` writes them together with
their event. The details of an event also hold the number of rows of every table, so that a lost row is noticed. The
kept counts (`tallies`) change with them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import numpy as np

from ladle.counts import counted
from ladle.errors import CorruptFileError, ReusedKeyError
from ladle.labelling.contract.columns import Columns, Int64, distinct
from ladle.labelling.contract.store import Kind, View, Writer
from ladle.labelling.contract.tables import (
    EventTable,
    ExclusionTable,
    GoldTable,
    LabelTable,
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
    new_payments,
    quarantine_tallied,
    tallied,
    tally_rows,
)
from ladle.numbers import shown


@dataclass(frozen=True, slots=True)
class Act:
    """Who does what, and when. request: the digest of what the caller gave, which identifies a repeated call."""

    kind: str
    at: int  # microseconds
    actor: str = ""
    key: str = ""
    request: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Effects:
    """What a rule decides: rows with new keys, rows that change, and a report for the log (plain JSON).

    rewritten: whole tables, for examples whose rows have other numbers now.
    """

    added: tuple[Columns, ...] = ()
    changed: tuple[Columns, ...] = ()
    report: Mapping[str, Any] = field(default_factory=dict)
    rewritten: tuple[Columns, ...] = ()

    def __bool__(self) -> bool:
        return any(len(columns) for columns in (*self.added, *self.changed, *self.rewritten))


def next_number(view: View, kind: type[Columns]) -> int:
    """The number of the next row of this table: one more than its last."""
    last = view.last(kind)
    return int(last.column(kind.KEY[0])[0]) + 1 if len(last) else 1


def earlier_report(view: View, act: Act) -> Mapping[str, Any] | None:
    """The report of the same act under the same key; None when this is the first one, or it has no key.

    Raises: ReusedKeyError when the key belongs to another request.
    """
    if not act.key:
        return None
    events = view.read(EventTable, "key", [act.key])
    events = events.take(events.kind == act.kind)
    if not len(events):
        return None
    if events.request[0] != act.request:
        raise ReusedKeyError(
            f"the key {act.key!r}",
            wanted=f"stand for one {act.kind}",
            got=f"another {act.kind} than that of event {events.seq[0]}",
            remedy="Repeat it as it was, or use a new key.",
        )
    report: Mapping[str, Any] = json.loads(events.details[0])["told"]
    return report


def replaced_parts(events: EventTable) -> list[int]:
    """The numbers of the parts of the pool that replaced the one before, by the log."""
    told = [json.loads(text)["told"] for text in events.details[events.kind == "replace"].tolist()]
    return [int(report["part"]) for report in told]


def replacements(view: View) -> list[int]:
    """The numbers of the events that put another pool in the place of the one before.

    An exclusion that such an event wrote ends when its example is in the pool again; those of people stay.
    """
    return [int(seq) for seq in view.read(EventTable, "kind", ["replace"]).seq]


def event_times(view: View, numbers: Int64) -> Int64:
    """When each of these events was, in microseconds; 0 for one that the log lost. Cost: reads each event once."""
    event = view.read(EventTable, "seq", np.unique(numbers).tolist())
    at = dict(zip(event.seq.tolist(), event.at.tolist(), strict=True))
    return np.array([at.get(number, 0) for number in numbers.tolist()], np.int64)


def record(writer: Writer, act: Act, effects: Effects) -> None:
    """Write the effects and their event. Cost: the rows written."""
    last = writer.last(EventTable)
    details = json.loads(last.details[0]) if len(last) else {"rows": {}}
    rows = dict(details["rows"])
    seq = int(last.seq[0]) + 1 if len(last) else 1
    tallies = _tally_changes(writer, effects, rows, seq)
    for columns in effects.rewritten:
        writer.rewrite(columns)
        rows[columns.NAME] = len(columns)
    for columns in (*effects.added, *tallies.added):
        if len(columns):
            writer.add(columns)
            rows[columns.NAME] = rows.get(columns.NAME, 0) + len(columns)
    for columns in (*effects.changed, *tallies.changed):
        if len(columns):
            writer.change(columns)
    text = json.dumps({"told": effects.report, "rows": rows}, ensure_ascii=False, sort_keys=True)
    chained = chain_of(
        str(last.chain[0]) if len(last) else "", (seq, act.at, act.kind, act.actor, act.key, act.request, text)
    )
    writer.add(EventTable.of([(seq, act.at, act.kind, act.actor, act.key, act.request, text, chained)]))


def _tally_changes(writer: Writer, effects: Effects, sizes: Mapping[str, int], event: int) -> Effects:
    """What these effects do to the kept counts. sizes: the rows of every table before them.

    Cost: reads the tasks, labels, gold and exclusions of the examples that change; all of them for rewritten tables.
    """
    added, changed = _by_kind(effects.added), _by_kind(effects.changed)
    change = Counter[Cell]()
    if effects.rewritten:
        before = ExampleRows.read(writer, None, sizes)
        rewritten = _by_kind(effects.rewritten)
        change = change_of(tallied(before), tallied(before.rewritten(rewritten).after(added, changed)))
    elif len(rows := _examples_in((added, changed))):
        before = ExampleRows.read(writer, rows, sizes)
        change = change_of(tallied(before), tallied(before.after(added, changed)))
        if paid := new_payments(before.label, _of(added, LabelTable)):
            period = sizes.get(SettingsTable.NAME, 0) + len(_of(added, SettingsTable))
            change["payments", "", period, 0] += paid
    closed = _of(changed, QuarantineTable)
    known = writer.read(QuarantineTable, "number", closed.number.tolist()) if len(closed) else closed
    after = QuarantineTable.joined([_of(added, QuarantineTable), closed])
    change.update(change_of(quarantine_tallied(known), quarantine_tallied(after)))  # `+=` would drop negative ones
    return _kept(writer, change, sizes.get(TallyTable.NAME, 0), event)


def _kept(writer: Writer, change: Counter[Cell], size: int, event: int) -> Effects:
    """The rows of the kept counts that change, and new ones. size: how many rows there are, by the log.

    Raises: CorruptFileError when a count is lost: a new one in its place would be wrong.
    """
    if not change:
        return Effects()
    known = writer.read(TallyTable, "key", [key_of(cell) for cell in change])
    counts = counts_in(known, zeros=True)
    found = size if len(counts) == len(change) else writer.counts([TallyTable])[TallyTable.NAME]
    if found != size:
        raise CorruptFileError(
            "the campaign",
            wanted=f"hold {counted(size, 'kept count')}, as its log says",
            got=f"{found:,}",
            remedy="See all of it: ladle campaign verify. Copy the database away, then restore a backup.",
        )
    old = tally_rows({cell: count + change[cell] for cell, count in counts.items()}, event)
    return Effects(
        added=(tally_rows({cell: count for cell, count in change.items() if cell not in counts}, event),),
        changed=(old,),
    )


def _by_kind(tables: Iterable[Columns]) -> dict[type[Columns], Columns]:
    """The tables by their kind; several of one kind joined."""
    found: dict[type[Columns], Columns] = {}
    for each in tables:
        kind = type(each)
        found[kind] = kind.joined([found[kind], each]) if kind in found else each
    return found


def _of(tables: Mapping[type[Columns], Columns], kind: type[Kind]) -> Kind:
    table = tables.get(kind, kind.empty())
    assert isinstance(table, kind)
    return table


def _examples_in(several: Iterable[Mapping[type[Columns], Columns]]) -> Int64:
    """The rows of the pool, ascending, in those of these tables from which examples are counted."""
    kinds = (TaskTable, LabelTable, GoldTable, ExclusionTable)
    return distinct(np.concatenate([_of(tables, kind).column("row") for tables in several for kind in kinds]))


def chain_of(earlier: str, row: tuple[Any, ...]) -> str:
    """The seal of an event: SHA-256 of its own values and of the seal of the event before it."""
    return sha256(json.dumps([earlier, *row], ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()


def digest_of(*parts: Any) -> str:
    """SHA-256 of a request of plain values, arrays of any length, and None. Other requests have other digests."""
    total = sha256()
    for part in parts:
        if isinstance(part, np.ndarray) and part.dtype != object:
            total.update(f"array {part.dtype.str} {part.shape}\n".encode())
            plain = part.astype(np.int64) if part.dtype.kind in "mM" else part  # times have no buffer
            total.update(np.ascontiguousarray(plain).data)
        else:
            value = part.tolist() if isinstance(part, np.ndarray) else part
            try:
                text = json.dumps(value, ensure_ascii=False, default=repr)
            except (ValueError, RecursionError):  # numbers and lists that Python does not write, refused later
                text = shown(value)
            total.update(f"plain {text}\n".encode("utf-8", "surrogatepass"))
    return total.hexdigest()
