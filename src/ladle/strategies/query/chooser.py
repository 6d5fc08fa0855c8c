"""One query for every strategy: check the arguments, choose, report how."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self, get_args

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
from ladle.strategies.query import parameters
from ladle.strategies.query.contract import Need, Selection, Story
from ladle.strategies.query.request import Request, as_margins, check_request, rows_described


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """A checked query, as `Chooser.choose` gets it: the request, and the arrays as the caller gave them.

    The methods check an array when the strategy reads it, so that an array nobody needs costs nothing.

    Attributes
    ----------
    strategy : str
        Name of the strategy, for error messages.
    request : Request
        `size`, `pool_rows`, `labelled` (rows, int64) and `seed` of the query.
    given_probabilities, given_margins, given_embeddings, given_votes : array_like or None
        The arguments of the query, unchecked.
    binary, normalise : bool
        How to read the probabilities; see `ladle.margin`.
    progress : Reporter
        Where to report progress.
    """

    strategy: str
    request: Request
    given_probabilities: npt.ArrayLike | None = None
    given_margins: npt.ArrayLike | None = None
    given_embeddings: npt.ArrayLike | Pool | None = None
    given_votes: npt.ArrayLike | None = None
    binary: bool = False
    normalise: bool = False
    progress: Reporter = SILENT

    def __repr__(self) -> str:
        request = self.request
        return f"<Asked: {self.strategy} for {request.size:,} of {request.pool_rows:,} rows, seed {request.seed}>"

    @property
    def unlabelled(self) -> Rows:
        """(u,) int64, the rows that may be chosen, ascending."""
        return np.flatnonzero(self.request.free)

    def raw_probabilities(self) -> Probabilities:
        """(n, c), unchecked; labelled rows may hold NaN. Raises: ArgumentError when none were given; ShapeError."""
        probabilities = self._given("probabilities", self.given_probabilities)
        return scores.class_probabilities(
            probabilities, binary=self.binary, normalise=self.normalise, labelled=self.request.labelled
        )

    def probabilities(self, *, multilabel: bool = False) -> Probabilities:
        """(n, c), checked in one pass; `multilabel`: of yes-or-no classes, so that a row may have any sum.

        Raises: as `raw_probabilities`; NonFiniteError; ProbabilityError.
        """
        if multilabel:
            given = self._given("probabilities", self.given_probabilities)
            options = {"binary": self.binary, "normalise": self.normalise}
            scores.margin(given, multilabel="min", labelled=self.request.labelled, **options)  # refuses what is none
            return as_matrix(given, "probabilities")
        probabilities = self.raw_probabilities()
        scores.least_confidence(probabilities, labelled=self.request.labelled)  # refuses rows that are no probabilities
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
    """The answer of `Chooser.choose`.

    Attributes
    ----------
    rows : ndarray of int64, shape (b,)
        The chosen rows, in the order of choice.
    scores : ndarray of float32, shape (b,)
        The strategy's score of each.
    facts : mapping of str to int, float or str, optional
        What the story of the selection reports besides.
    candidate_rows : int, optional
        Rows that could be chosen; None for all unlabelled rows.
    """

    rows: Rows
    scores: npt.NDArray[np.float32]
    facts: Mapping[str, int | float | str] = field(default_factory=dict)
    candidate_rows: int | None = None

    def __repr__(self) -> str:
        return f"<Choice: {len(self.rows):,} rows, {len(self.facts):,} facts>"


def _as_given(probabilities: Any, margins: Any, embeddings: Any, votes: Any) -> tuple[Any, Any, Any, Any]:
    """The arrays of a query as NumPy arrays. Embeddings of a pool stay in the pool until a strategy reads them.

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
    """Refuse a value that is neither None nor a `MultiLabel`. Raises: ArgumentError."""
    choice(multilabel, "`multilabel`", get_args(MultiLabel), undecided=True)


