"""Margin sampling: the rows whose two most likely classes are closest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ladle.strategies.candidates import least_sure_first
from ladle.strategies.choosing import Asked, Choice, Chooser, Need


@dataclass(frozen=True, slots=True)
class Margin(Chooser):
    """The unlabelled rows of smallest margin, smallest first; ties by a seeded draw, without row-order bias.

    Asked with `margins`, or with the `probabilities` they come from; the scores of a selection are margins.
    Cost: O(n + size log size) time after the margins; about 5 bytes a row of the pool.
    Repeats: set by margins and seed; a smaller batch is the beginning of a larger one.
    Source: Scheffer, Decomain & Wrobel 2001.
    """

    name: ClassVar[str] = "margin"
    needs: ClassVar[tuple[Need, ...]] = ("scores",)

    def choose(self, asked: Asked) -> Choice:
        """See `Chooser.choose`."""
        known = asked.margins()
        rows = least_sure_first(known, asked.request)
        return Choice(
            rows, known[rows], {"margin_smallest": float(known[rows[0]]), "margin_cutoff": float(known[rows[-1]])}
        )
