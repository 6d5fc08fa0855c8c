"""Overall uncertainty: stop when the model is sure of the rows that are still unlabelled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ladle.arraylikes import as_array
from ladle.errors import ArgumentError
from ladle.numbers import number
from ladle.stopping.contract import Facts, StoppingRule, Verdict
from ladle.stopping.facts import as_numbers


@dataclass(frozen=True, slots=True)
class OverallUncertainty(StoppingRule):
    """Stop when the mean uncertainty of the rows still unlabelled is below `below`.

    A verdict needs `uncertainties`: entropies in nats, or any score that is 0 where the model is sure. Its value is
    their mean, and 0 when no row is unlabelled.

    Parameters
    ----------
    below : float, default 0.01
        In the unit of the uncertainties, above 0. Models differ in how sure they are: look at the values of a first
        round, or calibrate the probabilities.

    Raises
    ------
    ArgumentError
        `below` is out of range.

    Notes
    -----
    Cost: O(u). Repeatability: set by the uncertainties.

    References
    ----------
    Zhu, Wang & Hovy 2008, "Multi-criteria-based strategy to stop active learning for data annotation".
    """

    name: ClassVar[str] = "overall-uncertainty"
    below: float = 0.01

    def __post_init__(self) -> None:
        number(self.below, "`below`", above=0)

    def judge(self, facts: Facts) -> Verdict:
        """See `StoppingRule.judge`."""
        value = facts.uncertainties
        value = None if value is None else np.atleast_1d(as_array(value, "uncertainties"))
        uncertainties = as_numbers(value, "uncertainties", self.name)
        if uncertainties.size and uncertainties.min() < 0:
            row = int(np.argmax(uncertainties < 0))
            got = f"{uncertainties[row]:g} in row {row:,}"
            raise ArgumentError("`uncertainties`", wanted="be 0 or larger", got=got)
        mean = float(uncertainties.mean()) if uncertainties.size else 0.0
        reason = f"The mean uncertainty of the unlabelled rows is {mean:.4g}; labelling stops below {self.below:g}."
        return Verdict(mean < self.below, mean, self.name, reason)
