"""One query for every strategy: check what was asked, choose, tell why."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, get_args

import numpy as np
import numpy.typing as npt

from ladle import scores
from ladle.arraylikes import as_array
from ladle.arrays import Embeddings, Margins, Probabilities, Rows, as_matrix, check_finite
from ladle.errors import ArgumentError, ShapeError
from ladle.frames import check_same_index
from ladle.numbers import choice, switch
from ladle.pool import Pool
from ladle.pool.open import open_if_path
from ladle.progress import SILENT, Reporter
from ladle.scores import MultiLabel
from ladle.strategies.query.contract import Need, Selection, Story
from ladle.strategies.query.request import Request, as_margins, check_request, rows_described


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """A query on its way to a strategy: checked, its arrays as they were given."""

    strategy: str
    request: Request
    given_probabilities: npt.ArrayLike | None = None
    given_margins: npt.ArrayLike | None = None
    given_embeddings: npt.ArrayLike | Pool | None = None
    given_votes: npt.ArrayLike | None = None
    binary: bool = False  # what the probabilities are, see `ladle.margin`
    normalise: bool = False
    progress: Reporter = SILENT

    @property
    def unlabelled(self) -> Rows:
        """The rows that may be chosen, ascending."""
        return np.flatnonzero(self.request.free)

    def raw_probabilities(self) -> Probabilities:
        """(n, c), unchecked; labelled rows may hold NaN. Raises: ArgumentError when none were given; ShapeError."""
        probabilities = self._given("probabilities", self.given_probabilities)
        return scores.class_probabilities(
            probabilities, binary=self.binary, normalise=self.normalise, labelled=self.request.labelled
        )

    def probabilities(self) -> Probabilities:
        """(n, c), checked in one pass. Raises: as `raw_probabilities`; NonFiniteError; ProbabilityError."""
        probabilities = self.raw_probabilities()
        scores.least_confidence(probabilities, labelled=self.request.labelled)  # which refuses what are none
        return probabilities

    def embeddings(self) -> Embeddings:
        """(n, dim), finite. Raises: ArgumentError when none were given; ShapeError; NonFiniteError."""
        given = self._given("embeddings", self.given_embeddings)
        matrix = given.embeddings() if isinstance(given, Pool) else as_matrix(given, "embeddings")
        check_finite(matrix, "embeddings")
        return matrix

    def margins(self, *, multilabel: MultiLabel | None = None) -> Margins:
        """The margins if given, else those of the probabilities. Raises: ArgumentError when neither is given."""
        if self.given_margins is not None:
            return as_margins(self.given_margins, labelled=self.request.labelled)
        if self.given_probabilities is None:
            raise ArgumentError(
                f"a query of {self.strategy}",
                wanted="give `margins` or the `probabilities` they come from",
                got="neither",
            )
        return scores.margin(
            self.given_probabilities,
            multilabel=multilabel,
            binary=self.binary,
            normalise=self.normalise,
            labelled=self.request.labelled,
        )

    def votes(self) -> npt.NDArray[np.integer[Any]]:
        """(n, t), the class that each of t passes predicted. Raises: ArgumentError when none were given; ShapeError."""
        votes = as_array(self._given("votes", self.given_votes), "votes")
        if votes.ndim != 2 or votes.shape[1] == 0:
            raise ShapeError("`votes`", wanted="have shape (n, passes)", got=f"shape {votes.shape}")
        if votes.dtype.kind not in "iu":
            raise ArgumentError("`votes`", wanted="hold the numbers of classes", got=f"dtype {votes.dtype}")
        return votes

    def _given(self, name: str, value: Any) -> Any:
        if value is None:
            raise ArgumentError(f"a query of {self.strategy}", wanted=f"give `{name}`", got="none")
        return value


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """What a strategy answers: rows (b,) in order of choice, its score of each, and what it has to tell."""

    rows: Rows
    scores: npt.NDArray[np.float32]
    facts: Mapping[str, int | float | str] = field(default_factory=dict)
    candidate_rows: int | None = None  # None: the unlabelled pool


def _as_given(probabilities: Any, margins: Any, embeddings: Any, votes: Any) -> tuple[Any, Any, Any, Any]:
    """The arrays of a query as NumPy's, but for embeddings in a pool, which are read when they are needed.

    Raises: ArgumentError, ShapeError; FileError and its kinds for a pool that cannot be opened.
    """
    named = {"probabilities": probabilities, "margins": margins, "embeddings": embeddings, "votes": votes}
    check_same_index(named)
    arrays = {
        name: None if value is None else as_array(value, name) for name, value in named.items() if name != "embeddings"
    }
    placed = open_if_path(embeddings)
    if placed is not None and not isinstance(placed, Pool):
        placed = as_array(placed, "embeddings")
    return arrays["probabilities"], arrays["margins"], placed, arrays["votes"]


def check_multilabel(multilabel: object) -> None:
    """Refuse what is neither None nor a `MultiLabel`. Raises: ArgumentError."""
    if multilabel is not None:
        choice(multilabel, "`multilabel`", get_args(MultiLabel), wanted='be None, "min" or "mean"')


class Chooser(ABC):
    """A strategy, but for `choose`."""

    __slots__ = ()
    name: ClassVar[str]
    needs: ClassVar[tuple[Need, ...]] = ()

    def query(
        self,
        size: int,
        *,
        probabilities: npt.ArrayLike | None = None,
        margins: npt.ArrayLike | None = None,
        embeddings: npt.ArrayLike | Pool | None = None,
        votes: npt.ArrayLike | None = None,
        labelled: npt.ArrayLike | None = None,
        seed: int = 0,
        binary: bool = False,
        normalise: bool = False,
        progress: Reporter = SILENT,
    ) -> Selection:
        """Choose `size` unlabelled rows; see `ladle.strategies.query.contract`.

        binary, normalise: what the probabilities are, see `ladle.margin`.
        Raises: as the contract.
        """
        binary, normalise = switch(binary, "`binary`"), switch(normalise, "`normalise`")
        if probabilities is None and (binary or normalise):
            said = "binary" if binary else "normalise"
            raise ArgumentError(f"`{said}`", wanted="come with `probabilities`", got="none")
        probabilities, margins, embeddings, votes = _as_given(probabilities, margins, embeddings, votes)
        pool_rows = rows_described(probabilities=probabilities, margins=margins, embeddings=embeddings, votes=votes)
        request = check_request(size, pool_rows=pool_rows, labelled=labelled, seed=seed)
        self.check_pool(pool_rows)
        if embeddings is not None:
            self.check_embeddings(embeddings)
        asked = Asked(
            self.name, request, probabilities, margins, embeddings, votes, binary, normalise, progress=progress
        )
        choice = self.choose(asked)
        _check_choice(self.name, choice, request)
        story = Story(
            strategy=self.name,
            seed=request.seed,
            size=request.size,
            pool_rows=request.pool_rows,
            labelled_rows=len(request.labelled),
            candidate_rows=request.unlabelled_rows if choice.candidate_rows is None else choice.candidate_rows,
            facts=choice.facts,
        )
        return Selection(choice.rows, choice.scores, story)

    @abstractmethod
    def choose(self, asked: Asked) -> Choice:
        """`asked.request.size` of `asked.unlabelled`, all different."""

    def check_pool(self, pool_rows: int) -> None:  # noqa: B027 - most strategies know of no pool
        """Refuse a pool of so many rows if this strategy was made for another. Raises: MismatchError."""

    def check_embeddings(self, embeddings: npt.ArrayLike | Pool) -> None:  # noqa: B027 - as `check_pool`
        """Refuse a pool other than the one this strategy was made for. Raises: MismatchError."""

    def restricted(self, rows: Rows) -> Chooser:
        """This strategy for the pool that these rows (r,) of its own are; itself, unless it knows about rows."""
        return self


def _check_choice(name: str, choice: Choice, request: Request) -> None:
    """A batch that is wrong would be paid for, whoever wrote the strategy. Cost: O(n), 2 bytes a row of the pool."""
    rows, chosen = choice.rows, np.zeros(request.pool_rows, bool)
    sound = rows.dtype.kind in "iu" and rows.shape == choice.scores.shape == (request.size,)
    if sound and rows.min() >= 0 and rows.max() < request.pool_rows:
        chosen[rows] = True
        chosen[request.labelled] = False
    if np.count_nonzero(chosen) != request.size:
        raise ArgumentError(
            f"the strategy {name}",
            wanted=f"choose {request.size:,} different, unlabelled rows of the pool, with a score of each",
            got=f"{rows.dtype} of shape {rows.shape}" if not sound else "labelled, repeated or foreign ones among them",
        )
