"""The annotator of an experiment: knows every label, and counts how many it was asked for."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ladle.arrays import Rows, as_rows
from ladle.errors import ArgumentError


class Oracle:
    """Gives true labels, each row once: asking again would spend an annotator for nothing, and is refused."""

    __slots__ = ("_known", "_labels", "_order")

    def __init__(self, labels: npt.NDArray[np.int64]) -> None:
        """labels: (n,) the truth about every row of the pool."""
        self._labels = labels
        self._known = np.zeros(len(labels), bool)
        self._order: list[Rows] = []

    def annotate(self, rows: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """The labels of `rows`, in their order. Raises: ArgumentError for a row repeated, unknown, or asked before."""
        asked = as_rows(rows, "rows", pool_rows=len(self._labels))
        if self._known[asked].any():
            again = int(self._known[asked].sum())
            raise ArgumentError("`rows`", wanted="be rows nobody labelled yet", got=f"{again:,} labelled before")
        self._known[asked] = True
        self._order.append(asked)
        return self._labels[asked]

    @property
    def asked(self) -> int:
        """How many labels it has given."""
        return int(self._known.sum())

    @property
    def rows(self) -> Rows:
        """(asked,) the rows it has labelled, in the order asked."""
        return np.concatenate(self._order) if self._order else np.empty(0, np.int64)

    @property
    def labels(self) -> npt.NDArray[np.int64]:
        """(asked,) their labels, in the same order."""
        return self._labels[self.rows]
