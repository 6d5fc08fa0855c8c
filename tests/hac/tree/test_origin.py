"""A tree knows its pool: other data, another dimension or another order is refused wherever the two meet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ladle
from ladle.errors import MismatchError
from ladle.hac.tree.origin import PoolOrigin
from tests.hac.pools import blobs

ROWS, DIM = 200, 6
POOL = blobs(90, ROWS, DIM)
TREE = ladle.cluster(POOL, metric="sqeuclidean", mean_size=5)
SHUFFLED = POOL[np.random.default_rng(0).permutation(ROWS)]
SWAPPED = POOL.copy()
SWAPPED[[3, 150]] = SWAPPED[[150, 3]]
NUDGED = POOL.copy()
NUDGED[77, 2] = np.nextafter(NUDGED[77, 2], np.float32(9))

OTHERS: dict[str, Any] = {
    "other data": blobs(91, ROWS, DIM),
    "another dimension": POOL[:, :4],
    "more rows": blobs(90, ROWS + 1, DIM),
    "shuffled rows": SHUFFLED,
    "two rows swapped": SWAPPED,
    "one number changed": NUDGED,
    "rounded to float16": POOL.astype(np.float16),
}
SAME: dict[str, Any] = {
    "itself": POOL,
    "float64": POOL.astype(np.float64),
    "lists": POOL.tolist(),
    "column by column": np.asfortranarray(POOL),
    "a pool with row numbers": ladle.open_pool(POOL),
    "a pool with ids": ladle.open_pool(POOL, ids=[f"i{row}" for row in range(ROWS)]),
}
PROBABILITIES = np.full((ROWS, 2), 0.5)


def ask(pool: Any) -> Any:
    opened = ladle.open_pool(pool)
    rows = np.full((len(opened), 2), 0.5)
    return ladle.ClusterMargin(TREE).query(10, probabilities=rows, embeddings=opened)


def ask_in_parts(pool: Any) -> Any:
    opened = ladle.open_pool(pool)
    strategy = ladle.strategies.Partitioned(ladle.ClusterMargin(TREE), 3)
    return strategy.query(10, probabilities=np.full((len(opened), 2), 0.5), embeddings=opened)


def campaign(pool: Any) -> Any:
    opened = pool if isinstance(pool, ladle.pool.Pool) else ladle.open_pool(np.asarray(pool))
    return ladle.Campaign.create(ladle.campaign.MemoryStore(), name="c", pool=opened, labels=["a", "b"], tree=TREE)


MEETINGS: dict[str, Callable[[Any], Any]] = {
    "check_pool": TREE.check_pool,
    "assign": lambda pool: TREE.assign(POOL[:3], pool=pool),
    "assign a finer cut": lambda pool: TREE.assign(POOL[:3], n_clusters=ROWS - 1, pool=pool),
    "with_prototypes": TREE.with_prototypes,
    "cluster-margin": ask,
    "cluster-margin in parts": ask_in_parts,
    "spread": lambda pool: ladle.spread(([0, 1], [1, 0]), TREE, pool=pool),
    "campaign": campaign,
}


@pytest.mark.parametrize("meeting", MEETINGS)
@pytest.mark.parametrize("name", OTHERS)
def test_another_pool_is_refused(name: str, meeting: str) -> None:
    with pytest.raises(MismatchError):
        MEETINGS[meeting](OTHERS[name])


@pytest.mark.parametrize("meeting", MEETINGS)
@pytest.mark.parametrize("name", SAME)
def test_the_same_pool_passes(name: str, meeting: str) -> None:
    MEETINGS[meeting](SAME[name])


def test_an_array_of_embeddings_is_ignored_for_it_may_be_another_models() -> None:
    strategy = ladle.ClusterMargin(TREE)
    alone = strategy.query(10, probabilities=PROBABILITIES, seed=3)
    newer = strategy.query(10, probabilities=PROBABILITIES, embeddings=OTHERS["another dimension"], seed=3)
    assert newer.rows.tolist() == alone.rows.tolist()


def test_the_file_carries_it(tmp_path: Path) -> None:
    TREE.save(tmp_path / "tree.npz")
    again = ladle.Dendrogram.load(tmp_path / "tree.npz")
    assert again.origin == TREE.origin
    assert (again.dim, again.dtype) == (DIM, "float32")
    assert again.check_pool(POOL)


def test_ids_in_another_order_are_named_before_the_vectors_are_read() -> None:
    tree = ladle.cluster(SAME["a pool with ids"], metric="sqeuclidean")
    other = ladle.open_pool(POOL, ids=[f"i{row}" for row in range(ROWS)][::-1])
    with pytest.raises(MismatchError, match="other ids, or in another order"):
        tree.check_pool(other)


def test_newer_vectors_under_the_same_ids_are_refused() -> None:
    tree = ladle.cluster(SAME["a pool with ids"], metric="sqeuclidean")
    other = ladle.open_pool(POOL + 1, ids=[f"i{row}" for row in range(ROWS)])
    with pytest.raises(MismatchError, match="other vectors"):
        tree.check_pool(other)


def test_an_old_tree_says_that_it_could_not_be_compared() -> None:
    old = replace(TREE, dim=0, dtype="", vectors_digest="")
    assert old.origin == PoolOrigin(ROWS)
    assert not old.check_pool(SHUFFLED)
    with pytest.raises(MismatchError, match="201 rows"):
        old.check_pool(OTHERS["more rows"])


def test_minus_zero_is_zero() -> None:
    tree = ladle.cluster([[0.0, 1.0], [2.0, 1.0]], metric="sqeuclidean")
    assert tree.check_pool([[-0.0, 1.0], [2.0, 1.0]])


@pytest.mark.parametrize("engine", ["brute", "cells"])
def test_every_engine_and_pool_of_large_blocks(engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ladle.hac.clustering.DENSE_ROWS", 0)
    tree = ladle.cluster(POOL, metric="cosine", engine=engine, mean_size=4)
    assert tree.check_pool(POOL)
    with pytest.raises(MismatchError):
        tree.check_pool(SWAPPED)


def test_a_grown_campaign_begins_with_what_was_clustered() -> None:
    opened = ladle.open_pool(POOL)
    made = ladle.Campaign.create(ladle.campaign.MemoryStore(), name="c", pool=opened, labels=["a", "b"], tree=TREE)
    more = blobs(95, 10, DIM)
    with pytest.raises(MismatchError, match="begin with"):
        made.extend(ladle.open_pool(np.concatenate([SHUFFLED, more])))
    assert made.extend(ladle.open_pool(np.concatenate([POOL, more]))) == 10


def test_a_campaign_whose_pool_file_has_changed_does_not_ask(tmp_path: Path) -> None:
    np.save(tmp_path / "pool.npy", POOL)
    url = f"sqlite:///{tmp_path}/c.db"
    ladle.Campaign.create(url, name="c", pool=tmp_path / "pool.npy", labels=["a", "b"], tree=TREE)
    with ladle.Campaign.open(url, name="c") as made:
        made.ask(5, probabilities=PROBABILITIES)
    np.save(tmp_path / "pool.npy", SHUFFLED)
    with ladle.Campaign.open(url, name="c") as made, pytest.raises(MismatchError, match="other vectors"):
        made.ask(5, probabilities=PROBABILITIES)
