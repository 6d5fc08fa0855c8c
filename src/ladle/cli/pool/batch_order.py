"""The strategy, its options and the size of the batch for `select`, checked before any work."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ladle.cli.program import options
from ladle.counts import counted
from ladle.progress import Reporter


@dataclass(frozen=True, slots=True)
class BatchOrder:
    """A batch to choose: the strategy, its options, and the number of examples."""

    strategy: str
    size: int
    seed: int
    given: dict[str, Any]  # the values of --option
    candidate_ratio: Any  # the value of --candidate-ratio, or None

    @property
    def needs(self) -> tuple[str, ...]:
        """The arrays that the strategy needs. Raises: ArgumentError for an unknown strategy."""
        from ladle.strategies.catalogue import describe

        return describe(self.strategy).needs

    @property
    def options(self) -> dict[str, Any]:
        """The strategy's options, by name."""
        return self.given | ({} if self.candidate_ratio is None else {"candidate_ratio": self.candidate_ratio})

    def check(self, reading: Any, tree: Path | None, cut: dict[str, Any]) -> None:
        """Check all options that can be checked before any file is read. Raises: ArgumentError."""
        from ladle.errors import ArgumentError
        from ladle.seeds import check_seed
        from ladle.strategies.catalogue import create, describe

        check_seed(self.seed)
        described = describe(self.strategy)
        self._check_options([name for name in described.options if name not in options.CUTS])
        given = [f"--{name.replace('_', '-')}" for name, value in cut.items() if value is not None]
        if len(given) > 1 or (given and tree is None):
            wanted = "be one of --mean-size, --threshold, --n-clusters, with a --tree to cut"
            raise ArgumentError("the cut", wanted=wanted, got=" and ".join(given))
        if tree is None and described.takes_tree == "yes":
            raise ArgumentError(
                f"the strategy {self.strategy}",
                wanted="have a --tree",
                got="none",
                remedy="Make one with `ladle cluster POOL -o tree.npz`.",
            )
        try:  # made once on a tree of one row, which refuses values out of range
            create(self.strategy, tree=None if tree is None else [0], **self.options)
        except TypeError as error:  # text in place of a number is the user's mistake here, not a bug
            values = ", ".join(f"{name}={value}" for name, value in self.options.items())
            raise ArgumentError("--option", wanted="have values of the right kind", got=values) from error
        reading.check(described.needs)

    def _check_options(self, valid: list[str]) -> None:
        from ladle.errors import ArgumentError, did_you_mean

        if self.candidate_ratio is not None and "candidate_ratio" not in valid:
            raise ArgumentError("--candidate-ratio", wanted=f"be left out for {self.strategy}", got="one")
        if self.candidate_ratio is not None and "candidate_ratio" in self.given:
            raise ArgumentError("candidate_ratio", wanted="be given once", got="--candidate-ratio and --option")
        for name in self.given:
            if name not in valid:
                option = f"--{name.replace('_', '-')}"
                raise ArgumentError(
                    f"--option for {self.strategy}",
                    wanted=f"name one of {', '.join(valid)}",
                    got=name,
                    remedy=f"The cut has its own: {option}." if name in options.CUTS else did_you_mean(name, valid),
                )

    def check_size(self, pool_rows: int, labelled_rows: int) -> None:
        """Refuse a batch that the unlabelled pool or the partitions cannot fill. Raises: ArgumentError."""
        from ladle.errors import ArgumentError
        from ladle.strategies.partitioned import check_partitions

        unlabelled = pool_rows - labelled_rows
        if not 1 <= self.size <= unlabelled:
            raise ArgumentError(
                "--size",
                wanted=f"be between 1 and the unlabelled pool ({counted(unlabelled, 'example')})",
                got=f"{self.size:,}",
                remedy="Lower it or widen the pool.",
            )
        check_partitions(self.options.get("partitions", 1), size=self.size)

    def query(self, tree: Any, arrays: dict[str, Any], labelled: Any, pool_rows: int, progress: Reporter) -> Any:
        """Query the strategy, and return its `ladle.Selection`. arrays: keywords of the query."""
        from ladle import strategies

        strategy = strategies.create(self.strategy, tree=tree, **self.options)
        return strategy.query(
            self.size, pool_rows=pool_rows, labelled=labelled, seed=self.seed, progress=progress, **arrays
        )
