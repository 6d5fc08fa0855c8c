"""Telling: labels from outside, checked at the border, judged by the rules, written in one go."""

from __future__ import annotations

from collections.abc import Iterable, KeysView, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ladle.arraylikes import as_array, refuse_masked
from ladle.campaign.examples import as_texts
from ladle.campaign.session import Desk, microseconds
from ladle.errors import ArgumentError, ShapeError
from ladle.frames import check_same_index, is_frame
from ladle.labelling import tell_rules
from ladle.labelling.answers import Told
from ladle.labelling.columns import Int64, Texts, repeated, texts
from ladle.labelling.contract import View
from ladle.labelling.events import Act, before, digest_of, next_number, record
from ladle.labelling.labels import Labels, holdable
from ladle.labelling.tables import Event, Exclusion, Label, Quarantined, Task
from ladle.labelling.tell_rules import Known, Message
from ladle.pool.ids.named_rows import check_not_a_mask

LONGEST_NAME, LONGEST_REASON = 500, 10_000  # characters


@dataclass(frozen=True, slots=True, eq=False)
class Saying:
    """A tell as it was said: see `Campaign.tell`. kind: of its event. origin: of tasks it brings about."""

    ids: object
    labels: object
    annotator: str | Sequence[str]
    source: str | Sequence[str]
    told_at: Any
    key: str
    kind: str
    origin: int


def tell(desk: Desk, saying: Saying) -> Told:
    """Take what was said. Raises: see `Campaign.tell`."""
    at = desk.now()
    with desk.reading() as view:
        examples = desk.examples(view)
    asked = examples.checked(saying.ids)
    if isinstance(saying.annotator, str):  # several people may all have labelled the examples 0 and 1
        check_not_a_mask(asked, len(examples), "`ids`")
    message = _message(desk.settings.labels, saying, asked, examples.find(asked), at)
    request = digest_of(message.example_id, message.label, [*message.given.items()], message.annotator, message.source)
    actor = saying.annotator if isinstance(saying.annotator, str) else ""
    act = Act(saying.kind, at, actor, saying.key, request)
    with desk.writing() as writer:
        told = before(writer, act)
        if told is not None:
            return Told(**told, repeat_of_key=True)
        known = known_of(writer, np.unique(message.row[message.row >= 0]), at)
        effects = tell_rules.tell(desk.settings, message, known, origin=saying.origin)
        record(writer, act, effects)
    return Told(**effects.told)


def known_of(view: View, rows: Int64, at: int) -> Known:
    """What the campaign knows of these rows."""
    wanted = rows.tolist()
    excluded = view.read(Exclusion, "row", wanted)
    return Known(
        task=view.read(Task, "row", wanted),
        label=view.read(Label, "row", wanted),
        excluded=excluded.row[excluded.active == 1],
        next_label=next_number(view, Label),
        next_quarantined=next_number(view, Quarantined),
        event=next_number(view, Event),
        at=at,
    )


def _message(labels: Labels, saying: Saying, asked: Any, rows: Int64, at: int) -> Message:
    check_same_index({"ids": saying.ids, "labels": saying.labels})
    given = _listed(saying.labels)
    count = len(asked)
    if count == 0:
        raise ShapeError("`ids`", wanted="name an example at least", got="none")
    if len(given) != count:
        raise ShapeError("`labels`", wanted=f"be one for each of the {count:,} ids", got=f"{len(given):,}")
    written, refused = labels.all_canonical(given)
    unknown = np.flatnonzero(rows < 0).tolist()
    return Message(
        row=rows,
        example_id=as_texts(asked),
        label=written,
        annotator=_broadcast(saying.annotator, count, "annotator"),
        source=_broadcast(saying.source, count, "source"),
        told_at=_times(saying.told_at, count, at),
        refused=refused,
        given={position: tell_rules.shown(given[position]) for position in {*refused, *unknown}},
    )


def _listed(values: object, name: str = "labels") -> list[Any]:
    """Values of any make as a list of Python's. Raises: ArgumentError, ShapeError."""
    if isinstance(values, (pa.Array, pa.ChunkedArray)):
        return list(values.to_pylist())
    refuse_masked(values, name)
    if isinstance(values, np.ndarray) and values.ndim == 0:
        raise ShapeError(f"`{name}`", wanted="be one for each id", got="a single value")
    if hasattr(values, "toarray") or (hasattr(values, "__array__") and not isinstance(values, Iterable)):
        values = as_array(values, name)
    unordered = isinstance(values, (Set, Mapping)) and not isinstance(values, KeysView)
    tabular = is_frame(values) or hasattr(values, "iter_rows") or hasattr(values, "column_names")
    if isinstance(values, (str, bytes)) or unordered or tabular or not isinstance(values, Iterable):
        got = f"a table ({type(values).__name__})" if tabular else repr(values)[:200]
        remedy = f"Give one column of it, such as {name}['label']." if tabular else ""
        raise ArgumentError(f"`{name}`", wanted="be a list or an array, one for each id", got=got, remedy=remedy)
    if isinstance(values, np.ndarray) and values.dtype.kind == "M":
        return list(values)  # as dates, some would not fit
    return list(values.tolist()) if hasattr(values, "tolist") else list(values)


def canonical(labels: Labels, given: object, count: int) -> Texts:
    """(count,) labels as canonical JSON, all of them good. Raises: ArgumentError for the first that is not."""
    written, refused = labels.all_canonical(_listed(given))
    if len(written) != count:
        raise ShapeError("`labels`", wanted=f"be one for each of the {count:,} ids", got=f"{len(written):,}")
    if refused:
        position, reason = next(iter(refused.items()))
        raise ArgumentError("`labels`", wanted="be labels of the campaign", got=f"at position {position}: {reason}")
    return written


def check_text(value: object, name: str, *, longest: int = LONGEST_NAME) -> str:
    """`value` if it is text that every database can hold. Raises: ArgumentError."""
    if not isinstance(value, str) or len(value) > longest or not holdable(value):
        wanted = f"be text of {longest:,} characters at most, none of them NUL or half of one"
        raise ArgumentError(f"`{name}`", wanted=wanted, got=repr(value)[:80])
    return value


def _broadcast(value: str | Sequence[str], count: int, name: str) -> Texts:
    if isinstance(value, str):
        return repeated(check_text(value, name), count)
    listed = [check_text(each, name) for each in _listed(value, name)]
    if len(listed) != count:
        raise ShapeError(
            f"`{name}`", wanted=f"be one text, or one for each of the {count:,} ids", got=f"{len(listed):,}"
        )
    return texts(listed)


def _times(value: Any, count: int, now: int) -> Int64:
    if value is None:
        return repeated(now, count)
    if isinstance(value, (pa.Array, pa.ChunkedArray)) and pa.types.is_timestamp(value.type):
        if not value.type.tz:
            raise ArgumentError("`told_at`", wanted="be times with a time zone", got=str(value.type))
        value = pc.cast(value, pa.timestamp("us", value.type.tz)).to_numpy(zero_copy_only=False)
    if isinstance(value, Iterable) and not isinstance(value, str):
        listed = [microseconds(each) for each in _listed(value, "told_at")]
        if len(listed) != count:
            raise ShapeError(
                "`told_at`", wanted=f"be one time, or one for each of the {count:,} ids", got=f"{len(listed):,}"
            )
        return np.array(listed, np.int64)
    return repeated(microseconds(value), count)
