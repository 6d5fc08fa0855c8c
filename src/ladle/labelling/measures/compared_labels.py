"""Which labels say how well a person agrees with others, and which of them the others are measured by.

The first people who label an example, as many as the campaign asks for and two at least, get it whatever it is. Their
labels measure everybody. A later label measures its author alone, by those first ones, because whether there is a later
label at all may depend on what the first ones said.

A label that was told while its example was in dispute measures nobody. It is of a hard example, on which no two people
agree, and who settles disputes sees no others. *Told in dispute* means: the answers of others that came before, as each
of them was first told, are as many as the campaign asks for, and they make no label by its rule of agreement. Labels
that differ make none, and neither do skips that leave too few labels. A correction has the place of the label that it
corrects. Deleted answers are gone, a lead's final word changes nothing, and the settings are those in force.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ladle.labelling.contract.columns import Int64, repeated
from ladle.labelling.contract.tables import DELETED, LabelTable, answers_of
from ladle.labelling.measures.agreement_measures import coded
from ladle.labelling.measures.running_disputes import running_disputes
from ladle.labelling.settings import Settings

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class ComparedLabels:
    """Labels that measure their authors, by row and number. is_first: (l,) which of them measure the others too."""

    label: LabelTable
    is_first: Mask


def compared_labels(current: LabelTable, label: LabelTable, settings: Settings) -> ComparedLabels:
    """Choose them among `current`, as `counted_labels` gives them. label: every version of all answers, by number.

    Examples that have the labels of one person only are left out. Cost: a few sorts of the answers.
    """
    answers = answers_of(label)
    answers, began = _by_arrival(answers, label)
    openly = ~_told_in_dispute(answers, began, label, settings)
    place = np.argsort(answers.number)
    place = place[np.searchsorted(answers.number[place], current.number)]
    current, place = current.take(openly[place]), place[openly[place]]
    order = np.argsort(place)  # by row and arrival
    _, starts, votes = np.unique(current.row[order], return_index=True, return_counts=True)
    rank, together = repeated(0, len(current)), repeated(0, len(current))
    rank[order] = np.arange(len(current)) - np.repeat(starts, votes)
    together[order] = np.repeat(votes, votes)
    order = np.lexsort((current.number, current.row))
    order = order[together[order] > 1]
    return ComparedLabels(current.take(order), rank[order] < max(2, settings.annotators_per_task))


def _by_arrival(answers: LabelTable, label: LabelTable) -> tuple[LabelTable, Int64]:
    """The answers by row and arrival, and the place in `label` of the first label of the author of each.

    A skip stands for itself.
    """
    began = np.searchsorted(label.number, answers.number)
    said = (label.label != "") & (label.status != DELETED)
    if len(label) > len(answers):  # some may be corrections
        people, who = coded(label.annotator)
        pair = label.row * max(len(people), 1) + who
        listed = np.flatnonzero(said)
        keys, first = np.unique(pair[listed], return_index=True)
        is_label = said[began]
        began[is_label] = listed[first[np.searchsorted(keys, pair[began[is_label]])]]
    order = np.lexsort((began, answers.row))
    return answers.take(order), began[order]


def _told_in_dispute(answers: LabelTable, began: Int64, label: LabelTable, settings: Settings) -> Mask:
    """(answers,) whether the answers before each one of an example, in their order, are enough and make no label."""
    wanted, count = settings.annotators_per_task, len(answers)
    place, new = np.arange(count), np.ones(count, bool)
    new[1:] = answers.row[1:] != answers.row[:-1]
    start = np.maximum.accumulate(np.where(new, place, 0))
    is_vote = answers.label != ""
    texts, code = coded(label.label[began[is_vote]])
    before = np.cumsum(is_vote) - is_vote  # votes, of earlier examples too
    votes = before - before[start]
    running = running_disputes(before[start[is_vote]], code, texts, settings.labels, agreement=settings.agreement)
    disputed: Mask = (place - start >= wanted) & (votes < wanted)
    late = np.flatnonzero((votes >= wanted) & (votes > 1))
    disputed[late] = running[before[late] - 1]
    return disputed
