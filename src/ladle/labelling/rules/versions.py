"""Which answer of an annotator for an example stands, and which it replaces.

By one annotator for one example the answer that was given later stands, whichever came first; of two answers of one
time the one that came later. An answer that was told without a time was given when it was told.

The answer that stands, told again, is as late as the later of its times. Told again without a time, it is a repeat that
changes nothing. So is an older answer that the annotator has given again since.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.labelling.contract.columns import Int64, Texts
from ladle.labelling.contract.tables import CURRENT, DELETED, LabelTable

_FEW = 32  # answers for which a loop is quicker than arrays
_Answer = tuple[str, str]  # the label ("" for a skip), the reason of a skip


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class NewAnswers:
    """The answers of one tell, in the order of the caller, without those that are refused.

    row: (a,) of the pool. annotator: (a,) names of people. label: (a,) canonical JSON, "" for a skip. reason: (a,) of a
    skip. told_at: (a,) microseconds. is_timed: (a,) 1 where the caller said when it was given.
    """

    row: Int64
    annotator: Texts
    label: Texts
    reason: Texts
    told_at: Int64
    is_timed: Int64

    def __len__(self) -> int:
        return len(self.row)

    def take(self, which: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> NewAnswers:
        """The answers at these places, or where a mask is set."""
        return NewAnswers(**{each.name: getattr(self, each.name)[which] for each in fields(self)})


@dataclass(slots=True)
class Versions:
    """What becomes of the answers: one entry for each answer that is stored.

    place: which answer. version, told_at: of the row to store. stands: False for an answer that a later one replaces.
    ended: the known labels that are superseded, by their places. moved: known labels that were given again later: the
    new `told_at` by place. earlier: those that were given again with an earlier time, which changes nothing. is_older:
    whether the answer is older than what stood.
    """

    place: list[int] = field(default_factory=list)
    version: list[int] = field(default_factory=list)
    told_at: list[int] = field(default_factory=list)
    stands: list[bool] = field(default_factory=list)
    is_older: list[bool] = field(default_factory=list)
    ended: set[int] = field(default_factory=set)
    moved: dict[int, int] = field(default_factory=dict)
    earlier: dict[int, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Standing:
    """The answers of one annotator for one example so far.

    current: the place of the one that stands, -1 for none. Places from `len(known)` on are those of new answers.
    latest: of each answer that is not deleted, when it was given last, and its place.
    """

    version: int = 0
    current: int = -1
    answer: _Answer = ("", "")
    told_at: int = 0
    latest: dict[_Answer, tuple[int, int]] = field(default_factory=dict)


def versions_of(given: NewAnswers, known: LabelTable) -> Versions:
    """Decide what stands. known: all versions of these examples, by number.

    Cost: a sort; a step for each answer whose author answers more than once for the example, here or before.
    """
    if len(given) <= _FEW:
        return one_by_one(given, known)
    keys, known_keys = _pairs(given, known)
    again = _is_repeated(keys) | np.isin(keys, known_keys)
    # The only answer of its author for the example: nothing is to be compared.
    rest, alone = np.flatnonzero(again), np.flatnonzero(~again)
    decided = one_by_one(given.take(rest), known, np.flatnonzero(np.isin(known_keys, keys)))
    place = np.concatenate([alone, rest[np.array(decided.place, np.int64)]])
    order = np.argsort(place)
    count = len(alone)

    def in_order(of_alone: npt.NDArray[Any], of_rest: list[Any]) -> list[Any]:
        return list(np.concatenate([of_alone, np.array(of_rest, of_alone.dtype)])[order].tolist())

    return Versions(
        place=place[order].tolist(),
        version=in_order(np.ones(count, np.int64), decided.version),
        told_at=in_order(given.told_at[alone], decided.told_at),
        stands=in_order(np.ones(count, bool), decided.stands),
        is_older=in_order(np.zeros(count, bool), decided.is_older),
        ended=decided.ended,
        moved=decided.moved,
        earlier=decided.earlier,
    )


def one_by_one(given: NewAnswers, known: LabelTable, places: Int64 | None = None) -> Versions:
    """As `versions_of`, one answer after the other. places: of the labels of `known` by these authors; None for all."""
    so_far = _standing(known, np.arange(len(known)) if places is None else places)
    known_count = len(known)
    decided = Versions()
    listed = (column.tolist() for column in (given.row, given.annotator, given.label, given.reason))
    times = zip(given.told_at.tolist(), given.is_timed.tolist(), strict=True)
    for place, (row, annotator, label, reason, (said_at, is_timed)) in enumerate(zip(*listed, times, strict=True)):
        each, answer = so_far.setdefault((row, annotator), _Standing()), (label, reason)
        # Without a time it is the newest, though another clock may be ahead.
        told_at = said_at if is_timed or each.current < 0 else max(said_at, each.told_at)
        is_older = each.current >= 0 and told_at < each.told_at
        if each.current >= 0 and answer == each.answer and not is_older:
            if told_at > each.told_at and is_timed:
                _move(each, told_at, decided, known_count)
            continue
        latest, latest_place = each.latest.get(answer, (-1, -1))
        if is_older and told_at <= latest:
            if told_at < latest and latest_place < known_count:
                decided.earlier[latest_place] = max(told_at, decided.earlier.get(latest_place, told_at))
            continue
        each.version += 1
        each.latest[answer] = (told_at, known_count + len(decided.place))
        decided.place.append(place)
        decided.version.append(each.version)
        decided.told_at.append(told_at)
        decided.stands.append(not is_older)
        decided.is_older.append(is_older)
        if is_older:
            continue
        if each.current >= 0:
            _end(each.current, decided, known_count)
        each.current, each.answer, each.told_at = known_count + len(decided.place) - 1, answer, told_at
    return decided


def replaced_at_once(given: NewAnswers) -> int:
    """How many answers of a tell replace another one of the same person and example by their place in it alone.

    No time says which is newer: the two have none, or the same one. The same answer twice is a repeat. Cost: a sort; a
    look-up for each answer of an author who answers more than once for the example.
    """
    if len(given) > _FEW:
        given = given.take(_is_repeated(_pairs(given, LabelTable.empty())[0]))
    last: dict[tuple[int, str], dict[int | None, _Answer]] = {}  # the answers by their times, None for none
    count = 0
    listed = (column.tolist() for column in (given.row, given.annotator, given.label, given.reason))
    times = zip(given.told_at.tolist(), given.is_timed.tolist(), strict=True)
    for row, annotator, label, reason, (said_at, is_timed) in zip(*listed, times, strict=True):
        so_far, time, answer = last.setdefault((row, annotator), {}), said_at if is_timed else None, (label, reason)
        unordered = so_far.values() if time is None else [so_far[each] for each in (time, None) if each in so_far]
        count += any(each != answer for each in unordered)
        so_far[time] = answer
    return count


def _pairs(given: NewAnswers, known: LabelTable) -> tuple[Int64, Int64]:
    """(a,) a number for each pair of example and author, and (k,) the same of the known labels; -1 for others."""
    names = given.annotator.tolist()
    code = {name: place for place, name in enumerate(dict.fromkeys(names))}
    # Rows of examples that were taken out are negative.
    rows = np.concatenate([given.row, known.row])
    first = int(rows.min(initial=0))
    codes = np.fromiter(map(code.__getitem__, names), np.int64, len(names))
    others = np.fromiter((code.get(name, -1) for name in known.annotator.tolist()), np.int64, len(known))
    keys = (given.row - first) * len(code) + codes
    return keys, np.where(others < 0, -1, (known.row - first) * len(code) + others)


def _is_repeated(keys: Int64) -> npt.NDArray[np.bool_]:
    """(a,) whether the same number is there more than once."""
    order = np.argsort(keys, kind="stable")
    same = keys[order][1:] == keys[order][:-1]
    found = np.zeros(len(keys), bool)
    found[order[1:]] = same
    found[order[:-1]] |= same
    return found


def _standing(known: LabelTable, places: Int64) -> dict[tuple[int, str], _Standing]:
    so_far: dict[tuple[int, str], _Standing] = {}
    names = ("row", "annotator", "version", "label", "reason", "told_at", "status")
    listed = zip(*(known.column(name)[places].tolist() for name in names), strict=True)
    for place, (row, annotator, version, label, reason, told_at, status) in zip(places.tolist(), listed, strict=True):
        each = so_far.setdefault((row, annotator), _Standing())
        each.version = max(each.version, version)
        if status != DELETED:
            each.latest[label, reason] = max(each.latest.get((label, reason), (told_at, place)), (told_at, place))
        if status == CURRENT:
            each.current, each.answer, each.told_at = place, (label, reason), told_at
    return so_far


def _move(each: _Standing, told_at: int, decided: Versions, known: int) -> None:
    """The answer that stands was given again, later."""
    each.told_at = told_at
    each.latest[each.answer] = (told_at, each.current)
    if each.current < known:
        decided.moved[each.current] = told_at
    else:
        decided.told_at[each.current - known] = told_at


def _end(place: int, decided: Versions, known: int) -> None:
    """The answer at this place is superseded."""
    if place < known:
        decided.ended.add(place)
    else:
        decided.stands[place - known] = False
