"""The contract of a stopping rule: the verdict that it gives, and its guarantees.

After a round, when the model has learnt from the new labels, call `verdict(...)`. All rules take the same keywords and
ignore those they do not need, so any rule can take the place of any other.

Guarantees of every rule in this room:

- The verdict depends on the arguments and the rule's options alone. A rule keeps no state between rounds, so a campaign
  that was interrupted gets the same verdict.
- With too few rounds, a rule does not stop: `stop` is False, `value` is NaN, and `told` says what is missing.
- A missing argument that the rule needs is an error, not a verdict.
- The arguments are not changed. No array larger than one round's predictions is made.
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
    """The answer of a stopping rule.

    Attributes
    ----------
    stop : bool
        Whether to stop labelling.
    value : float
        The number that the rule compared; NaN when there are too few rounds.
    rule : str
        Name of the rule.
    told : str
        The reason, in a sentence for people.
    """

    stop: bool
    value: float
    rule: str
    told: str

    def to_dict(self) -> dict[str, Any]:
        """Return the verdict as a dict ready for JSON, with None in place of a NaN value."""
        value = None if math.isnan(self.value) else self.value
        return {"stop": self.stop, "value": value, "rule": self.rule, "told": self.told}

    def __str__(self) -> str:
        return self.told


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """The arguments of `StoppingRule.verdict`, unchecked."""

    predictions: Sequence[npt.ArrayLike] | None = None
    uncertainties: npt.ArrayLike | None = None
    labels: npt.ArrayLike | None = None
    accuracies: npt.ArrayLike | None = None


class StoppingRule(ABC):
    """The base class of every stopping rule: a subclass has a `name`, given in its verdicts, and `judge`."""

    __slots__ = ()
    name: ClassVar[str]

    def verdict(
        self,
        *,
        predictions: Sequence[npt.ArrayLike] | None = None,
        uncertainties: npt.ArrayLike | None = None,
        labels: npt.ArrayLike | None = None,
        accuracies: npt.ArrayLike | None = None,
    ) -> Verdict:
        """Decide whether to stop after the last of these rounds.

        Parameters
        ----------
        predictions : sequence of array_like, shape (s,) each, optional
            The classes that the model of each round predicts for the same s rows (the stop set), oldest round first:
            whole numbers, booleans or text. True labels are not needed, so the set can be large: some thousand rows
            drawn from the pool, or all rows that are unlabelled after the last round.
        uncertainties : array_like, shape (u,), or float, optional
            Entropies of the rows that are still unlabelled, in nats (`ladle.entropy`), 0 or larger; or their mean.
        labels : array_like of int, shape (r,), optional
            The number of labels that each round's model learnt from, ascending.
        accuracies : array_like, shape (r,), optional
            The accuracy of each round's model on the same test rows, or any other measure that is better when larger.

        Returns
        -------
        Verdict
            Whether to stop, and why.

        Raises
        ------
        ArgumentError
            An argument that the rule needs is missing, or one is out of range.
        ShapeError, NonFiniteError
            An array has another shape, or a number is not finite.
        """
        return self.judge(Facts(predictions, uncertainties, labels, accuracies))

    @abstractmethod
    def judge(self, facts: Facts) -> Verdict:
        """Return the verdict on these facts. Raises: as `verdict`."""


def too_early(rule: str, needed: str) -> Verdict:
    """The verdict of a rule that needs more rounds."""
    return Verdict(False, math.nan, rule, f"Too early to stop: {needed}.")
