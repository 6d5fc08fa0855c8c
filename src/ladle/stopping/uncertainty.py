"""Overall uncertainty: stop when the model is sure of all that is left."""

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

    below: in the unit of the uncertainties, larger than 0. What is low depends on how sure of itself the model is by
    nature: look at a first round before choosing, or rescale probabilities that are not calibrated.
    Asked with `uncertainties`, entropies in nats, or any score that is 0 where the model is sure; the value is their
    mean. Nothing left unlabelled is uncertain of nothing: the value is 0.
    Cost: O(u). Repeats: set by the uncertainties.
    Source: Zhu, Wang & Hovy 2008, "Multi-criteria-based strategy to stop active learning for data annotation".
    """

    name: ClassVar[str] = "overall-uncertainty"
    below: float = 0.01

    def __post_init__(self) -> None:
        number(self.below, "`below`", above=0)

    def judge(self, facts: Facts) -> Verdict:
        """See `StoppingRule.judge`."""
        given = facts.uncertainties
        given = None if given is None else np.atleast_1d(as_array(given, "uncertainties"))
        known = as_numbers(given, "uncertainties", self.name)
        if known.size and known.min() < 0:
            row = int(np.argmax(known < 0))
            raise ArgumentError("`uncertainties`", wanted="be 0 or larger", got=f"{known[row]:g} in row {row:,}")
        mean = float(known.mean()) if known.size else 0.0
        told = f"The mean uncertainty of what is left is {mean:.4g}; labelling stops below {self.below:g}."
        return Verdict(mean < self.below, mean, self.name, told)
