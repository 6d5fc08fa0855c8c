"""What a tell writes: labels and their versions, the states of tasks, the quarantine."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.counts import counted
from ladle.errors import ArgumentError
from ladle.labelling.agreement import Resolutions, judge, with_final_words
from ladle.labelling.contract.columns import Int64, Texts, distinct, repeated, texts
from ladle.labelling.contract.events import Effects
from ladle.labelling.contract.tables import (
    CURRENT,
    IMPORTED,
    IMPORTED_LABEL,
    NO_ROW,
    SUPERSEDED,
    TOLD,
    TOLD_LABEL,
    AdjudicationTable,
    CommentTable,
    GoldTable,
    LabelTable,
    PersonTable,
    QuarantineTable,
    TaskTable,
    answers_of,
    gold_of,
    labels_of,
)
from ladle.labelling.labels import holdable
from ladle.labelling.measures.dawid_skene import dawid_skene
from ladle.labelling.people import People, person_name
from ladle.labelling.rules.answered import STRAY_COMMENT, UNKNOWN_EXAMPLE, answered, stored_id
from ladle.labelling.rules.people import founded, notices_of_names
from ladle.labelling.rules.request import TellRequest
from ladle.labelling.rules.versions import NewAnswers, replaced_at_once, versions_of
from ladle.labelling.settings import Settings
from ladle.labelling.states import DISPUTED, EXCLUDED, LABELLED, Rule, as_counted, check_moves
from ladle.labelling.times_ahead import AHEAD, ahead_notice
from ladle.numbers import shown


@dataclass(frozen=True, slots=True, eq=False)
class KnownRows:
    """What a campaign knows of some rows: tasks, all versions of their labels, final words, exclusions, gold, comments.

    next_label, next_quarantined, next_comment: the next numbers of these tables. people: all of them. quarantined: the
    open entries of these examples. event: the number of the coming event.
    """

    task: TaskTable
    label: LabelTable
    excluded: Int64
    adjudication: AdjudicationTable
    next_label: int
    next_quarantined: int
    event: int
    at: int
    people: PersonTable = field(default_factory=PersonTable.empty)
    comment: CommentTable = field(default_factory=CommentTable.empty)
    next_comment: int = 1
    quarantined: QuarantineTable = field(default_factory=QuarantineTable.empty)
    gold: GoldTable = field(default_factory=GoldTable.empty)


def tell(settings: Settings, request: TellRequest, known: KnownRows) -> Effects:
    """Take each answer as a new one, as a new version, or as a repetition; or quarantine it with a reason.

    The same answer of the same annotator again changes nothing. Another one is a new version: of the two, the one that
    was given later stands. Cost: some dictionary look-ups for each answer.
    """
    good = request.row != NO_ROW
    good[list(request.refused)] = False
    taken = np.flatnonzero(good)
    annotator = _people_of(request.told_by, known.people)
    new, changed, is_older, retimed = _label_rows(request, annotator, taken, known)
    older = int(is_older.sum())
    touched = distinct(request.row[good])
    labels = LabelTable.joined([overlay(known.label, changed), new])
    tasks, moved = _tasks(settings, request, touched, labels, known)
    comments, strays = _comments(request, known)
    quarantined = QuarantineTable.joined([_quarantine(request, annotator, np.flatnonzero(~good), known), strays])
    people = founded(known.people, [*annotator[taken].tolist(), *comments.annotator.tolist()], event=known.event)
    is_answered = answered(
        known.quarantined, TaskTable.joined([known.task, tasks]), labels, PersonTable.joined([known.people, people])
    )
    quarantined = _numbered(quarantined, known, known.quarantined.take(~is_answered))
    gold = gold_of(known.gold).row
    before = _states_by_row(as_counted(known.task, gold))
    changed_to = _states_by_row(as_counted(TaskTable.joined([moved, tasks]), gold))
    skips = int((new.label == "").sum())
    report = {
        "labels": len(request),
        "accepted": len(new) - skips,
        "changed": int(np.sum((new.version > 1) & (new.label != "") & ~is_older)),
        "older": older,
        "skipped": skips,
        "repeated": len(taken) - len(new),
        "quarantined": int((~good).sum()) + len(strays),
        "comments": len(comments),
        "disputed": sum(1 for row, state in changed_to.items() if state == DISPUTED and before.get(row) != DISPUTED),
        "labelled": sum(1 for row, state in changed_to.items() if state == LABELLED and before.get(row) != LABELLED),
        "unasked": len(tasks),
        "notices": [
            *_notices(
                [*annotator[taken].tolist(), *comments.annotator.tolist()],
                known.people,
                older,
                replaced_at_once(_given(request, annotator, taken)),
            ),
            *_ahead(request),
        ],
        "file": request.origin.path,
        "sha256": request.origin.sha256,
        **_named(request, annotator, _people_of(request.comments.annotator, known.people)),
    }
    if retimed:
        report["retimed"] = retimed
    if is_answered.any():
        report["answered"] = int(is_answered.sum())
    return Effects(added=(people, tasks, new, comments, quarantined), changed=(moved, changed), report=report)


def _named(request: TellRequest, annotator: Texts, commented: Texts) -> dict[str, Any]:
    """For the log: whose answers and comments these are. Skips and comments also by their examples and reasons.

    annotator, commented: the people of the answers and of the comments. The examples of labels are in their table.
    """
    named: dict[str, Any] = {"annotators": sorted({*annotator.tolist(), *commented.tolist()} - {""})}
    if request.kind in ("skip", "comment"):
        named["ids"] = list(dict.fromkeys([*request.example_id.tolist(), *request.comments.example_id.tolist()]))
    if request.kind == "skip":
        named["reasons"] = sorted(set(request.reason.tolist()) - {""})
    return named


def check_named(settings: Settings, request: TellRequest) -> None:
    """Refuse labels without an annotator where several people label each example. Raises: ArgumentError.

    Two people without a name would be one, who changes her mind; so would be two files.
    """
    people = settings.annotators_per_task
    nobody = {name for name in set(request.told_by.tolist()) if not person_name(name)}
    unnamed = [place for place, name in enumerate(request.told_by.tolist()) if name in nobody] if nobody else []
    if people > 1 and len(unnamed):
        where = f" of {request.origin.path}" if request.origin.path else ""
        raise ArgumentError(
            f"the labels{where}",
            wanted=f"name who gave them, because {people:,} people label each example",
            got=f"{len(unnamed):,} of {len(request):,} without an annotator, "
            f"such as that of {request.example_id[unnamed[0]]!r}",
            remedy="Name the annotator, or give the file a column `annotator` without empty cells.",
        )


def changes_nothing(effects: Effects) -> bool:
    """Whether all answers and comments of this tell stand already."""
    kinds = (LabelTable, CommentTable, TaskTable)
    return not any(len(each) for each in (*effects.added, *effects.changed) if isinstance(each, kinds))


def answers_gone(request: TellRequest, known: KnownRows, files: Collection[str]) -> int:
    """How many answers of a tell that was made before do not stand any more, and would be news.

    files: the SHA-256 of files that may have replaced them.
    """
    good = request.row != NO_ROW
    good[list(request.refused)] = False
    new, *_ = _label_rows(request, _people_of(request.told_by, known.people), np.flatnonzero(good), known)
    current = answers_of(known.label)
    names = ("row", "annotator", "file")
    listed = zip(*(current.column(name).tolist() for name in names), strict=True)
    file_of = {(row, who): file for row, who, file in listed}
    pairs = zip(new.row.tolist(), new.annotator.tolist(), strict=True)
    return sum(1 for pair in pairs if file_of.get(pair, "") not in files)


def rejudge(rule: Rule, settings: Settings, known: KnownRows, labels: LabelTable, rows: Int64) -> TaskTable:
    """The tasks of these rows that change their state by their labels. rule: the one that changes them."""
    return _rejudged(rule, known, resolutions(settings, labels, known.adjudication), rows)


def _rejudged(rule: Rule, known: KnownRows, resolved: Resolutions, rows: Int64) -> TaskTable:
    """As `rejudge`, by what the labels of these rows resolve to."""
    tasks = known.task.take(np.isin(known.task.row, rows))
    state = _states(resolved, tasks.row, known)
    check_moves(rule, tasks.state, state)
    moved = state != tasks.state
    return replace(tasks.take(moved), state=state[moved], event=repeated(known.event, int(moved.sum())))


def resolutions(settings: Settings, labels: LabelTable, adjudications: AdjudicationTable) -> Resolutions:
    """The state and the label of each example: the lead's final word, else by the campaign's rule of agreement."""
    by_rule = judge(
        labels, settings.labels, agreement=settings.agreement, annotators_per_task=settings.annotators_per_task
    )
    return with_final_words(by_rule, adjudications)


def resolve(settings: Settings, labels: LabelTable, adjudications: AdjudicationTable) -> Resolutions:
    """As `resolutions`; under the rule "dawid-skene", the labels of settled examples are estimated together."""
    resolved = resolutions(settings, labels, adjudications)
    if settings.agreement != "dawid-skene" or not len(labels):
        return resolved
    estimate = dawid_skene(labels_of(labels))
    settled = resolved.take(resolved.state == LABELLED)
    by_rule = np.flatnonzero(~settled.final)
    places = np.searchsorted(estimate.row, settled.row[by_rule])
    label, share = settled.label.copy(), settled.share.copy()
    label[by_rule], share[by_rule] = estimate.label[places], estimate.share[places]
    return replace(settled, label=label, share=share)


def _label_rows(
    request: TellRequest, annotator: Texts, taken: Int64, known: KnownRows
) -> tuple[LabelTable, LabelTable, npt.NDArray[np.bool_], list[tuple[int, int, int]]]:
    """The answers to add, the known ones that change, and (new,) which of the new ones are older than what stood.

    Last, the known ones that were given again at another time: number, `told_at` of before, the other time. An untell
    reads them from the log. taken: the positions of the answers that are not refused.
    """
    given = _given(request, annotator, taken)
    decided = versions_of(given, known.label)
    positions, stands = taken[np.array(decided.place, np.int64)], np.array(decided.stands, bool)
    count = len(positions)
    new = LabelTable(
        number=np.arange(known.next_label, known.next_label + count, dtype=np.int64),
        row=request.row[positions],
        annotator=annotator[positions],
        version=np.array(decided.version, np.int64),
        label=request.label[positions],
        told_at=np.array(decided.told_at, np.int64),
        recorded_at=repeated(known.at, count),
        source=request.source[positions],
        status=np.where(stands, CURRENT, SUPERSEDED),
        event=repeated(known.event, count),
        ended=np.where(stands, 0, known.event),
        as_told=request.as_told[positions],
        told_by=request.told_by[positions],
        origin=repeated(IMPORTED_LABEL if request.kind == "import" else TOLD_LABEL, count),
        spent_ms=request.spent_ms[positions],
        reason=request.reason[positions],
        file=repeated(request.origin.sha256, count),
    )
    places = sorted(decided.ended | decided.moved.keys())
    old = known.label.take(np.array(places, np.int64))
    is_ended = np.array([place in decided.ended for place in places], bool)
    told_at = np.array([decided.moved.get(place, 0) for place in places], np.int64)
    changed = replace(
        old,
        told_at=np.maximum(old.told_at, told_at) if len(old) else old.told_at,
        status=np.where(is_ended, SUPERSEDED, old.status),
        ended=np.where(is_ended, known.event, old.ended),
    )
    again = sorted((decided.earlier | decided.moved).items())
    retimed = [(int(known.label.number[place]), int(known.label.told_at[place]), at) for place, at in again]
    return new, changed, np.array(decided.is_older, bool), retimed


def _given(request: TellRequest, annotator: Texts, taken: Int64) -> NewAnswers:
    """The answers at these positions. annotator: (l,) the people of all."""
    return NewAnswers(
        row=request.row[taken],
        annotator=annotator[taken],
        label=request.label[taken],
        reason=request.reason[taken],
        told_at=request.told_at[taken],
        is_timed=request.is_timed[taken],
    )


def _people_of(told_by: Texts, people: PersonTable) -> Texts:
    """(l,) the person that each name belongs to."""
    crew = People(people)
    persons = {name: crew.name_of(person_name(name)) for name in set(told_by.tolist())}
    return texts([persons[name] for name in told_by.tolist()])


def _comments(request: TellRequest, known: KnownRows) -> tuple[CommentTable, QuarantineTable]:
    """The comments to add, each once, and those of unknown ids for the quarantine."""
    given = replace(request.comments, annotator=_people_of(request.comments.annotator, known.people))

    def what(table: CommentTable) -> list[tuple[int, str, str]]:
        return list(zip(table.row.tolist(), table.annotator.tolist(), table.text.tolist(), strict=True))

    stored = replace(known.comment, annotator=_people_of(known.comment.annotator, known.people))
    seen, places = set(what(stored)), []
    for place, each in enumerate(what(given)):
        if each[0] != NO_ROW and each not in seen:
            seen.add(each)
            places.append(place)
    new = given.take(np.array(places, np.int64))
    number = np.arange(known.next_comment, known.next_comment + len(new), dtype=np.int64)
    strays = given.take(given.row == NO_ROW)
    return replace(new, number=number, event=repeated(known.event, len(new))), _entries(
        known,
        example_id=strays.example_id,
        label=texts([as_text(each) for each in strays.text.tolist()]),
        annotator=strays.annotator,
        source=repeated("", len(strays)),
        reason=repeated(STRAY_COMMENT, len(strays)),
        file=repeated(request.origin.path, len(strays)),
        place=repeated("", len(strays)),
    )


def _notices(annotators: list[str], people: PersonTable, older: int, at_once: int) -> list[str]:
    found = notices_of_names(people, annotators)
    if at_once:
        found.append(
            f"{counted(at_once, 'answer', 'replaces')} another one of the same annotator for the same example in this "
            "call, and no time says which is newer: all is stored, and the later in the list stands"
        )
    if older:
        found.append(
            f"{counted(older, 'answer', 'is')} older than what the same annotators gave since: all is stored, and the "
            "later answer stands"
        )
    return found


def _ahead(request: TellRequest) -> list[str]:
    """What users should know of answers and comments from the future."""
    found, limit = [], request.at + AHEAD
    late = np.flatnonzero(request.told_at > limit).tolist()
    if late:
        first = late[0]
        where = f"{request.origin.places_of([first])[0]} ({request.example_id[first]!r})"
        found.append(ahead_notice(len(late), "answer", int(request.told_at[first]), where, request.at))
    late = np.flatnonzero(request.comments.told_at > limit).tolist()
    if late:
        where = f"the one on {request.comments.example_id[late[0]]!r}"
        found.append(ahead_notice(len(late), "comment", int(request.comments.told_at[late[0]]), where, request.at))
    return found


def _tasks(
    settings: Settings, request: TellRequest, touched: Int64, labels: LabelTable, known: KnownRows
) -> tuple[TaskTable, TaskTable]:
    """New tasks for rows without one, and the tasks that change their state."""
    resolved = resolutions(settings, labels, known.adjudication)
    moved = _rejudged("tell", known, resolved, touched)
    fresh = touched[~np.isin(touched, known.task.row)]
    order = np.argsort(request.row, kind="stable")
    first = order[np.searchsorted(request.row, fresh, sorter=order)]
    ids = request.example_id[first]
    zeros, origin = repeated(0, len(fresh)), IMPORTED if request.kind == "import" else TOLD
    state = _states(resolved, fresh, known)
    return TaskTable(
        fresh, ids, repeated(origin, len(fresh)), state, zeros, zeros, repeated(known.event, len(fresh))
    ), moved


def _states_by_row(task: TaskTable) -> dict[int, int]:
    return dict(zip(task.row.tolist(), task.state.tolist(), strict=True))


def _states(resolved: Resolutions, rows: Int64, known: KnownRows) -> Int64:
    """The state of the task of each of these rows."""
    state = repeated(0, len(rows))
    places = np.searchsorted(resolved.row, rows)
    inside = places < len(resolved.row)
    inside[inside] = resolved.row[places[inside]] == rows[inside]
    state[inside] = resolved.state[places[inside]]
    state[np.isin(rows, known.excluded)] = EXCLUDED
    return state


def _quarantine(request: TellRequest, annotator: Texts, positions: Int64, known: KnownRows) -> QuarantineTable:
    listed = positions.tolist()
    return _entries(
        known,
        example_id=request.example_id[positions],
        label=texts([request.given[position] for position in listed]),
        annotator=annotator[positions],
        source=request.source[positions],
        reason=texts([_why(request, position) for position in listed]),
        file=repeated(request.origin.path, len(positions)),
        place=texts([request.origin.places.get(position, "") for position in listed]),
    )


def _why(request: TellRequest, position: int) -> str:
    """Why an answer is no label: an unknown example comes before a wrong label, and both are named."""
    refused = request.refused.get(position, "")
    if request.row[position] != NO_ROW:
        return refused
    return f"{UNKNOWN_EXAMPLE}; {refused}" if refused else UNKNOWN_EXAMPLE


def _entries(
    known: KnownRows,
    *,
    example_id: Texts,
    label: Texts,
    annotator: Texts,
    source: Texts,
    reason: Texts,
    file: Texts,
    place: Texts,
) -> QuarantineTable:
    """Entries of the quarantine, not numbered yet."""
    count = len(example_id)
    return QuarantineTable(
        number=repeated(0, count),
        at=repeated(known.at, count),
        example_id=texts(stored_id(each) for each in example_id.tolist()),
        label=label,
        annotator=annotator,
        source=source,
        reason=reason,
        event=repeated(known.event, count),
        file=file,
        place=place,
        closed=repeated(0, count),
        closing=repeated("", count),
    )


def _numbered(entries: QuarantineTable, known: KnownRows, left: QuarantineTable) -> QuarantineTable:
    """The entries that are not open already, with their numbers: the same value of the same person for an example.

    left: the open ones of these examples that no answer of this tell answers.
    """

    def what(table: QuarantineTable) -> list[tuple[str, str, str, bool]]:
        person = _people_of(table.annotator, known.people).tolist()
        is_comment = (table.reason == STRAY_COMMENT).tolist()
        return list(zip(table.example_id.tolist(), person, table.label.tolist(), is_comment, strict=True))

    there = set(what(left))
    fresh = entries.take(np.array([each not in there for each in what(entries)], bool)) if there else entries
    first = known.next_quarantined
    return replace(fresh, number=np.arange(first, first + len(fresh), dtype=np.int64))


def overlay(labels: LabelTable, changed: LabelTable) -> LabelTable:
    """`labels`, with the changed ones in place of those of the same number."""
    unchanged = labels.take(~np.isin(labels.number, changed.number))
    return LabelTable.joined([unchanged, changed])


def as_text(label: object) -> str:
    """A refused label as text: JSON where JSON can hold it, otherwise as in errors."""
    plain = label.tolist() if isinstance(label, (np.ndarray, np.generic)) else label
    try:
        text = json.dumps(plain, ensure_ascii=False, allow_nan=False)
        return text if holdable(text) else json.dumps(plain)
    except (TypeError, ValueError, RecursionError):
        return shown(plain)
