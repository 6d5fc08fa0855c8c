"""Ladle's strategies as a query strategy of small-text."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.adapters.inputs import PoolPart, as_strategy
from ladle.arrays import Rows
from ladle.errors import MissingDependencyError
from ladle.seeds import check_seed
from ladle.strategies import Chooser

try:
    from small_text.query_strategies import QueryStrategy
except ImportError as error:
    raise MissingDependencyError(
        "small-text",
        wanted="be installed to use Ladle inside its loops",
        got="none",
        remedy="Run: pip install small-text",
    ) from error

__all__ = ["LadleQueryStrategy"]


class LadleQueryStrategy(QueryStrategy):  # type: ignore[misc]
    """A strategy of Ladle, as small-text's `PoolBasedActiveLearner` takes it.

    Parameters
    ----------
    strategy : Chooser or str, default "margin"
        A strategy, or its name.
    embeddings : (n, dim) array_like, optional
        Vectors of the whole dataset, for strategies that need them. None: the classifier's `embed`.
    seed : int, default 0
        Of every query.

    Raises
    ------
    ArgumentError
        For an unknown strategy, or one that needs votes.
    """

    def __init__(
        self, strategy: Chooser | str = "margin", *, embeddings: npt.ArrayLike | None = None, seed: int = 0
    ) -> None:
        self.strategy = as_strategy(strategy)
        self.embeddings = embeddings
        self.seed = check_seed(seed)

    def query(
        self,
        clf: Any,
        dataset: Any,
        indices_unlabeled: npt.ArrayLike,
        indices_labeled: npt.ArrayLike,
        y: Any,
        n: int = 10,
    ) -> Rows:
        """Choose examples to label.

        Parameters
        ----------
        clf : small_text.classifiers.Classifier
            The model, whose probabilities the strategy reads.
        dataset : small_text.data.datasets.Dataset
            The whole pool.
        indices_unlabeled, indices_labeled : (u,), (l,) int array_like
            Positions in it. What is in neither (ignored examples) is not chosen.
        y : array_like
            Not read.
        n : int, default 10
            How many.

        Returns
        -------
        (n,) int64
            Positions in `dataset`, in the order of choice.

        Raises
        ------
        small_text.query_strategies.EmptyPoolException, PoolExhaustedException
            When there are fewer than `n` unlabelled examples.
        LadleError
            Whatever `Chooser.query` refuses.
        """
        free = np.asarray(indices_unlabeled, np.int64)
        self._validate_query_input(free, n)
        return PoolPart.of(free, indices_labeled, len(dataset)).choose(
            self.strategy,
            n,
            probabilities=lambda rows: clf.predict_proba(dataset[rows]),
            embeddings=lambda: clf.embed(dataset) if self.embeddings is None else self.embeddings,
            seed=self.seed,
        )

    def __str__(self) -> str:
        return f"LadleQueryStrategy({self.strategy.name})"
