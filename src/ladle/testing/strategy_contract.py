"""The guarantees of `ladle.strategies.query.contract`, as tests of any strategy.

    class TestMine(StrategyContract):
        def strategy(self, tree):
            return Mine(tree)

The `check_*` functions make the same tests on one pool, such as one that Hypothesis draws. Needs pytest.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from ladle.arrays import Clusters, Rows
from ladle.errors import ArgumentError, MismatchError
from ladle.scores import blocks
from ladle.strategies import Selection, Strategy

POOLS = 25


@dataclass(frozen=True, slots=True, eq=False)
class PoolSample:
    """The arguments of a query.

    Attributes
    ----------
    probabilities : ndarray of float, shape (n, classes)
    embeddings : ndarray of float, shape (n, dim)
    votes : ndarray of int64, shape (n, passes)
    clusters : ndarray of int32, shape (n,)
        Flat clusters, for a strategy that is made with a tree.
    labelled : array_like
        Rows that are labelled.
    size : int
        Rows to choose.
    seed : int
    """

    probabilities: npt.NDArray[Any]
    embeddings: npt.NDArray[Any]
    votes: npt.NDArray[np.int64]
    clusters: Clusters
    labelled: Any
    size: int
    seed: int

    def query(self, strategy: Strategy) -> Selection:
        """Query `strategy` with all arguments, and return its selection."""
        return strategy.query(
            self.size,
            probabilities=self.probabilities,
            embeddings=self.embeddings,
            votes=self.votes,
            labelled=self.labelled,
            seed=self.seed,
        )


Pool = PoolSample  # its earlier name


def any_pool(seed: int) -> PoolSample:
    """A small random pool of 2 to 60 rows; some pools have ties or equal embeddings, and any share is labelled."""
    random = np.random.default_rng(seed)
    rows = int(random.integers(2, 61))
    weights = random.integers(1, random.choice([3, 5, 1000]), (rows, random.integers(2, 6)))
    probabilities = (weights / weights.sum(axis=1, keepdims=True)).astype([np.float32, np.float64][seed % 2])
    labelled = np.flatnonzero(random.random(rows) < random.choice([0, 0.3, 0.9]))[: rows - 1]
    spots = random.normal(size=(random.choice([2, rows]), random.integers(1, 5)))
    return PoolSample(
        probabilities,
        spots[random.integers(0, len(spots), rows)],
        random.integers(0, weights.shape[1], (rows, 3)),
        random.integers(0, random.choice([1, 4, rows]), rows).astype(np.int32),
        labelled,
        int(random.integers(1, rows - len(labelled) + 1)),
        int(random.integers(2**62)),
    )


def check_rows(strategy: Strategy, pool: PoolSample) -> None:
    """Check for exactly `size` different, unlabelled rows of the pool, a score of each, and unchanged arguments."""
    before = [np.array(each) for each in (pool.probabilities, pool.embeddings, pool.votes, pool.labelled)]
    selection = pool.query(strategy)
    assert selection.rows.dtype == np.int64
    assert selection.rows.shape == (pool.size,)
    assert selection.scores.dtype == np.float32
    assert selection.scores.shape == (pool.size,)
    assert np.isfinite(selection.scores).all()
    rows = set(selection.rows.tolist())
    assert len(rows) == pool.size
    assert rows <= set(range(len(pool.probabilities))) - set(np.asarray(pool.labelled).tolist())
    for old, new in zip(before, (pool.probabilities, pool.embeddings, pool.votes, pool.labelled), strict=True):
        np.testing.assert_array_equal(old, new)
    story = selection.story.to_dict()
    assert json.loads(json.dumps(story)) == story


def check_layout(strategy: Strategy, pool: PoolSample, monkeypatch: pytest.MonkeyPatch) -> None:
    """Check that threads, block sizes, memory order and the form of `labelled` do not change the rows."""
    wanted = pool.query(strategy).rows
    mask = np.zeros(len(pool.probabilities), bool)
    mask[pool.labelled] = True
    columnwise = replace(
        pool, probabilities=np.asfortranarray(pool.probabilities), embeddings=np.asfortranarray(pool.embeddings)
    )
    for threads, block_bytes in ((1, 2 << 20), (2, 1), (5, 100)):
        monkeypatch.setenv("LADLE_THREADS", str(threads))
        monkeypatch.setattr(blocks, "BLOCK_BYTES", block_bytes)
        for other in (columnwise, replace(pool, labelled=mask), replace(pool, labelled=pool.labelled[::-1])):
            np.testing.assert_array_equal(other.query(strategy).rows, wanted)


def check_dtypes(strategy: Strategy, pool: PoolSample) -> None:
    """Check that the same numbers in a wider dtype give the same rows."""
    eighths = np.round(pool.probabilities.astype(float) * 8) / 8  # exact in float16
    eighths[:, 0] += 1 - eighths.sum(axis=1)
    first_only = np.arange(eighths.shape[1]) == 0
    exact = np.where(eighths.min(axis=1, keepdims=True) < 0, first_only, eighths)
    embeddings = pool.embeddings.astype(np.float16)
    batches = [
        replace(pool, probabilities=exact.astype(dtype), embeddings=embeddings.astype(dtype)).query(strategy).rows
        for dtype in (np.float16, np.float32, np.float64)
    ]
    for batch in batches[1:]:
        np.testing.assert_array_equal(batch, batches[0])


def check_ties(strategy: Strategy, clusters: Clusters) -> None:
    """Check that 20 seeds choose 20 different batches of 200 equal rows in these clusters."""
    rows: Rows = np.arange(200)
    pool = PoolSample(np.full((200, 2), 0.5), np.ones((200, 3)), np.ones((200, 2), int), clusters, rows[:0], 20, 0)
    batches = {tuple(replace(pool, seed=seed).query(strategy).rows.tolist()) for seed in range(20)}
    assert len(batches) == 20


def check_pool_rows(strategy: Strategy, pool: PoolSample) -> None:
    """Check that `pool_rows` changes nothing if it agrees with the arrays, is refused if not, and can replace them.

    It can replace them where the strategy needs none.
    """
    rows = len(pool.probabilities)
    arrays: dict[str, Any] = {"probabilities": pool.probabilities, "embeddings": pool.embeddings, "votes": pool.votes}
    wanted = pool.query(strategy).rows
    same = strategy.query(pool.size, pool_rows=rows, labelled=pool.labelled, seed=pool.seed, **arrays)
    np.testing.assert_array_equal(same.rows, wanted)
    with pytest.raises(MismatchError):
        strategy.query(pool.size, pool_rows=rows + 1, labelled=pool.labelled, seed=pool.seed, **arrays)
    if not strategy.needs:
        alone = strategy.query(pool.size, pool_rows=rows, labelled=pool.labelled, seed=pool.seed)
        np.testing.assert_array_equal(alone.rows, wanted)


def check_refusals(strategy: Strategy, pool: PoolSample) -> None:
    """Check that a query that cannot be answered raises an error of Ladle's; a shorter batch is never returned."""
    rows = len(pool.probabilities)
    for change in ({"size": rows + 1}, {"size": 0}, {"labelled": np.arange(rows)}, {"labelled": np.array([rows])}):
        with pytest.raises(ArgumentError):
            replace(pool, **change).query(strategy)


