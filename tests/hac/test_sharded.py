"""The tree from sharded neighbours is the tree of one process, to the bit, for any number of blocks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ladle
from ladle.hac import clustering
from ladle.neighbours.sharded import ShardedSearch
from tests.compute.here import Here
from tests.hac.pools import Case, cases
from tests.neighbours.test_sharded import cut, hard_means


def assert_same_tree(vectors: np.ndarray, metric: str, blocks: list[int], tile: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clustering, "DENSE_ROWS", 0)
        patch.setattr(clustering, "DENSE_CLUSTERS", 10)
        cut(patch, tile, max(1, tile // 4), 1)
        truth = ladle.cluster(vectors, metric=metric, engine="brute")
        for count in blocks:
            patch.setattr("ladle.neighbours.shard_plan.BLOCKS", count)
            executor = Here(count)
            search = ShardedSearch(executor, least_products=0)
            patch.setattr(clustering, "_exact_search", lambda *_, search=search: search)
            tree = ladle.cluster(vectors, metric=metric, engine="brute")
            assert np.array_equal(tree.merges, truth.merges)
            assert np.array_equal(tree.heights, truth.heights)
            assert tree.certified == truth.certified
            assert executor.tasks > 0 or truth.n - len(np.unique(vectors, axis=0)) >= truth.n - 11


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_hard_pools(case: Case) -> None:
    assert_same_tree(case.embeddings, case.metric, [1, 2, 4, 8] if len(case.embeddings) < 1400 else [8], 40)


@given(
    seed=st.integers(0, 10_000),
    kind=st.sampled_from(["random", "duplicates", "grid", "hub"]),
    n=st.integers(20, 120),
    dim=st.integers(1, 8),
)
@settings(max_examples=25, deadline=None)
def test_small_pools(seed: int, kind: str, n: int, dim: int) -> None:
    assert_same_tree(hard_means(np.random.default_rng(seed), kind, n, dim), "sqeuclidean", [1, 2, 4, 8], 7)
