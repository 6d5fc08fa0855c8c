"""The scores that `select` is given, as what a strategy is asked with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ladle.errors import ArgumentError
from ladle.progress import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A file of scores, and what its numbers are: probabilities unless said otherwise."""

    path: Path | None
    logits: bool
    margins: bool
    column: str | None
    id_column: str | None

    def check(self, *, needed: bool, whole: bool) -> None:
        """Refuse options that do not go together. `needed`: the strategy has a use for scores; `whole`: for whole
        probabilities, not margins. Raises: ArgumentError."""
        if self.path is None:
            if needed:
                raise ArgumentError("--scores", wanted="name a file of scores", got="none")
            if self.logits or self.margins or self.column or self.id_column:
                raise ArgumentError("the options of the scores", wanted="come with --scores", got="none")
        if self.logits and self.margins:
            raise ArgumentError("the scores", wanted="be --logits or --margins", got="both")
        if self.margins and whole:
            raise ArgumentError("the scores", wanted="be probabilities or logits for this strategy", got="--margins")

    def read(self, pool: Any, labelled: Any, *, whole: bool, progress: Progress) -> dict[str, Any]:
        """The arguments of a query: `margins` (n,), and with `whole` also `probabilities` (n, classes).

        Raises: IdError, ShapeError, NonFiniteError, ProbabilityError, FileError and its kinds; MemoryPlanError.
        """
        if self.path is None:
            return {}
        import numpy as np

        from ladle.pool.scorefile import open_scores
        from ladle.scores import margin, margin_from_logits, softmax

        scores = open_scores(
            self.path, pool, single=self.margins, id=self.id_column, column=self.column, labelled=labelled
        )
        if whole:
            probabilities = scores.matrix(softmax if self.logits else np.asarray, progress=progress)
            return {"probabilities": probabilities, "margins": margin(probabilities)}
        measure = np.asarray if self.margins else margin_from_logits if self.logits else margin
        return {"margins": scores.reduced(measure, progress=progress)}
