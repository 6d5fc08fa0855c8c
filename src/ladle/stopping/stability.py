"""Stable predictions: stop when successive models agree by more than chance explains, several rounds running."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from ladle.arrays import Labels
from ladle.numbers import whole
from ladle.stopping.contract import Facts, StoppingRule, Verdict, too_early
from ladle.stopping.facts import as_predictions, check_share


@dataclass(frozen=True, slots=True)
class StablePredictions(StoppingRule):
    """Stop when Cohen's kappa between successive models, averaged over the last `window`, is `agreement` or more.

    agreement: 0 to 1; 0.99 is the paper's. Lower it to stop earlier, at some loss. window: kappas to average, 1 or
    more; 3 is the paper's, and needs the predictions of four rounds.
    Asked with `predictions`. The value is the mean kappa. Where two models predict one and the same class for all
    rows, chance explains their agreement whole, kappa is undefined, and the rule does not stop: a model that has not
    found the rare classes yet is stable too.
    Cost: O(window x s log s). Repeats: set by the last window + 1 rounds' predictions.
    Source: Bloodgood & Vijay-Shanker 2009, "A method for stopping active learning based on stabilizing predictions
    and the need for user-adjustable stopping".
    """

    name: ClassVar[str] = "stable-predictions"
    agreement: float = 0.99
    window: int = 3

    def __post_init__(self) -> None:
        check_share(self.agreement, "agreement")
        object.__setattr__(self, "window", whole(self.window, "`window`", least=1))

    def judge(self, facts: Facts) -> Verdict:
        """See `StoppingRule.judge`."""
        rounds = as_predictions(facts.predictions, self.name, last=self.window + 1)
        if len(rounds) <= self.window:
            needed = f"predictions of {self.window + 1} rounds are needed, and there are {len(rounds)}"
            return too_early(self.name, needed)
        kappas = [_kappa(before, after) for before, after in pairwise(rounds)]
        if any(math.isnan(kappa) for kappa in kappas):
            return too_early(self.name, "models that predict the same single class for all rows tell nothing")
        mean = math.fsum(kappas) / self.window
        told = (
            f"Successive models agree with a mean kappa of {mean:.4f} over the last {self.window}; "
            f"labelling stops at {self.agreement:g}."
        )
        return Verdict(mean >= self.agreement, mean, self.name, told)


def cohen_kappa(first: npt.ArrayLike, second: npt.ArrayLike) -> float:
    """Agreement of two labellings of the same rows, beyond chance: 1 for equal ones, 0 for what chance would give.

    first, second: (s,) whole numbers, booleans or text. NaN when both give all rows one and the same class.
    Raises: ArgumentError, ShapeError.
    Cost: O(s log s), whatever the number of classes.
    Source: Cohen 1960, "A coefficient of agreement for nominal scales".
    """
    return _kappa(*as_predictions([first, second], "cohen_kappa", last=2))


def _kappa(first: Labels, second: Labels) -> float:
    rows = len(first)
    _, codes = np.unique(np.concatenate([first, second]), return_inverse=True)
    counts = [np.bincount(half, minlength=int(codes.max()) + 1) for half in (codes[:rows], codes[rows:])]
    # In whole numbers, of any size, so that equal labellings give 1 and nothing hides whether kappa is defined.
    observed = int(np.count_nonzero(codes[:rows] == codes[rows:])) * rows
    expected = sum(int(a) * int(b) for a, b in zip(*counts, strict=True) if a and b)
    return math.nan if expected == rows * rows else (observed - expected) / (rows * rows - expected)
