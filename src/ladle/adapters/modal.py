"""Ladle's strategies as query strategies of modAL."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ladle.adapters.inputs import as_strategy, needed
from ladle.arrays import Rows, as_rows
from ladle.errors import ShapeError
from ladle.seeds import check_seed
from ladle.strategies import Chooser

__all__ = ["query_strategy"]


class _Classifier(Protocol):
    def predict_proba(self, X: Any) -> npt.ArrayLike:
        """(n, classes)."""


class _Query(Protocol):
    def __call__(
        self,
        classifier: _Classifier,
        X_pool: Any,
        n_instances: int = 1,
        *,
        rows: npt.ArrayLike | None = None,
        embeddings: npt.ArrayLike | None = None,
    ) -> tuple[Rows, npt.NDArray[np.float32]]:
        """What modAL calls."""


def query_strategy(strategy: Chooser | str = "margin", *, seed: int = 0) -> _Query:
    """Make a query strategy for `modAL.models.ActiveLearner`.

    `ActiveLearner(model, query_strategy=query_strategy("margin"))`, then `learner.query(X_pool, n_instances=1_000)`.

    Parameters
    ----------
    strategy : Chooser or str
        A strategy of Ladle, or its name.
    seed
        Of every query.

    Returns
    -------
    callable
        `query(classifier, X_pool, n_instances=1, *, rows=None, embeddings=None)` returns the chosen positions in
        `X_pool`, int64, and the strategy's score of each, as modAL's own strategies do. `rows` are the positions of
        `X_pool` in the whole pool, (n,): a strategy that was made for the whole pool (with a tree or clusters) needs
        them, because the pool of modAL shrinks with each batch. `embeddings`, (n, dim), stand for `X_pool` where a
        strategy needs vectors.

    Raises
    ------
    ArgumentError
        For an unknown strategy, or one that needs votes.

    Notes
    -----
    A query raises what `Chooser.query` raises. modAL calls it a second time before it passes an error on.
    """
    chosen, seed = as_strategy(strategy), check_seed(seed)

    def query(
        classifier: _Classifier,
        X_pool: Any,
        n_instances: int = 1,
        *,
        rows: npt.ArrayLike | None = None,
        embeddings: npt.ArrayLike | None = None,
    ) -> tuple[Rows, npt.NDArray[np.float32]]:
        count = X_pool.shape[0] if hasattr(X_pool, "shape") else len(X_pool)
        inside = chosen if rows is None else chosen.restricted(_places(rows, count))
        given = needed(
            inside,
            probabilities=lambda: classifier.predict_proba(X_pool),
            embeddings=lambda: X_pool if embeddings is None else embeddings,
        )
        selection = inside.query(n_instances, **given, pool_rows=count, seed=seed)
        return selection.rows, selection.scores

    return query


def _places(rows: npt.ArrayLike, count: int) -> Rows:
    """`rows` of the whole pool, one for each of the `count` examples left. Raises: ArgumentError, ShapeError."""
    given = np.asarray(rows)
    places = as_rows(given, "rows", pool_rows=int(given.max(initial=0)) + 1)
    if given.dtype == bool or len(places) != count:
        raise ShapeError(
            "`rows`", wanted=f"be one for each of the {count:,} examples of `X_pool`", got=f"{len(places):,}"
        )
    return places
