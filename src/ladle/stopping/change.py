"""Classification change: stop when new labels no longer change the model's predictions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ladle.counts import of_number
from ladle.stopping.contract import Facts, StoppingRule, Verdict, too_early
from ladle.stopping.facts import as_predictions, check_share


@dataclass(frozen=True, slots=True)
class ClassificationChange(StoppingRule):
    """Stop when at most the share `most` of the predictions changed between the last two rounds.

    A verdict needs `predictions`, in the paper those of all unlabelled rows. Its value is the share that changed.

    Parameters
    ----------
    most : float, default 0.0
        From 0 to 1. 0 is the paper's: no prediction may change. In a large pool some prediction always changes; 0.001
        to 0.01 serves there.

    Raises
    ------
    ArgumentError
        `most` is out of range.

    Notes
    -----
    Cost: O(s). Repeatability: set by the predictions of the last two rounds.

    References
    ----------
    Zhu, Wang & Hovy 2008, "Multi-criteria-based strategy to stop active learning for data annotation".
    """

    name: ClassVar[str] = "classification-change"
    most: float = 0.0

    def __post_init__(self) -> None:
        check_share(self.most, "most")

    def judge(self, facts: Facts) -> Verdict:
        """See `StoppingRule.judge`."""
        rounds = as_predictions(facts.predictions, self.name, last=2)
        if len(rounds) < 2:
            there = f"there {of_number(len(rounds), 'is')} {len(rounds)}"
            return too_early(self.name, f"predictions of two rounds are needed, and {there}")
        changed = int(np.count_nonzero(rounds[0] != rounds[1]))
        share = changed / len(rounds[0])
        reason = (
            f"{changed:,} of {len(rounds[0]):,} predictions ({share:.2%}) changed in the last round; "
            f"labelling stops at {self.most:.2%} or fewer."
        )
        return Verdict(share <= self.most, share, self.name, reason)
