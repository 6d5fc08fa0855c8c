"""`--ray` of the commands, as far as it needs no Ray."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import ladle
from ladle.errors import ArgumentError, MemoryPlanError, MissingDependencyError
from ladle.hac.ray_plan import ray_plan, require_cluster_room, require_local_room


@pytest.mark.parametrize("address", ["", "head", "ray://head:10001", "head:port", "http://head:80"])
def test_a_wrong_address_is_refused_before_the_pool_is_read(run, tmp_path, address):
    code, _, err = run("cluster", tmp_path / "none.npy", "-o", tmp_path / "t.npz", "--ray", address)
    assert code == 2
    assert "the address of Ray must be auto, local, or the HOST:PORT of the head" in err


def test_approximate_neighbours_on_ray_are_refused(run, tmp_path):
    code, _, err = run("cluster", tmp_path / "none.npy", "-o", tmp_path / "t.npz", "--ray", "auto", "--approximate")
    assert code == 2
    assert "--ray must come without --approximate" in err
    code, _, err = run("doctor", "--rows", 1000, "--dim", 8, "--ray", "--approximate")
    assert code == 2
    assert "--ray must come without --approximate" in err
    with pytest.raises(ArgumentError, match='agree with engine="ray"'):
        ladle.cluster(np.eye(4), engine="ray", exact=False)
    with pytest.raises(ArgumentError, match='`ray` must be left out, or come with engine="ray"'):
        ladle.cluster(np.eye(4), ray="auto")


def test_a_missing_package_is_named(run, made, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    code, _, err = run("cluster", made / "pool.npy", "-o", tmp_path / "t.npz", "--ray", "auto")
    assert code == 7
    assert "pip install 'ladle[ray]'" in " ".join(err.split())
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(MissingDependencyError):
        ladle.cluster(np.eye(4), engine="ray")


def test_the_plan_for_ray(run, run_json):
    code, facts = run_json("doctor", "--rows", 2_000_000, "--dim", 64, "--ray")
    assert code == 0
    assert facts["ray"]["tasks"] == 300
    assert facts["ray"]["shared_bytes"] == 2_000_000 * (4 * 64 + 4)
    assert facts["ray"]["returned_bytes"] == 2_000_000 * 24 * 12 * 8
    assert facts["ray"]["worker_bytes"] < 1 << 30
    assert facts["clustering"]["engine"] == "exact"
    assert "On Ray" in run("doctor", "--rows", 2_000_000, "--dim", 64, "--ray")[1]
    assert "ray" not in run_json("doctor", "--rows", 2_000_000, "--dim", 64)[1]
    code, _, err = run("doctor", "--ray")
    assert code == 2
    assert "--ray must come with a POOL, or with --rows and --dim" in err


class Room:
    workers = 4

    def __init__(self, worker_bytes: int, store_bytes: int) -> None:
        self.worker_bytes = worker_bytes
        self.store_bytes = store_bytes


def test_a_cluster_without_room_is_refused(monkeypatch):
    plan = ray_plan(1_000_000, 64)
    enough = Room(plan.worker_bytes, plan.store_bytes(4))
    require_cluster_room(plan, enough, 1_000_000, 64)
    with pytest.raises(MemoryPlanError, match="of memory of each worker"):
        require_cluster_room(plan, Room(plan.worker_bytes - 1, 1 << 40), 1_000_000, 64)
    with pytest.raises(MemoryPlanError, match=f"--object-store-memory={plan.store_bytes(4)} on every machine"):
        require_cluster_room(plan, Room(1 << 40, plan.store_bytes(4) - 1), 1_000_000, 64)
    monkeypatch.setenv("LADLE_MEMORY", "1GiB")
    with pytest.raises(MemoryPlanError, match="on a local Ray"):
        require_local_room(plan, 8, 1_000_000, 64)
