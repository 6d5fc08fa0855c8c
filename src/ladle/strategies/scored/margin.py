"""Margin sampling: the rows whose two most likely classes are closest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ladle.scores import MultiLabel
from ladle.strategies.query.chooser import Asked, Choice, Chooser, check_multilabel
from ladle.strategies.query.contract import Need
from ladle.strategies.scored.candidates import least_sure_first
from ladle.strategies.scored.gumbel_noise import Noise, check_noise, largest_first


@dataclass(frozen=True, slots=True)
class Margin(Chooser):
    """The unlabelled rows of smallest margin, smallest first; ties by a seeded draw, without row-order bias.

    noise, beta: a sample instead of the top of the ranking, see ladle.strategies.scored.gumbel_noise, with 1 - margin
    as the score.
    multilabel: how the margins of yes-or-no classes make that of a row, see `ladle.margin`.
    Asked with `margins`, or with the `probabilities` they come from; the scores of a selection are margins.
    Cost: O(n + size log size) time after the margins; about 5 bytes a row of the pool.
    Repeats: set by margins and seed; a smaller batch is the beginning of a larger one.
    Source: Scheffer, Decomain & Wrobel 2001.
    """

    noise: Noise = "none"
    beta: float = 1.0
    multilabel: MultiLabel | None = None
    name: ClassVar[str] = "margin"
    needs: ClassVar[tuple[Need, ...]] = ("scores",)

    def __post_init__(self) -> None:
        check_noise(self.noise, self.beta)
        check_multilabel(self.multilabel)

    def choose(self, asked: Asked) -> Choice:
        """See `Chooser.choose`."""
        known = asked.margins(multilabel=self.multilabel)
        if self.noise == "none":
            rows = least_sure_first(known, asked.request)
        else:
            rows = largest_first(1 - known, asked.request, self.noise, self.beta)
        chosen = known[rows]
        return Choice(rows, chosen, {"margin_smallest": float(chosen.min()), "margin_cutoff": float(chosen.max())})
