"""Telling: the labels of a caller are checked, judged by the rules and written in one transaction."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from ladle.campaign.session.examples import as_texts
from ladle.campaign.session.session import Session
from ladle.campaign.work.arguments import (
    LONGEST_REASON,
    broadcast,
    check_text,
    listed_values,
    people_named,
    time_spent,
    times_said,
)
from ladle.errors import ArgumentError, ShapeError
from ladle.frames import check_same_index
from ladle.labelling.answers import Told
from ladle.labelling.classes import rewritten
from ladle.labelling.contract.columns import Int64, Texts, distinct, repeated, texts
from ladle.labelling.contract.events import earlier_report, next_number, record
from ladle.labelling.contract.store import View
from ladle.labelling.contract.tables import (
    NO_ROW,
    AdjudicationTable,
    CommentTable,
    EventTable,
    ExclusionTable,
    GoldTable,
    LabelTable,
    PersonTable,
    QuarantineTable,
    TaskTable,
)
from ladle.labelling.labels import Labels
from ladle.labelling.rules import tell as tell_rules
from ladle.labelling.rules.answered import stored_id
from ladle.labelling.rules.once import check_once
from ladle.labelling.rules.request import FileOrigin, TellKind, TellRequest
from ladle.labelling.rules.tell import KnownRows
from ladle.notices import notice
from ladle.pool.ids.named_rows import check_not_a_mask

NO_FILE = FileOrigin("", "")


def check_request(
    session: Session,
    ids: object,
    labels: object,
    *,
    annotator: str | Sequence[str],
    source: str | Sequence[str],
    told_at: Any,
    key: str | None,
    kind: TellKind,
    seconds: Any = None,
    origin: FileOrigin = NO_FILE,
) -> TellRequest:
    """The arguments of `Campaign.tell`, checked. Raises: ArgumentError, ShapeError, IdError.

    Cost: a look-up for each id, see `Examples.find`; a dictionary look-up for each label.
    """
    named = _named(session, ids, is_alone=isinstance(annotator, str))
    check_same_index({"ids": ids, "labels": labels})
    given = listed_values(labels)
    if len(named) and len(given) != len(named):
        raise ShapeError("`labels`", wanted=f"be one for each of the {len(named):,} ids", got=f"{len(given):,}")
    labels_now = session.settings.labels
    canonical, refused = labels_now.all_canonical(given)
    # Where any class is accepted, a label is written as it was given.
    said = _said(labels_now, given) if refused or labels_now.former or labels_now.classes is not None else canonical
    as_told = labels_now.as_told().all_canonical(given)[0] if labels_now.former else canonical
    return _request(
        session,
        named,
        label=canonical,
        as_told=as_told,
        said=said,
        refused=refused,
        given={place: tell_rules.as_text(given[place]) for place in {*refused, *named.unknown}},
        reason="",
        annotator=annotator,
        source=source,
        told_at=told_at,
        key=key,
        kind=kind,
        seconds=seconds,
        origin=origin,
    )


def check_skips(
    session: Session,
    ids: object,
    *,
    reason: str | Sequence[str],
    annotator: str | Sequence[str],
    source: str | Sequence[str] = "",
    told_at: Any = None,
    key: str | None = None,
    kind: TellKind = "skip",
    seconds: Any = None,
    origin: FileOrigin = NO_FILE,
) -> TellRequest:
    """The arguments of `Campaign.skip`, checked. Raises: ArgumentError, ShapeError, IdError."""
    named = _named(session, ids, is_alone=isinstance(annotator, str))
    reasons = broadcast(reason, len(named), "reason", longest=LONGEST_REASON)
    return _request(
        session,
        named,
        label=repeated("", len(named)),
        as_told=repeated("", len(named)),
        said=repeated("", len(named)),
        refused={},
        given={place: tell_rules.as_text({"skip": reasons[place]}) for place in named.unknown},
        reason=reasons,
        annotator=annotator,
        source=source,
        told_at=told_at,
        key=key,
        kind=kind,
        seconds=seconds,
        origin=origin,
    )


def check_comments(
    session: Session,
    ids: object,
    remarks: object,
    *,
    annotator: str | Sequence[str],
    told_at: Any = None,
    must_be_known: bool = False,
) -> CommentTable:
    """Remarks on examples, not numbered yet; NO_ROW for an unknown id. Raises: ArgumentError, ShapeError, IdError."""
    named = _named(session, ids, is_alone=isinstance(annotator, str), must_be_known=must_be_known)
    count = len(named)
    listed = [remarks] * count if isinstance(remarks, str) else listed_values(remarks, "texts")
    if len(listed) != count:
        raise ShapeError("`texts`", wanted=f"be one for each of the {count:,} ids", got=f"{len(listed):,}")
    if not all(check_text(each, "texts", longest=LONGEST_REASON).strip() for each in listed):
        raise ArgumentError("`texts`", wanted="say something", got="an empty one")
    at, _ = times_said(told_at, count, session.now())
    annotators, zeros = people_named(annotator, count), repeated(0, count)
    return CommentTable(zeros, named.row, named.example_id, annotators, texts(listed), at, zeros)


def together(first: TellRequest, *others: TellRequest, comments: CommentTable | None = None) -> TellRequest:
    """Several tells of one file as one: the answers of the first, then those of the others, and comments."""
    parts = [first, *others]
    starts = np.cumsum([0, *(len(each) for each in parts)]).tolist()

    def shifted(name: str) -> dict[int, str]:
        pairs = [(start, getattr(each, name)) for start, each in zip(starts, parts, strict=False)]
        return {start + place: text for start, by_place in pairs for place, text in by_place.items()}

    columns = (
        "row",
        "example_id",
        "label",
        "as_told",
        "said",
        "told_by",
        "source",
        "told_at",
        "is_timed",
        "reason",
        "spent_ms",
    )
    joined: dict[str, Any] = {name: np.concatenate([getattr(each, name) for each in parts]) for name in columns}
    return replace(
        first,
        **joined,
        refused=shifted("refused"),
        given=shifted("given"),
        comments=CommentTable.empty() if comments is None else comments,
        part=min(each.part for each in parts),
    )


def without_answers(
    session: Session,
    comments: CommentTable | None,
    *,
    kind: TellKind = "comment",
    key: str = "",
    origin: FileOrigin = NO_FILE,
) -> TellRequest:
    """A tell of comments alone, or of nothing: of a file whose every answer is left out."""
    none, nothing = np.empty(0, np.int64), texts([])
    return TellRequest(
        kind=kind,
        row=none,
        example_id=nothing,
        label=nothing,
        as_told=nothing,
        said=nothing,
        told_by=nothing,
        source=nothing,
        told_at=none,
        is_timed=none,
        reason=nothing,
        spent_ms=none,
        refused={},
        given={},
        at=session.now(),
        key=key,
        by=session.by,
        comments=CommentTable.empty() if comments is None else comments,
        part=session.part_number,
        origin=origin,
    )


def tell(session: Session, request: TellRequest, *, by_content: bool = False) -> Told:
    """Store the answers of a checked request. Raises: see `Campaign.tell`.

    by_content: the key stands for a file. While all of the file stands, telling it again is a repeat; once something
    of it does not stand any more, it is news, and is told under a key of its own.
    """
    act = request.act()
    with session.writing() as writer:
        session.check_part(writer, request.part)
        request = _under(session.settings.labels, request)
        report = None if by_content else earlier_report(writer, act)
        if report is not None:
            return told_of(report, repeat_of_key=True)
        key, report = next_key(writer, request) if by_content else (act.key, None)
        known = known_of(writer, request)
        effects = tell_rules.tell(session.settings, request, known)
        if report is not None and tell_rules.changes_nothing(effects):
            return told_of(report, repeat_of_key=True)
        tell_rules.check_named(session.settings, request)
        check_once(request, known.people)
        record(writer, request.act(key), effects)
    told = told_of(effects.report)
    for each in told.notices:
        notice(each)
    return told


def told_of(report: Mapping[str, Any], *, repeat_of_key: bool = False) -> Told:
    """The report of a tell as the caller gets it: without what is for the log alone."""
    facts = {each.name: report[each.name] for each in fields(Told) if each.name in report}
    return Told(**{**facts, "notices": tuple(report.get("notices", ()))}, repeat_of_key=repeat_of_key)


def _under(labels: Labels, request: TellRequest) -> TellRequest:
    """The request under the classes of now: others may have changed them since it was checked."""
    label, refused = rewritten(labels, request.as_told)
    if not refused:
        return replace(request, label=label)
    as_told = request.as_told.copy()
    as_told[list(refused)] = ""
    given = {place: str(request.as_told[place]) for place in refused}
    return replace(
        request,
        label=label,
        as_told=as_told,
        refused={**request.refused, **refused},
        given={**request.given, **given},
    )


def next_key(view: View, request: TellRequest) -> tuple[str, Mapping[str, Any] | None]:
    """The key of the next tell of a file, and the report of its last one, None when it was not told before."""
    report: Mapping[str, Any] | None = None
    for times in itertools.count(1):
        key = request.key if times == 1 else f"{request.key}-{times}"
        events = view.read(EventTable, "key", [key])
        events = events.take(events.kind == request.kind)
        if not len(events):
            return key, report
        report = json.loads(events.details[0])["told"]
    raise AssertionError("unreachable")


def known_of(view: View, request: TellRequest) -> KnownRows:
    """What the campaign knows of the examples of a tell. Cost: reads all open entries of the quarantine too."""
    known = known_rows(view, distinct(request.row[request.row != NO_ROW]), request.at)
    if len(request.comments):
        rows = np.unique(request.comments.row[request.comments.row != NO_ROW]).tolist()
        known = replace(
            known, comment=view.read(CommentTable, "row", rows), next_comment=next_number(view, CommentTable)
        )
    if known.next_quarantined == 1:
        return known
    entries = view.read(QuarantineTable, "closed", [0])
    ids = {stored_id(each) for each in (*request.example_id.tolist(), *request.comments.example_id.tolist())}
    return replace(known, quarantined=entries.take(np.array([each in ids for each in entries.example_id], bool)))


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
        people=view.read(PersonTable),
        gold=view.read(GoldTable, "row", wanted),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _NamedAnswers:
    """The examples that a caller named. row: NO_ROW for an unknown id. unknown: their positions."""

    row: Int64
    example_id: Texts
    unknown: list[int]
    part: int  # of the pool, whose rows these are

    def __len__(self) -> int:
        return len(self.row)


def _named(session: Session, ids: object, *, is_alone: bool, must_be_known: bool = False) -> _NamedAnswers:
    """The examples of these ids. is_alone: whether one annotator names them, who answers once for each.

    must_be_known: whether unknown ids are refused here, with an IdError; otherwise they go to quarantine.
    """
    with session.reading() as view:
        examples = session.examples(view)
    listed = examples.checked(ids)
    if is_alone:  # several people may all have labelled the examples 0 and 1
        check_not_a_mask(listed, len(examples), "`ids`")
    if len(listed) == 0:
        raise ShapeError("`ids`", wanted="name an example at least", got="none")
    rows = examples.rows_of(listed) if must_be_known else examples.find_ever(listed)
    return _NamedAnswers(rows, as_texts(listed), np.flatnonzero(rows == NO_ROW).tolist(), session.part_number)


def _request(
    session: Session,
    named: _NamedAnswers,
    *,
    label: Texts,
    as_told: Texts,
    said: Texts,
    refused: Mapping[int, str],
    given: Mapping[int, str],
    reason: str | Texts,
    annotator: str | Sequence[str],
    source: str | Sequence[str],
    told_at: Any,
    key: str | None,
    kind: TellKind,
    seconds: Any,
    origin: FileOrigin,
) -> TellRequest:
    at, count = session.now(), len(named)
    moments, is_timed = times_said(told_at, count, at)
    return TellRequest(
        kind=kind,
        row=named.row,
        example_id=named.example_id,
        label=label,
        as_told=as_told,
        said=said,
        told_by=people_named(annotator, count),
        source=broadcast(source, count, "source"),
        told_at=moments,
        is_timed=is_timed,
        reason=repeated(reason, count) if isinstance(reason, str) else reason,
        spent_ms=time_spent(seconds, count),
        refused=refused,
        given=given,
        at=at,
        key=check_text("" if key is None else key, "key"),
        by=session.by,
        part=named.part,
        origin=origin,
    )


def _said(labels: Labels, given: list[Any]) -> Texts:
    """(l,) what the caller gave as text, the same whatever classes the campaign has: canonical where it is a label."""
    written, odd = labels.of_any_class().all_canonical(given)
    for place in odd:
        written[place] = tell_rules.as_text(given[place])
    return written


def as_given(labels: Labels, given: object, count: int, ids: Any = ()) -> Texts:
    """(count,) labels as canonical JSON, with the names of classes that they were given.

    ids: of the examples, to name that of a value that is no label. Raises: ArgumentError for the first such value.
    """
    listed = listed_values(given)
    written, refused = labels.all_canonical(listed)
    if len(written) != count:
        raise ShapeError("`labels`", wanted=f"be one for each of the {count:,} ids", got=f"{len(written):,}")
    if refused:
        position, reason = next(iter(refused.items()))
        which = "" if count == 1 else f" (number {position + 1:,} of {count:,})"
        whose = f" for {ids[position].as_py()!r}" if len(ids) else ""
        raise ArgumentError("`labels`", wanted="be labels of the campaign", got=f"{reason}{whose}{which}")
    return labels.as_told().all_canonical(listed)[0] if labels.former else written


def under_classes(labels: Labels, as_told: Texts) -> Texts:
    """(count,) labels of `as_given` under the names of the classes now, which others may have changed meanwhile.

    Raises: ArgumentError for a label of a class that was removed.
    """
    written, refused = rewritten(labels, as_told)
    if refused:
        position, reason = next(iter(refused.items()))
        which = "" if len(as_told) == 1 else f" (number {position + 1:,} of {len(as_told):,})"
        raise ArgumentError("`labels`", wanted="be labels of the campaign", got=f"{reason}{which}")
    return written
