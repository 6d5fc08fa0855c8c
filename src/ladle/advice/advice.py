"""What to expect of each strategy on a pool of one's own, before its labels are paid for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from ladle.advice.chart import Cell, chart
from ladle.advice.estimate import ExpectedSavings, estimate, nearest
from ladle.advice.repetition import Repetition, repetition
from ladle.clusters import check_clustered
from ladle.errors import ArgumentError
from ladle.hac import Dendrogram
from ladle.numbers import number
from ladle.strategies.scored.margin import Margin

SHOWN = 4  # measured pools that are named


@dataclass(frozen=True, slots=True)
class Advice:
    """What is expected of each strategy.

    Attributes
    ----------
    pool_rows, size : int
        The examples of the pool, and of the batch.
    repetition : Repetition
        How much the pool, and the batch of margin sampling, repeat themselves.
    estimates : tuple of ExpectedSavings
        One for each strategy of the chart: what it saves of the labels of margin sampling.
    like : tuple of str
        The measured pools that are most like this one, as "pool, share of the batch".
    confidence : float
        Of the intervals.
    """

    pool_rows: int
    size: int
    repetition: Repetition
    estimates: tuple[ExpectedSavings, ...]
    like: tuple[str, ...]
    confidence: float

    @property
    def summary(self) -> str:
        """What follows, in a sentence."""
        auto = next(each for each in self.estimates if each.strategy == "auto")
        better = [each.strategy for each in self.estimates if each.low > 0]
        if auto.low > 0:
            return f"This pool repeats itself: auto is expected to need {auto.saved:.0%} fewer labels than margin."
        if better:
            return (
                f"Fewer labels than margin are expected of {' and '.join(better)}; auto is not told apart from margin."
            )
        if auto.high < 0:
            return "Take margin: passing over near-duplicates is expected to cost labels here."
        return "Neither auto nor any other is told apart from margin on pools like this one."

    def to_dict(self) -> dict[str, Any]:
        """Return the advice as plain numbers, strings and lists, ready for JSON."""
        return {
            "pool_rows": self.pool_rows,
            "size": self.size,
            "repetition": {name: getattr(self.repetition, name) for name in Repetition.__slots__},
            "estimates": [
                {"strategy": each.strategy, "saved": each.saved, "low": each.low, "high": each.high}
                | {"outcome": each.outcome}
                for each in self.estimates
            ],
            "like": list(self.like),
            "confidence": self.confidence,
            "summary": self.summary,
        }


def advise(
    tree: Dendrogram,
    size: int,
    *,
    probabilities: npt.ArrayLike | None = None,
    margins: npt.ArrayLike | None = None,
    labelled: npt.ArrayLike | None = None,
    confidence: float = 0.9,
) -> Advice:
    """ExpectedSavings what each strategy saves on a pool, by pools on which all of them were measured.

    Parameters
    ----------
    tree : Dendrogram
        The tree of the pool, of clusters of three rows or more.
    size : int
        Examples in the next batch, from 1 to the unlabelled rows.
    probabilities : array_like, shape (n, classes), optional
        Class probabilities of the whole pool.
    margins : array_like, shape (n,), optional
        Margins, in place of `probabilities`.
    labelled : array_like, optional
        Distinct rows that are labelled, or a boolean mask of shape (n,).
    confidence : float, default 0.9
        Of the intervals, between 0 and 1.

    Returns
    -------
    Advice

    Raises
    ------
    ArgumentError, ShapeError, NonFiniteError, ProbabilityError
        As `Margin.query`; and for a tree of an older Ladle, or one that stops short of clusters of three.
    MismatchError
        The scores are of another pool than the tree.

    Notes
    -----
    Only the first batch is looked at. The chart was measured with logistic regression on features that do not change;
    docs/results/crossing.md has it, with what it cannot tell.

    Cost: the batch of margin sampling and two cuts of the tree. Repeatability: set by the arguments.

    References
    ----------
    Ours.
    """
    confidence = number(confidence, "`confidence`", above=0, below=1)
    if not isinstance(tree, Dendrogram):
        raise ArgumentError("`tree`", wanted="be a Dendrogram", got=type(tree).__name__)
    selection = Margin().query(size, probabilities=probabilities, margins=margins, labelled=labelled)
    check_clustered(tree.n, selection.story.pool_rows)
    measured, known = repetition(tree, selection.rows), chart()
    return Advice(
        pool_rows=tree.n,
        size=len(selection.rows),
        repetition=measured,
        estimates=tuple(estimate(known, name, measured, confidence) for name in known.strategies),
        like=tuple(named(nearest(known, measured, SHOWN))),
        confidence=confidence,
    )


def named(cells: Sequence[Cell]) -> list[str]:
    """Each as its pool and the share of its batch."""
    return [f"{cell.pool}, batches of {100 * cell.repetition.share:.2g}%" for cell in cells]
