"""What becomes of what is told: labels and versions of labels, the states of tasks, the quarantine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ladle.labelling.agreement import Verdicts, judged
from ladle.labelling.columns import Int64, Texts, repeated, texts
from ladle.labelling.dawid_skene import dawid_skene
from ladle.labelling.events import Effects
from ladle.labelling.labels import holdable
from ladle.labelling.settings import Settings
from ladle.labelling.states import DISPUTED, EXCLUDED, LABELLED, check_moves
from ladle.labelling.tables import CURRENT, DELETED, SUPERSEDED, Label, Quarantined, Task


@dataclass(frozen=True, slots=True, eq=False)
class Message:
    """What was told, one entry a label, in the order told.

    row: (l,) of the pool; -1 for an id that is not in it. label: (l,) canonical JSON, "" for what is no label.
    refused: why not, by position. given: what it was, by position, for those refused or of unknown ids.
    """

    row: Int64
    example_id: Texts
    label: Texts
    annotator: Texts
    source: Texts
    told_at: Int64
    refused: Mapping[int, str]
    given: Mapping[int, str]

    def __len__(self) -> int:
        return len(self.row)


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What a store knows of the rows told of: their tasks, all versions of their labels, which are excluded.

    next_label, next_quarantined: the numbers to go on with. event: the number of the event to come.
    """

    task: Task
    label: Label
    excluded: Int64
    next_label: int
    next_quarantined: int
    event: int
    at: int


@dataclass(slots=True)
class _Versions:
    """The labels of one annotator for one example so far: the last version, and the current one."""

    version: int = 0
    label: str = ""  # of the current one; "" when it was deleted
    place: int = -1  # of the current one: among the known labels, or, from len(known) on, among the new ones


def tell(settings: Settings, message: Message, known: Known, *, origin: int) -> Effects:
    """Take each label: a new one, a new version, the same again, or to quarantine with a reason.

    The same annotator's same label again changes nothing. Another label is a new version, the old one superseded.
    Cost: a dictionary look-up a label.
    """
    good = message.row >= 0
    good[list(message.refused)] = False
    taken = np.flatnonzero(good)
    accepted, ended = _versions(message, taken, known)
    new, superseded = _label_rows(message, accepted, ended, known)
    touched = np.unique(message.row[good])
    tasks, moved = _tasks(
        settings, message, touched, Label.joined([_overlaid(known.label, superseded), new]), known, origin
    )
    quarantined = _quarantine(message, np.flatnonzero(~good), known)
    before = dict(zip(known.task.row.tolist(), known.task.state.tolist(), strict=True))
    changed_to = dict(zip(moved.row.tolist(), moved.state.tolist(), strict=True)) | dict(
        zip(tasks.row.tolist(), tasks.state.tolist(), strict=True)
    )
    told = {
        "labels": len(message),
        "accepted": len(accepted),
        "changed": int(np.sum(new.version > 1)),
        "repeated": len(taken) - len(accepted),
        "quarantined": len(quarantined),
        "disputed": sum(1 for row, state in changed_to.items() if state == DISPUTED and before.get(row) != DISPUTED),
        "labelled": sum(1 for row, state in changed_to.items() if state == LABELLED and before.get(row) != LABELLED),
        "unasked": len(tasks),
    }
    return Effects(added=(tasks, new, quarantined), changed=(moved, superseded), told=told)


def delete(settings: Settings, known: Known, *, annotator: str | None, reason: str) -> Effects:
    """Delete the current labels of the known tasks, those of one annotator or all; their tasks are judged again."""
    wanted = known.label.status == CURRENT
    if annotator is not None:
        wanted &= known.label.annotator == annotator
    gone = known.label.take(wanted)
    gone = replace(gone, status=repeated(DELETED, len(gone)), ended=repeated(known.event, len(gone)))
    moved = rejudged(settings, known, _overlaid(known.label, gone), np.unique(gone.row))
    return Effects(
        changed=(gone, moved), told={"deleted": len(gone), "tasks": len(np.unique(gone.row)), "reason": reason}
    )


def rejudged(settings: Settings, known: Known, labels: Label, rows: Int64) -> Task:
    """The tasks of these rows whose state their labels change."""
    tasks = known.task.take(np.isin(known.task.row, rows))
    state = _states(settings, labels, tasks.row, known.excluded)
    check_moves(tasks.state, state)
    moved = state != tasks.state
    return replace(tasks.take(moved), state=state[moved], event=repeated(known.event, int(moved.sum())))


