"""How well annotators agree with each other and with gold labels."""

from __future__ import annotations

import numpy as np

from ladle.labelling.columns import Int64
from ladle.labelling.tables import GoldTable, LabelTable, gold_of


def agreement_of(current: LabelTable) -> tuple[float | None, dict[str, float]]:
    """The share of pairs of labels that agree: over all annotators, and for each annotator.

    A pair is two labels of one example by two annotators. Without any pair the share is None; an annotator without a
    pair has no entry. Cost: two sorts of the labels.
    """
    people, who = _coded(current)
    _, label_of = (
        np.unique(current.label.astype(str), return_inverse=True) if len(current) else (None, np.empty(0, np.int64))
    )
    rows, row_of, votes = np.unique(current.row, return_inverse=True, return_counts=True)
    if not len(rows):
        return None, {}
    # Equal (row, label) pairs: how many labels of the same row are the same as each label.
    _, pair_of, same = np.unique(np.column_stack([row_of, label_of]), axis=0, return_inverse=True, return_counts=True)
    pairs = (votes[row_of] - 1).astype(np.float64)  # with each other label of its example
    agreed = (same[pair_of.reshape(-1)] - 1).astype(np.float64)
    if not pairs.sum():
        return None, {}
    pairs_by, agreed_by = np.bincount(who, pairs, len(people)), np.bincount(who, agreed, len(people))
    by_person = {
        name: float(agreed_by[place] / pairs_by[place]) for place, name in enumerate(people) if pairs_by[place]
    }
    return float(agreed.sum() / pairs.sum()), by_person


def gold_scores(current: LabelTable, gold: GoldTable) -> tuple[dict[str, int], dict[str, int]]:
    """For each annotator: how many gold examples were labelled rightly, and how many were labelled."""
    gold = gold_of(gold)
    known = dict(zip(gold.row.tolist(), gold.label.tolist(), strict=True))
    right: dict[str, int] = {}
    seen: dict[str, int] = {}
    tested = current.take(np.isin(current.row, gold.row))
    for row, name, label in zip(tested.row.tolist(), tested.annotator.tolist(), tested.label.tolist(), strict=True):
        seen[name] = seen.get(name, 0) + 1
        right[name] = right.get(name, 0) + (label == known[row])
    return right, seen


def _coded(labels: LabelTable) -> tuple[list[str], Int64]:
    people = sorted(set(labels.annotator.tolist()))
    number = {name: place for place, name in enumerate(people)}
    return people, np.array([number[name] for name in labels.annotator.tolist()], np.int64)
