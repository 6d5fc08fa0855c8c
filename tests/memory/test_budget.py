"""Memory plans: stated, parsed, enforced."""

from __future__ import annotations

import numpy as np
import pytest

import ladle
from ladle.errors import ArgumentError, MemoryPlanError
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
    assert not budget.MemoryPlan("x", 11 << 20, budget.available_bytes()).fits
    assert budget.MemoryPlan("x", 10 << 20, budget.available_bytes()).fits
    assert budget.MemoryPlan("x", 11 << 20, None).fits
    monkeypatch.setenv("LADLE_MEMORY", "lots")
    with pytest.raises(ArgumentError, match="LADLE_MEMORY"):
        budget.available_bytes()


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


def test_shards_that_do_not_fit_are_refused_before_reading(tmp_path, monkeypatch):
    for part in "ab":
        np.save(tmp_path / f"{part}.npy", np.ones((100, 10), np.float32))
    pool = ladle.open_pool(tmp_path)
    monkeypatch.setenv("LADLE_MEMORY", "7K")
    with pytest.raises(MemoryPlanError, match=r"7\.8 KiB needed\. Free memory"):
        pool.embeddings()
