"""Memory plans: stated, parsed, enforced."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import ladle
from ladle.errors import ArgumentError, MemoryPlanError
from ladle.hac.checkpoint import Checkpoints
from ladle.hac.tree.prototypes import prototype_bytes
from ladle.memory import budget


@pytest.mark.parametrize(
    ("text", "amount"), [("1000", 1000), ("1K", 1024), ("1.5 GiB", 3 << 29), ("2mb", 2 << 20), ("1T", 1 << 40)]
)
def test_amounts_are_read(text, amount):
    assert budget.parse_bytes(text) == amount


@pytest.mark.parametrize("text", ["", "-1", "many", "1P", "1 2"])
def test_other_amounts_are_refused(text):
    with pytest.raises(ArgumentError, match="8GiB"):
        budget.parse_bytes(text)


@pytest.mark.parametrize(
    ("amount", "text"), [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (3 << 29, "1.5 GiB"), (5 << 40, "5.0 TiB")]
)
def test_amounts_are_shown(amount, text):
    assert budget.bytes_text(amount) == text


def test_the_variable_is_the_limit(monkeypatch):
    monkeypatch.setenv("LADLE_MEMORY", "10M")
    assert budget.available_bytes() == 10 << 20
    with pytest.raises(MemoryPlanError, match=r"x must fit the 10\.0 MiB .* got 11\.0 MiB needed\. Shrink it\."):
        budget.require(11 << 20, "x", remedy="Shrink it.")
    budget.require(10 << 20, "x", remedy="")
    plans = budget.plan(100_000, 64)
    assert [plan.fits for plan in plans] == [False, True]
    monkeypatch.setenv("LADLE_MEMORY", "lots")
    with pytest.raises(ArgumentError, match="LADLE_MEMORY"):
        budget.available_bytes()


def test_vectors_go_to_disk_where_memory_holds_all_but_them(monkeypatch):
    n, d = 1_000_000, 512
    in_files, in_memory = (budget.clustering_bytes(n, d, exact=False, on_disk=on_disk) for on_disk in (True, False))
    for available, on_disk in ((in_files - 1, False), (in_files, True), (in_memory - 1, True), (in_memory, False)):
        monkeypatch.setenv("LADLE_MEMORY", str(available))
        assert budget.goes_to_disk(n, d, exact=False) is on_disk
        assert not budget.goes_to_disk(n, d, exact=True)


def test_files_that_do_not_fit_the_disk_are_refused(tmp_path):
    budget.require_disk(1, tmp_path, purpose="a file", remedy="")
    with pytest.raises(MemoryPlanError, match=r"free: a file; got .*\. Make room\."):
        budget.require_disk(1 << 60, tmp_path, purpose="a file", remedy="Make room.")


def test_the_machine_tells_its_memory(monkeypatch):
    monkeypatch.delenv("LADLE_MEMORY", raising=False)
    available, total = budget.available_bytes(), budget.total_bytes()
    assert available is not None
    assert total is not None
    assert 0 < available <= total


def a_group(folder, version, most, used=0, cached=0):
    folder.mkdir(parents=True, exist_ok=True)
    names = ("memory.max", "memory.current") if version == 2 else ("memory.limit_in_bytes", "memory.usage_in_bytes")
    (folder / names[0]).write_text(f"{most}\n")
    (folder / names[1]).write_text(f"{used}\n")
    key = "inactive_file" if version == 2 else "total_inactive_file"
    (folder / "memory.stat").write_text(f"anon 5\n{key} {cached}\n")


@pytest.mark.parametrize(("version", "line"), [(2, "0::/jobs/mine"), (1, "4:cpu,memory:/jobs/mine")])
def test_the_least_left_of_all_groups_around_the_process_counts(tmp_path, monkeypatch, version, line):
    root = tmp_path / "cgroup"
    top = root if version == 2 else root / "memory"
    monkeypatch.setattr(budget, "_GROUPS", root)
    monkeypatch.setattr(budget, "_OWN_GROUPS", tmp_path / "own")
    assert budget._group_left() is None  # no groups to be seen
    a_group(top, version, "max" if version == 2 else 1 << 40)
    (tmp_path / "own").write_text(f"3:freezer:/\n{line}\n")
    assert budget._group_left() == (None if version == 2 else 1 << 40)
    a_group(top / "jobs" / "mine", version, 1000, used=400, cached=100)
    assert budget._group_left() == 700
    a_group(top / "jobs", version, 500)
    assert budget._group_left() == 500
    a_group(top / "jobs" / "others", version, 1)
    (tmp_path / "own").write_text("")
    assert budget._group_left() == (None if version == 2 else 1 << 40)


def test_formulas_grow_with_the_pool():
    assert budget.clustering_bytes(1000, 64) == (256 << 20) + 1000 * (8 * 64 + 4 * 64 + 470)
    assert budget.clustering_bytes(10_000_000, 64) == (256 << 20) + 10_000_000 * (4 * 64 + 4 * 64 + 470)
    assert budget.clustering_bytes(10_000_000, 100, exact=False) == (256 << 20) + 10_000_000 * (400 + 240 + 730)
    assert budget.selection_bytes(10) == 10 * 92
    assert [step.step for step in budget.plan(10, 10)] == ["cluster", "select"]
    assert budget.plan(10, 10, exact=False)[0].needed_bytes == budget.clustering_bytes(10, 10, exact=False)


def test_times_are_those_measured_and_grow_with_the_work():
    speed = budget._TIMED_PRODUCTS_PER_SECOND

    def easy(n, d, exact):
        return budget.clustering_seconds(n, d, exact=exact, products_per_second=speed)[0]

    def hard(n, d, exact):
        return budget.clustering_seconds(n, d, exact=exact, products_per_second=speed)[1]

    for exact, timings in ((True, budget._EXACT_TIMINGS), (False, budget._CELLS_TIMINGS)):
        for seconds, timing in zip((easy, hard), timings, strict=True):
            assert seconds(timing.rows, timing.dim, exact) == pytest.approx(timing.seconds)
            assert seconds(timing.rows, 2 * timing.dim, exact) > seconds(timing.rows, timing.dim, exact)
        assert hard(10**6, 128, exact) > easy(10**6, 128, exact)
    assert easy(200_000, 64, True) == pytest.approx(4 * easy(100_000, 64, True))
    assert easy(200_000, 64, False) == pytest.approx(2**1.4 * easy(100_000, 64, False))
    slower = budget.clustering_seconds(
        10**6, 128, exact=False, products_per_second=budget._TIMED_PRODUCTS_PER_SECOND / 2
    )
    assert slower == pytest.approx((2 * easy(10**6, 128, False), 2 * hard(10**6, 128, False)))
    on_disk = budget.clustering_seconds(10**6, 128, exact=False, products_per_second=speed, on_disk=True)
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
    planned = budget.checkpoint_file_bytes(rows, dim, exact=exact)
    assert planned / 8 < 2 * max(sizes) < planned
    tree.save(tmp_path / "tree.npz")
    carried = prototype_bytes(len(tree.prototypes), dim, rows)
    planned = budget.tree_file_bytes(rows, carried)
    assert 0.8 * planned < (tmp_path / "tree.npz").stat().st_size < planned + 4096  # names and headers of the archive


def test_shards_that_do_not_fit_are_refused_before_reading(tmp_path, monkeypatch):
    for part in "ab":
        np.save(tmp_path / f"{part}.npy", np.ones((100, 10), np.float32))
    pool = ladle.open_pool(tmp_path)
    monkeypatch.setenv("LADLE_MEMORY", "7K")
    with pytest.raises(MemoryPlanError, match=r"7\.8 KiB needed\. Free memory"):
        pool.embeddings()
