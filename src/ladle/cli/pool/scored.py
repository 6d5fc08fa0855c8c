"""The arrays of a query, by the needs of its strategy: scores and votes from files, and the pool's embeddings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from ladle.cli.pool.score_words import translate_errors
from ladle.counts import counted
from ladle.errors import ArgumentError
from ladle.progress import Reporter

SHOWN = 8  # columns shown to people; JSON has all


@dataclass(frozen=True, slots=True)
class QueryInputs:
    """The arrays of a query, by keyword; and what was read, as facts for JSON and as messages for people."""

    arrays: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    messages: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A file of scores, how to read its numbers (probabilities, if no option says otherwise), and a file of votes."""

    path: Path | None
    votes: Path | None
    logits: bool = False
    margins: bool = False
    binary: bool = False  # one number an example, of two classes
    normalise: bool = False
    multilabel: Any = None  # the strategy's option for yes-or-no classes; None or False for other classes
    columns: Sequence[str] = ()
    id_column: str | None = None
    classes: Sequence[str | int] | int | None = None  # names or number of the classes, where they are known
    ignore_extra: bool = False

    def check(self, needs: Sequence[str]) -> None:
        """Refuse options that contradict each other or the needs of the strategy. Raises: ArgumentError."""
        if self.path is None:
            if "scores" in needs or "probabilities" in needs:
                raise ArgumentError("--scores", wanted="name a file of scores", got="none")
            if any(self.forms) or self.columns or self.id_column or self.ignore_extra:
                raise ArgumentError("the options of the scores", wanted="come with --scores", got="none")
        if self.votes is None and "votes" in needs:
            raise ArgumentError("--votes", wanted="name a file of votes for this strategy", got="none")
        if self.logits and self.multilabel:
            raise ArgumentError("the scores", wanted="be probabilities or margins where multilabel", got="--logits")
        for one, other in (("logits", "margins"), ("margins", "binary")):
            if getattr(self, one) and getattr(self, other):
                raise ArgumentError("the scores", wanted=f"be --{one} or --{other}", got="both")
        if self.binary and self.multilabel:
            raise ArgumentError("the scores", wanted="be --binary or multilabel", got="both")
        if self.normalise and (self.logits or self.margins or self.binary or self.multilabel):
            other = next((f"--{name}" for name in ("logits", "margins", "binary") if getattr(self, name)), "multilabel")
            raise ArgumentError("--normalise", wanted="go with classes that exclude each other", got=f"{other} too")
        if self.margins and "probabilities" in needs:
            raise ArgumentError("the scores", wanted="be probabilities or logits for this strategy", got="--margins")

    @property
    def forms(self) -> tuple[bool, bool, bool, bool]:
        """The options that say what the numbers are: logits, margins, binary, normalise."""
        return self.logits, self.margins, self.binary, self.normalise

    @property
    def key(self) -> tuple[object, ...]:
        """The options that change the scores read from a file. An option newer than the key is in it only if used."""
        columns = tuple(self.columns)
        column = None if not columns else columns[0] if len(columns) == 1 else columns
        new = tuple(name for name in ("binary", "normalise", "ignore_extra") if getattr(self, name))
        return (self.logits, self.margins, column, self.id_column, *new)

    def read(
        self,
        pool: Any,
        labelled: Any,
        needs: Sequence[str],
        *,
        takes_margins: bool | None = None,
        progress: Reporter,
    ) -> QueryInputs:
        """Read the arrays of a query: `margins` (n,) if there are scores; and, if they are among `needs`,
        `probabilities` (n, classes), `votes` (n, passes) and `embeddings` (n, dim).

        takes_margins: whether errors may name --margins as a remedy; None where `needs` says it.
        Raises: IdError, ShapeError, NonFiniteError, ProbabilityError, FileError and its kinds; MemoryPlanError;
        MismatchError for another number of classes.
        """
        inputs = QueryInputs()
        if "embeddings" in needs:  # first, because they are the most likely not to fit into memory
            with progress.task("Reading the embeddings"):
                inputs.arrays["embeddings"] = pool.embeddings()
        if self.votes is not None and "votes" in needs:
            with translate_errors(self.votes):
                self._read_votes(self.votes, inputs, pool, labelled, progress)
        if self.path is not None:
            might = "probabilities" not in needs if takes_margins is None else takes_margins
            with translate_errors(self.path, takes_margins=might):
                self._read_scores(self.path, inputs, pool, labelled, needs, progress)
        return inputs

    def _read_scores(
        self, path: Path, inputs: QueryInputs, pool: Any, labelled: Any, needs: Sequence[str], progress: Reporter
    ) -> None:
        from ladle.scores import margin
        from ladle.scores.files.score_file import open_scores

        scores = open_scores(
            path,
            pool,
            read_as=self.read_as,
            id=self.id_column,
            column=self.columns,
            labelled=labelled,
            classes=self.classes,
            ignore_extra_scores=self.ignore_extra,
        )
        if "probabilities" in needs:
            classes = 2 if self.binary else None
            inputs.arrays["probabilities"] = scores.matrix(self._to_probabilities, classes=classes, progress=progress)
            several: Any = "min" if self.multilabel else None
            inputs.arrays["margins"] = margin(inputs.arrays["probabilities"], multilabel=several)
        else:
            inputs.arrays["margins"] = scores.reduced(self._to_margins(), progress=progress)
        inputs.facts["scores"] = self._facts(scores)
        inputs.messages["scores"] = self._message(scores)

    @property
    def read_as(self) -> Any:
        """The argument `read_as` of `open_scores`."""
        if self.margins or self.binary:
            return "margins" if self.margins else "binary"
        return "logits" if self.logits else "multilabel" if self.multilabel else "probabilities"

    def _to_probabilities(self, values: Any) -> Any:
        from ladle.scores import class_probabilities, softmax

        if self.logits:
            return softmax(values, binary=self.binary)
        if self.multilabel:
            return values
        return class_probabilities(values, binary=self.binary, normalise=self.normalise)

    def _to_margins(self) -> Callable[[Any], Any]:
        from ladle.scores import margin, margin_from_logits
        from ladle.strategies.query.request import as_margins

        if self.margins:
            return as_margins
        if self.logits:
            return partial(margin_from_logits, binary=self.binary)
        return partial(margin, multilabel=self.multilabel or None, binary=self.binary, normalise=self.normalise)

    def _read_votes(self, path: Path, inputs: QueryInputs, pool: Any, labelled: Any, progress: Reporter) -> None:
        """Read the votes. Raises: as `open_scores`; DataError for a value that is not the number of a class."""
        import numpy as np

        from ladle.scores.files.score_file import open_scores

        scores = open_scores(path, pool, read_as="votes", labelled=labelled, ignore_extra_scores=self.ignore_extra)
        inputs.arrays["votes"] = scores.matrix(_checked_votes, progress=progress).astype(np.int32)
        inputs.facts["votes"] = {"passes": scores.width, "columns": list(scores.columns), "entries": len(scores.rows)}
        inputs.messages["votes"] = f"{counted(scores.width or 1, 'pass')}{_listed(scores.columns)}"

    def _facts(self, scores: Any) -> Mapping[str, Any]:
        return {
            "read_as": self.read_as,
            "classes": 2 if self.binary else scores.classes,
            "columns": list(scores.columns),
            "logits": self.logits,
            "normalised": self.normalise,
            "entries": len(scores.rows),
            "extra_entries": scores.extra_entries,
        }

    def _message(self, scores: Any) -> str:
        if scores.classes is None:
            what = "margins" if self.margins else f"one {'logit' if self.logits else 'probability'} of two classes"
        else:
            what = counted(scores.classes, "class") + (", logits" if self.logits else "")
        extra = f"; {scores.extra_entries:,} of other examples left out" if scores.extra_entries else ""
        return f"{what}{_listed(scores.columns)}{extra}"


def _listed(columns: Sequence[str]) -> str:
    if not columns:
        return ""
    shown = list(columns) if len(columns) <= SHOWN else [*columns[: SHOWN - 2], "...", columns[-1]]
    return f", from the column{'s' if len(columns) > 1 else ''} {', '.join(shown)}"


def _checked_votes(values: Any) -> Any:
    import numpy as np

    from ladle.errors import DataError

    bad = ~((values >= 0) & (values < 2**24) & (values == np.floor(values))).all(axis=1)  # exact in float32
    if bad.any():
        row = int(np.argmax(bad))
        raise DataError("the votes", wanted="be numbers of classes, from 0", got=f"{values[row]} in row {row:,}")
    return values
