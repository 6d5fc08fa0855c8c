"""The state of the rounds: the means that a step reads are fetched before it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import ladle
from ladle.hac.engine import state
from ladle.hac.engine.state import fetch_listed, new_clusters, new_lists
from ladle.hac.plan import clustering_bytes
from ladle.memory import scratch
from ladle.memory.scratch import Scratch
from tests.hac.pools import blobs

Fetched = list[set[int]]


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> Fetched:
    fetched: Fetched = []
    monkeypatch.setattr(scratch, "SMALL_BYTES", 1)
    monkeypatch.setattr(state, "fetch_rows", lambda _, rows: fetched.append(set(rows.tolist())))
    return fetched


def test_the_clusters_and_all_on_both_lists_are_fetched(tmp_path: Path, fetched: Fetched) -> None:
    c = new_clusters(Scratch(tmp_path).empty((10, 4), np.float32), np.ones(10, np.int32))
    lists = new_lists(8, np.dtype(np.float32))
    lists.ids[:] = [3, ~4, 9, 5, ~6, 0, 0, 0]
    c.list_start[[1, 2]], c.list_length[[1, 2]] = [0, 3], [2, 2]
    c.partner[1] = 2  # 2 has merged into 1
    c.parents[[2, 6, 7]] = [1, 7, 8]
    fetch_listed(c, lists, np.array([1], np.int32))
    assert fetched == [{1, 3, 4, 5, 8}]


def test_in_memory_nothing_is_fetched(fetched: Fetched) -> None:
    c = new_clusters(np.zeros((10, 4), np.float32), np.ones(10, np.int32))
    fetch_listed(c, new_lists(8, np.dtype(np.float32)), np.array([1], np.int32))
    assert fetched == []


@pytest.mark.long
def test_a_clustering_on_disk_fetches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fetched: Fetched) -> None:
    monkeypatch.setattr("ladle.neighbours.effort.BRUTE_COST", 0)
    monkeypatch.setattr("ladle.neighbours.effort.HARD_COST", 0)
    monkeypatch.setattr("ladle.hac.plan._PART_BYTES", 0)
    monkeypatch.setenv("LADLE_MEMORY", str(clustering_bytes(9_000, 256, exact=False, on_disk=True)))
    ladle.cluster(blobs(7, 9_000, 256).astype(np.float32), exact=False, mean_size=10, scratch=tmp_path)
    assert len(set().union(*fetched)) > 4_500  # of the means: those of all clusters that have merged
