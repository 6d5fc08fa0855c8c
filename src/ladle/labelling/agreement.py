"""The rules of agreement: from the labels of several annotators to one label.

Every rule waits until an example has labels of as many different annotators as the campaign asks for. Superseded and
deleted labels do not count. A disputed example goes to one more annotator and is judged again.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.errors import ArgumentError
from ladle.labelling.columns import Int64, Texts, repeated
from ladle.labelling.labels import Labels
from ladle.labelling.states import DISPUTED, LABELLED, OPEN
from ladle.labelling.tables import CURRENT, LabelTable
from ladle.numbers import choice

# A rule reads the labels of one example, oldest first. It returns the label, or "" for a dispute, and the share of the
# labels that agree with it.
Opinion = tuple[str, float]
Rule = Callable[[Sequence[str], Labels], Opinion]


@dataclass(frozen=True, slots=True, eq=False)
class Resolutions:
    """The state and the label of each of e examples, by their labels.

    row: (e,) ascending. state: (e,) see `ladle.labelling.states`. label: (e,) canonical JSON, "" unless the state is
    LABELLED. votes: (e,) the number of labels that count. share: (e,) the share of them for the label; 0 without one.
    """

    row: Int64
    state: Int64
    label: Texts
    votes: Int64
    share: npt.NDArray[np.float64]

    def take(self, which: npt.NDArray[Any]) -> Resolutions:
        """The examples at these places, or where a mask is set."""
        return Resolutions(self.row[which], self.state[which], self.label[which], self.votes[which], self.share[which])


def majority(labels: Sequence[str], kind: Labels) -> Opinion:
    """The label of more annotators than any other; a tie is disputed.

    Multi-labels: each class is judged alone. More than half of the annotators must name it; exactly half is a dispute.
    Values: the median.
    """
    if kind.kind == "multi":
        return _majority_of_each(labels)
    if kind.kind == "value":
        values = [float(json.loads(label)) for label in labels]
        middle = json.dumps(float(median(values)))
        return middle, sum(label == middle for label in labels) / len(labels)
    (first, most), *others = Counter(labels).most_common(2)
    return ("", 0.0) if others and others[0][1] == most else (first, most / len(labels))


def unanimous(labels: Sequence[str], kind: Labels) -> Opinion:
    """The label that all annotators gave; anything else is disputed."""
    return (labels[0], 1.0) if len(set(labels)) == 1 else ("", 0.0)


def latest(labels: Sequence[str], kind: Labels) -> Opinion:
    """The label that was told last."""
    return labels[-1], labels.count(labels[-1]) / len(labels)


def first(labels: Sequence[str], kind: Labels) -> Opinion:
    """The label that was told first."""
    return labels[0], labels.count(labels[0]) / len(labels)


RULES: dict[str, Rule] = {
    "majority": majority,
    "unanimous": unanimous,
    "latest": latest,
    "first": first,
    "dawid-skene": latest,  # never disputed; ladle.labelling.dawid_skene estimates the labels themselves
}


def check_agreement(name: str, kind: Labels) -> str:
    """`name`, if it is a rule for this kind of labels. Raises: ArgumentError."""
    choice(name, "`agreement`", RULES)
    if name == "dawid-skene" and kind.kind != "single":
        raise ArgumentError("dawid-skene", wanted="resolve labels of one class each", got=f"{kind.kind} labels")
    return name


def judge(labels: LabelTable, kind: Labels, *, agreement: str, annotators_per_task: int) -> Resolutions:
    """The state and the label of every row that has any label, by its current labels.

    Cost: a sort; vectorised for rows of one label, one call of the rule for each other row.
    """
    current = labels.take(labels.status == CURRENT)
    current = current.take(np.lexsort((current.number, current.told_at, current.row)))
    rows, starts, counts = np.unique(current.row, return_index=True, return_counts=True)
    state = repeated(LABELLED if annotators_per_task == 1 else OPEN, len(rows))
    label, share = repeated("", len(rows)), np.zeros(len(rows))
    settled = state == LABELLED
    label[settled] = current.label[starts[settled]]
    share[settled] = 1.0
    rule = RULES[agreement]
    for place in np.flatnonzero(counts > 1).tolist():
        if counts[place] < annotators_per_task:
            continue
        votes = current.label[starts[place] : starts[place] + counts[place]].tolist()
        label[place], share[place] = rule(votes, kind)
        state[place] = LABELLED if label[place] else DISPUTED
    return _with_unvoted(labels, Resolutions(rows, state, label, counts.astype(np.int64), share))


def _with_unvoted(labels: LabelTable, resolved: Resolutions) -> Resolutions:
    """`resolved`, and the rows whose labels were all deleted: they are open again."""
    lost = np.setdiff1d(labels.row, resolved.row)
    if not len(lost):
        return resolved
    rows = np.concatenate([resolved.row, lost])
    order = np.argsort(rows)
    blank, zeros = repeated("", len(lost)), np.zeros(len(lost))
    return Resolutions(
        rows[order],
        np.concatenate([resolved.state, repeated(OPEN, len(lost))])[order],
        np.concatenate([resolved.label, blank])[order],
        np.concatenate([resolved.votes, repeated(0, len(lost))])[order],
        np.concatenate([resolved.share, zeros])[order],
    )


def _majority_of_each(labels: Sequence[str]) -> Opinion:
    named: Counter[Any] = Counter(each for label in labels for each in json.loads(label))
    half = len(labels) / 2
    if any(math.isclose(count, half) for count in named.values()):
        return "", 0.0
    classes = sorted(
        (each for each, count in named.items() if count > half), key=lambda each: (isinstance(each, str), each)
    )
    chosen = json.dumps(classes, ensure_ascii=False, separators=(",", ":"))
    return chosen, labels.count(chosen) / len(labels)
