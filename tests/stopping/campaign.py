"""A real campaign for the rules to judge: handwritten digits, logistic regression, margin batches of 40."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pytest

import ladle

ROUNDS = 14
POOL = 1200
SEEDS = 30
BATCH = 40


@dataclass(frozen=True)
class Campaign:
    """Facts of every round. predictions: of the whole pool; left: rows unlabelled when each round's model was made."""

    labels: list[int]
    accuracies: list[float]
    predictions: list[np.ndarray[Any, Any]]
    uncertainties: list[np.ndarray[Any, Any]]
    left: list[np.ndarray[Any, Any]]


@cache
def digits() -> Campaign:
    datasets, linear = pytest.importorskip("sklearn.datasets"), pytest.importorskip("sklearn.linear_model")
    X, y = datasets.load_digits(return_X_y=True)
    rng = np.random.default_rng(0)
    order = rng.permutation(len(y))
    X, y = X[order] / 16, y[order]
    labelled = rng.choice(POOL, SEEDS, replace=False)
    told = Campaign([], [], [], [], [])
    for _ in range(ROUNDS):
        model = linear.LogisticRegression(C=100, max_iter=2000).fit(X[labelled], y[labelled])
        P = model.predict_proba(X[:POOL])
        left = np.setdiff1d(np.arange(POOL), labelled)
        told.labels.append(len(labelled))
        told.accuracies.append(float(model.score(X[POOL:], y[POOL:])))
        told.predictions.append(model.classes_[P.argmax(axis=1)])
        told.uncertainties.append(ladle.entropy(P[left]))
        told.left.append(left)
        chosen = ladle.Margin().query(BATCH, probabilities=P, labelled=labelled).rows
        labelled = np.concatenate([labelled, chosen])
    return told
