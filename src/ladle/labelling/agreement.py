"""The rules of agreement: from the labels of several annotators to one label.

Every rule waits until an example has labels of as many different annotators as the campaign asks for. Superseded and
deleted labels do not count. A disputed example goes to one more annotator and is judged again. A lead's final word
stands above every rule.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.errors import ArgumentError
from ladle.labelling.contract.columns import Int64, Texts, distinct, repeated
from ladle.labelling.contract.tables import AdjudicationTable, LabelTable, answers_of, labels_of
from ladle.labelling.labels import Labels
from ladle.labelling.states import DISPUTED, LABELLED, OPEN
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
    final: (e,) whether the label is a lead's final word.
    """

    row: Int64
    state: Int64
    label: Texts
    votes: Int64
    share: npt.NDArray[np.float64]
    final: npt.NDArray[np.bool_]

    def take(self, which: npt.NDArray[Any]) -> Resolutions:
        """The examples at these places, or where a mask is set."""
        return Resolutions(*(getattr(self, each.name)[which] for each in fields(self)))


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
    "dawid-skene": latest,  # never disputed; ladle.labelling.measures.dawid_skene estimates the labels themselves
}


def check_agreement(name: str, kind: Labels) -> str:
    """`name`, if it is a rule for this kind of labels. Raises: ArgumentError."""
    choice(name, "`agreement`", RULES)
    if name == "dawid-skene" and kind.kind != "single":
        raise ArgumentError("dawid-skene", wanted="resolve labels of one class each", got=f"{kind.kind} labels")
    return name


def judge(labels: LabelTable, kind: Labels, *, agreement: str, annotators_per_task: int) -> Resolutions:
    """The state and the label of every row that has any answer, by its current answers.

    Labels are votes. A skip is an answer without a vote: once enough people have answered, an example with too few
    votes is disputed, as one without agreement is. Rows whose answers were all deleted are open.
    Cost: a sort; vectorised for rows of one label, a look-up for each other row, one call of the rule for each
    different list of labels.
    """
    answers, votes = answers_of(labels), labels_of(labels)
    votes = votes.take(np.lexsort((votes.number, votes.told_at, votes.row)))
    rows = distinct(labels.row)
    answered = np.bincount(np.searchsorted(rows, answers.row), minlength=len(rows)).astype(np.int64)
    counts = np.bincount(np.searchsorted(rows, votes.row), minlength=len(rows)).astype(np.int64)
    starts = np.cumsum(counts) - counts
    state, label, share = repeated(OPEN, len(rows)), repeated("", len(rows)), np.zeros(len(rows))
    state[answered >= annotators_per_task] = DISPUTED
    alone = (counts == 1) & (annotators_per_task == 1)
    state[alone], label[alone], share[alone] = LABELLED, votes.label[starts[alone]], 1.0
    rule, opinions, listed = RULES[agreement], dict[tuple[str, ...], Opinion](), votes.label.tolist()
    several = np.flatnonzero((counts > 1) & (counts >= annotators_per_task))
    ends = (starts + counts)[several].tolist()
    for place, start, end in zip(several.tolist(), starts[several].tolist(), ends, strict=True):
        said = tuple(listed[start:end])
        if said not in opinions:
            opinions[said] = rule(said, kind)
        label[place], share[place] = opinions[said]
    state[several] = np.where(label[several] != "", LABELLED, DISPUTED)
    return Resolutions(rows, state, label, counts, share, np.zeros(len(rows), bool))


def with_final_words(resolved: Resolutions, adjudications: AdjudicationTable) -> Resolutions:
    """`resolved`, with the label that a lead has decided where there is one, whatever the answers are."""
    final = adjudications.take(adjudications.active == 1)
    if not len(final):
        return resolved
    rows = np.union1d(resolved.row, final.row)
    known, decided = np.searchsorted(rows, resolved.row), np.searchsorted(rows, final.row)
    state, label, votes = repeated(OPEN, len(rows)), repeated("", len(rows)), repeated(0, len(rows))
    share, is_final = np.zeros(len(rows)), np.zeros(len(rows), bool)
    state[known], label[known], votes[known] = resolved.state, resolved.label, resolved.votes
    share[known] = resolved.share
    state[decided], label[decided], share[decided], is_final[decided] = LABELLED, final.label, 1.0, True
    return Resolutions(rows, state, label, votes, share, is_final)


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
