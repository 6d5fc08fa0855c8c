"""The contract of a strategy: the query that it answers, and its guarantees.

A strategy chooses which examples to label next. Every strategy has the same method, `query(size, ...)`, with the same
keywords. It ignores the keywords that it does not need, so any strategy can take the place of any other.

Guarantees of every strategy in this room. `ladle.testing.StrategyContract` tests yours for them:

- A query returns exactly `size` rows, all different, all inside the pool, none of them labelled; or it raises an error
  before any work. It never returns a shorter batch.
- Rows are positions in the pool, not among candidates and not among the unlabelled rows.
- `rows` is in the order of choice, so the beginning of a batch is a good batch too.
- The answer depends on the arguments and the seed alone. It does not depend on the number of threads, the block size,
  or the dtype in which the same numbers are stored.
- The seed decides between rows of equal score; their position in the pool does not.
- No array of size batch x pool or pool x pool is made. Memory is a few numbers a row of the pool.
- The arguments are not changed. A strategy keeps no state between queries.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from ladle.arrays import Rows
from ladle.pool.contract import Pool
from ladle.progress import SILENT, Reporter

# What a query must give. "scores": margins, or the probabilities they come from.
Need = Literal["scores", "probabilities", "embeddings", "votes"]


@dataclass(frozen=True, slots=True)
class Story:
    """How a batch was chosen: enough to explain the batch, and to repeat it.

    Attributes
    ----------
    strategy : str
        Name of the strategy.
    seed : int
        Seed of the query.
    size : int
        Rows in the batch.
    pool_rows : int
        Rows in the pool.
    labelled_rows : int
        Rows of the pool that were labelled already.
    candidate_rows : int
        Rows that could be chosen: the unlabelled pool, or the part of it that the strategy considered.
    facts : mapping of str to int, float or str
        What this strategy alone reports, in values that JSON can hold.
    """

    strategy: str
    seed: int
    size: int
    pool_rows: int
    labelled_rows: int
    candidate_rows: int
    facts: Mapping[str, int | float | str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the story as a dict of plain numbers and strings, ready for JSON."""
        return {
            "strategy": self.strategy,
            "seed": self.seed,
            "size": self.size,
            "pool_rows": self.pool_rows,
            "labelled_rows": self.labelled_rows,
            "candidate_rows": self.candidate_rows,
            "facts": dict(self.facts),
        }

    def __str__(self) -> str:
        text = (
            f"{self.strategy} chose {self.size:,} rows of a pool of {self.pool_rows:,} "
            f"({self.labelled_rows:,} labelled already), out of {self.candidate_rows:,} candidates, "
            f"with seed {self.seed}"
        )
        facts = ", ".join(f"{name.replace('_', ' ')} {_shown(value)}" for name, value in self.facts.items())
        return f"{text}; {facts}." if facts else f"{text}."


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """A batch: the chosen rows, the score of each, and how they were chosen.

    Attributes
    ----------
    rows : ndarray of int64, shape (b,)
        Positions in the pool, in the order of choice.
    scores : ndarray of float32, shape (b,)
        The strategy's own score of each chosen row; 0 for all of them where it has none.
    story : Story
        How the batch was chosen.
    """

    rows: Rows
    scores: npt.NDArray[np.float32]
    story: Story

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        story = self.story
        return f"<Selection: {len(self):,} of {story.pool_rows:,} rows, by {story.strategy} with seed {story.seed}>"


class Strategy(Protocol):
    """An object that chooses rows to label, under the guarantees at the top of this file."""

    @property
    def name(self) -> str:
        """The name under which the catalogue creates it."""
        ...

    @property
    def needs(self) -> tuple[Need, ...]:
        """The arguments that a query must give."""
        ...

    def query(
        self,
        size: int,
        *,
        probabilities: npt.ArrayLike | None = None,
        margins: npt.ArrayLike | None = None,
        embeddings: npt.ArrayLike | Pool | None = None,
        votes: npt.ArrayLike | None = None,
        pool_rows: int | None = None,
        labelled: npt.ArrayLike | None = None,
        seed: int = 0,
        progress: Reporter = SILENT,
    ) -> Selection:
        """Choose `size` unlabelled rows; see `Chooser.query` for the parameters and the errors."""
        ...


def _shown(value: int | float | str) -> str:
    if isinstance(value, str):
        return value
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"
