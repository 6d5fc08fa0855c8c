"""Rows whose vector cannot be used: which rows, why, and the text of an error about them.

The vector of a row cannot be used if its list is null or has another length than most, if one of its numbers is null,
NaN or infinite, or, under the cosine metric, if all its numbers are zero.
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
    """The rows of a source that cannot be used.

    Attributes
    ----------
    source : str
        The source, for people.
    total : int
        Rows of the source.
    rows : ndarray, (f,) int64
        Positions in the source, ascending.
    codes : ndarray, (f,) uint8
        The reason for each row; see `ladle.pool.tables.fault_codes`.
    ids : pyarrow.Array, (f,)
        The ids of the rows.
    """

    source: str
    total: int
    rows: Rows
    codes: Codes
    ids: Any

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        return f"<Faults of {self.source}: {len(self):,} of {self.total:,} rows>"

    def reasons(self) -> list[str]:
        """The reason for each row, in words."""
        return [REASONS[int(code)] for code in self.codes]

    def counts(self) -> dict[str, int]:
        """The number of rows for each reason that occurs."""
        return {text: int((self.codes == code).sum()) for code, text in REASONS.items() if (self.codes == code).any()}

    def describe(self) -> str:
        """The number of rows, the reasons, and the first rows with their ids, for a message."""
        kinds = ", ".join(f"{count:,} with {reason}" for reason, count in self.counts().items())
        first = ", ".join(f"{row:,}" for row in self.rows[:_SHOWN].tolist())
        ids = ", ".join(repr(value) for value in self.ids[:_SHOWN].to_pylist())
        more = ", ..." if len(self) > _SHOWN else ""
        return f"{len(self):,} of {self.total:,} rows ({kinds}): rows {first}{more}, ids {ids}{more}"


def find_faults(pool: Pool, metric: str | None, *, progress: Reporter = SILENT) -> Faults:
    """Every row of `pool` whose vector cannot be used. metric: "cosine" counts zero vectors too.

    Raises: CorruptFileError. Cost: one pass; memory of one block and 9 bytes per row found.
    """
    rows: list[Rows] = []
    codes: list[Codes] = []
    with progress.task("Looking for rows that cannot be used", pool.rows) as advance:
        for place, block_codes in _find_in_blocks(pool, metric):
            bad_pos = np.flatnonzero(block_codes)
            rows.append(bad_pos + place.start)
            codes.append(block_codes[bad_pos])
            advance(place.stop - place.start)
    all_rows = np.concatenate(rows)
    return Faults(pool.source, pool.rows, all_rows, np.concatenate(codes), pool.ids_at(all_rows))


def explain(error: DataError, pool: Pool, metric: str | None) -> DataError:
    """`error`, which one bad row of `pool` caused, with all its bad rows in the message. Cost: one pass."""
    faults = find_faults(pool.lenient(), metric)
    if not len(faults):
        return error
    remedy = (
        "Find what produced them, or leave them out with `skip_invalid=True` (--skip-invalid in the command), "
        "which lists them: Ladle never drops rows silently."
    )
    got = f"{error.got}; in all, {faults.describe()}"
    full_error: DataError = type(error)(error.subject, wanted=error.wanted, got=got, remedy=remedy)
    return full_error


def _find_in_blocks(pool: Pool, metric: str | None) -> Iterator[tuple[slice, Codes]]:
    for place, block, table_codes in pool.readable_blocks():
        codes = table_codes.copy()
        codes[(codes == 0) & ~_is_finite(block)] = NOT_FINITE
        if metric == "cosine":
            codes[(codes == 0) & ~block.any(axis=1)] = ZERO
        yield place, codes


def _is_finite(block: Embeddings) -> npt.NDArray[np.bool_]:
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(np.sum(block, dtype=np.float64)):  # good blocks, the usual case, cost one cheap pass
            return np.ones(len(block), bool)
    return np.asarray(np.isfinite(block).all(axis=1))
