"""Dawid and Skene's model: the labels and the error rates of the annotators, estimated together.

It is written here because the library that maintains it well (crowd-kit) needs transformers and pandas.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.labelling.contract.columns import Int64, Texts
from ladle.labelling.contract.tables import LabelTable

ROUNDS = 20_000  # most rounds of expectation and maximisation; annotators who are hardly right need thousands
TOLERANCE = 1e-7  # the rounds end when no probability of a class changes by more
SMOOTHING = 0.01  # labels added to the counts of every annotator for every pair of classes

_TIE = 1e-9  # probabilities that differ by less differ by rounding alone

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """row: (e,) ascending. label: (e,) the most probable class, canonical JSON. share: (e,) its probability.

    converged: whether the last round changed no probability by more than `TOLERANCE`.
    """

    row: Int64
    label: Texts
    share: Floats
    converged: bool


def dawid_skene(current: LabelTable) -> Estimate:
    """The most probable class of every row that has a current label.

    The rounds begin with the majority and end when no probability changes any more. A tie goes to the class that comes
    first in alphabetical order.
    Warns: RuntimeWarning when the probabilities still change after `ROUNDS` rounds.
    Cost: memory for labels x classes numbers, and as many operations in each of usually hundreds of rounds.
    Source: Dawid and Skene 1979, "Maximum Likelihood Estimation of Observer Error-Rates Using the EM Algorithm".
    """
    if not len(current):
        return Estimate(np.empty(0, np.int64), np.empty(0, object), np.empty(0), converged=True)
    rows, row_of = np.unique(current.row, return_inverse=True)
    classes = sorted(set(current.label.tolist()))
    people = sorted(set(current.annotator.tolist()))
    votes = _coded(current.annotator, people) * len(classes) + _coded(current.label, classes)
    incidence = _incidence(row_of, votes, (len(rows), len(people) * len(classes)))
    belief = _majority(row_of, votes % len(classes), (len(rows), len(classes)))
    belief, converged = _iterate(belief, incidence, len(people))
    if not converged:
        warnings.warn(
            f"Dawid and Skene's model still changes after {ROUNDS:,} rounds: labels of some examples may differ from "
            "those that more rounds would end in. The annotators agree too little to be told apart.",
            RuntimeWarning,
            stacklevel=2,
        )
    best = (belief >= belief.max(axis=1, keepdims=True) - _TIE).argmax(axis=1)
    label = np.empty(len(rows), object)
    label[:] = [classes[each] for each in best.tolist()]
    return Estimate(rows, label, belief[np.arange(len(rows)), best], converged)


def _iterate(belief: Floats, incidence: Any, people: int) -> tuple[Floats, bool]:
    """The probabilities (rows, classes) after the last round, and whether they have converged."""
    for _ in range(ROUNDS):
        prior = np.log(belief.mean(axis=0) + 1e-300)
        logs = prior + incidence @ _rates(belief, incidence, people)
        weights = np.exp(logs - logs.max(axis=1, keepdims=True))
        following = weights / weights.sum(axis=1, keepdims=True)
        change = float(np.abs(following - belief).max())
        belief = following
        if change < TOLERANCE:
            return belief, True
    return belief, False


def _rates(belief: Floats, incidence: Any, people: int) -> Floats:
    """(people x classes, classes) log of how often each person gives one class where the other is true."""
    classes = belief.shape[1]
    counts = (incidence.T @ belief).reshape(people, classes, classes) + SMOOTHING
    rates: Floats = np.log(counts / counts.sum(axis=1, keepdims=True))
    return rates.reshape(people * classes, classes)


def _incidence(row_of: Int64, votes: Int64, shape: tuple[int, int]) -> Any:
    """A sparse matrix (rows, people x classes) of how often each person gave each class to each row."""
    from scipy.sparse import csr_array

    return csr_array((np.ones(len(row_of)), (row_of, votes)), shape=shape)


def _majority(row_of: Int64, classes: Int64, shape: tuple[int, int]) -> Floats:
    """(rows, classes) the share of each row's labels that name each class."""
    belief = np.zeros(shape)
    np.add.at(belief, (row_of, classes), 1.0)
    shares: Floats = belief / belief.sum(axis=1, keepdims=True)
    return shares


def _coded(values: Texts, known: list[str]) -> Int64:
    number = {value: place for place, value in enumerate(known)}
    return np.array([number[value] for value in values.tolist()], np.int64)
