"""Classes that the test split has and the pool lacks: no strategy can learn them, and every measure counts them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ladle.lab.data.datasets import Dataset

_NAMED = 5  # classes in a sentence


def only_in_test(dataset: Dataset) -> dict[str, int]:
    """How many test examples have each class that no example of the pool has; empty in most data sets."""
    if dataset.multilabel:
        in_pool, in_test = ((labels > 0).sum(axis=0) for labels in (dataset.labels, dataset.test_labels))
    else:
        classes = len(dataset.class_names)
        in_pool, in_test = (np.bincount(each, minlength=classes) for each in (dataset.labels, dataset.test_labels))
    counts: dict[str, int] = {}
    for label in np.flatnonzero((in_pool == 0) & (in_test > 0)):
        name = dataset.class_names[label]
        counts[name] = counts.get(name, 0) + int(in_test[label])
    return counts


def only_in_test_warning(counts: Mapping[str, int]) -> str:
    """The sentence on the `counts` of `only_in_test`; empty for none."""
    if not counts:
        return ""
    named = [f"{name} ({count:,})" for name, count in list(counts.items())[:_NAMED]]
    more = f" and {len(counts) - _NAMED:,} more" if len(counts) > _NAMED else ""
    total = sum(counts.values())
    return (
        f"{total:,} {'label' if total == 1 else 'labels'} of the test split "
        f"{'is of a class' if total == 1 else 'are of classes'} that the pool lacks, so no strategy can learn "
        f"{'it' if total == 1 else 'them'}: {', '.join(named)}{more}."
    )
