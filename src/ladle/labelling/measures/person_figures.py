"""What is known of the work of each person: labels, gold, agreement with the others, and speed.

Labels without a name are nobody's, and labels of excluded examples do not count. A skip is no label.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ladle.labelling.contract.columns import Int64
from ladle.labelling.contract.tables import ExclusionTable, GoldTable, LabelTable
from ladle.labelling.contract.tallies import counted_labels
from ladle.labelling.measures.agreement_measures import OthersAgreement, coded, others_agreement, ratings_of
from ladle.labelling.measures.annotators import gold_scores
from ladle.labelling.measures.compared_labels import compared_labels
from ladle.labelling.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonFigures:
    """What is known of the work of one person. A share, a difference or a median that is not known is NaN.

    labels: current ones. gold_right, gold_seen: of gold examples, none of values. shared, agreement: examples on which
    the person is compared with others, and the share of the others' labels that are equal; others_shared,
    others_agreement: the same of all others among themselves. difference, others_difference: of values, the root of the
    mean squared difference. timed, median_seconds: labels whose time is known, and their median; others_timed,
    others_median_seconds: of others.
    """

    name: str
    labels: int
    gold_right: int = 0
    gold_seen: int = 0
    shared: int = 0
    agreement: float = math.nan
    others_shared: int = 0
    others_agreement: float = math.nan
    difference: float = math.nan
    others_difference: float = math.nan
    timed: int = 0
    median_seconds: float = math.nan
    others_timed: int = 0
    others_median_seconds: float = math.nan


def figures_of(
    label: LabelTable, gold: GoldTable, exclusions: ExclusionTable, settings: Settings
) -> list[PersonFigures]:
    """The figures of each person with labels, by name. label: every version of all labels.

    Agreement is measured on the labels that `compared_labels` chooses. Cost: a few sorts of the labels.
    """
    current = counted_labels(label, exclusions)
    people, who = coded(current.annotator)
    compared = compared_labels(current, label, settings)
    ratings = ratings_of(compared.label, settings.labels.kind)
    shared = others_agreement(ratings, compared.is_first)
    place = {name: number for number, name in enumerate(ratings.people)}
    right, seen = gold_scores(current, gold, settings.labels.kind)
    labels = np.bincount(who, minlength=len(people)).tolist()
    speeds = _speeds(who, current.spent_ms, len(people))
    return [
        PersonFigures(
            name=name,
            labels=labels[number],
            gold_right=right.get(name, 0),
            gold_seen=seen.get(name, 0),
            **(_with_others(shared, place[name]) if name in place else {}),
            **speeds[number],
        )
        for number, name in enumerate(people)
    ]


def _with_others(shared: OthersAgreement, place: int) -> dict[str, Any]:
    return {
        "shared": int(shared.examples[place]),
        "agreement": float(shared.share[place]),
        "difference": float(shared.difference[place]),
        "others_shared": int(shared.others_examples[place]),
        "others_agreement": float(shared.others_share[place]),
        "others_difference": float(shared.others_difference[place]),
    }


def _speeds(who: Int64, spent_ms: Int64, people: int) -> list[dict[str, Any]]:
    """The timed labels of each person, their median, and the same of the others: the median of their medians."""
    timed = spent_ms > 0
    order = np.lexsort((spent_ms[timed], who[timed]))
    ordered, counts = spent_ms[timed][order] / 1000, np.bincount(who[timed], minlength=people)
    parts = np.split(ordered, np.cumsum(counts)[:-1]) if people else []
    medians = np.array([np.median(part) if len(part) else np.nan for part in parts])
    found = []
    for person in range(people):
        others = np.delete(medians, person)
        others = others[~np.isnan(others)]
        found.append(
            {
                "timed": int(counts[person]),
                "median_seconds": float(medians[person]),
                "others_timed": int(counts.sum() - counts[person]),
                "others_median_seconds": float(np.median(others)) if len(others) else math.nan,
            }
        )
    return found
