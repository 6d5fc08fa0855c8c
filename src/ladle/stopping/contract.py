"""What every stopping rule answers, and what it guarantees.

A rule is asked after a round, once the model has learnt from the labels that came back, by `verdict(...)`: always
with the same keywords, of which it ignores those it has no use for, so any rule can stand in for any other.

Guarantees, held by every rule in this room:

- The verdict depends on the arguments and the rule's options alone: a rule keeps no state between rounds, so a
  campaign that was interrupted, or told anew, ends in the same verdict.
- Too few rounds to tell are no reason to stop: `stop` is False, `value` is NaN, and `told` says what is missing.
- What a rule needs and was not given is an error, not a verdict.
- The arguments are read, not written; nothing larger than one round's predictions is made.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether to stop, by what number, by which rule, and a sentence for people. value: NaN when it is too early."""

    stop: bool
    value: float
    rule: str
    told: str

    def to_dict(self) -> dict[str, Any]:
        """The verdict as JSON can carry it: a value that is not known is None."""
        value = None if math.isnan(self.value) else self.value
        return {"stop": self.stop, "value": value, "rule": self.rule, "told": self.told}

    def __str__(self) -> str:
        return self.told


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """What is told of the rounds so far, as it was given; see `StoppingRule.verdict`."""

    predictions: Sequence[npt.ArrayLike] | None = None
    uncertainties: npt.ArrayLike | None = None
    labels: npt.ArrayLike | None = None
    accuracies: npt.ArrayLike | None = None


class StoppingRule(ABC):
    """Says when to stop; see the guarantees at the top of this file."""

    __slots__ = ()
    name: ClassVar[str]  # as its verdicts give it

    def verdict(
        self,
        *,
        predictions: Sequence[npt.ArrayLike] | None = None,
        uncertainties: npt.ArrayLike | None = None,
        labels: npt.ArrayLike | None = None,
        accuracies: npt.ArrayLike | None = None,
    ) -> Verdict:
        """Whether to stop after the last of the rounds told.

        predictions: the classes that each round's model predicts for one and the same set of rows (the stop set),
            (s,) whole numbers, booleans or text a round, oldest first. No true label is needed, so the set can be
            large: some thousand rows drawn from the pool, or all that are still unlabelled after the last round.
        uncertainties: (u,) entropies of the rows still unlabelled, in nats (`ladle.entropy`), 0 or larger; or their
            mean, a number.
        labels: (r,) how many labels each round's model learnt from, ascending.
        accuracies: (r,) how good it was, on the same test rows in all rounds; any measure that grows.
        Raises: ArgumentError when what the rule needs is missing or out of range; ShapeError; NonFiniteError.
        """
        return self.judge(Facts(predictions, uncertainties, labels, accuracies))

    @abstractmethod
    def judge(self, facts: Facts) -> Verdict:
        """The verdict on these facts. Raises: as `verdict`."""


def too_early(rule: str, needed: str) -> Verdict:
    """The verdict of a rule that cannot tell yet."""
    return Verdict(False, math.nan, rule, f"Too early to stop: {needed}.")
