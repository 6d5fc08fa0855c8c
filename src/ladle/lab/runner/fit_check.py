"""A model of a run beside a reference fitted to the same labels, see `ladle.lab.measures.fitted`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ladle.arrays import Rows
from ladle.lab.data.datasets import TEXT_BUCKETS
from ladle.lab.learners.learner import Model
from ladle.lab.learners.logistic import Logistic
from ladle.lab.measures import metrics
from ladle.lab.runner.workbench import Workbench
from ladle.seeds import stream

MOST_ROWS = 1_000  # labelled rows that the reference is fitted to, and that both are measured on; drawn by seed
MOST_NUMBERS = 20_000_000  # of their features: 80 MB
REFERENCE = Logistic(strength=1.0, iterations=50, standardise=True)  # on real sets within half a point of the optimum


def is_checked(number: int) -> bool:
    """Whether the model after round `number` is compared: rounds 1, 2, 4, 8, ..., however many there will be."""
    return number & (number - 1) == 0


def fit_facts(workbench: Workbench, model: Model, rows: Rows, seed: int) -> dict[str, Any] | None:
    """How well `model`, fitted to the labels of `rows` (b,), knows them and the test split; and the reference.

    None where no reference can be fitted: inputs that are no numbers or texts, labels of one class, no class at all.
    A reference of fewer labels than the model's makes the check milder, never stricter.
    Cost: a fit to at most `MOST_ROWS` rows, and a pass of the reference and the model over the test split.
    """
    dataset = workbench.dataset
    if dataset.inputs.dtype.kind not in "fiubS":
        return None
    width = TEXT_BUCKETS if dataset.inputs.dtype.kind == "S" else math.prod(dataset.inputs.shape[1:])
    count = min(len(rows), MOST_ROWS, max(1, MOST_NUMBERS // max(1, width)))
    some = rows
    if count < len(rows):
        some = rows[np.sort(stream(seed, "fit check").choice(len(rows), count, replace=False))]
    labels = dataset.labels[some]
    values = labels[labels >= 0]
    if len(values) == 0 or values.min() == values.max():
        return None
    inputs, classes = dataset.inputs[some], len(dataset.class_names)
    reference = REFERENCE.fit(inputs, labels, classes=classes, seed=seed)
    name = "pooled_ap" if dataset.multilabel else "accuracy"
    facts: dict[str, Any] = {"measure": name}
    for prefix, each in (("", model), ("reference_", reference)):
        facts[f"{prefix}on_labels"] = metrics.measure(name, labels, each.probabilities(inputs))
        facts[f"{prefix}on_test"] = workbench.measured(each, (name,))[name]
    return facts
