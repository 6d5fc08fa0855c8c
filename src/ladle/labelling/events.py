"""The audit log: every change is an event, and each event seals all before it.

A rule answers with `Effects`: rows to add, rows to change, and what to tell of them. `record` writes them in one go
with their event. Details of an event also count the rows of every table, so that a row that vanished shows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import numpy as np

from ladle.errors import MismatchError
from ladle.labelling.columns import Columns
from ladle.labelling.contract import View, Writer
from ladle.labelling.tables import Event


@dataclass(frozen=True, slots=True)
class Act:
    """Who does what, when. request: what was asked, told apart from anything else that could be asked by its digest."""

    kind: str
    at: int  # microseconds
    actor: str = ""
    key: str = ""
    request: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Effects:
    """What a rule decides: rows with new keys, rows that change, and what the log tells of it (plain JSON)."""

    added: tuple[Columns, ...] = ()
    changed: tuple[Columns, ...] = ()
    told: Mapping[str, Any] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return any(len(columns) for columns in (*self.added, *self.changed))


def next_number(view: View, kind: type[Columns]) -> int:
    """The number the next row of this table gets: one more than its last."""
    last = view.last(kind)
    return int(last.column(kind.KEY[0])[0]) + 1 if len(last) else 1


def before(view: View, act: Act) -> Mapping[str, Any] | None:
    """What came of the same act under the same key earlier; None when this is the first.

    Raises: MismatchError when the key stands for something else.
    """
    if not act.key:
        return None
    events = view.read(Event, "key", [act.key])
    events = events.take(events.kind == act.kind)
    if not len(events):
        return None
    if events.request[0] != act.request:
        raise MismatchError(
            f"the key {act.key!r}",
            wanted=f"stand for one {act.kind}",
            got=f"another {act.kind} than that of event {events.seq[0]}",
            remedy="Repeat it as it was, or use a new key.",
        )
    told: Mapping[str, Any] = json.loads(events.details[0])["told"]
    return told


def record(writer: Writer, act: Act, effects: Effects) -> None:
    """Write the effects and their event. Cost: the rows written."""
    last = writer.last(Event)
    details = json.loads(last.details[0]) if len(last) else {"rows": {}}
    rows = dict(details["rows"])
    for columns in effects.added:
        if len(columns):
            writer.add(columns)
            rows[columns.NAME] = rows.get(columns.NAME, 0) + len(columns)
    for columns in effects.changed:
        if len(columns):
            writer.change(columns)
    seq = int(last.seq[0]) + 1 if len(last) else 1
    text = json.dumps({"told": effects.told, "rows": rows}, ensure_ascii=False, sort_keys=True)
    chained = chain_of(
        str(last.chain[0]) if len(last) else "", (seq, act.at, act.kind, act.actor, act.key, act.request, text)
    )
    writer.add(Event.of([(seq, act.at, act.kind, act.actor, act.key, act.request, text, chained)]))


def chain_of(earlier: str, row: tuple[Any, ...]) -> str:
    """The seal of an event over itself and, by the seal of the one before, all earlier ones."""
    return sha256(json.dumps([earlier, *row], ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()


def digest_of(*parts: Any) -> str:
    """SHA-256 of a request: plain values, arrays (of any length) and None, told apart from each other."""
    total = sha256()
    for part in parts:
        if isinstance(part, np.ndarray) and part.dtype != object:
            total.update(f"array {part.dtype.str} {part.shape}\n".encode())
            total.update(np.ascontiguousarray(part).data)
        else:
            value = part.tolist() if isinstance(part, np.ndarray) else part
            total.update(
                f"plain {json.dumps(value, ensure_ascii=False, default=repr)}\n".encode("utf-8", "surrogatepass")
            )
    return total.hexdigest()
