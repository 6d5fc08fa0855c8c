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
    """The unlabelled rows of smallest margin, smallest first; a seeded draw decides ties.

    A query needs `margins`, or the `probabilities` they come from. The scores of a selection are margins.

    Parameters
    ----------
    noise : {"none", "power", "softmax", "softrank"}, default "none"
        With noise the batch is a random sample by score, 1 - margin, instead of the top of the ranking; see
        `ladle.strategies.scored.gumbel_noise`.
    beta : float, default 1.0
        Weight of the score against the noise, above 0.
    multilabel : {"min", "mean"}, optional
        How the margins of yes-or-no classes are combined into one for a row; see `ladle.margin`.

    Raises
    ------
    ArgumentError
        A parameter is out of range.

    Notes
    -----
    Cost: O(n + size log size) time after the margins; about 5 bytes a row of the pool.

    Repeatability: set by margins and seed; a smaller batch is the beginning of a larger one.

    References
    ----------
    Scheffer, Decomain & Wrobel 2001, "Active hidden Markov models for information extraction".
    """

    noise: Noise = "none"
    beta: float = 1.0
    multilabel: MultiLabel | None = None
    name: ClassVar[str] = "margin"
    needs: ClassVar[tuple[Need, ...]] = ("scores",)
    summary: ClassVar[str] = "The unlabelled rows of smallest margin, smallest first; a seeded draw decides ties."
    cost: ClassVar[str] = "O(n + size log size) time after the margins; about 5 bytes a row of the pool."
    repeats: ClassVar[str] = "set by margins and seed; a smaller batch is the beginning of a larger one."
    source: ClassVar[str] = (
        'Scheffer, Decomain & Wrobel 2001, "Active hidden Markov models for information extraction".'
    )

    def __post_init__(self) -> None:
        check_noise(self.noise, self.beta)
        check_multilabel(self.multilabel)

    def choose(self, asked: Asked) -> Choice:
        """See `Chooser.choose`."""
        margins = asked.margins(multilabel=self.multilabel)
        if self.noise == "none":
            rows = least_sure_first(margins, asked.request)
        else:
            rows = largest_first(1 - margins, asked.request, self.noise, self.beta)
        chosen = margins[rows]
        return Choice(rows, chosen, {"margin_smallest": float(chosen.min()), "margin_cutoff": float(chosen.max())})