class Chooser(ABC):
    """The base class of every strategy: a subclass has a `name` and the method `choose`.

    Keep each argument of the subclass as an attribute of the same name, unchanged (a dataclass does): then `repr`,
    `get_params`, `set_params` and `sklearn.base.clone` work.

    Attributes
    ----------
    name : str
        The name in stories and in the catalogue.
    needs : tuple of {"scores", "probabilities", "embeddings", "votes"}
        The arguments that a query must give. "scores": margins, or the probabilities they come from.
    summary, cost, repeats, source : str
        Facts that `describe` and `ladle strategies` report: what the strategy does, in a sentence; its time, then
        its memory; what the result depends on; where the method was published. Without a `summary`, the first sentence
        of the docstring is taken.
    """

    __slots__ = ()
    name: ClassVar[str]
    needs: ClassVar[tuple[Need, ...]] = ()
    summary: ClassVar[str] = ""
    cost: ClassVar[str] = ""
    repeats: ClassVar[str] = ""
    source: ClassVar[str] = ""

    def query(
        self,
        size: int,
        *,
        probabilities: npt.ArrayLike | None = None,
        margins: npt.ArrayLike | None = None,
        embeddings: npt.ArrayLike | Pool | None = None,
        votes: npt.ArrayLike | None = None,
        pool_rows: int | None = None,
        labelled: npt.ArrayLike | None = None,
        seed: int = 0,
        binary: bool = False,
        normalise: bool = False,
        progress: Reporter = SILENT,
    ) -> Selection:
        """Choose `size` unlabelled rows of the pool.

        All strategies take the same keywords; what a strategy does not need is ignored, except that all arrays must
        have one entry for each of the n rows of the pool. `needs` lists what a strategy must be given.

        Parameters
        ----------
        size : int
            Rows to choose, from 1 to the number of unlabelled rows.
        probabilities : array_like, shape (n, classes), optional
            Class probabilities of the whole pool, each row summing to 1.
        margins : array_like, shape (n,), optional
            Margins computed before, 0 or larger, small where the model is unsure. A strategy that goes by margins
            takes them in place of `probabilities`.
        embeddings : array_like, shape (n, dim), Pool or path, optional
            Embeddings of the whole pool.
        votes : array_like of int, shape (n, passes), optional
            The class that each of several passes predicted, under dropout or by an ensemble.
        pool_rows : int, optional
            The number of rows n, for a strategy that needs no array. With arrays it must agree with them.
        labelled : array_like, optional
            Distinct rows to leave out, or a boolean mask of shape (n,). Their scores may be NaN.
        seed : int, default 0
            From 0 to 2**63 - 1. It decides every random draw, ties included.
        binary, normalise : bool, default False
            How to read the probabilities; see `ladle.margin`.
        progress : Reporter, optional
            Reports the stages of long queries; see `ladle.progress`.

        Returns
        -------
        Selection
            The chosen rows in the order of choice, a score of each, and how they were chosen.

        Raises
        ------
        ArgumentError
            An argument is out of range, or one that the strategy needs is missing.
        ShapeError, NonFiniteError, ProbabilityError
            An array has another shape, or holds values that it may not hold.
        MismatchError
            Arrays and `pool_rows` disagree on the number of rows, or the strategy was made for another pool.
        """
        binary, normalise = switch(binary, "`binary`"), switch(normalise, "`normalise`")
        if probabilities is None and (binary or normalise):
            option = "binary" if binary else "normalise"
            raise ArgumentError(f"`{option}`", wanted="come with `probabilities`", got="none")
        probabilities, margins, embeddings, votes = _as_given(probabilities, margins, embeddings, votes)
        arrays = {"probabilities": probabilities, "margins": margins, "embeddings": embeddings, "votes": votes}
        pool_rows = rows_described(arrays, pool_rows=pool_rows)
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
        """Choose `asked.request.size` different rows of `asked.unlabelled`.

        Parameters
        ----------
        asked : Asked
            The checked query.

        Returns
        -------
        Choice
            The rows, in the order of choice, and their scores. `query` checks the rows.
        """

    def check_pool(self, pool_rows: int) -> None:  # noqa: B027 - most strategies are made for no pool
        """Refuse a pool of `pool_rows` rows if this strategy was made for another. Raises: MismatchError."""

    def check_embeddings(self, embeddings: npt.ArrayLike | Pool) -> None:  # noqa: B027 - as `check_pool`
        """Refuse a pool other than the one this strategy was made for. Raises: MismatchError."""

    def restricted(self, rows: Rows) -> Chooser:
        """Return this strategy for the pool made of these rows (r,); itself, unless it holds something for each row."""
        return self

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the arguments that make an equal strategy, as scikit-learn's estimators do.

        Parameters
        ----------
        deep : bool, default True
            Whether to add the parameters of a strategy held by this one, as `strategy__name`.

        Returns
        -------
        dict
            Parameter names and values; the values are those given, not copies.
        """
        return parameters.parameters_of(self, deep=deep)

    def set_params(self, **changes: Any) -> Self:
        """Change parameters in place, as scikit-learn's estimators do.

        Parameters
        ----------
        **changes
            New values by parameter name; `strategy__name` for a parameter of a strategy held by this one.

        Returns
        -------
        Chooser
            This strategy.

        Raises
        ------
        ArgumentError
            There is no such parameter, or a value is out of range. The strategy is then unchanged.
        """
        arguments = parameters.changed(self, changes)
        type(self)(**arguments)  # raises here, before anything changes
        self.__init__(**arguments)  # type: ignore[misc]
        return self

    def __repr__(self) -> str:
        return parameters.shown(self)


def _check_choice(name: str, choice: Choice, request: Request) -> None:
    """Refuse a wrong batch before anybody pays for its labels. Cost: O(n), 2 bytes a row. Raises: ArgumentError."""
    rows, chosen = choice.rows, np.zeros(request.pool_rows, bool)
    fits = rows.dtype.kind in "iu" and rows.shape == choice.scores.shape == (request.size,)
    if fits and rows.min() >= 0 and rows.max() < request.pool_rows:
        chosen[rows] = True
        chosen[request.labelled] = False
    if np.count_nonzero(chosen) != request.size:
        raise ArgumentError(
            f"the strategy {name}",
            wanted=f"choose {request.size:,} different, unlabelled rows of the pool, with a score of each",
            got=f"{rows.dtype} of shape {rows.shape}" if not fits else "labelled, repeated or foreign ones among them",
        )
