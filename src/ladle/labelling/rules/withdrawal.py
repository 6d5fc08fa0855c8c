"""What takes labels back: deletions of some labels, and files untold."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ladle.labelling.contract.columns import Int64, repeated
from ladle.labelling.contract.events import Effects
from ladle.labelling.contract.tables import (
    CURRENT,
    DELETED,
    SUPERSEDED,
    GoldTable,
    LabelTable,
    QuarantineTable,
    gold_of,
)
from ladle.labelling.people import NameChange, person_before
from ladle.labelling.rules.lease import ids_of
from ladle.labelling.rules.tell import KnownRows, overlay, rejudge
from ladle.labelling.settings import Settings


@dataclass(frozen=True, slots=True)
class LabelFilter:
    """Which answers are meant; None for any.

    annotator: the name of a person. sha256: of the file that they came in. since, until: microseconds of `told_at`, the
    first included, the last not.
    """

    annotator: str | None = None
    source: str | None = None
    sha256: str | None = None
    since: int | None = None
    until: int | None = None

    def __bool__(self) -> bool:
        return any(getattr(self, name) is not None for name in self.__slots__)

    def names(self, label: LabelTable) -> npt.NDArray[np.bool_]:
        """(labels,) the answers of this annotator, source and file, whether they stand or not, of any time."""
        wanted = np.ones(len(label), bool)
        for name, value in (("annotator", self.annotator), ("source", self.source), ("file", self.sha256)):
            if value is not None and len(label):
                wanted &= label.column(name) == value
        return wanted

    def fits(self, label: LabelTable) -> npt.NDArray[np.bool_]:
        """(labels,) the current answers that are meant."""
        wanted: npt.NDArray[np.bool_] = self.names(label) & (label.status == CURRENT)
        if self.since is not None:
            wanted &= label.told_at >= self.since
        if self.until is not None:
            wanted &= label.told_at < self.until
        return wanted


def delete(settings: Settings, known: KnownRows, which: LabelFilter, report: Mapping[str, Any]) -> Effects:
    """Delete the current answers of the known rows that are meant, and judge the tasks again."""
    gone = known.label.take(which.fits(known.label))
    gone = replace(gone, status=repeated(DELETED, len(gone)), ended=repeated(known.event, len(gone)))
    rows = np.unique(gone.row)
    moved = rejudge("delete", settings, known, overlay(known.label, gone), rows)
    counts = _deleted(gone) | {"tasks": len(rows), "annotators": annotators_of(gone)}
    return Effects(changed=(gone, moved), report=counts | {"ids": ids_of(known.task, rows), **report})


@dataclass(frozen=True, slots=True)
class TimeMove:
    """An answer that was given again: its number, its `told_at` before, and the time at which it was given again.

    event: the tell that gave it again. is_untold, was_untold: whether that tell is untold now, or was before.
    """

    event: int
    number: int
    before: int
    again: int
    is_untold: bool
    was_untold: bool


def untell(
    settings: Settings,
    known: KnownRows,
    which: LabelFilter,
    *,
    untold: Collection[int],
    moves: Sequence[TimeMove],
    changes: Sequence[NameChange],
    entries: QuarantineTable,
    report: Mapping[str, Any],
) -> Effects:
    """Make everything as if a file had never been told, where nothing newer exists.

    Its answers are deleted. Where one of them stood, or gave the time of what stood, that answer stands which would
    stand without it, with the time that it would have. which: the file, and one annotator or all. untold: the events
    that untold files. moves: of all answers of these rows, in the order of events. changes: of all names of people.
    entries: those of the file in the quarantine, which are closed.
    """
    mine = known.label.take((known.label.status != DELETED) & which.names(known.label))
    stood = mine.take(mine.status == CURRENT)
    gone = replace(mine, status=repeated(DELETED, len(mine)), ended=repeated(known.event, len(mine)))
    others = overlay(known.label, gone)
    again = _stand_again(others, stood, moves, changes, untold={*untold, known.event}, event=known.event)
    rows = np.unique(np.concatenate([stood.row, again.row]))
    moved = rejudge("untell", settings, known, overlay(others, again), rows)
    closed = entries.take(entries.closed == 0)
    closed = close_entries(closed, reason="the file was untold", event=known.event)
    was = others.take(np.isin(others.number, again.number))
    counts = _deleted(stood) | {
        "replaced": len(mine) - len(stood),
        "restored": int(((again.status == CURRENT) & (was.status != CURRENT)).sum()),
        "retimed": int((again.told_at != was.told_at).sum()),
        "tasks": len(np.unique(stood.row)),
        "closed": len(closed),
        "annotators": annotators_of(mine),
    }
    back = was.take((again.status == CURRENT) & (was.status != CURRENT))
    lists = {"stand_again": back.number.tolist(), "never_stood": _never_stood(mine) + _never_stood(back)}
    named = {name: numbers for name, numbers in lists.items() if numbers}  # of labels, for their stories
    return Effects(changed=(gone, again, moved, closed), report=counts | named | dict(report))


def _deleted(gone: LabelTable) -> dict[str, int]:
    """How many answers these are, and how many of them skips."""
    return {"deleted": len(gone), "skips": int((gone.label == "").sum()) if len(gone) else 0}


def annotators_of(label: LabelTable) -> list[str]:
    """The people whose answers these are, in order, without those of nobody."""
    return sorted(set(label.annotator.tolist()) - {""})


def _never_stood(label: LabelTable) -> list[int]:
    """The numbers of those that did not stand when they came, because a later answer was there or came with them."""
    return [int(each) for each in label.number[(label.status == SUPERSEDED) & (label.ended == label.event)]]


def close_entries(entries: QuarantineTable, *, reason: str, event: int) -> QuarantineTable:
    """These entries of the quarantine, closed."""
    return replace(entries, closed=repeated(event, len(entries)), closing=repeated(reason, len(entries)))


def _stand_again(
    label: LabelTable,
    stood: LabelTable,
    moves: Sequence[TimeMove],
    changes: Sequence[NameChange],
    untold: Collection[int],
    *,
    event: int,
) -> LabelTable:
    """The answers that get another status or time, once those that stood are gone and moves of time are undone.

    What happened to each example and annotator is done again in order, without the files that were untold. Answers that
    were of two people, who were merged later, are of two people until then.
    """
    of_moves = _by_number(moves)
    names = ("row", "annotator", "number", "event", "status", "ended", "told_by")
    listed = list(zip(*(label.column(name).tolist() for name in names), strict=True))
    pairs = set(zip(stood.row.tolist(), stood.annotator.tolist(), strict=True))
    now = {each.number for each in moves if each.is_untold}
    given_again = {(row, who) for row, who, number, *_ in listed if number in now}
    pairs |= given_again & {(row, who) for row, who, _, _, status, *_ in listed if status == CURRENT}
    happened: dict[tuple[int, str], list[_Step]] = {pair: [] for pair in pairs}
    told_at = label.told_at.copy()
    for place, (row, annotator, number, began, status, ended, told_by) in enumerate(listed):
        if (row, annotator) not in pairs or (status == DELETED and ended in untold):
            continue
        times = of_moves.get(number, ())
        told_at[place] = times[0].before if times else told_at[place]
        steps = happened[row, annotator]
        steps.append(_Step(began, number, place, "answer", person=person_before(began, told_by, changes)))
        left = [each for each in times if not each.is_untold and not each.was_untold]
        steps += [_Step(each.event, number, place, "again", told_at=each.again) for each in left]
        if status == DELETED:
            steps.append(_Step(ended, number, place, "delete"))
    status_now, ended_now = label.status.copy(), label.ended.copy()
    for steps in happened.values():
        stands = _last_standing(steps, changes, told_at)
        for place in {each.place for each in steps if label.status[each.place] != DELETED}:
            if (place == stands) != (label.status[place] == CURRENT):
                status_now[place], ended_now[place] = (CURRENT, 0) if place == stands else (SUPERSEDED, event)
    differ = (status_now != label.status) | (told_at != label.told_at)
    return replace(label, status=status_now, ended=ended_now, told_at=told_at).take(np.asarray(differ, bool))


@dataclass(frozen=True, slots=True)
class _Step:
    """One thing that happened to an answer, to be done again.

    number, place: of the answer. person: whose it was then. told_at: at which it was given again.
    """

    event: int
    number: int
    place: int
    what: Literal["answer", "again", "delete"]
    person: str = ""
    told_at: int = 0


def _last_standing(steps: Sequence[_Step], changes: Sequence[NameChange], told_at: Int64) -> int:
    """The place of the answer that stands after all steps, which are those of one person of now; -1 for none.

    told_at: (labels,) the times at the beginning. The steps move them in place.
    """
    stands: dict[str, _Step] = {}  # the answer of each person of then
    events: list[_Step | NameChange] = [*steps, *changes]

    def later(step: _Step) -> tuple[int, int]:
        return int(told_at[step.place]), step.number

    for each in sorted(events, key=lambda each: (each.event, each.number if isinstance(each, _Step) else 0)):
        if isinstance(each, NameChange):
            both = [stands.pop(name) for name in (each.old, each.new) if name in stands]
            if both:
                stands[each.new] = max(both, key=later)
        elif each.what == "delete":
            stands = {person: step for person, step in stands.items() if step.place != each.place}
        elif each.what == "again":
            told_at[each.place] = max(told_at[each.place], each.told_at)
        elif each.person not in stands or later(each) >= later(stands[each.person]):
            stands[each.person] = each
    return max(stands.values(), key=later).place if stands else -1


def _by_number(moves: Sequence[TimeMove]) -> dict[int, list[TimeMove]]:
    found: dict[int, list[TimeMove]] = {}
    for each in moves:
        found.setdefault(each.number, []).append(each)
    return found


def remove_gold(gold: GoldTable, *, event: int) -> Effects:
    """Take gold back: these examples are gold no more. Their rows stay, without a label."""
    gone = gold_of(gold)
    removed = replace(gone, label=repeated("", len(gone)), event=repeated(event, len(gone)))
    labels = dict(zip(gone.example_id.tolist(), gone.label.tolist(), strict=True))
    return Effects(changed=(removed,), report={"removed": len(gone), "labels": labels})
