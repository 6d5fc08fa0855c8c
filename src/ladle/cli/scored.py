"""What `select` asks a strategy with: scores and votes from files, the embeddings of the pool, by what it needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ladle.errors import ArgumentError
from ladle.progress import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A file of scores, and what its numbers are: probabilities unless said otherwise; and one of votes."""

    path: Path | None
    votes: Path | None
    logits: bool
    margins: bool
    multilabel: Any  # None, or how margins of yes-or-no classes make that of an example
    column: str | None
    id_column: str | None

    def check(self, needs: Sequence[str]) -> None:
        """Refuse options that do not go together, `needs` being the strategy's. Raises: ArgumentError."""
        if self.path is None:
            if "scores" in needs or "probabilities" in needs:
                raise ArgumentError("--scores", wanted="name a file of scores", got="none")
            if self.logits or self.margins or self.column or self.id_column:
                raise ArgumentError("the options of the scores", wanted="come with --scores", got="none")
        if self.votes is None and "votes" in needs:
            raise ArgumentError("--votes", wanted="name a file of votes for this strategy", got="none")
        if self.logits and self.multilabel is not None:
            raise ArgumentError("the scores", wanted="be probabilities or margins where multilabel", got="--logits")
        if self.logits and self.margins:
            raise ArgumentError("the scores", wanted="be --logits or --margins", got="both")
        if self.margins and "probabilities" in needs:
            raise ArgumentError("the scores", wanted="be probabilities or logits for this strategy", got="--margins")

    def read(self, pool: Any, labelled: Any, needs: Sequence[str], *, progress: Progress) -> dict[str, Any]:
        """The arguments of a query: `margins` (n,) where there are scores, and by `needs` `probabilities` (n, classes),
        `votes` (n, passes) and `embeddings` (n, dim).

        Raises: IdError, ShapeError, NonFiniteError, ProbabilityError, FileError and its kinds; MemoryPlanError.
        """
        given: dict[str, Any] = {}
        if "embeddings" in needs:  # first, for they are what is likeliest not to fit
            with progress.task("Reading the embeddings"):
                given["embeddings"] = pool.embeddings()
        if self.votes is not None and "votes" in needs:
            given["votes"] = _votes(self.votes, pool, labelled, progress)
        return given if self.path is None else given | self._scores(self.path, pool, labelled, needs, progress)

    def _scores(self, path: Path, pool: Any, labelled: Any, needs: Sequence[str], progress: Progress) -> dict[str, Any]:
        import numpy as np

        from ladle.pool.scorefile import open_scores
        from ladle.scores import margin, margin_from_logits, softmax

        scores = open_scores(path, pool, single=self.margins, id=self.id_column, column=self.column, labelled=labelled)
        if "probabilities" in needs:
            probabilities = scores.matrix(softmax if self.logits else np.asarray, progress=progress)
            return {"probabilities": probabilities, "margins": margin(probabilities)}
        of_classes = partial(margin, multilabel=self.multilabel)
        measure = np.asarray if self.margins else margin_from_logits if self.logits else of_classes
        return {"margins": scores.reduced(measure, progress=progress)}


def _votes(path: Path, pool: Any, labelled: Any, progress: Progress) -> Any:
    """(n, passes) int32. Raises: as `open_scores`; DataError for what is no number of a class."""
    import numpy as np

    from ladle.errors import DataError
    from ladle.pool.scorefile import open_scores

    def checked(values: Any) -> Any:
        bad = ~((values >= 0) & (values < 2**24) & (values == np.floor(values))).all(axis=1)  # exact in float32
        if bad.any():
            row = int(np.argmax(bad))
            raise DataError("the votes", wanted="be numbers of classes, from 0", got=f"{values[row]} in row {row:,}")
        return values

    return open_scores(path, pool, labelled=labelled).matrix(checked, progress=progress).astype(np.int32)
