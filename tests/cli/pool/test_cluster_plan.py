"""The disk that a clustering takes, planned before it begins: the tree, the checkpoint, the vectors."""

from __future__ import annotations

from collections import namedtuple

import pytest

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def refused(run, made, tmp_path, monkeypatch):
    """What is said of a disk with so many bytes free, before any work."""
    monkeypatch.setattr("ladle.hac.cluster", lambda *_, **__: pytest.fail("worked before it refused"))

    def told(free, *options):
        monkeypatch.setattr("ladle.memory.budget.shutil.disk_usage", lambda folder: Usage(1 << 40, 0, free))
        code, _, err = run("cluster", made / "pool.npy", "-o", tmp_path / "t.npz", *options)
        assert code == 6
        assert not list(tmp_path.iterdir())
        return " ".join(err.split())

    return told


def test_the_tree_is_part_of_the_plan(refused):
    told = refused(1000, "--no-checkpoint")
    assert "(the tree); got 1000 B" in told
    assert "checkpoint" not in told
    assert told.endswith("Make room. Name another --output.")


def test_files_on_one_disk_are_added_up(refused):
    told = refused(20_000)
    assert "(the tree), " in told
    assert "(the checkpoint); got 19.5 KiB" in told
    assert told.endswith("Name another --output, name another --checkpoint, or say --no-checkpoint.")
    assert "(the tree), " in refused(20_000, "--prototypes", "--n-clusters", 100)


def test_the_vectors_too(refused, monkeypatch):
    monkeypatch.setattr("ladle.hac.plan.goes_to_disk", lambda *_, **__: True)
    assert "(the vectors); got" in refused(1000, "--approximate")


def test_what_fits_is_not_refused(run, made, tmp_path, monkeypatch):
    monkeypatch.setattr("ladle.memory.budget.shutil.disk_usage", lambda folder: Usage(1 << 40, 0, 1 << 20))
    assert run("cluster", made / "pool.npy", "-o", tmp_path / "t.npz")[0] == 0
    assert (tmp_path / "t.npz").stat().st_size < 1 << 20
