"""Rows whose vector cannot be used: which they are, why, and how an error tells it.

A row is at fault when its list is null or of another length than most, when a number of it is null, NaN or infinite,
and, under the cosine metric, when all its numbers are zero.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ladle.arrays import Embeddings, Rows
from ladle.errors import DataError
from ladle.pool.tables.fault_codes import NOT_FINITE, REASONS, ZERO, Codes
from ladle.progress import SILENT, Reporter

if TYPE_CHECKING:
    from ladle.pool.contract import Pool

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Faults:
    """The rows of a source that cannot be used. rows: (f,) positions in the source, ascending; codes: (f,) why."""

    source: str
    total: int  # rows of the source
    rows: Rows
    codes: Codes
    ids: Any  # (f,) pyarrow array

    def __len__(self) -> int:
        return len(self.rows)

    def reasons(self) -> list[str]:
        """Why, for each row."""
        return [REASONS[int(code)] for code in self.codes]

    def counts(self) -> dict[str, int]:
        """Rows for each reason that occurs."""
        return {text: int((self.codes == code).sum()) for code, text in REASONS.items() if (self.codes == code).any()}

    def describe(self) -> str:
        """How many rows, why, and the first of them with their ids."""
        kinds = ", ".join(f"{count:,} with {reason}" for reason, count in self.counts().items())
        first = ", ".join(f"{row:,}" for row in self.rows[:_SHOWN].tolist())
        ids = ", ".join(repr(value) for value in self.ids[:_SHOWN].to_pylist())
        more = ", ..." if len(self) > _SHOWN else ""
        return f"{len(self):,} of {self.total:,} rows ({kinds}): rows {first}{more}, ids {ids}{more}"


def find_faults(pool: Pool, metric: str | None, *, progress: Reporter = SILENT) -> Faults:
    """Every row of `pool` whose vector cannot be used. metric: "cosine" counts zero vectors too.

    Raises: CorruptFileError. Cost: one pass; memory of one block and 9 bytes a row at fault.
    """
    rows: list[Rows] = []
    codes: list[Codes] = []
    with progress.task("Looking for rows that cannot be used", pool.rows) as advance:
        for place, found in _each_block(pool, metric):
            bad = np.flatnonzero(found)
            rows.append(bad + place.start)
            codes.append(found[bad])
            advance(place.stop - place.start)
    every = np.concatenate(rows)
    return Faults(pool.source, pool.rows, every, np.concatenate(codes), pool.ids_at(every))


def explain(error: DataError, pool: Pool, metric: str | None) -> DataError:
    """`error`, which one bad row of `pool` caused, with all rows at fault told. Cost: one pass."""
    faults = find_faults(pool.lenient(), metric)
    if not len(faults):
        return error
    remedy = (
        "Find what produced them, or leave them out with `skip_invalid=True` (--skip-invalid in the command), "
        "which lists them: Ladle never drops rows silently."
    )
    got = f"{error.got}; in all, {faults.describe()}"
    told: DataError = type(error)(error.subject, wanted=error.wanted, got=got, remedy=remedy)
    return told


def _each_block(pool: Pool, metric: str | None) -> Iterator[tuple[slice, Codes]]:
    for place, block, codes in pool.readable_blocks():
        found = codes.copy()
        found[(found == 0) & ~_is_finite(block)] = NOT_FINITE
        if metric == "cosine":
            found[(found == 0) & ~block.any(axis=1)] = ZERO
        yield place, found


def _is_finite(block: Embeddings) -> npt.NDArray[np.bool_]:
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(np.sum(block, dtype=np.float64)):  # one cheap pass for the usual good case
            return np.ones(len(block), bool)
    return np.asarray(np.isfinite(block).all(axis=1))
