"""The rows that the model is least sure of; a seeded draw decides ties."""

from __future__ import annotations

import numpy as np

from ladle import draws
from ladle.arrays import Margins, Rows
from ladle.strategies.query.request import Request

# One key for all strategies: with the same seed, Cluster-Margin's candidates are what Margin would have chosen.
TIES = "ties"


def smallest(margins: Margins, request: Request, count: int) -> Rows:
    """The `count` unlabelled rows of smallest margin, in row order: (count,) int64.

    Where only some rows of one margin fit, a seeded uniform draw chooses them, not row order.
    margins: (n,) float32, finite. count: 1 to the number of unlabelled rows.
    Cost: O(n) time; a float32 copy of the margins and a byte a row.
    """
    pool_rows, labelled = len(margins), request.labelled
    if count == pool_rows:
        return np.arange(pool_rows, dtype=np.int64)
    if len(labelled):
        margins = margins.copy()
        margins[labelled] = np.inf  # finite margins all sort before it, and count never reaches it
    cutoff = np.partition(margins, count - 1)[count - 1]
    chosen = margins < cutoff
    tied = np.flatnonzero(margins == cutoff)
    missing = count - int(np.count_nonzero(chosen))
    if missing < len(tied):
        tied = draws.sample(draws.key(request.seed, TIES), tied, missing)
    chosen[tied] = True
    return np.flatnonzero(chosen)


def least_sure_first(margins: Margins, request: Request) -> Rows:
    """The `request.size` unlabelled rows of smallest margin, smallest first, ties in the order of a seeded draw.

    With the same seed, a smaller batch is the beginning of a larger one.
    """
    return sorted_by_margin(smallest(margins, request, request.size), margins, request)


def sorted_by_margin(rows: Rows, margins: Margins, request: Request) -> Rows:
    """`rows` (k,), smallest margin first, ties in the order of a seeded draw: (k,) int64."""
    return rows[np.lexsort((draws.priorities(draws.key(request.seed, TIES), rows), margins[rows]))]
