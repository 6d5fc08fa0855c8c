"""Ladle's strategies as a query strategy of scikit-activeml."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.adapters.inputs import PoolPart, as_strategy
from ladle.arrays import Rows
from ladle.errors import ArgumentError, MissingDependencyError
from ladle.strategies import Chooser

try:
    from skactiveml.base import SingleAnnotatorPoolQueryStrategy, SkactivemlClassifier
    from skactiveml.utils import MISSING_LABEL, check_equal_missing_label, check_type, is_labeled
    from sklearn.base import clone
except ImportError as error:
    raise MissingDependencyError(
        "scikit-activeml",
        wanted="be installed to use Ladle inside its loops",
        got="none",
        remedy="Run: pip install scikit-activeml",
    ) from error

__all__ = ["LadlePoolStrategy"]


class LadlePoolStrategy(SingleAnnotatorPoolQueryStrategy):  # type: ignore[misc]
    """A strategy of Ladle, as scikit-activeml's loops and wrappers take it.

    Parameters
    ----------
    strategy : Chooser or str, default "margin"
        A strategy, or its name.
    missing_label : scalar, str or None, default numpy.nan
        What stands for no label in `y`.
    random_state : int, RandomState or None
        Of every query.
    """

    def __init__(
        self, strategy: Chooser | str = "margin", missing_label: Any = MISSING_LABEL, random_state: Any = None
    ) -> None:
        super().__init__(missing_label=missing_label, random_state=random_state)
        self.strategy = strategy

    def query(
        self,
        X: Any,
        y: Any,
        clf: Any = None,
        fit_clf: bool = True,
        sample_weight: npt.ArrayLike | None = None,
        candidates: Any = None,
        batch_size: int = 1,
        return_utilities: bool = False,
        *,
        embeddings: npt.ArrayLike | None = None,
    ) -> Any:
        """Choose examples to label.

        Parameters
        ----------
        X : (n, n_features) array_like
            The whole pool, labelled and unlabelled examples.
        y : (n,) array_like
            Labels; `missing_label` where there is none.
        clf : SkactivemlClassifier, optional
            The model whose probabilities the strategy reads. Needed by strategies that read scores.
        fit_clf : bool, default True
            Whether a copy of `clf` is fitted to `X` and `y` first.
        sample_weight : (n,) array_like, optional
            For that fit.
        candidates : (c,) int or (c, n_features) array_like, optional
            What may be chosen: positions in `X`, or examples. None: the unlabelled examples.
        batch_size : int, default 1
            How many. More than there are candidates is cut to their number, with scikit-activeml's warning.
        return_utilities : bool, default False
            Whether to return utilities too.
        embeddings : (n, dim) array_like, optional
            Vectors that stand for `X` where a strategy needs vectors. Not with examples as candidates.

        Returns
        -------
        (b,) int64
            Positions in `X`, or in `candidates` where those are examples, in the order of choice.
        (b, n) or (b, c) float64
            With `return_utilities`. A batch is chosen as a whole, so these only tell its order: at step i the example
            chosen i-th has the largest number, those chosen after it smaller ones, other candidates 0, and everything
            else NaN.

        Raises
        ------
        ValueError, TypeError
            For what scikit-activeml refuses, and what `Chooser.query` refuses.
        """
        X, y, candidates, batch_size, return_utilities = self._validate_data(
            X, y, candidates, batch_size, return_utilities, reset=True
        )
        strategy = as_strategy(self.strategy)
        examples, free = self._transform_candidates(candidates, X, y)
        seed = int(self.random_state_.randint(2**31))
        labelled = np.flatnonzero(is_labeled(y, missing_label=self.missing_label_))
        pool, width = X, len(X)
        if free is None:  # the candidates are examples: the pool is they, and after them what is labelled
            if embeddings is not None:
                wanted, got = "come with candidates that are positions in `X`", "candidates as examples"
                raise ArgumentError("`embeddings`", wanted=wanted, got=got)
            width = len(examples)
            pool, free = np.concatenate([examples, X[labelled]]), np.arange(width)
            labelled = np.arange(width, len(pool))
        rows = PoolPart.of(free, labelled, len(pool)).choose(
            strategy,
            int(batch_size),
            probabilities=lambda rows: self._fitted(clf, fit_clf, X, y, sample_weight).predict_proba(pool[rows]),
            embeddings=lambda: pool if embeddings is None else embeddings,
            seed=seed,
        )
        return (rows, _order_as_utilities(rows, free, width)) if return_utilities else rows

    def _fitted(self, clf: Any, fit_clf: bool, X: Any, y: Any, sample_weight: Any) -> Any:
        """The model, fitted if that is wanted. Raises: TypeError, ValueError."""
        check_type(clf, "clf", SkactivemlClassifier)
        check_equal_missing_label(clf.missing_label, self.missing_label_)
        check_type(fit_clf, "fit_clf", bool)
        if not fit_clf:
            return clf
        return clone(clf).fit(X, y) if sample_weight is None else clone(clf).fit(X, y, sample_weight)


def _order_as_utilities(rows: Rows, free: Rows, width: int) -> npt.NDArray[np.float64]:
    """(b, width): see `LadlePoolStrategy.query`."""
    size = len(rows)
    utilities = np.full((size, width), np.nan)
    utilities[:, free] = 0
    utilities[:, rows] = np.arange(size, 0, -1)
    for step, row in enumerate(rows[:-1]):
        utilities[step + 1 :, row] = np.nan
    return utilities
