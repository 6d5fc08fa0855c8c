"""The control: the part of every batch that makes the labels of a campaign a uniform sample of its pool.

A hash of the campaign's seed and of each id puts the pool into a random order. The control is the beginning of that
order, and every ask moves its end on by the share of its size. An example that the end passes becomes a member:

- one that nobody was asked to label is drawn: it takes a place of the batch;
- one that has a label (gold too), or is out for labelling, is a member without cost. Its label counts, now or later.

So the members are the first examples of a random order, whatever the strategy has chosen and whatever the labels are:
an exact uniform sample of the examples that are not excluded. Draws that avoided what is labelled already would not be
one: they would lack the examples that the strategy likes.

An example that came into the pool later, or is included again, has its place in the order too. Where the end has passed
it, it is drawn first, and so is a member whose lease ended without a label. An ask never draws more than its share.

A member that had no label when it came is a fair test of the model of that ask: the members that came in order are then
a uniform sample of all examples without a label. What the model predicted is stored before their labels come.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ladle.labelling.contract.columns import Int64, Texts, repeated
from ladle.labelling.contract.tables import ControlTable
from ladle.labelling.labels import Class, Labels
from ladle.seeds import stream

Words = npt.NDArray[np.uint64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class ControlPlan:
    """What an ask does for the control.

    drawn: the rows that it asks for, in the order of the control. joined: the new members. is_test: (joined,) whether
    it is one of the uniform sample of the examples without a label.
    """

    drawn: Int64
    joined: Int64
    is_test: Mask


NOTHING = ControlPlan(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, bool))


def quota_of(share: float, asked: int, size: int) -> int:
    """How many places of an ask for `size` are the control's. asked: the size of all asks before.

    It rounds the sum of all asks, so that many small ones have their share too. It depends on no label.
    """
    return min(size, math.floor(share * (asked + size) + 0.5) - math.floor(share * asked + 0.5))


def plan_control(
    words: Words, quota: int, members: Int64, *, free: Mask, excluded: Mask, labelled: Mask
) -> ControlPlan:
    """The next members.

    words: (n,) the order of the pool. members: rows, of the pool or negative. free, excluded, labelled: (n,) what an
    ask may choose; what is no part of the population; what has a label. Cost: O(n).
    """
    if quota == 0:
        return NOTHING
    member = np.zeros(len(words), bool)
    member[members[members >= 0]] = True
    passed = words <= words[member].max() if member.any() else member
    late = _first(words, np.flatnonzero(passed & free), quota)
    next_ones = _first(words, np.flatnonzero(~passed & ~excluded), quota - len(late))
    drawn = np.concatenate([late, next_ones[free[next_ones]]])
    came = np.flatnonzero(passed & ~member & ~free & ~excluded)  # labelled elsewhere before it came into the pool
    joined = np.concatenate([late[~member[late]], came, next_ones])
    is_test = np.isin(joined, next_ones) & ~labelled[joined]
    return ControlPlan(drawn, joined, is_test)


def _first(words: Words, rows: Int64, count: int) -> Int64:
    """The first `count` of these rows, or all, in the order of their words."""
    if 0 < count < len(rows):
        rows = rows[np.argpartition(words[rows], count - 1)[:count]]
    first: Int64 = rows[np.argsort(words[rows], kind="stable")][:count]
    return first


def spread_over(rows: Int64, drawn: Int64, *, seed: int, number: int) -> Int64:
    """`rows` with the drawn ones at random places: who labels a part of the batch has its share, and cannot tell."""
    random = stream(seed, "control", number)
    return np.insert(rows, np.sort(random.integers(0, len(rows) + 1, len(drawn))), drawn)


def predictions(labels: Labels, probabilities: npt.NDArray[np.generic] | None, rows: Int64) -> Texts:
    """(r,) the most probable class of each row as canonical JSON; "" where the scores do not tell.

    probabilities: (n, c) for the classes of the campaign, in their order. Equal probabilities count for the first
    class. Scores of a row that are no numbers tell nothing.
    """
    told = repeated("", len(rows))
    classes: Sequence[Class] | None = labels.classes
    if (
        labels.kind != "single"
        or classes is None
        or probabilities is None
        or probabilities.shape[1:] != (len(classes),)
    ):
        return told
    names = [labels.canonical(each) for each in classes]
    scores = np.asarray(probabilities[rows], np.float64)
    is_told = np.isfinite(scores).all(axis=1)
    told[is_told] = np.array(names, object)[scores[is_told].argmax(axis=1)]
    return told


def new_members(plan: ControlPlan, ids: Texts, predicted: Texts, *, batch: int, event: int) -> ControlTable:
    """The members of a plan. ids, predicted: (joined,)."""
    count = len(plan.joined)
    order = np.argsort(plan.joined)
    return ControlTable(
        row=plan.joined,
        example_id=ids,
        batch=repeated(batch, count),
        drawn=np.isin(plan.joined, plan.drawn).astype(np.int64),
        predicted=np.where(plan.is_test, predicted, "").astype(object),
        event=repeated(event, count),
    ).take(order)