def verdicts(settings: Settings, labels: Label) -> Verdicts:
    """What the campaign's rule makes of these labels."""
    return judged(
        labels, settings.labels, agreement=settings.agreement, annotators_per_task=settings.annotators_per_task
    )


def resolved(settings: Settings, labels: Label) -> Verdicts:
    """As `verdicts`, the labels of those that are settled estimated together where the rule says so."""
    found = verdicts(settings, labels)
    if settings.agreement != "dawid-skene" or not len(labels):
        return found
    estimate = dawid_skene(labels.take(labels.status == CURRENT))
    settled = found.take(found.state == LABELLED)
    places = np.searchsorted(estimate.row, settled.row)
    return replace(settled, label=estimate.label[places], share=estimate.share[places])


def _versions(message: Message, taken: Int64, known: Known) -> tuple[list[tuple[int, int]], set[int]]:
    """Which positions of the message are new labels, each with its version, and which labels they end."""
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
        message.row[taken].tolist(),
        message.annotator[taken].tolist(),
        message.label[taken].tolist(),
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
    message: Message, accepted: list[tuple[int, int]], ended: set[int], known: Known
) -> tuple[Label, Label]:
    """The labels to add, and the known ones that they supersede."""
    positions = np.array([position for position, _ in accepted], np.int64)
    count = len(positions)
    status, end = repeated(CURRENT, count), repeated(0, count)
    at_once = np.array([place - len(known.label) for place in ended if place >= len(known.label)], np.int64)
    status[at_once], end[at_once] = SUPERSEDED, known.event
    new = Label(
        number=np.arange(known.next_label, known.next_label + count, dtype=np.int64),
        row=message.row[positions],
        annotator=message.annotator[positions],
        version=np.array([version for _, version in accepted], np.int64),
        label=message.label[positions],
        told_at=message.told_at[positions],
        recorded_at=repeated(known.at, count),
        source=message.source[positions],
        status=status,
        event=repeated(known.event, count),
        ended=end,
    )
    old = known.label.take(np.array(sorted(place for place in ended if place < len(known.label)), np.int64))
    return new, replace(old, status=repeated(SUPERSEDED, len(old)), ended=repeated(known.event, len(old)))


def _tasks(
    settings: Settings, message: Message, touched: Int64, labels: Label, known: Known, origin: int
) -> tuple[Task, Task]:
    """Tasks for rows that had none, and those whose state changes."""
    moved = rejudged(settings, known, labels, touched)
    fresh = np.setdiff1d(touched, known.task.row)
    first: dict[int, Any] = dict(
        zip(reversed(message.row.tolist()), reversed(message.example_id.tolist()), strict=True)
    )
    ids = np.empty(len(fresh), object)
    ids[:] = [first[row] for row in fresh.tolist()]
    zeros = repeated(0, len(fresh))
    state = _states(settings, labels, fresh, known.excluded)
    return Task(fresh, ids, repeated(origin, len(fresh)), state, zeros, zeros, repeated(known.event, len(fresh))), moved


def _states(settings: Settings, labels: Label, rows: Int64, excluded: Int64) -> Int64:
    found = verdicts(settings, labels)
    state = repeated(0, len(rows))
    places = np.searchsorted(found.row, rows)
    inside = places < len(found.row)
    inside[inside] = found.row[places[inside]] == rows[inside]
    state[inside] = found.state[places[inside]]
    state[np.isin(rows, excluded)] = EXCLUDED
    return state


def _quarantine(message: Message, positions: Int64, known: Known) -> Quarantined:
    count = len(positions)
    reasons = [message.refused.get(position, "the pool has no example of this id") for position in positions.tolist()]
    given = [message.given[position] for position in positions.tolist()]
    return Quarantined(
        number=np.arange(known.next_quarantined, known.next_quarantined + count, dtype=np.int64),
        at=repeated(known.at, count),
        example_id=texts(each.replace("\x00", "\\0") for each in message.example_id[positions].tolist()),
        label=texts(given),
        annotator=message.annotator[positions],
        source=message.source[positions],
        reason=texts(reasons),
        event=repeated(known.event, count),
    )


def _overlaid(labels: Label, changed: Label) -> Label:
    """`labels`, those of the same number replaced by the changed ones."""
    kept = labels.take(~np.isin(labels.number, changed.number))
    return Label.joined([kept, changed])


def shown(label: object) -> str:
    """A label that was refused, as text: JSON where JSON can say it."""
    plain = label.tolist() if isinstance(label, (np.ndarray, np.generic)) else label
    try:
        text = json.dumps(plain, ensure_ascii=False, allow_nan=False)
        return text if holdable(text) else json.dumps(plain)
    except (TypeError, ValueError):
        return repr(plain)
