"""Margin sampling: the rows whose two most likely classes are closest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy.typing as npt

from ladle import scores
from ladle.arrays import Margins
from ladle.errors import ArgumentError
from ladle.strategies.candidates import least_sure_first
from ladle.strategies.contract import Selection, Story
from ladle.strategies.request import as_margins, check_request, rows_described


@dataclass(frozen=True, slots=True)
class Margin:
    """The unlabelled rows of smallest margin, smallest first; ties by a seeded draw, without row-order bias.

    Cost: O(n + size log size) time after the margins; about 5 bytes a row of the pool.
    Repeats: set by margins and seed; a smaller batch is the beginning of a larger one.
    Source: Scheffer, Decomain & Wrobel 2001.
    """

    name: ClassVar[str] = "margin"

    def query(
        self,
        size: int,
        *,
        probabilities: npt.ArrayLike | None = None,
        margins: npt.ArrayLike | None = None,
        embeddings: npt.ArrayLike | None = None,
        labelled: npt.ArrayLike | None = None,
        seed: int = 0,
    ) -> Selection:
        """Choose `size` rows by `margins`, or by the margins of `probabilities`; `embeddings` are ignored.

        `Selection.scores` are margins. Raises: as the contract.
        """
        pool_rows = rows_described(probabilities=probabilities, margins=margins, embeddings=embeddings)
        request = check_request(size, pool_rows=pool_rows, labelled=labelled, seed=seed)
        known = margins_from(margins, probabilities, strategy=self.name)
        rows = least_sure_first(known, request)
        story = Story(
            strategy=self.name,
            seed=request.seed,
            size=request.size,
            pool_rows=pool_rows,
            labelled_rows=len(request.labelled),
            candidate_rows=request.unlabelled_rows,
            facts={"margin_smallest": float(known[rows[0]]), "margin_cutoff": float(known[rows[-1]])},
        )
        return Selection(rows, known[rows], story)


def margins_from(margins: npt.ArrayLike | None, probabilities: npt.ArrayLike | None, *, strategy: str) -> Margins:
    """The margins if given, else those of the probabilities. Raises: ArgumentError when neither is given."""
    if margins is not None:
        return as_margins(margins)
    if probabilities is None:
        raise ArgumentError(
            f"a query of {strategy}", wanted="give `margins` or the `probabilities` they come from", got="neither"
        )
    return scores.margin(probabilities)
