"""Seeded splits of data without a test split, and samples of a pool: the same on every machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.arrays import Rows
from ladle.errors import ArgumentError
from ladle.lab.data.datasets import Dataset
from ladle.seeds import stream

SPLIT_SEED = 0  # the test split is part of the data set: the same for all trials and seeds


def split_rows(count: int, test_count: int, name: str) -> tuple[Rows, Rows]:
    """`count` examples into (pool, test) positions, each ascending; `test_count` of them, drawn uniformly, to test on.

    Raises: ArgumentError when either would be empty. Repeats: set by `count`, `test_count` and the data set's `name`.
    """
    if not 1 <= test_count < count:
        raise ArgumentError("`test_rows`", wanted=f"be 1 to {count - 1:,}", got=f"{test_count:,}")
    is_test = np.zeros(count, bool)
    is_test[stream(SPLIT_SEED, "test split", name).choice(count, test_count, replace=False)] = True
    return np.flatnonzero(~is_test), np.flatnonzero(is_test)


def split_share(count: int, test_share: float, name: str) -> tuple[Rows, Rows]:
    """As `split_rows`, with `test_share` of the examples, and one at least, to test on.

    Raises: ArgumentError when that is not between 0 and 1, or would leave nothing to choose from.
    """
    if not 0 < test_share < 1:
        raise ArgumentError("`test_share`", wanted="be between 0 and 1", got=repr(test_share))
    test_count = max(1, round(test_share * count))
    if test_count >= count:
        raise ArgumentError(
            "`test_share`", wanted=f"leave some of the {count:,} examples to choose from", got=repr(test_share)
        )
    return split_rows(count, test_count, name)


def assemble(
    name: str,
    inputs: npt.NDArray[Any],
    labels: npt.NDArray[np.int64],
    rows: tuple[Rows, Rows],
    *,
    class_names: tuple[str, ...],
    licence: str,
    ids: npt.NDArray[Any] | None = None,
    source: str = "",
    looks: Callable[[Rows], npt.NDArray[Any]] | None = None,
    multilabel: bool = False,
) -> Dataset:
    """A data set out of one table of examples, split by `rows`, (pool, test); `ids` default to positions in it.

    looks: those of a `Dataset`, but for rows of the table.
    """
    pool_rows, test_rows = rows
    return Dataset(
        name=name,
        inputs=inputs[pool_rows],
        labels=labels[pool_rows],
        test_inputs=inputs[test_rows],
        test_labels=labels[test_rows],
        class_names=class_names,
        ids=pool_rows if ids is None else ids[pool_rows],
        licence=licence,
        source=source,
        looks=None if looks is None else lambda rows: looks(pool_rows[rows]),
        multilabel=multilabel,
    )


def sampled(dataset: Dataset, pool_rows: int, *, seed: int = SPLIT_SEED) -> Dataset:
    """`dataset` with a uniform sample of its pool, in the old order; the test split as it was.

    Raises: ArgumentError when the pool has fewer rows than that.
    """
    if not 1 <= pool_rows <= len(dataset):
        raise ArgumentError("`pool_rows`", wanted=f"be 1 to {len(dataset):,}, the pool's rows", got=f"{pool_rows:,}")
    looks = dataset.looks  # not the data set: its inputs would stay in memory
    rows = np.sort(stream(seed, "pool sample", dataset.name).choice(len(dataset), pool_rows, replace=False))
    return replace(
        dataset,
        inputs=dataset.inputs[rows],
        labels=dataset.labels[rows],
        ids=dataset.ids[rows],
        originals=None if dataset.originals is None else dataset.originals[rows],
        looks=None if looks is None else lambda sample_pos: looks(rows[sample_pos]),
    )
