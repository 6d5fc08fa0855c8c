"""The sharded search gives the lists of the exact search to the bit, however the members are cut."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ladle.compute import LocalProcesses
from ladle.neighbours import BruteSearch, Candidates
from ladle.neighbours.shard_plan import block_rows, shard_plan
from ladle.neighbours.sharded import ShardedSearch
from ladle.progress import SILENT
from tests.compute.here import Here

BLOCK_USERS = [f"ladle.neighbours.{name}" for name in ("products", "brute", "sharded", "shard_tasks", "shard_plan")]


def cut(patch: pytest.MonkeyPatch, member_block: int, query_block: int, blocks: int) -> None:
    """Small tiles, so that a small pool has many of them."""
    for module in BLOCK_USERS:
        patch.setattr(f"{module}.MEMBER_BLOCK", member_block)
    for module in BLOCK_USERS:
        patch.setattr(f"{module}.QUERY_BLOCK", query_block)
    patch.setattr("ladle.neighbours.sharded.PACKED_ROWS", 3 * member_block)
    patch.setattr("ladle.neighbours.brute.PACKED_ROWS", 3 * member_block)
    patch.setattr("ladle.neighbours.shard_plan.BLOCKS", blocks)
    patch.setattr("ladle.neighbours.shard_plan.LEAST_TILES", 1)


def hard_means(random: np.random.Generator, kind: str, n: int, dim: int) -> np.ndarray:
    """Points with many ties: equal points, a grid, a hub with satellites at one distance."""
    if kind == "random":
        return random.normal(size=(n, dim))
    if kind == "duplicates":
        return random.normal(size=(max(1, n // 7), dim))[random.integers(0, max(1, n // 7), n)]
    if kind == "grid":
        return random.integers(0, 2, (n, dim)).astype(float)
    hub = np.zeros((n, dim))
    hub[np.arange(1, n), random.integers(0, dim, n - 1)] = random.choice([-1.0, 1.0], n - 1)
    return hub


def assert_same(found: Candidates, truth: Candidates) -> None:
    assert np.array_equal(found.ids, truth.ids)
    assert np.array_equal(found.reach, truth.reach)
    assert np.array_equal(found.proven, truth.proven)


@given(
    seed=st.integers(0, 10_000),
    kind=st.sampled_from(["random", "duplicates", "grid", "hub"]),
    n=st.integers(2, 150),
    dim=st.integers(1, 12),
    k=st.integers(1, 12),
    cuts=st.tuples(st.integers(3, 40), st.integers(2, 16), st.integers(1, 9), st.integers(1, 5)),
    asked=st.sampled_from([1.0, 0.6]),
    remainders=st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_the_lists_are_those_of_one_process(
    seed: int,
    kind: str,
    n: int,
    dim: int,
    k: int,
    cuts: tuple[int, int, int, int],
    asked: float,
    remainders: bool,
) -> None:
    random = np.random.default_rng(seed)
    means = hard_means(random, kind, n, dim)
    spreads = random.integers(0, 2, n).astype(float)
    members = np.sort(random.choice(n, random.integers(2, n + 1), replace=False)).astype(np.int32)
    queries = members[random.random(len(members)) < asked]
    queries = members[:1] if len(queries) == 0 else queries
    more = 1e-9 * random.normal(size=means.shape) if remainders else None
    member_block, query_block, blocks, workers = cuts
    with pytest.MonkeyPatch.context() as patch:
        cut(patch, member_block, query_block, blocks)
        executor = Here(seed, workers)
        options = {
            "members": members,
            "queries": queries,
            "k": k,
            "precise": False,
            "progress": SILENT,
            "remainders": more,
        }
        truth = BruteSearch().nearest(means, spreads, **options)
        found = ShardedSearch(executor, least_products=0).nearest(means, spreads, **options)
    assert executor.tasks > 0
    assert executor.shared == 0
    assert_same(found, truth)


@pytest.mark.parametrize("asked", [slice(None), slice(None, None, 3)])
def test_processes_give_the_same_lists(tmp_path: Path, asked: slice) -> None:
    random = np.random.default_rng(1)
    means = np.round(random.normal(size=(9_000, 6)), 1)  # with ties
    spreads = np.zeros(len(means))
    members = np.arange(len(means), dtype=np.int32)
    options = {"members": members, "queries": members[asked], "k": 12, "precise": False, "progress": SILENT}
    truth = BruteSearch().nearest(means, spreads, **options)
    with LocalProcesses(2, tmp_path) as processes:
        assert_same(ShardedSearch(processes, least_products=0).nearest(means, spreads, **options), truth)


def test_the_first_search_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cut(monkeypatch, 20, 8, 5)
    random = np.random.default_rng(2)
    means, spreads = random.normal(size=(300, 5)), np.zeros(300)
    members = np.arange(300, dtype=np.int32)
    options = {"members": members, "queries": members, "k": 5, "precise": False, "progress": SILENT}
    truth = BruteSearch().nearest(means, spreads, **options)

    class Stopping(Here):
        def run(self, function, tasks):  # type: ignore[no-untyped-def]
            for place, answer in enumerate(super().run(function, tasks)):
                if place == 8:
                    raise KeyboardInterrupt
                yield answer

    folder = tmp_path / "shards"
    with pytest.raises(KeyboardInterrupt):
        ShardedSearch(Stopping(), folder, least_products=0).nearest(means, spreads, **options)
    executor = Here()
    search = ShardedSearch(executor, folder, least_products=0)
    assert_same(search.nearest(means, spreads, **options), truth)
    assert executor.tasks == 15 - 8
    other = Here()
    ShardedSearch(other, folder, least_products=0).nearest(-means, spreads, **options)
    assert other.tasks == 15  # of other points nothing is kept
    assert folder.exists()
    search.nearest(means, spreads, **{**options, "precise": True})  # belongs to the search before
    assert folder.exists()
    search.nearest(means, spreads, **{**options, "queries": members[:50]})
    assert not folder.exists()


def test_small_and_precise_searches_stay_here() -> None:
    random = np.random.default_rng(3)
    means, spreads = random.normal(size=(200, 5)), np.zeros(200)
    members = np.arange(200, dtype=np.int32)
    executor = Here()
    for precise, least in [(False, None), (True, 0)]:
        search = ShardedSearch(executor, least_products=least)
        search.nearest(means, spreads, members=members, queries=members, k=5, precise=precise, progress=SILENT)
    assert executor.tasks == 0


def test_the_plan_counts_what_is_moved() -> None:
    n, dim, k = 9_000, 6, 12
    random = np.random.default_rng(4)
    members = np.arange(n, dtype=np.int32)
    search = ShardedSearch(Here(), least_products=0)
    search.nearest(
        random.normal(size=(n, dim)), np.zeros(n), members=members, queries=members, k=k, precise=False, progress=SILENT
    )
    plan = shard_plan(n, dim, k)
    assert search.moved_bytes == plan.shared_bytes + plan.returned_bytes
    assert plan.tasks == 6
    assert shard_plan(10**7, 128, 12).worker_bytes < 2 << 30
    assert block_rows(10**7) >= 10**7 / 24
