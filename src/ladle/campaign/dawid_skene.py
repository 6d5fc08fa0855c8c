"""Dawid and Skene's model: the label and how well each annotator tells each class, estimated together.

Written here because the library that has it in good keeping (crowd-kit) needs transformers and pandas for it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ladle.campaign.columns import Int64, Texts
from ladle.campaign.tables import Label

ROUNDS = 100  # of expectation and maximisation, at most
TOLERANCE = 1e-7  # change of the mean log-likelihood of a label at which they end
SMOOTHING = 0.01  # labels that every annotator is taken to have given for every pair of classes

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """row: (e,) ascending. label: (e,) the likeliest, canonical JSON. share: (e,) its probability."""

    row: Int64
    label: Texts
    share: Floats


def dawid_skene(current: Label) -> Estimate:
    """The likeliest class of every row that has a current label.

    Begins with the majority. Ties go to the class that comes first in the order of the alphabet.
    Cost: labels x classes numbers of memory, as many operations a round, 100 rounds at most.
    Source: Dawid and Skene 1979, "Maximum Likelihood Estimation of Observer Error-Rates Using the EM Algorithm".
    """
    rows, row_of = np.unique(current.row, return_inverse=True)
    classes = sorted(set(current.label.tolist()))
    people = sorted(set(current.annotator.tolist()))
    said = _coded(current.label, classes)
    who = _coded(current.annotator, people)
    belief = np.zeros((len(rows), len(classes)))
    np.add.at(belief, (row_of, said), 1.0)
    belief /= belief.sum(axis=1, keepdims=True)
    before = -np.inf
    for _ in range(ROUNDS):
        prior = np.log(belief.mean(axis=0) + 1e-300)
        rates = _rates(belief, row_of, said, who, len(people))
        logs = np.tile(prior, (len(rows), 1))
        np.add.at(logs, row_of, rates[who, :, said])
        top = logs.max(axis=1, keepdims=True)
        weights = np.exp(logs - top)
        totals = weights.sum(axis=1, keepdims=True)
        belief = weights / totals
        likelihood = float((top + np.log(totals)).sum()) / len(current)
        if abs(likelihood - before) < TOLERANCE:
            break
        before = likelihood
    best = belief.argmax(axis=1)
    label = np.empty(len(rows), object)
    label[:] = [classes[each] for each in best.tolist()]
    return Estimate(rows, label, belief[np.arange(len(rows)), best])


def _rates(belief: Floats, row_of: Int64, said: Int64, who: Int64, people: int) -> Floats:
    """(people, classes, classes) log of how often each person says the last where the class is the middle one."""
    classes = belief.shape[1]
    counts = np.full((people, classes, classes), SMOOTHING)
    np.add.at(counts.transpose(0, 2, 1), (who, said), belief[row_of])
    rates: Floats = np.log(counts / counts.sum(axis=2, keepdims=True))
    return rates


def _coded(values: Texts, known: list[str]) -> Int64:
    number = {value: place for place, value in enumerate(known)}
    return np.array([number[value] for value in values.tolist()], np.int64)
