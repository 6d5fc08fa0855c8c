"""What the control tells: class shares of the pool or the mean of its values, and accuracies, with intervals of 95%.

All of it rests on one fact: the members are the first examples of a random order, see `ladle.labelling.rules.control`.

Class shares. Of the labelled members alone, by Wilson's interval, narrower as the sample nears the whole population.
Or from all labels: at the ask of a batch, the examples with a label are counted as they are, and those without one are
estimated from the members that came then: these are a uniform sample of them, whatever the strategy has taken. Every
batch gives such an estimate, each without bias given all that was known before. They are averaged, each weighted by the
inverse of its variance under equal shares. Of both intervals the narrower one is told.

Values. The mean of the labelled members, by Student's interval, narrower as the sample nears the whole population.

Accuracies. A label tests a model fairly only if the model was not trained on it. So a model is tested on the members
that had no label when it chose, or, where none of the control's labels was trained on, on all of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from ladle.labelling.contract.columns import Int64
from ladle.labelling.control_figures import ControlEstimate
from ladle.proposals.audit import wilson

Words = npt.NDArray[np.uint64]
Mask = npt.NDArray[np.bool_]

NEVER = 1 << 62  # the event of the first label of an example without one
ENOUGH = 0.95  # the share of members that must be labelled: those that wait longest may be the odd ones
LEAST = 30  # members without a label at their ask, below which all labels are not weighed
_Z = NormalDist().inv_cdf(0.975)
_NARROWER = 0.95  # as wide: what a second estimate must be, so that chance does not choose


@dataclass(frozen=True, slots=True)
class ControlEnd:
    """How far the control came with one batch. event: of its ask. word: of the last member."""

    batch: int
    event: int
    word: int


@dataclass(frozen=True, slots=True, eq=False)
class ControlFacts:
    """The pool as the control sees it; all arrays are of the (n,) examples that are not excluded.

    word: their order. labelled: whether each has a resolved label. first: the event of its first label ever; NEVER
    without one, 0 for gold. ends: by batch, ascending.
    """

    word: Words
    labelled: Mask
    first: Int64
    ends: Sequence[ControlEnd]

    def members(self, end: int) -> Mask:
        """(n,) the members up to this place in `ends`; none for -1."""
        if end < 0:
            return np.zeros(len(self.word), bool)
        inside: Mask = self.word <= np.uint64(self.ends[end].word)
        return inside

    def tests(self, end: int, until: int | None = None) -> Mask:
        """(n,) a uniform sample of the examples that had no label at the ask of this batch; later members up to until.

        They are the members that came with it (or until the place `until` in `ends`) and had no label then.
        """
        last = end if until is None else until
        fresh: Mask = self.members(last) & ~self.members(end - 1) & (self.first > self.ends[end].event)
        return fresh

    @property
    def last_end(self) -> int:
        """The last place in `ends` up to which nearly all members are labelled; -1 for none."""
        for end in range(len(self.ends) - 1, -1, -1):
            inside = self.members(end)
            if inside.any() and self.labelled[inside].mean() >= ENOUGH:
                return end
        return -1


def share_of(right: float, count: float, population: float = math.inf) -> ControlEstimate:
    """A share of a population from a uniform sample of it without replacement, by Wilson's interval."""
    if count >= population:
        return ControlEstimate(right / count, right / count, right / count, round(count))
    trials = count * (population - 1) / (population - count) if math.isfinite(population) else count
    share = right / count
    low, high = (float(end) for end in wilson(share, trials, _Z))
    # Of all or none, rounding may leave the share out.
    return ControlEstimate(share, min(low, share), max(high, share), round(count))


def mean_of(values: npt.ArrayLike, population: float = math.inf) -> ControlEstimate | None:
    """The mean of a population of numbers from a uniform sample of it without replacement, by Student's interval.

    values: (v,) of the sample. None for fewer than LEAST of them, unless they are the whole population: the interval is
    right for the mean of many, or of numbers without rare extremes. None too where all are equal, because they say
    nothing of the others.
    """
    told = np.asarray(values, np.float64)
    count = len(told)
    if count == 0:
        return None
    value = float(told.mean())
    if count >= population:
        return ControlEstimate(value, value, value, count)
    spread = float(told.std(ddof=1)) if count >= LEAST else 0.0
    if spread == 0.0:
        return None
    from scipy.stats import t  # a second to load

    left_out = 1.0 if math.isinf(population) else (population - count) / population
    reach = float(t.ppf(0.975, count - 1)) * spread * math.sqrt(left_out / count)
    return ControlEstimate(value, value - reach, value + reach, count)


def share_with(facts: ControlFacts, has: Mask, end: int) -> tuple[ControlEstimate, bool]:
    """The share of examples with a property, and whether all labels made the estimate.

    has: (n,) whether the label of each has it; False without a label. end: as `last_end`, not -1.
    """
    sample = facts.members(end) & facts.labelled
    plain = share_of(int(has[sample].sum()), int(sample.sum()), len(sample))
    weighed = _from_all(facts, has, end)
    if weighed is None or weighed.high - weighed.low > _NARROWER * (plain.high - plain.low):
        return plain, False
    return weighed, True


def _from_all(facts: ControlFacts, has: Mask, end: int) -> ControlEstimate | None:
    """The share from all labels that were there at each ask, and the members that came with it."""
    total, known, weights, rests, rights, counts = len(has), [], [], [], [], []
    for place in range(end + 1):
        tested = facts.tests(place) & facts.labelled
        count = int(tested.sum())
        there = facts.members(place - 1) | (facts.first <= facts.ends[place].event)
        there &= facts.labelled
        rest = 1 - int(there.sum()) / total
        if count and rest > 0:
            known.append(int(has[there].sum()) / total)
            weights.append(count / rest**2)
            rests.append(rest)
            rights.append(int(has[tested].sum()))
            counts.append(count)
    if sum(counts) < LEAST:
        return None
    weight = np.array(weights) / sum(weights)
    pull = weight * np.array(rests)  # of the share of each sample
    share = float((pull * np.array(rights) / np.array(counts)).sum() / pull.sum())
    trials = pull.sum() ** 2 / float((pull**2 / np.array(counts)).sum())
    base, reach = float((weight * np.array(known)).sum()), float(pull.sum())
    found = share_of(share * trials, trials, max(trials, reach * total))
    sure = int((has & facts.labelled).sum()) / total  # no interval begins below what is known
    value, low, high = (max(base + reach * each, sure) for each in (found.value, found.low, found.high))
    return ControlEstimate(min(value, 1.0), low, min(high, 1.0), int(facts.labelled.sum()))


@dataclass(frozen=True, slots=True)
class ModelTest:
    """One batch as a test of the model that chose it. accuracy: None until nearly all of its tests have a label."""

    batch: int
    accuracy: ControlEstimate | None
    tests: int
    waiting: int


def model_tests(facts: ControlFacts, predicted: Int64, label: Int64) -> Iterator[ModelTest]:
    """The tests of each batch whose model's predictions are on record.

    predicted, label: (n,) codes of classes; -1 for none.
    """
    for place, end in enumerate(facts.ends):
        tested = facts.tests(place) & (predicted >= 0)
        there = tested & facts.labelled
        count, done = int(tested.sum()), int(there.sum())
        if count:
            right = int((predicted[there] == label[there]).sum())
            enough = done >= ENOUGH * count and done > 0
            everything = ~facts.members(place - 1) & (facts.first > end.event)  # that had no label then
            accuracy = share_of(right, done, int(everything.sum())) if enough else None
            yield ModelTest(end.batch, accuracy, done, count - done)
