"""What every strategy answers, and what it guarantees.

A strategy chooses which examples to label next. It is asked by `query(size, ...)`, always with the same keywords,
and ignores those it has no use for, so any strategy can stand in for any other.

Guarantees, held by every strategy in this room; `ladle.testing.StrategyContract` holds yours to them:

- Exactly `size` rows, all different, all inside the pool, none of them labelled: or an error before any work.
  A short batch is never returned.
- Rows are positions in the pool, never among candidates or among the unlabelled.
- Order means something: `rows` is the order of choice, so a batch cut short is still a good batch.
- The answer depends on the arguments and the seed alone: not on the number of threads, the block size, or the dtype
  in which the same numbers are stored.
- Rows that score the same are told apart by the seed, not by their position in the pool.
- Nothing of size batch x pool, or pool x pool, is ever made; memory is a few numbers a row of the pool.
- The arguments are read, not written; a strategy keeps no state between queries.
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

# What a strategy must be given. "scores": margins, or the probabilities they come from.
Need = Literal["scores", "probabilities", "embeddings", "votes"]


@dataclass(frozen=True, slots=True)
class Story:
    """Why a selection is what it is: enough to tell a colleague, and to repeat it.

    `facts` holds what is particular to the strategy, under plain names, as numbers and strings that JSON can carry.
    """

    strategy: str
    seed: int
    size: int
    pool_rows: int
    labelled_rows: int
    candidate_rows: int  # rows that could have been chosen: the unlabelled pool, or the share of it considered
    facts: Mapping[str, int | float | str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The story as a dict of plain numbers and strings, ready for JSON."""
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
        told = ", ".join(f"{name.replace('_', ' ')} {_shown(value)}" for name, value in self.facts.items())
        return f"{text}; {told}." if told else f"{text}."


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """A batch: which rows, how each scored, and why.

    rows: (b,) int64 positions in the pool, in order of choice.
    scores: (b,) float32, the strategy's own score of each chosen row; 0 throughout where it has none.
    """

    rows: Rows
    scores: npt.NDArray[np.float32]
    story: Story

    def __len__(self) -> int:
        return len(self.rows)


class Strategy(Protocol):
    """Chooses rows to label; see the guarantees at the top of this file."""

    @property
    def name(self) -> str:
        """The name under which the catalogue creates it."""
        ...

    @property
    def needs(self) -> tuple[Need, ...]:
        """What a query must give."""
        ...

    def query(
        self,
        size: int,
        *,
        probabilities: npt.ArrayLike | None = None,
        margins: npt.ArrayLike | None = None,
        embeddings: npt.ArrayLike | Pool | None = None,
        votes: npt.ArrayLike | None = None,
        labelled: npt.ArrayLike | None = None,
        seed: int = 0,
        progress: Reporter = SILENT,
    ) -> Selection:
        """Choose `size` unlabelled rows.

        size: 1 to the number of unlabelled rows.
        probabilities: (n, c) class probabilities of the whole pool, rows summing to 1.
        margins: (n,) scores already computed from them, 0 or larger, small = unsure; used instead of `probabilities`
            by the strategies that go by margins.
        embeddings: (n, dim), or a pool or the path of one.
        votes: (n, t) the class that each of t passes predicted, under dropout or by an ensemble.
        labelled: distinct rows to leave out, or a boolean mask (n,); None for none. Their scores may be NaN.
        progress: shows the stages of those that take their time; see ladle.progress.
        Raises: ArgumentError, ShapeError, NonFiniteError, ProbabilityError, MismatchError.
        """
        ...


def _shown(value: int | float | str) -> str:
    if isinstance(value, str):
        return value
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"
