"""How well annotators agree with each other and with gold labels."""

from __future__ import annotations

import numpy as np

from ladle.labelling.contract.tables import GoldTable, LabelTable, gold_of


def agreement_of(counted: LabelTable) -> float | None:
    """The share of pairs of labels of one example by two annotators that agree; None without any pair.

    counted: as `counted_labels` gives them. Cost: two sorts of the labels.
    """
    if not len(counted):
        return None
    _, label_of = np.unique(counted.label.astype(str), return_inverse=True)
    _, row_of, votes = np.unique(counted.row, return_inverse=True, return_counts=True)
    # Equal (row, label) pairs: how many labels of the same row are the same as each label.
    _, pair_of, same = np.unique(np.column_stack([row_of, label_of]), axis=0, return_inverse=True, return_counts=True)
    pairs = (votes[row_of] - 1).astype(np.float64)  # with each other label of its example
    agreed = (same[pair_of.reshape(-1)] - 1).astype(np.float64)
    return float(agreed.sum() / pairs.sum()) if pairs.sum() else None


def gold_scores(current: LabelTable, gold: GoldTable, kind: str) -> tuple[dict[str, int], dict[str, int]]:
    """For each annotator: how many gold examples were labelled rightly, and how many were labelled.

    kind: of the labels. Values are not counted: one that is near the known one is not wrong.
    """
    if kind == "value":
        return {}, {}
    gold = gold_of(gold)
    known = dict(zip(gold.row.tolist(), gold.label.tolist(), strict=True))
    right: dict[str, int] = {}
    seen: dict[str, int] = {}
    tested = current.take(np.isin(current.row, gold.row))
    for row, name, label in zip(tested.row.tolist(), tested.annotator.tolist(), tested.label.tolist(), strict=True):
        seen[name] = seen.get(name, 0) + 1
        right[name] = right.get(name, 0) + (label == known[row])
    return right, seen
