"""Dawid and Skene's model: the label and how well each annotator tells each class, estimated together.

Written here because the library that has it in good keeping (crowd-kit) needs transformers and pandas for it.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.labelling.columns import Int64, Texts
from ladle.labelling.tables import Label

ROUNDS = 20_000  # of expectation and maximisation, at most; thousands are needed where annotators are hardly right
TOLERANCE = 1e-7  # largest change of any probability of a class at which they end
SMOOTHING = 0.01  # labels that every annotator is taken to have given for every pair of classes

_TIE = 1e-9  # probabilities as near as this are equal but for rounding

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """row: (e,) ascending. label: (e,) the likeliest, canonical JSON. share: (e,) its probability.

    converged: whether further rounds would change no probability by more than about `TOLERANCE`.
    """

    row: Int64
    label: Texts
    share: Floats
    converged: bool


def dawid_skene(current: Label) -> Estimate:
    """The likeliest class of every row that has a current label.

    Begins with the majority, and goes on until no probability changes any more. Ties go to the class that comes first
    in the order of the alphabet.
    Warns: RuntimeWarning when that is not so after `ROUNDS` rounds.
    Cost: labels x classes numbers of memory, as many operations a round; hundreds of rounds as a rule.
    Source: Dawid and Skene 1979, "Maximum Likelihood Estimation of Observer Error-Rates Using the EM Algorithm".
    """
    if not len(current):
        return Estimate(np.empty(0, np.int64), np.empty(0, object), np.empty(0), converged=True)
    rows, row_of = np.unique(current.row, return_inverse=True)
    classes = sorted(set(current.label.tolist()))
    people = sorted(set(current.annotator.tolist()))
    said = _coded(current.annotator, people) * len(classes) + _coded(current.label, classes)
    heard = _incidence(row_of, said, (len(rows), len(people) * len(classes)))
    belief = _majority(row_of, said % len(classes), (len(rows), len(classes)))
    belief, converged = _settled(belief, heard, len(people))
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


def _settled(belief: Floats, heard: Any, people: int) -> tuple[Floats, bool]:
    """The belief (rows, classes) that the rounds end in, and whether they came to an end."""
    for _ in range(ROUNDS):
        prior = np.log(belief.mean(axis=0) + 1e-300)
        logs = prior + heard @ _rates(belief, heard, people)
        weights = np.exp(logs - logs.max(axis=1, keepdims=True))
        following = weights / weights.sum(axis=1, keepdims=True)
        change = float(np.abs(following - belief).max())
        belief = following
        if change < TOLERANCE:
            return belief, True
    return belief, False


def _rates(belief: Floats, heard: Any, people: int) -> Floats:
    """(people x classes, classes) log of how often each person says the one class where the other is true."""
    classes = belief.shape[1]
    counts = (heard.T @ belief).reshape(people, classes, classes) + SMOOTHING
    rates: Floats = np.log(counts / counts.sum(axis=1, keepdims=True))
    return rates.reshape(people * classes, classes)


def _incidence(row_of: Int64, said: Int64, shape: tuple[int, int]) -> Any:
    """A sparse matrix (rows, people x classes) of how often each row heard each class from each person."""
    from scipy.sparse import csr_array

    return csr_array((np.ones(len(row_of)), (row_of, said)), shape=shape)


def _majority(row_of: Int64, classes_said: Int64, shape: tuple[int, int]) -> Floats:
    """(rows, classes) the share of each row's labels that name each class."""
    belief = np.zeros(shape)
    np.add.at(belief, (row_of, classes_said), 1.0)
    shares: Floats = belief / belief.sum(axis=1, keepdims=True)
    return shares


def _coded(values: Texts, known: list[str]) -> Int64:
    number = {value: place for place, value in enumerate(known)}
    return np.array([number[value] for value in values.tolist()], np.int64)
