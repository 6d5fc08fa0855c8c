"""Ray as an executor, and the trees of `ladle.cluster` on it: a local Ray with two workers."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import ladle
from ladle.compute import Task
from ladle.compute.ray_cluster import RayCluster
from ladle.errors import DataError
from ladle.neighbours import BruteSearch
from ladle.neighbours.sharded import ShardedSearch
from ladle.progress import SILENT
from tests.compute import work

pytestmark = [
    pytest.mark.long,
    # ray itself is imported by RayCluster, which has to say first where it may listen
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="ray is not installed"),
]


@pytest.fixture(scope="module")
def cluster() -> Iterator[RayCluster]:
    path = os.pathsep.join(each for each in sys.path if each)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", path)  # the workers import this file's neighbours
        with RayCluster("local", 2, store_bytes=512 << 20) as executor:
            yield executor


def test_the_contract(cluster: RayCluster, tmp_path: Path) -> None:
    shared = cluster.share(np.arange(10.0))
    answers = dict(cluster.run(work.total, [Task(str(each), (shared, each)) for each in range(7)]))
    assert {name: output["total"][0] for name, output in answers.items()} == {str(x): 45.0 * x for x in range(7)}
    assert not any(output["writeable"][0] for output in answers.values())
    tasks = [Task(str(each), (str(tmp_path / f"mark-{each % 3}"), each)) for each in range(9)]
    lossy = list(cluster.run(work.die_once, tasks))
    assert sorted((name, int(output["value"][0])) for name, output in lossy) == [(str(x), x) for x in range(9)]
    with pytest.raises(DataError, match="the value must be even; got 3"):
        list(cluster.run(work.refuse, [Task("0", (3,))]))


def test_the_lists_and_the_tree_are_those_of_one_process(cluster: RayCluster, tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    means = np.round(random.normal(size=(9_000, 6)), 1)  # with ties
    members = np.arange(len(means), dtype=np.int32)
    for queries in (members, members[::3]):
        options = {"members": members, "queries": queries, "k": 12, "precise": False, "progress": SILENT}
        truth = BruteSearch().nearest(means, np.zeros(len(means)), **options)
        found = ShardedSearch(cluster, least_products=0).nearest(means, np.zeros(len(means)), **options)
        assert np.array_equal(found.ids, truth.ids)
        assert np.array_equal(found.reach, truth.reach)


def test_ladle_cluster_on_ray_writes_the_same_bytes(
    cluster: RayCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ladle.neighbours.shard_plan.LEAST_PRODUCTS", 1e8)
    random = np.random.default_rng(5)
    pool = random.normal(size=(6_500, 8)).astype(np.float32)
    pool[:700] = pool[700:1400]
    ladle.cluster(pool, exact=True).save(tmp_path / "one.npz")
    checkpoint = tmp_path / "state"
    ladle.cluster(pool, engine="ray", checkpoint=checkpoint).save(tmp_path / "ray.npz")
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "ray.npz").read_bytes()
    assert not (checkpoint / "shards").exists()


def test_nothing_listens_beyond_loopback_and_a_token_is_wanted(cluster: RayCluster) -> None:
    import ray

    address = ray.get_runtime_context().gcs_address
    assert address.startswith("127.0.0.1:")
    loopback = {"0100007F", "0" * 24 + "01000000", "0" * 16 + "FFFF00000100007F"}
    assert listening_addresses()
    assert listening_addresses() <= loopback
    assert ray._private.worker._global_node.webui_url in (None, "")
    code = f"from ladle.compute.ray_cluster import RayCluster; RayCluster({address!r})"
    wrong = {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": "0" * 64,
        "RAY_gcs_rpc_server_connect_timeout_s": "1",
        "RAY_py_gcs_connect_timeout_s": "2",
    }
    wrong |= {"RAY_gcs_server_request_timeout_seconds": "2", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **wrong},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    assert "must answer, and take the token of this user" in done.stderr


def listening_addresses() -> set[str]:
    """Where this process and its descendants listen for TCP, in the words of Linux."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
    family = {os.getpid()}
    while more := {child for child, parent in parents.items() if parent in family} - family:
        family |= more
    sockets = set()
    for process in family:
        with contextlib.suppress(OSError):
            sockets |= {str(each.readlink()) for each in Path(f"/proc/{process}/fd").iterdir()}
    rows = [line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]]
    return {row[1].split(":")[0] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in sockets}


def test_an_address_without_a_cluster_is_an_error_before_any_work(tmp_path: Path) -> None:
    np.save(tmp_path / "pool.npy", np.eye(9))
    command = [sys.executable, "-m", "ladle", "cluster", "pool.npy", "-o", "t.npz", "--ray", "127.0.0.1:9", "--quiet"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 14
    assert "the Ray cluster 127.0.0.1:9 must answer" in " ".join(done.stderr.split())
    assert [path.name for path in tmp_path.iterdir()] == ["pool.npy"]


def test_the_command_on_a_local_ray(tmp_path: Path) -> None:
    random = np.random.default_rng(6)
    np.save(tmp_path / "pool.npy", random.normal(size=(36_000, 80)).astype(np.float32))  # 10^11 multiply-adds
    for output, options in {"ray.npz": ["--ray", "local", "--json"], "one.npz": ["--exact", "--json"]}.items():
        command = [
            sys.executable,
            "-m",
            "ladle",
            "cluster",
            "pool.npy",
            "-o",
            output,
            "--n-clusters",
            "30000",
            *options,
        ]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        assert '"certified": 1.0' in done.stdout
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "ray.npz").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.npz", "pool.npy", "ray.npz"]
