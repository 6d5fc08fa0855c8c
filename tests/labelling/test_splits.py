"""Sides of a split: a hash of ids, one side for each cluster, and none ever changed."""

from __future__ import annotations

import math
from collections import Counter
from hashlib import blake2b

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ladle.errors import ArgumentError
from ladle.labelling.contract.columns import texts
from ladle.labelling.splits import PoolSplit, SplitShares, group_rows, split_pool

SHARES = {"train": 0.8, "validation": 0.1, "test": 0.1}


def split_of(parts: list[list[int]], seed: int = 0, shares: dict[str, float] = SHARES) -> PoolSplit:
    clusters = [np.array(part, np.int64) for part in parts]
    ids = texts(f"im{row}" for row in range(len(clusters[-1])))
    group = group_rows(clusters)
    return split_pool(SplitShares.of(shares), ids, group, clusters[-1], seed=seed, by="tree", height=0.1)


@st.composite
def growing(draw: st.DrawFn) -> list[list[int]]:
    """Clusters of a pool that grows, by other clusterings each time."""
    sizes = sorted(draw(st.sets(st.integers(1, 40), min_size=1, max_size=4)))
    return [draw(st.lists(st.integers(0, 8), min_size=size, max_size=size)) for size in sizes]


def test_a_side_is_the_hash_of_seed_and_id() -> None:
    ids = texts(f"im{row}" for row in range(300))
    sides = SplitShares.of(SHARES).side_of(ids, 7)
    for text, side in zip(ids.tolist(), sides.tolist(), strict=True):
        word = blake2b(f"7\x1fsplit\x1f{text}".encode(), digest_size=8).digest()
        share = int.from_bytes(word, "little") / 2**64
        assert side == (0 if share < 0.1 else 1 if share < 0.9 else 2)  # test, train, validation
    # Sides that people have trained on do not move with a version of Ladle.
    assert np.flatnonzero(sides != 1)[:8].tolist() == [9, 15, 24, 33, 43, 46, 53, 57]
    assert sides[[9, 15, 24, 33, 43, 46, 53, 57]].tolist() == [2, 0, 0, 0, 0, 2, 0, 2]


def test_shares_are_reached_within_chance() -> None:
    sides = SplitShares.of(SHARES).side_of(texts(map(str, range(100_000))), 0)
    counts = np.bincount(sides, minlength=3) / len(sides)
    assert counts == pytest.approx([0.1, 0.8, 0.1], abs=5 * math.sqrt(0.8 * 0.2 / 100_000))


@given(st.permutations(sorted(SHARES)), st.integers(0, 2**40))
def test_the_order_of_names_changes_nothing(names: list[str], seed: int) -> None:
    ids = texts(map(str, range(50)))
    one, other = SplitShares.of(SHARES), SplitShares.of({name: SHARES[name] for name in names})
    assert one.side_of(ids, seed).tolist() == other.side_of(ids, seed).tolist()


@given(growing(), st.integers(0, 5))
def test_no_example_changes_its_side_as_the_pool_grows(parts: list[list[int]], seed: int) -> None:
    sides = [split_of(parts[: count + 1], seed).at(np.arange(len(parts[0]))).tolist() for count in range(len(parts))]
    assert all(each == sides[0] for each in sides)


@given(growing())
def test_newcomers_go_with_the_first_example_of_their_cluster(parts: list[list[int]]) -> None:
    split = split_of(parts)
    old = len(parts[-2]) if len(parts) > 1 else 0
    first: dict[int, int] = {}
    for row, cluster in enumerate(parts[-1]):
        first.setdefault(cluster, row)
        if row >= old:
            assert split.side[row] == split.side[first[cluster]]
            assert split.group[row] == split.group[first[cluster]]


@given(growing())
def test_clusters_on_several_sides_are_counted(parts: list[list[int]]) -> None:
    split = split_of(parts)
    sides: dict[int, set[int]] = {}
    for cluster, side in zip(parts[-1], split.side.tolist(), strict=True):
        sides.setdefault(cluster, set()).add(side)
    assert split.parted == sum(len(each) > 1 for each in sides.values())
    if len(parts) == 1:
        assert split.parted == 0


def test_counts_of_a_split() -> None:
    split = split_of([[0, 1, 0, 2, 2, 2, 3]])
    assert split.group.tolist() == [0, 1, 0, 3, 3, 3, 6]
    assert split.near_duplicates() == (2, 5)
    assert split.near_duplicates(np.array([0, 3, 4])) == (1, 2)
    counts = Counter(split.at(np.arange(7)).tolist())
    assert split.counts() == {name: counts[name] for name in ("test", "train", "validation")}
    assert sum(split.counts(np.array([1, 2])).values()) == 2
    assert repr(split).startswith("<PoolSplit of 7 examples: test ")


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        ({}, "name two sides or more"),
        ({"train": 1.0}, "name two sides or more"),
        ([0.5, 0.5], "name two sides or more"),
        ({"train": 0.8, "test": 0.1}, "make 1 together; got 0.9: train=0.8, test=0.1"),
        ({"train": 1.2, "test": -0.2}, "train must be a number between 0 and 1"),
        ({"train": 1, "test": 0}, "must be a number between 0 and 1"),
        ({"": 0.5, "test": 0.5}, "have a name"),
        ({" a": 0.5, "a": 0.5}, "have a name"),
        ({"a": math.nan, "b": 0.5}, "must be a number between 0 and 1"),
    ],
)
def test_shares_that_are_none(shares: dict[str, float], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        SplitShares.of(shares)


def test_thirds_are_shares() -> None:
    sides = SplitShares.of({"a": 1 / 3, "b": 1 / 3, "c": 1 / 3}).side_of(texts(map(str, range(3000))), 0)
    assert set(sides.tolist()) == {0, 1, 2}