class StrategyContract:
    """Tests of the contract of a strategy: subclass it, and define `strategy`."""

    def strategy(self, tree: Clusters) -> Strategy:
        """Return the strategy to test, for a pool with these flat clusters (n,), which it may ignore."""
        raise NotImplementedError

    @pytest.mark.parametrize("seed", range(POOLS))
    def test_exactly_size_different_unlabelled_rows(self, seed: int) -> None:
        """See `check_rows`."""
        pool = any_pool(seed)
        check_rows(self.strategy(pool.clusters), pool)

    @pytest.mark.parametrize("seed", range(POOLS))
    def test_threads_blocks_and_layout_change_nothing(self, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
        """See `check_layout`."""
        pool = any_pool(seed)
        check_layout(self.strategy(pool.clusters), pool, monkeypatch)

    @pytest.mark.parametrize("seed", range(POOLS))
    def test_wider_dtypes_change_nothing(self, seed: int) -> None:
        """See `check_dtypes`."""
        pool = any_pool(seed)
        check_dtypes(self.strategy(pool.clusters), pool)

    def test_other_seeds_break_ties_otherwise(self) -> None:
        """See `check_ties`."""
        clusters = (np.arange(200) // 10).astype(np.int32)
        check_ties(self.strategy(clusters), clusters)

    @pytest.mark.parametrize("seed", range(3))
    def test_pool_rows_agree_with_the_arrays(self, seed: int) -> None:
        """See `check_pool_rows`."""
        pool = any_pool(seed)
        check_pool_rows(self.strategy(pool.clusters), pool)

    def test_what_cannot_be_answered_is_refused(self) -> None:
        """See `check_refusals`."""
        pool = any_pool(0)
        check_refusals(self.strategy(pool.clusters), pool)
