"""`ladle campaign round`: one command for a round, killed between any two steps and repeated."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

import ladle
from ladle.cli import main
from tests.cli.campaigns import labelled, make_pool

FIRST = ("campaign", "round", "--scores", "scores-1.parquet", "--size", "20", "-o", "batch-1.csv")
SECOND = (
    "campaign", "round", "--labels", "ann.csv", "--labels", "bob.csv", "--scores", "scores-2.parquet", "--size", "20",
    "--model", "v1", "--metric", "accuracy=0.5", "-o", "batch-2.csv",
)  # fmt: skip
# A process that ends by SIGKILL when it is about to call a function for the n-th time.
KILLED = """
import importlib, os, signal, sys
module, name, times, arguments = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4:]
owner = importlib.import_module(module)
*path, name = name.split(".")
for each in path:
    owner = getattr(owner, each)
real, calls = getattr(owner, name), [0]
def counted(*given, **named):
    calls[0] += 1
    if calls[0] == times:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*given, **named)
setattr(owner, name, counted)
from ladle.cli import main
sys.exit(main(arguments))
"""
DEADLINE_SECONDS = 120


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a campaign after its first round, and what came back of it."""
    folder = tmp_path_factory.mktemp("ready")
    make_pool(folder)
    before = Path.cwd()
    os.chdir(folder)
    try:
        create = (
            "campaign",
            "create",
            "pool.parquet",
            "--db",
            "birds.db",
            "--name",
            "birds",
            "--labels",
            "cat,dog,emu",
        )
        assert main([*create, "--json"]) == 0
        assert main([*FIRST, "--db", "birds.db", "--json"]) == 0
        labelled(folder / "batch-1.csv", folder / "all.csv")
        head, *rows = (folder / "all.csv").read_text().splitlines(keepends=True)
        for name, part in (("ann", rows[:10]), ("bob", rows[10:])):
            lines = [head.rstrip() + ",annotator\n", *(f"{row.rstrip()},{name}\n" for row in part)]
            (folder / f"{name}.csv").write_text("".join(lines))
    finally:
        os.chdir(before)
    return folder


