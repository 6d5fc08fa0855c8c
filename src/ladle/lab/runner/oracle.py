"""The annotator of an experiment: it knows every label, and counts how many it was asked for."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ladle.arrays import Rows, as_rows
from ladle.errors import ArgumentError


class Oracle:
    """An annotator that gives true labels, each row once.

    Parameters
    ----------
    labels : ndarray of int64, shape (n,) or (n, classes)
        The true labels of all rows of the pool.

    Notes
    -----
    Asking for a row twice is refused: it would spend an annotator for nothing.

    Examples
    --------
    >>> oracle = Oracle(np.array([0, 1, 1]))
    >>> oracle.annotate([2, 0])
    array([1, 0])
    >>> oracle.asked
    2
    """

    __slots__ = ("_batches", "_is_labelled", "_labels")

    def __init__(self, labels: npt.NDArray[np.int64]) -> None:
        self._labels = labels
        self._is_labelled = np.zeros(len(labels), bool)
        self._batches: list[Rows] = []

    def annotate(self, rows: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Label rows.

        Parameters
        ----------
        rows : array_like of int, shape (b,)
            Rows of the pool, each for the first time.

        Returns
        -------
        ndarray of int64, shape (b,) or (b, classes)
            Their labels, in the order of `rows`.

        Raises
        ------
        ArgumentError
            For a row that is repeated, out of range, or labelled already.
        """
        batch = as_rows(rows, "rows", pool_rows=len(self._labels))
        if self._is_labelled[batch].any():
            repeated = int(self._is_labelled[batch].sum())
            raise ArgumentError("`rows`", wanted="be rows nobody labelled yet", got=f"{repeated:,} labelled before")
        self._is_labelled[batch] = True
        self._batches.append(batch)
        return self._labels[batch]

    @property
    def asked(self) -> int:
        """How many labels it has given."""
        return int(self._is_labelled.sum())

    @property
    def rows(self) -> Rows:
        """(asked,) int64: the rows it has labelled, in the order of the requests."""
        return np.concatenate(self._batches) if self._batches else np.empty(0, np.int64)

    @property
    def labels(self) -> npt.NDArray[np.int64]:
        """(asked,) or (asked, classes) int64: their labels, in the same order."""
        return self._labels[self.rows]

    def __repr__(self) -> str:
        return f"Oracle({self.asked:,} of {len(self._labels):,} rows labelled)"
