"""The dials of an experiment, and the seed of every piece of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ladle.arrays import Rows
from ladle.errors import ArgumentError
from ladle.numbers import number, whole
from ladle.seeds import MAX_SEED, check_seed, child_seed, stream


@dataclass(frozen=True, slots=True)
class LabProtocol:
    """`trials` times: draw a seed set, train, embed, cluster once; then `rounds` of query, label, retrain.

    Within a trial every strategy starts from the same seed set, model and clustering, and round r trains from the
    same seed, so strategies are compared in pairs.
    Raises: ArgumentError when a dial is out of range.
    """

    seed_size: int
    batch_size: int
    rounds: int
    trials: int
    seed: int = 0
    mean_size: float = 10
    refresh_rounds: int | None = None  # embed and cluster the pool anew every so many rounds; None: once, as the paper

    def __post_init__(self) -> None:
        for dial in ("seed_size", "batch_size", "rounds", "trials"):
            object.__setattr__(
                self, dial, whole(getattr(self, dial), f"`{dial}`", least=1, wanted="be a whole number, 1 or more")
            )
        object.__setattr__(self, "mean_size", number(self.mean_size, "`mean_size`", least=1, wanted="be 1 or more"))
        if self.refresh_rounds is not None:
            wanted = "be None or a whole number, 1 or more"
            refresh = whole(self.refresh_rounds, "`refresh_rounds`", least=1, wanted=wanted)
            object.__setattr__(self, "refresh_rounds", refresh)
        object.__setattr__(self, "seed", check_seed(self.seed))

    @property
    def labels(self) -> tuple[int, ...]:
        """How many labels are held at each of the rounds + 1 measurements."""
        return tuple(self.seed_size + round_number * self.batch_size for round_number in range(self.rounds + 1))

    def refreshes(self, round_number: int) -> bool:
        """Whether the pool is embedded and clustered anew before the query of this round, 1 to `rounds`."""
        return self.refresh_rounds is not None and round_number > 1 and (round_number - 1) % self.refresh_rounds == 0

    def check_pool(self, pool_rows: int) -> None:
        """Raises: ArgumentError when the rounds would ask for more labels than the pool has rows."""
        if self.labels[-1] > pool_rows:
            raise ArgumentError(
                "the labels of all rounds",
                wanted=f"be at most the pool's {pool_rows:,} rows",
                got=f"{self.labels[-1]:,} ({self.seed_size:,} + {self.rounds} x {self.batch_size:,})",
                remedy="Lower `rounds`, `batch_size` or `seed_size`.",
            )

    def seed_rows(self, trial: int, pool_rows: int) -> Rows:
        """The seed set of a trial: (seed_size,) rows of the pool, drawn uniformly, ascending."""
        draw = stream(self.seed_of(trial, "seed set"))
        return np.sort(draw.choice(pool_rows, self.seed_size, replace=False)).astype(np.int64)

    def seed_of(self, trial: int, *path: str | int) -> int:
        """The seed of one named piece of a trial, within what `check_seed` accepts."""
        return child_seed(self.seed, "trial", trial, *path) & MAX_SEED
