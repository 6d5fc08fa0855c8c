"""Stable predictions: stop when successive models agree, beyond chance, over several rounds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from ladle.arrays import Labels
from ladle.counts import of_number
from ladle.numbers import whole
from ladle.stopping.contract import Facts, StoppingRule, Verdict, too_early
from ladle.stopping.facts import as_predictions, check_share


@dataclass(frozen=True, slots=True)
class StablePredictions(StoppingRule):
    """Stop when Cohen's kappa between successive models, averaged over the last `window`, is `agreement` or more.

    A verdict needs `predictions`. Its value is the mean kappa. Where two models predict the same single class for all
    rows, kappa is undefined and the rule does not stop: a model that does not know the rare classes yet is stable too.

    Parameters
    ----------
    agreement : float, default 0.99
        From 0 to 1; 0.99 is the paper's. A lower value stops earlier, at some loss of accuracy.
    window : int, default 3
        Kappas to average, 1 or more; 3 is the paper's, and needs the predictions of four rounds.

    Raises
    ------
    ArgumentError
        A parameter is out of range.

    Notes
    -----
    Cost: O(window x s log s). Repeatability: set by the predictions of the last window + 1 rounds.

    References
    ----------
    Bloodgood & Vijay-Shanker 2009, "A method for stopping active learning based on stabilizing predictions and the need
    for user-adjustable stopping".
    """

    name: ClassVar[str] = "stable-predictions"
    agreement: float = 0.99
    window: int = 3

    def __post_init__(self) -> None:
        check_share(self.agreement, "agreement")
        whole(self.window, "`window`", least=1)

    def judge(self, facts: Facts) -> Verdict:
        """See `StoppingRule.judge`."""
        window = int(self.window)
        rounds = as_predictions(facts.predictions, self.name, last=window + 1)
        if len(rounds) <= window:
            needed = (
                f"predictions of {window + 1} rounds are needed, and there {of_number(len(rounds), 'is')} {len(rounds)}"
            )
            return too_early(self.name, needed)
        kappas = [_kappa(before, after) for before, after in pairwise(rounds)]
        if any(math.isnan(kappa) for kappa in kappas):
            return too_early(self.name, "models that predict the same single class for all rows tell nothing")
        mean = math.fsum(kappas) / window
        reason = (
            f"Successive models agree with a mean kappa of {mean:.4f} over the last {window}; "
            f"labelling stops at {self.agreement:g}."
        )
        return Verdict(mean >= self.agreement, mean, self.name, reason)


def cohen_kappa(first: npt.ArrayLike, second: npt.ArrayLike) -> float:
    """Compute the agreement of two labellings of the same rows, beyond chance (Cohen's kappa).

    Parameters
    ----------
    first, second : array_like, shape (s,)
        The classes of the rows: whole numbers, booleans or text.

    Returns
    -------
    float
        1 for equal labellings, 0 for agreement as by chance; NaN when both give all rows the same single class.

    Raises
    ------
    ArgumentError, ShapeError
        The labellings are empty, of different lengths or of different kinds.

    Notes
    -----
    Cost: O(s log s), for any number of classes.

    References
    ----------
    Cohen 1960, "A coefficient of agreement for nominal scales".
    """
    return _kappa(*as_predictions([first, second], "cohen_kappa", last=2))


def _kappa(first: Labels, second: Labels) -> float:
    rows = len(first)
    _, codes = np.unique(np.concatenate([first, second]), return_inverse=True)
    counts = [np.bincount(half, minlength=int(codes.max()) + 1) for half in (codes[:rows], codes[rows:])]
    # Python's whole numbers are exact: equal labellings give 1, and a kappa that is not defined is recognised.
    observed = int(np.count_nonzero(codes[:rows] == codes[rows:])) * rows
    expected = sum(int(a) * int(b) for a, b in zip(*counts, strict=True) if a and b)
    return math.nan if expected == rows * rows else (observed - expected) / (rows * rows - expected)
