"""No command writes over a database, the files of a campaign or its pool: with --force neither."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.cli.campaigns import make_pool
from tests.cli.test_usage import commands

# What each command with -o needs beside it.
LINES: dict[str, list[str]] = {
    "ask": ["--scores", "scores-1.parquet", "--size", "3", "--format", "csv"],
    "take": ["--annotator", "ann", "--size", "3", "--format", "csv"],
    "round": ["--scores", "scores-1.parquet", "--size", "3", "--format", "csv"],
    "export": ["labels", "--format", "csv"],
    "backup": [],
}


@pytest.fixture
def begun(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a campaign that has a tree, its database in LADLE_DB, and links to its files."""
    make_pool(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LADLE_DB", "birds.db")
    assert run("cluster", "pool.parquet", "-o", "tree.npz")[0] == 0
    line = ("campaign", "create", "pool.parquet", "--name", "birds", "--labels", "cat,dog,emu", "--tree", "tree.npz")
    assert run(*line, "--strategy", "cluster-margin")[0] == 0
    assert run("campaign", "ask", "--scores", "scores-2.parquet", "--size", 9, "-o", "first.csv")[0] == 0
    Path("soft.db").symlink_to("birds.db")
    os.link("birds.db", "hard.db")
    return tmp_path


def test_every_command_of_a_campaign_that_writes_a_file_is_here() -> None:
    writing = {path[-1] for path, command in commands() if path[0] == "campaign" and "-o" in options_of(command)}
    assert writing == set(LINES)


def options_of(command: Any) -> set[str]:
    return {name for option in command.params for name in option.opts}


@pytest.mark.parametrize("command", LINES)
def test_a_campaign_never_writes_over_itself(begun: Path, run: Any, run_json: Any, command: str) -> None:
    files = sorted(path for path in begun.rglob("*") if path.is_file())
    before = {path: path.read_bytes() for path in files}
    own = ["birds.db", "soft.db", "hard.db", "pool.parquet", "birds.db.files/birds/tree-1.npz", "birds.db-journal"]
    for path in own:
        for force in ([], ["--force"]):
            code, out, err = run("campaign", command, *LINES[command], "-o", path, *force)
            assert (code, out) == (2, ""), (path, force, err)
            assert "never replaced" in err, err
    assert sorted(path for path in begun.rglob("*") if path.is_file()) == files
    assert {path: path.read_bytes() for path in files} == before
    assert run_json("campaign", "verify")[0] == 0


@pytest.mark.parametrize("command", ["cluster", "assign", "select", "backup"])
def test_a_command_without_the_campaign_spares_it_too(
    begun: Path, run: Any, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.delenv("LADLE_DB")
    end = ".npz" if command == "cluster" else ".csv"
    (begun / f"other{end}").write_bytes((begun / "birds.db").read_bytes())
    (begun / "other.db").write_bytes((begun / "birds.db").read_bytes())
    inside = next(path for path in (begun / "birds.db.files" / "birds").iterdir() if path.name.startswith("tree"))
    line = {
        "cluster": ("cluster", "pool.parquet"),
        "assign": ("assign", "tree.npz", "pool.parquet"),
        "select": ("select", "pool.parquet", "--scores", "scores-1.parquet", "--tree", "tree.npz", "--size", 3),
        "backup": ("campaign", "backup", "--db", "other.db"),
    }[command]
    places = [begun / f"other{end}", inside.with_suffix(end)]
    for path in places:
        there = path.read_bytes() if path.exists() else None
        code, _, err = run(*line, "-o", path, "--force")
        assert code == 2, err
        assert "never replaced" in err
        assert (path.read_bytes() if path.exists() else None) == there
