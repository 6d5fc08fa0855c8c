"""What a strategy has to be given, and what the model of another library can give."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from ladle.arrays import Rows
from ladle.errors import ArgumentError, MismatchError
from ladle.numbers import shown
from ladle.strategies import Chooser, create, names

SCORED = {"scores", "probabilities"}  # the needs that class probabilities meet


def as_strategy(strategy: object) -> Chooser:
    """A strategy, or the one of this name. Raises: ArgumentError; also for votes, which no other library gives."""
    if isinstance(strategy, str):
        strategy = create(strategy)
    if not isinstance(strategy, Chooser):
        wanted = f"be a strategy of Ladle or the name of one ({', '.join(names())})"
        raise ArgumentError("`strategy`", wanted=wanted, got=shown(strategy))
    if "votes" in strategy.needs:
        raise ArgumentError(
            "`strategy`",
            wanted="need scores, embeddings or nothing",
            got=f"{strategy.name}, which needs votes",
            remedy="Call its `query` with votes= instead.",
        )
    return strategy


def needed(
    strategy: Chooser,
    *,
    probabilities: Callable[[], npt.ArrayLike],
    embeddings: Callable[[], npt.ArrayLike],
) -> Mapping[str, Any]:
    """The arrays of a query that this strategy needs; each is made only then."""
    given: dict[str, Any] = {}
    if SCORED & set(strategy.needs):
        given["probabilities"] = probabilities()
    if "embeddings" in strategy.needs:
        given["embeddings"] = embeddings()
    return given


@dataclass(frozen=True, slots=True, eq=False)
class PoolPart:
    """The examples of a pool that a query is about: those that may be chosen and those that have a label.

    What is neither, such as an ignored example, is left out, so that no strategy takes it for a labelled one.
    """

    rows: Rows  # (r,) of the whole pool, ascending
    free: Rows  # (f,) positions in `rows` of what may be chosen, ascending
    labelled: Rows  # (l,) positions in `rows` of the others
    pool_rows: int

    @classmethod
    def of(cls, free: npt.ArrayLike, labelled: npt.ArrayLike, pool_rows: int) -> Self:
        """The part of these rows of the pool; a row that is in both may be chosen."""
        may = np.zeros(pool_rows, bool)
        may[np.asarray(free, np.int64)] = True
        taken = may.copy()
        taken[np.asarray(labelled, np.int64)] = True
        rows = np.flatnonzero(taken)
        return cls(rows, np.flatnonzero(may[rows]), np.flatnonzero(~may[rows]), pool_rows)

    def choose(
        self,
        strategy: Chooser,
        size: int,
        *,
        probabilities: Callable[[Rows], npt.ArrayLike],
        embeddings: Callable[[], npt.ArrayLike],
        seed: int,
    ) -> Rows:
        """(size,) rows of the whole pool, in the order of choice.

        probabilities: (f, classes) of these rows of the pool. embeddings: (pool_rows, dim). Each is called when the
        strategy needs it. Raises: as `Chooser.query`.
        """
        is_whole = len(self.rows) == self.pool_rows
        strategy.check_pool(self.pool_rows)
        given = needed(
            strategy,
            probabilities=lambda: self._spread_out(probabilities(self.rows[self.free])),
            embeddings=lambda: self._of_pool(embeddings()),
        )
        inside = strategy if is_whole else strategy.restricted(self.rows)
        found = inside.query(size, **given, pool_rows=len(self.rows), labelled=self.labelled, seed=seed)
        chosen: Rows = self.rows[found.rows]
        return chosen

    def _spread_out(self, likely: npt.ArrayLike) -> npt.NDArray[np.floating[Any]]:
        """(r, classes), NaN for what is labelled."""
        found = np.asarray(likely)
        spread = np.full((len(self.rows), *found.shape[1:]), np.nan, np.result_type(found.dtype, np.float32))
        spread[self.free] = found
        return spread

    def _of_pool(self, vectors: npt.ArrayLike) -> npt.NDArray[Any]:
        """(r, dim) of the vectors of the whole pool. Raises: MismatchError."""
        found = np.asarray(vectors)
        if len(found) != self.pool_rows:
            raise MismatchError(
                "`embeddings`",
                wanted=f"be those of the {self.pool_rows:,} rows of the pool",
                got=f"{len(found):,} rows",
            )
        return found[self.rows]
