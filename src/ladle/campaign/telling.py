"""Telling: the labels of a caller are checked, judged by the rules and written in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, KeysView, Mapping, Sequence, Set
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ladle.arraylikes import as_array, refuse_masked
from ladle.campaign.examples import as_texts
from ladle.campaign.session import Session, microseconds
from ladle.errors import ArgumentError, ShapeError
from ladle.frames import check_same_index, is_frame
from ladle.labelling.answers import Told
from ladle.labelling.columns import Int64, Texts, repeated, texts
from ladle.labelling.contract import View
from ladle.labelling.events import earlier_report, next_number, record
from ladle.labelling.labels import Labels, holdable
from ladle.labelling.rules import tell as tell_rules
from ladle.labelling.rules.tell import KnownRows, TellRequest
from ladle.labelling.tables import (
    NO_ROW,
    AdjudicationTable,
    EventTable,
    ExclusionTable,
    LabelTable,
    QuarantineTable,
    TaskTable,
)
from ladle.pool.ids.named_rows import check_not_a_mask

LONGEST_NAME, LONGEST_REASON = 500, 10_000  # characters


def check_request(
    session: Session,
    ids: object,
    labels: object,
    *,
    annotator: str | Sequence[str],
    source: str | Sequence[str],
    told_at: Any,
    key: str | None,
    kind: Literal["tell", "import"],
) -> TellRequest:
    """The arguments of `Campaign.tell`, checked. Raises: ArgumentError, ShapeError, IdError.

    Cost: a look-up for each id, see `Examples.find`; a dictionary look-up for each label.
    """
    key, at = check_text(key or "", "key"), session.now()
    with session.reading() as view:
        examples = session.examples(view)
    example_ids = examples.checked(ids)
    if isinstance(annotator, str):  # several people may all have labelled the examples 0 and 1
        check_not_a_mask(example_ids, len(examples), "`ids`")
    rows = examples.find_ever(example_ids)
    check_same_index({"ids": ids, "labels": labels})
    given = _as_list(labels)
    count = len(example_ids)
    if count == 0:
        raise ShapeError("`ids`", wanted="name an example at least", got="none")
    if len(given) != count:
        raise ShapeError("`labels`", wanted=f"be one for each of the {count:,} ids", got=f"{len(given):,}")
    canonical, refused = session.settings.labels.all_canonical(given)
    unknown = np.flatnonzero(rows == NO_ROW).tolist()
    return TellRequest(
        kind=kind,
        row=rows,
        example_id=as_texts(example_ids),
        label=canonical,
        annotator=_broadcast(annotator, count, "annotator"),
        source=_broadcast(source, count, "source"),
        told_at=_times(told_at, count, at),
        refused=refused,
        given={position: tell_rules.as_text(given[position]) for position in {*refused, *unknown}},
        at=at,
        key=key,
        by=session.by,
    )


def tell(session: Session, request: TellRequest) -> Told:
    """Store the labels of a checked request. Raises: see `Campaign.tell`."""
    act = request.act()
    with session.writing() as writer:
        report = earlier_report(writer, act)
        if report is not None:
            return Told(**report, repeat_of_key=True)
        known = known_rows(writer, np.unique(request.row[request.row != NO_ROW]), request.at)
        effects = tell_rules.tell(session.settings, request, known)
        record(writer, act, effects)
    return Told(**effects.report)


def known_rows(view: View, rows: Int64, at: int) -> KnownRows:
    """What the campaign knows of these rows."""
    wanted = rows.tolist()
    excluded = view.read(ExclusionTable, "row", wanted)
    return KnownRows(
        task=view.read(TaskTable, "row", wanted),
        label=view.read(LabelTable, "row", wanted),
        excluded=excluded.row[excluded.active == 1],
        adjudication=view.read(AdjudicationTable, "row", wanted),
        next_label=next_number(view, LabelTable),
        next_quarantined=next_number(view, QuarantineTable),
        event=next_number(view, EventTable),
        at=at,
    )


def _as_list(values: object, name: str = "labels") -> list[Any]:
    """A list or an array of any library as a Python list. Raises: ArgumentError, ShapeError."""
    if isinstance(values, (pa.Array, pa.ChunkedArray)):
        return list(values.to_pylist())
    refuse_masked(values, name)
    if isinstance(values, (np.ndarray, np.generic)) and values.ndim == 0:
        raise ShapeError(f"`{name}`", wanted="be one for each id", got=f"the single value {values!r}"[:200])
    if hasattr(values, "toarray") or (hasattr(values, "__array__") and not isinstance(values, Iterable)):
        values = as_array(values, name)
    unordered = isinstance(values, (Set, Mapping)) and not isinstance(values, KeysView)
    tabular = is_frame(values) or hasattr(values, "iter_rows") or hasattr(values, "column_names")
    if isinstance(values, (str, bytes)) or unordered or tabular or not isinstance(values, Iterable):
        got = f"a table ({type(values).__name__})" if tabular else repr(values)[:200]
        remedy = f"Give one column of it, such as {name}['label']." if tabular else ""
        raise ArgumentError(f"`{name}`", wanted="be a list or an array, one for each id", got=got, remedy=remedy)
    if isinstance(values, np.ndarray) and values.dtype.kind == "M":
        return list(values)  # not every date fits a Python datetime
    return list(values.tolist()) if hasattr(values, "tolist") else list(values)


def canonical(labels: Labels, given: object, count: int) -> Texts:
    """(count,) labels as canonical JSON. Raises: ArgumentError for the first value that is no label."""
    written, refused = labels.all_canonical(_as_list(given))
    if len(written) != count:
        raise ShapeError("`labels`", wanted=f"be one for each of the {count:,} ids", got=f"{len(written):,}")
    if refused:
        position, reason = next(iter(refused.items()))
        raise ArgumentError("`labels`", wanted="be labels of the campaign", got=f"at position {position}: {reason}")
    return written


def check_text(value: object, name: str, *, longest: int = LONGEST_NAME) -> str:
    """`value`, if it is text that every database can store. Raises: ArgumentError."""
    if not isinstance(value, str) or len(value) > longest or not holdable(value):
        wanted = f"be text of {longest:,} characters at most, none of them NUL or half of one"
        raise ArgumentError(f"`{name}`", wanted=wanted, got=repr(value)[:80])
    return value


def _broadcast(value: str | Sequence[str], count: int, name: str) -> Texts:
    if isinstance(value, str):
        return repeated(check_text(value, name), count)
    listed = [check_text(each, name) for each in _as_list(value, name)]
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
        listed = [microseconds(each) for each in _as_list(value, "told_at")]
        if len(listed) != count:
            raise ShapeError(
                "`told_at`", wanted=f"be one time, or one for each of the {count:,} ids", got=f"{len(listed):,}"
            )
        return np.array(listed, np.int64)
    return repeated(microseconds(value), count)
