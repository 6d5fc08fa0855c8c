"""The border of every query: its arguments, checked before any work."""

from __future__ import annotations

from collections.abc import Mapping, Sized
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.arrays import Margins, Rows, as_numbers, as_rows, check_finite
from ladle.errors import ArgumentError, DataError, MismatchError, NonFiniteError, ShapeError
from ladle.numbers import whole
from ladle.scores.simplex import NEGATIVE
from ladle.seeds import check_seed

MOST_ROWS = 2**31 - 1  # of a pool: clusters are numbered in int32


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """A checked query: `size` rows out of the unlabelled ones of a pool of `pool_rows`. labelled: (l,) int64 rows."""

    size: int
    pool_rows: int
    labelled: Rows
    seed: int

    @property
    def free(self) -> npt.NDArray[np.bool_]:
        """(pool_rows,) bool, True for the rows that may be chosen."""
        free = np.ones(self.pool_rows, bool)
        free[self.labelled] = False
        return free

    @property
    def unlabelled_rows(self) -> int:
        """The number of rows that may be chosen."""
        return self.pool_rows - len(self.labelled)


def check_request(
    size: int, *, pool_rows: int, labelled: npt.ArrayLike | None, seed: int, size_name: str = "size"
) -> Request:
    """The checked query. Raises: ArgumentError when `size`, `labelled` or `seed` do not fit the pool."""
    rows = as_rows(labelled, "labelled", pool_rows=pool_rows)
    free = pool_rows - len(rows)
    size = whole(
        size,
        f"`{size_name}`",
        least=1,
        most=free,
        wanted=f"be between 1 and the unlabelled pool ({free:,} rows)",
        remedy="Lower it or widen the pool.",
    )
    return Request(size, pool_rows, rows, check_seed(seed))


def rows_described(arrays: Mapping[str, Any], *, pool_rows: int | None = None) -> int:
    """The number of rows of the pool, by the arrays with one entry a row (None: not given) and by `pool_rows`.

    Raises: ArgumentError when nothing is given, or `pool_rows` is not 1 or larger; MismatchError when they disagree;
    ShapeError for a single number.
    """
    counts: dict[str, int] = {}
    for name, value in arrays.items():
        if getattr(value, "ndim", None) == 0:
            raise ShapeError(f"`{name}`", wanted="have one entry for each row of the pool", got="a single number")
        if isinstance(value, Sized):
            counts[name] = len(value)
    if pool_rows is not None:
        counts["pool_rows"] = whole(pool_rows, "`pool_rows`", least=1, most=MOST_ROWS)
    if not counts:
        names = " or ".join(f"`{name}`" for name in arrays)
        raise ArgumentError(
            "the query",
            wanted=f"give {names}",
            got="none of them",
            remedy="A strategy that needs none of them takes `pool_rows`, the number of rows.",
        )
    first = next(iter(counts))
    for name, count in counts.items():
        if count != counts[first]:
            raise MismatchError(
                f"`{first}` and `{name}`",
                wanted="describe the same pool, one entry a row",
                got=f"{counts[first]:,} and {count:,} rows",
            )
    return counts[first]


def as_margins(value: npt.ArrayLike, name: str = "margins", *, labelled: Rows | None = None) -> Margins:
    """`value` as (n,) float32, finite and not negative; a labelled row that holds NaN gets 1, the margin of a sure row.

    Values that are equal in float32 (7 digits) become ties.
    Raises: ArgumentError, ShapeError; NonFiniteError and DataError naming the row.
    """
    array = as_numbers(value, name)
    if array.ndim != 1 or array.size == 0:
        raise ShapeError(f"`{name}`", wanted="have shape (n,), one number a row", got=f"shape {array.shape}")
    with np.errstate(over="ignore"):  # a value beyond float32 becomes infinity, and is refused below
        single = np.ascontiguousarray(array, np.float32)
    if labelled is not None and labelled.size:
        lacking = labelled[np.isnan(single[labelled])]
        if lacking.size:
            single = single.copy()
            single[lacking] = 1.0
    if np.isinf(single).any() and not np.isinf(array).any():
        row = int(np.argmax(np.isinf(single)))
        raise NonFiniteError(
            f"`{name}`",
            wanted="fit float32, in which they are ranked",
            got=f"{float(array[row]):.6g} in row {row:,}",
            remedy="Divide all of them by one number.",
        )
    check_finite(single, name)
    if single.min() < 0:
        row = int(np.argmax(single < 0))
        raise DataError(
            f"`{name}`",
            wanted="be 0 or larger, small where the model is unsure",
            got=f"{float(array[row]):.6g} in row {row:,}",
            remedy=NEGATIVE,
        )
    return single
