"""The entry of a protocol that is no strategy: an upper bound, which reads true labels to choose its batches."""

from __future__ import annotations

from dataclasses import dataclass, fields

from ladle.numbers import whole

UPPER_BOUND = "upper-bound"
CANDIDATE_STRATEGIES = ("margin", "entropy", "auto", "cluster-margin", "badge", "uniform")
_LARGEST_VALIDATION = 1_000
_VALIDATION_PART = 5  # one row of so many


@dataclass(frozen=True, slots=True)
class UpperBoundOptions:
    """How the upper bound searches for a batch; see `ladle.lab.runner.upper_bound`.

    candidates: how many candidate parts there are at least, in all parts of a batch together. parts: how many parts
    a batch is built in. validation_rows: rows of the pool that are held out to judge models on; 0: a fifth of the
    pool, and 1,000 at most.
    Raises: ArgumentError.
    """

    candidates: int = 100
    parts: int = 4
    validation_rows: int = 0

    def __post_init__(self) -> None:
        for name, least in (("candidates", 1), ("parts", 1), ("validation_rows", 0)):
            object.__setattr__(self, name, whole(getattr(self, name), f"`{name}`", least=least))

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """The names of the options."""
        return tuple(each.name for each in fields(cls))

    @property
    def in_part(self) -> int:
        """Candidates of each part, so many that all parts together have `candidates` or a few more."""
        return -(-self.candidates // self.parts)

    def held_out(self, pool_rows: int) -> int:
        """How many rows of a pool judge the models."""
        return self.validation_rows or max(1, min(_LARGEST_VALIDATION, pool_rows // _VALIDATION_PART))
