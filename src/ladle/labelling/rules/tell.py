"""What a tell writes: labels and their versions, the states of tasks, the quarantine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from ladle.labelling.agreement import Resolutions, judge, with_final_words
from ladle.labelling.columns import Int64, Texts, repeated, texts
from ladle.labelling.dawid_skene import dawid_skene
from ladle.labelling.events import Act, Effects, digest_of
from ladle.labelling.labels import holdable
from ladle.labelling.settings import Settings
from ladle.labelling.states import DISPUTED, EXCLUDED, LABELLED, Rule, check_moves
from ladle.labelling.tables import (
    CURRENT,
    DELETED,
    IMPORTED,
    IMPORTED_LABEL,
    NO_ROW,
    SUPERSEDED,
    TOLD,
    TOLD_LABEL,
    AdjudicationTable,
    LabelTable,
    QuarantineTable,
    TaskTable,
    labels_of,
)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class TellRequest:
    """One tell, checked: one entry for each of its l labels, in the order of the caller.

    kind: "tell", or "import" for labels made elsewhere. row: (l,) of the pool, negative for an example that
    was taken out of it; NO_ROW for an id that the campaign does not know.
    label: (l,) canonical JSON, "" for a value that is no label of the campaign. refused: the reason, by position.
    given: the value as text, by position, for refused labels and unknown ids. at: the moment of the call, in
    microseconds. key: "" for none. by: who tells.
    """

    kind: Literal["tell", "import"]
    row: Int64
    example_id: Texts
    label: Texts
    annotator: Texts
    source: Texts
    told_at: Int64
    refused: Mapping[int, str]
    given: Mapping[int, str]
    at: int
    key: str = ""
    by: str = ""

    def __len__(self) -> int:
        return len(self.row)

    def act(self) -> Act:
        """The tell as an event. Its digest does not depend on `told_at`."""
        digest = digest_of(self.example_id, self.label, [*self.given.items()], self.annotator, self.source)
        return Act(self.kind, self.at, self.by, self.key, digest)


@dataclass(frozen=True, slots=True, eq=False)
class KnownRows:
    """What a campaign knows of some rows: their tasks, all versions of their labels, final words, exclusions.

    next_label, next_quarantined: the next numbers of these tables. event: the number of the coming event.
    """

    task: TaskTable
    label: LabelTable
    excluded: Int64
    adjudication: AdjudicationTable
    next_label: int
    next_quarantined: int
    event: int
    at: int


@dataclass(slots=True)
class _Versions:
    """The labels of one annotator for one example: the last version, and the current label."""

    version: int = 0
    label: str = ""  # the current label; "" when it was deleted
    place: int = -1  # of the current label: among the known ones, or, from len(known) on, among the new ones


def tell(settings: Settings, request: TellRequest, known: KnownRows) -> Effects:
    """Take each label as a new one, as a new version, or as a repetition; or quarantine it with a reason.

    The same label of the same annotator again changes nothing. Another label is a new version and supersedes the old.
    Cost: a dictionary look-up for each label.
    """
    good = request.row != NO_ROW
    good[list(request.refused)] = False
    taken = np.flatnonzero(good)
    accepted, ended = _versions(request, taken, known)
    new, superseded = _label_rows(request, accepted, ended, known)
    touched = np.unique(request.row[good])
    labels = LabelTable.joined([_overlay(known.label, superseded), new])
    tasks, moved = _tasks(settings, request, touched, labels, known)
    quarantined = _quarantine(request, np.flatnonzero(~good), known)
    before = dict(zip(known.task.row.tolist(), known.task.state.tolist(), strict=True))
    changed_to = dict(zip(moved.row.tolist(), moved.state.tolist(), strict=True)) | dict(
        zip(tasks.row.tolist(), tasks.state.tolist(), strict=True)
    )
    report = {
        "labels": len(request),
        "accepted": len(accepted),
        "changed": int(np.sum(new.version > 1)),
        "repeated": len(taken) - len(accepted),
        "quarantined": len(quarantined),
        "disputed": sum(1 for row, state in changed_to.items() if state == DISPUTED and before.get(row) != DISPUTED),
        "labelled": sum(1 for row, state in changed_to.items() if state == LABELLED and before.get(row) != LABELLED),
        "unasked": len(tasks),
    }
    return Effects(added=(tasks, new, quarantined), changed=(moved, superseded), report=report)


def delete(settings: Settings, known: KnownRows, *, annotator: str | None, reason: str) -> Effects:
    """Delete the current labels of the known tasks, of one annotator or of all, and judge the tasks again."""
    wanted = known.label.status == CURRENT
    if annotator is not None:
        wanted &= known.label.annotator == annotator
    gone = known.label.take(wanted)
    gone = replace(gone, status=repeated(DELETED, len(gone)), ended=repeated(known.event, len(gone)))
    rows = np.unique(gone.row)
    moved = rejudge("delete", settings, known, _overlay(known.label, gone), rows)
    return Effects(changed=(gone, moved), report={"deleted": len(gone), "tasks": len(rows), "reason": reason})


def rejudge(rule: Rule, settings: Settings, known: KnownRows, labels: LabelTable, rows: Int64) -> TaskTable:
    """The tasks of these rows that change their state by their labels. rule: the one that changes them."""
    tasks = known.task.take(np.isin(known.task.row, rows))
    state = _states(settings, labels, tasks.row, known)
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


def _versions(request: TellRequest, taken: Int64, known: KnownRows) -> tuple[list[tuple[int, int]], set[int]]:
    """The positions of new labels in the request, each with its version; and the places of the labels that they end."""
    so_far: dict[tuple[int, str], _Versions] = {}
    old = known.label
    for place, (row, annotator, version, label, status) in enumerate(
        zip(
            old.row.tolist(),
            old.annotator.tolist(),
            old.version.tolist(),
            old.label.tolist(),
            old.status.tolist(),
            strict=True,
        )
    ):
        each = so_far.setdefault((row, annotator), _Versions())
        each.version = max(each.version, version)
        if status == CURRENT:
            each.label, each.place = label, place
    known_labels = len(old)
    accepted: list[tuple[int, int]] = []
    ended: set[int] = set()
    rows, annotators, labels = (
        request.row[taken].tolist(),
        request.annotator[taken].tolist(),
        request.label[taken].tolist(),
    )
    for position, row, annotator, label in zip(taken.tolist(), rows, annotators, labels, strict=True):
        each = so_far.setdefault((row, annotator), _Versions())
        if each.label == label:
            continue
        if each.label:
            ended.add(each.place)
        each.version += 1
        each.label, each.place = label, known_labels + len(accepted)
        accepted.append((position, each.version))
    return accepted, ended


def _label_rows(
    request: TellRequest, accepted: list[tuple[int, int]], ended: set[int], known: KnownRows
) -> tuple[LabelTable, LabelTable]:
    """The labels to add, and the known labels that they supersede."""
    positions = np.array([position for position, _ in accepted], np.int64)
    count = len(positions)
    status, end = repeated(CURRENT, count), repeated(0, count)
    at_once = np.array([place - len(known.label) for place in ended if place >= len(known.label)], np.int64)
    status[at_once], end[at_once] = SUPERSEDED, known.event
    new = LabelTable(
        number=np.arange(known.next_label, known.next_label + count, dtype=np.int64),
        row=request.row[positions],
        annotator=request.annotator[positions],
        version=np.array([version for _, version in accepted], np.int64),
        label=request.label[positions],
        told_at=request.told_at[positions],
        recorded_at=repeated(known.at, count),
        source=request.source[positions],
        status=status,
        event=repeated(known.event, count),
        ended=end,
        as_told=request.label[positions],
        told_by=request.annotator[positions],
        origin=repeated(TOLD_LABEL if request.kind == "tell" else IMPORTED_LABEL, count),
        spent_ms=repeated(0, count),
        reason=repeated("", count),
        file=repeated("", count),
    )
    old = known.label.take(np.array(sorted(place for place in ended if place < len(known.label)), np.int64))
    return new, replace(old, status=repeated(SUPERSEDED, len(old)), ended=repeated(known.event, len(old)))


def _tasks(
    settings: Settings, request: TellRequest, touched: Int64, labels: LabelTable, known: KnownRows
) -> tuple[TaskTable, TaskTable]:
    """New tasks for rows without one, and the tasks that change their state."""
    moved = rejudge("tell", settings, known, labels, touched)
    fresh = np.setdiff1d(touched, known.task.row)
    first: dict[int, Any] = dict(
        zip(reversed(request.row.tolist()), reversed(request.example_id.tolist()), strict=True)
    )
    ids = np.empty(len(fresh), object)
    ids[:] = [first[row] for row in fresh.tolist()]
    zeros, origin = repeated(0, len(fresh)), TOLD if request.kind == "tell" else IMPORTED
    state = _states(settings, labels, fresh, known)
    return TaskTable(
        fresh, ids, repeated(origin, len(fresh)), state, zeros, zeros, repeated(known.event, len(fresh))
    ), moved


def _states(settings: Settings, labels: LabelTable, rows: Int64, known: KnownRows) -> Int64:
    """The state of the task of each of these rows."""
    resolved = resolutions(settings, labels, known.adjudication)
    state = repeated(0, len(rows))
    places = np.searchsorted(resolved.row, rows)
    inside = places < len(resolved.row)
    inside[inside] = resolved.row[places[inside]] == rows[inside]
    state[inside] = resolved.state[places[inside]]
    state[np.isin(rows, known.excluded)] = EXCLUDED
    return state


def _quarantine(request: TellRequest, positions: Int64, known: KnownRows) -> QuarantineTable:
    count = len(positions)
    reasons = [request.refused.get(position, "the pool has no example of this id") for position in positions.tolist()]
    given = [request.given[position] for position in positions.tolist()]
    return QuarantineTable(
        number=np.arange(known.next_quarantined, known.next_quarantined + count, dtype=np.int64),
        at=repeated(known.at, count),
        example_id=texts(each.replace("\x00", "\\0") for each in request.example_id[positions].tolist()),
        label=texts(given),
        annotator=request.annotator[positions],
        source=request.source[positions],
        reason=texts(reasons),
        event=repeated(known.event, count),
        file=repeated("", count),
        place=repeated("", count),
        closed=repeated(0, count),
        closing=repeated("", count),
    )


def _overlay(labels: LabelTable, changed: LabelTable) -> LabelTable:
    """`labels`, with the changed ones in place of those of the same number."""
    unchanged = labels.take(~np.isin(labels.number, changed.number))
    return LabelTable.joined([unchanged, changed])


def as_text(label: object) -> str:
    """A refused label as text: JSON where JSON can hold it, otherwise Python's repr."""
    plain = label.tolist() if isinstance(label, (np.ndarray, np.generic)) else label
    try:
        text = json.dumps(plain, ensure_ascii=False, allow_nan=False)
        return text if holdable(text) else json.dumps(plain)
    except (TypeError, ValueError):
        return repr(plain)