@pytest.fixture
def folder(ready: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, to work in."""
    shutil.copytree(ready, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LADLE_DB", "birds.db")
    return tmp_path


def state() -> dict[str, Any]:
    """What must be the same however often a round was killed."""
    with ladle.Campaign.open("sqlite:///birds.db", name="birds") as campaign:
        assert campaign.verify().ok
        return {
            "labels": [(row.id, row.label, row.annotator, row.version) for row in campaign.labels()],
            "batches": [campaign.batch(number).rows.tolist() for number in campaign.batches()["number"].tolist()],
            "models": [row.version for row in campaign.progress().curve],
        }


@pytest.fixture(scope="module")
def undisturbed(ready: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], bytes]:
    """The state and the batch file of a second round that nothing disturbed."""
    folder, before = tmp_path_factory.mktemp("undisturbed"), Path.cwd()
    shutil.copytree(ready, folder, dirs_exist_ok=True)
    os.chdir(folder)
    try:
        assert main([*SECOND, "--db", "birds.db", "--json"]) == 0
        return state(), (folder / "batch-2.csv").read_bytes()
    finally:
        os.chdir(before)


def test_a_round_tells_verifies_asks_and_exports(folder: Path, run: Any, run_json: Any) -> None:
    code, facts = run_json(*SECOND)
    assert code == 0
    assert [step["step"] for step in facts["steps"]] == ["tell", "tell", "verify", "model", "ask", "export"]
    assert [step["done_before"] for step in facts["steps"]] == [False] * 6
    assert [step["accepted"] for step in facts["steps"][:2]] == [10, 10]
    assert (facts["round"], facts["done_before"]) == (2, False)
    before = (state(), (folder / "batch-2.csv").read_bytes())
    code, facts = run_json(*SECOND)
    assert (code, facts["round"], facts["done_before"]) == (0, 2, True)
    assert [step["done_before"] for step in facts["steps"]] == [True, True, False, True, True, True]
    code, out, err = run(*SECOND)
    assert (code, err) == (0, "")
    assert "Round 2 of birds, all of it done before" in out
    assert out.count("done before: ") == 5
    assert (state(), (folder / "batch-2.csv").read_bytes()) == before


def test_other_scores_are_another_round(folder: Path, run_json: Any) -> None:
    assert run_json(*SECOND)[1]["round"] == 2
    code, facts = run_json("campaign", "round", "--scores", "scores-3.parquet", "--size", 20, "-o", "batch-3.csv")
    assert (code, facts["round"], facts["done_before"]) == (0, 3, False)
    chosen = state()["batches"]
    assert len({row for batch in chosen for row in batch}) == 60


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize(
    ("module", "function", "times", "done"),
    [
        ("ladle.campaign", "Campaign.tell_file", 1, []),
        ("ladle.campaign", "Campaign.tell_file", 2, ["tell"]),
        ("ladle.campaign", "Campaign.record_model", 1, ["tell", "tell"]),
        ("ladle.campaign", "Campaign.ask", 1, ["tell", "tell", "model"]),
        ("os", "replace", 1, ["tell", "tell", "model", "ask"]),
        ("ladle.cli.campaign.whole_round", "_answer", 1, ["tell", "tell", "model", "ask", "export"]),
    ],
)
def test_killed_between_steps_and_repeated(
    folder: Path, run_json: Any, undisturbed: Any, module: str, function: str, times: int, done: list[str]
) -> None:
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, module, function, str(times), *SECOND],
        capture_output=True,
        timeout=DEADLINE_SECONDS,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    code, facts = run_json(*SECOND)
    assert code == 0
    assert [step["step"] for step in facts["steps"] if step["done_before"]] == done
    assert (state(), (folder / "batch-2.csv").read_bytes()) == undisturbed


def by_the_library() -> Any:
    """The second round as a call, with the scores in the order of the pool."""
    with ladle.Campaign.open("sqlite:///birds.db", name="birds") as campaign:
        table = pq.read_table("scores-2.parquet")
        probabilities = np.empty((len(table), 3), np.float32)
        probabilities[campaign.ids.rows_of(table["id"])] = table["p"].to_pylist()
        return campaign.round(
            20,
            labels=["ann.csv", "bob.csv"],
            probabilities=probabilities,
            scores="scores-2.parquet",
            model="v1",
            metrics={"accuracy": 0.5},
        )


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize(("function", "repeated"), [("tell_file", [False, False]), ("ask", [True, True])])
def test_the_library_finishes_what_the_command_began(
    folder: Path, run_json: Any, undisturbed: Any, function: str, repeated: list[bool]
) -> None:
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, "ladle.campaign", f"Campaign.{function}", "1", *SECOND],
        capture_output=True,
        timeout=DEADLINE_SECONDS,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    result = by_the_library()
    assert [told.repeat_of_key for told in result.told] == repeated
    assert (result.model_repeated, result.done_before) == (repeated[0], False)
    assert state() == undisturbed[0]
    code, facts = run_json(*SECOND)
    assert code == 0
    done = [step["step"] for step in facts["steps"] if step["done_before"]]
    assert done == ["tell", "tell", "model", "ask"]
    assert (state(), (folder / "batch-2.csv").read_bytes()) == undisturbed


@pytest.mark.parametrize(("function", "done"), [("record_model", ["tell", "tell"]), ("ask", ["tell", "tell", "model"])])
def test_the_command_finishes_what_the_library_began(
    folder: Path, run_json: Any, undisturbed: Any, function: str, done: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_given: Any, **_named: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(ladle.Campaign, function, interrupt)
        with pytest.raises(KeyboardInterrupt):
            by_the_library()
    code, facts = run_json(*SECOND)
    assert code == 0
    assert [step["step"] for step in facts["steps"] if step["done_before"]] == done
    assert (state(), (folder / "batch-2.csv").read_bytes()) == undisturbed
    assert by_the_library().done_before


def test_two_at_once_ask_once(folder: Path, undisturbed: Any) -> None:
    command = [sys.executable, "-m", "ladle", *SECOND, "--json"]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    told = [json.loads(process.communicate(timeout=DEADLINE_SECONDS)[0]) for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert [facts["round"] for facts in told] == [2, 2]
    assert (state(), (folder / "batch-2.csv").read_bytes()) == undisturbed


def test_what_fails_leaves_the_rest_undone(folder: Path, run: Any, run_json: Any, undisturbed: Any) -> None:
    table = (folder / "scores-2.parquet").read_bytes()
    (folder / "scores-2.parquet").write_bytes(table[: len(table) // 2])
    code, out, err = run(*SECOND)
    assert (code, out) == (4, "")
    assert "scores-2.parquet" in err
    assert len(state()["batches"]) == 1
    (folder / "scores-2.parquet").write_bytes(table)
    code, facts = run_json(*SECOND)
    assert code == 0
    assert [step["step"] for step in facts["steps"] if step["done_before"]] == ["tell", "tell"]
    assert state()["batches"] == undisturbed[0]["batches"]


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        (("--size", "0"), 2, "size"),
        (("--size", "5000"), 2, "5,000"),
        (("--labels", "no.csv"), 4, "no.csv"),
        (("--metric", "x"), 2, "--metric"),
        (("--logits", "--margins"), 2, "both"),
        (("-o", "no/batch.csv"), 4, "no"),
        (("--ids", "ann.csv"), 2, "--pool"),
    ],
)
def test_what_cannot_be_is_refused(folder: Path, run: Any, changes: Any, code: int, words: str) -> None:
    before = state()
    usual = [each for each in (("--size", "5"), ("-o", "b.csv")) if each[0] not in changes]
    found, out, err = run(*FIRST[:4], *(word for each in usual for word in each), *changes)
    assert (found, out) == (code, "")
    assert words in err
    assert state() == before
    assert not (folder / "b.csv").exists()


@pytest.mark.parametrize(
    ("option", "given"), [("--binary", {"binary": True}), ("--margins", {}), ("--normalise", {"normalise": True})]
)
def test_equal_calls_are_one_round(folder: Path, run_json: Any, option: str, given: dict[str, Any]) -> None:
    labels = ["cat", "dog"]
    with ladle.Campaign.create("two.db", name="two", pool="pool.parquet", labels=labels, strategy="margin") as campaign:
        rows = len(campaign.ids)
    numbers = np.random.default_rng(1).random(rows if option != "--normalise" else (rows, 2), np.float32)
    np.save("numbers.npy", numbers)
    name = "margins" if option == "--margins" else "probabilities"
    for size, library_first in ((5, False), (6, True)):
        command = ("campaign", "round", "--db", "two.db", "--scores", "numbers.npy", option, "--size", str(size), "-o")
        command = (*command, f"{size}.csv")
        if not library_first:
            assert run_json(*command)[0] == 0
        with ladle.Campaign.open("two.db") as campaign:
            result = campaign.round(size, **{name: numbers}, **given, scores="numbers.npy")
            assert result.done_before is not library_first
        code, facts = run_json(*command)
        assert (code, facts["round"]) == (0, result.batch.round)
