"""What a clustering takes of memory, disk and time: stated, kept to, and refused where there is no room."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ladle
from ladle.errors import ArgumentError, MemoryPlanError
from ladle.hac import plan
from ladle.hac.checkpoint import Checkpoints
from ladle.strategies.plan import memory_plan as selection_plan
from ladle.strategies.plan import selection_bytes
from tests.hac.pools import blobs

ROWS, DIM = 900, 16
NEEDED = plan.clustering_bytes(ROWS, DIM)
POOL = blobs(3, ROWS, DIM)


def test_formulas_grow_with_the_pool():
    assert plan.clustering_bytes(1000, 64) == (256 << 20) + 1000 * (8 * 64 + 4 * 64 + 470)
    assert plan.clustering_bytes(10_000_000, 64) == (256 << 20) + 10_000_000 * (4 * 64 + 4 * 64 + 470)
    assert plan.clustering_bytes(10_000_000, 100, exact=False) == (256 << 20) + 10_000_000 * (400 + 240 + 730)
    assert selection_bytes(10) == selection_plan(10).needed_bytes == 10 * 92
    assert plan.memory_plan(10, 10, exact=False).needed_bytes == plan.clustering_bytes(10, 10, exact=False)


def test_times_are_those_measured_and_grow_with_the_work():
    speed = plan._TIMED_PRODUCTS_PER_SECOND

    def easy(n, d, exact):
        return plan.clustering_seconds(n, d, exact=exact, products_per_second=speed)[0]

    def hard(n, d, exact):
        return plan.clustering_seconds(n, d, exact=exact, products_per_second=speed)[1]

    for exact, timings in ((True, plan._EXACT_TIMINGS), (False, plan._CELLS_TIMINGS)):
        for seconds, timing in zip((easy, hard), timings, strict=True):
            assert seconds(timing.rows, timing.dim, exact) == pytest.approx(timing.seconds)
            assert seconds(timing.rows, 2 * timing.dim, exact) > seconds(timing.rows, timing.dim, exact)
        assert hard(10**6, 128, exact) > easy(10**6, 128, exact)
    assert easy(200_000, 64, True) == pytest.approx(4 * easy(100_000, 64, True))
    assert easy(200_000, 64, False) == pytest.approx(2**1.4 * easy(100_000, 64, False))
    slower = plan.clustering_seconds(10**6, 128, exact=False, products_per_second=plan._TIMED_PRODUCTS_PER_SECOND / 2)
    assert slower == pytest.approx((2 * easy(10**6, 128, False), 2 * hard(10**6, 128, False)))
    on_disk = plan.clustering_seconds(10**6, 128, exact=False, products_per_second=speed, on_disk=True)
    assert on_disk == pytest.approx((1.8 * easy(10**6, 128, False), 1.8 * hard(10**6, 128, False)))


@pytest.mark.parametrize("exact", [True, False])
def test_files_stay_within_their_plan(tmp_path, exact, monkeypatch):
    monkeypatch.setattr("ladle.hac.clustering.Checkpoints", partial(Checkpoints, every_seconds=0))
    sizes = []
    replace = os.replace

    def noted(source, target):
        sizes.append(Path(source).stat().st_size)
        replace(source, target)

    monkeypatch.setattr(os, "replace", noted)
    rows, dim = 12_000, 24
    embeddings = np.random.default_rng(0).normal(size=(rows, dim)).astype(np.float32)
    tree = ladle.cluster(embeddings, exact=exact, checkpoint=tmp_path / "kept", prototypes=True)
    assert len(sizes) > 2
    planned = plan.checkpoint_file_bytes(rows, dim, exact=exact)
    assert planned / 8 < 2 * max(sizes) < planned
    tree.save(tmp_path / "tree.npz")
    carried = plan.prototype_bytes(len(tree.prototypes), dim, rows)
    planned = plan.tree_file_bytes(rows, carried)
    assert 0.8 * planned < (tmp_path / "tree.npz").stat().st_size < planned + 4096  # names and headers of the archive


def test_vectors_go_to_disk_where_memory_holds_all_but_them(monkeypatch: pytest.MonkeyPatch) -> None:
    n, d = 1_000_000, 512
    in_files, in_memory = (plan.clustering_bytes(n, d, exact=False, on_disk=on_disk) for on_disk in (True, False))
    for available, on_disk in ((in_files - 1, False), (in_files, True), (in_memory - 1, True), (in_memory, False)):
        monkeypatch.setenv("LADLE_MEMORY", str(available))
        assert plan.goes_to_disk(n, d, exact=False) is on_disk
        assert not plan.goes_to_disk(n, d, exact=True)


def in_memory(folder: Path) -> Any:
    return POOL


def a_loaded_pool(folder: Path) -> Any:
    return ladle.open_pool(POOL)


def a_file(folder: Path) -> Any:
    np.save(folder / "pool.npy", POOL)
    return folder / "pool.npy"


def shards(folder: Path) -> Any:
    (folder / "shards").mkdir()
    for part in range(3):
        np.save(folder / "shards" / f"{part}.npy", POOL[part * 300 : (part + 1) * 300])
    return ladle.open_pool(folder / "shards")


SOURCES = pytest.mark.parametrize("source", [in_memory, a_loaded_pool, a_file, shards])


@SOURCES
@pytest.mark.parametrize("options", [{}, {"exact": False}, {"engine": "cells", "mean_size": 10}], ids=str)
def test_what_does_not_fit_is_refused_before_any_work(
    source: Any, options: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = source(tmp_path)
    monkeypatch.setattr("ladle.hac.clustering.survey", lambda *_: pytest.fail("worked before it refused"))
    monkeypatch.setenv("LADLE_MEMORY", str(plan.clustering_bytes(ROWS, DIM, exact=not options) - 1))
    with pytest.raises(MemoryPlanError, match=r"clustering 900 examples of dim 16 .* needed\. Use a larger"):
        ladle.cluster(pool, **options, checkpoint=tmp_path / "kept")
    assert not (tmp_path / "kept").exists()


@pytest.mark.parametrize(("dim", "advised"), [(512, True), (8, False)])
def test_an_approximate_clustering_is_advised_where_it_fits(
    dim: int, advised: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ladle.hac.plan.goes_to_disk", lambda *_, **__: False)
    needed = [plan.clustering_bytes(10**5, dim, exact=exact) for exact in (True, False)]
    assert (needed[1] < needed[0]) == advised
    monkeypatch.setenv("LADLE_MEMORY", str(needed[0] - 1))
    with pytest.raises(MemoryPlanError) as error:
        plan.require_memory(10**5, dim, exact=True)
    assert ("exact=False (--approximate)" in str(error.value)) == advised


@SOURCES
def test_what_fits_to_the_byte_is_clustered(source: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # An array that is loaded, and a pool that is read from files, take no room of the plan.
    pool = source(tmp_path)
    monkeypatch.setenv("LADLE_MEMORY", str(NEEDED))
    assert ladle.cluster(pool).complete


def test_a_bad_limit_is_an_error_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LADLE_MEMORY", "plenty")
    with pytest.raises(ArgumentError, match="LADLE_MEMORY"):
        ladle.cluster(POOL)
