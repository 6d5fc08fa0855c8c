"""`ladle cluster`, stopped at any moment: the same command goes on from its checkpoint."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import ladle
from ladle.cli import main
from ladle.cli.program.signals import Interrupted
from ladle.hac.checkpoint import FILE_NAME

ROWS, DIM = 20_000, 16
DEADLINE_SECONDS = 120  # compiling included


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("large") / "pool.npy"
    random = np.random.default_rng(5)
    centres = random.standard_normal((ROWS // 10, DIM))
    points = centres[random.integers(len(centres), size=ROWS)] + 0.3 * random.standard_normal((ROWS, DIM))
    np.save(path, points.astype(np.float32))
    return path


def arguments(pool, tree, *options):
    return ["cluster", pool, "-o", tree, "--approximate", "--metric", "sqeuclidean", "--full", *options]


def stopped(pool: Path, tree: Path, number: signal.Signals, *options: object) -> subprocess.CompletedProcess[str]:
    """The real command, sent the signal once its first checkpoint is there."""
    kept = tree.with_name(tree.name + ".partial") / FILE_NAME
    # One thread leaves the most time between the checkpoint and the end.
    running = subprocess.Popen(
        [sys.executable, "-m", "ladle", *map(str, arguments(pool, tree, *options))],
        env=os.environ | {"LADLE_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    end = time.monotonic() + DEADLINE_SECONDS
    while not kept.exists() and running.poll() is None and time.monotonic() < end:
        time.sleep(0.002)
    running.send_signal(number)
    out, err = running.communicate(timeout=DEADLINE_SECONDS)
    assert kept.exists(), err
    return subprocess.CompletedProcess(running.args, running.returncode, out, err)


@pytest.fixture(scope="module")
def undisturbed(pool: Path) -> bytes:
    ladle.cluster(ladle.open_pool(pool), metric="sqeuclidean", exact=False).save(pool.with_name("tree.npz"))
    return pool.with_name("tree.npz").read_bytes()


def test_killed_and_run_again(run, pool, undisturbed, tmp_path):
    tree = tmp_path / "t.npz"
    assert stopped(pool, tree, signal.SIGKILL).returncode == -signal.SIGKILL
    assert not tree.exists()
    code, _, err = run(*arguments(pool, tree))
    assert (code, tree.read_bytes() == undisturbed) == (0, True)
    assert err.startswith("going on from the checkpoint of ")
    assert err.strip().endswith("t.npz.partial")
    assert [path.name for path in tmp_path.iterdir()] == ["t.npz"]


def test_ctrl_c_says_how_to_go_on(run_json, pool, undisturbed, tmp_path):
    tree = tmp_path / "t.npz"
    done = stopped(pool, tree, signal.SIGINT, "--json")
    assert (done.returncode, done.stderr) == (130, "")
    told = json.loads(done.stdout)["error"]["message"]
    assert told.startswith("interrupted: the same command goes on from the checkpoint of ")
    assert [path.name for path in tmp_path.iterdir()] == ["t.npz.partial"]
    code, facts = run_json(*arguments(pool, tree))
    assert (code, tree.read_bytes() == undisturbed) == (0, True)
    assert facts["resumed_from"].startswith("20")
    assert [path.name for path in tmp_path.iterdir()] == ["t.npz"]


def test_a_checkpoint_of_another_clustering_is_refused_and_kept(run, run_json, pool, tmp_path):
    tree, kept = tmp_path / "t.npz", tmp_path / "t.npz.partial" / FILE_NAME
    stopped(pool, tree, signal.SIGKILL)
    content = kept.read_bytes()
    code, facts = run_json(*arguments(pool, tree, "--seed", 8))
    assert (code, facts["error"]["kind"]) == (5, "MismatchError")
    assert "seed=8" in facts["error"]["message"]
    assert str(kept) in facts["error"]["remedy"]
    assert kept.read_bytes() == content
    kept.write_bytes(content[:-1000])
    code, _, err = run(*arguments(pool, tree))
    assert code == 4
    assert f"Delete {kept} to begin afresh." in err
    assert not tree.exists()


@pytest.mark.parametrize("options", [[], ["--no-checkpoint"]])
def test_nothing_is_left_beside_the_tree(run, run_json, pool, undisturbed, tmp_path, options):
    code, facts = run_json(*arguments(pool, tmp_path / "t.npz", *options))
    assert (code, facts["resumed_from"]) == (0, None)
    assert (tmp_path / "t.npz").read_bytes() == undisturbed
    assert [path.name for path in tmp_path.iterdir()] == ["t.npz"]


def test_where_the_checkpoint_goes(run, made, tmp_path, monkeypatch):
    given = []

    def clustered(pool, *, checkpoint, **others):
        given.append(checkpoint)
        return ladle.cluster(pool, checkpoint=checkpoint, **others)

    monkeypatch.setattr("ladle.hac.cluster", clustered)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("keep me")
    for options in ([], ["--no-checkpoint"], ["--checkpoint", tmp_path / "mine"]):
        assert run("cluster", made / "pool.npy", "-o", tmp_path / "t.npz", *options)[0] == 0
    assert given == [tmp_path / "t.npz.partial", None, tmp_path / "mine"]
    assert (tmp_path / "mine" / "notes.txt").read_text() == "keep me"


def test_unusable_folders_are_refused_before_any_work(run, made, tmp_path, empty):
    (shards := tmp_path / "shards").mkdir()
    np.save(shards / "a.npy", np.eye(5))
    for pool, options, code, told in (
        (made / "pool.npy", ["--checkpoint", tmp_path / "c", "--no-checkpoint"], 2, "--no-checkpoint"),
        (made / "pool.npy", ["--checkpoint", tmp_path / "no" / "such"], 4, "exist and be writable"),
        (made / "pool.npy", ["--checkpoint", made / "tree.npz"], 4, "be a folder"),
        (shards, ["--checkpoint", shards], 2, "another folder than the inputs"),
    ):
        given, _, err = run("cluster", pool, "-o", tmp_path / "t.npz", *options)
        assert (given, told in err) == (code, True), err
    assert [path.name for path in tmp_path.iterdir()] == ["shards"]


@pytest.mark.parametrize("ending", [Interrupted, KeyboardInterrupt])
def test_what_ctrl_c_cut_off_in_its_making_is_not_told(ending, monkeypatch, capsys):
    class Half:
        def __del__(self):
            raise AttributeError("no such attribute yet")

    def interrupted():
        half = Half()  # noqa: F841 - it ends with the frame, which the exception holds
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt:
            raise ending() from None

    hook = sys.unraisablehook
    monkeypatch.setattr("ladle.cli.app.program", interrupted)
    assert main([]) == 130
    assert capsys.readouterr().err == "interrupted\n"
    assert sys.unraisablehook is hook
