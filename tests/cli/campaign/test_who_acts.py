"""Everyone who changes a campaign is named on the record."""

from __future__ import annotations

import getpass
import gzip
from pathlib import Path
from typing import Any

import pytest

import ladle
from ladle.cli.campaign.commands import COMMANDS
from ladle.errors import ArgumentError
from ladle.labelling import MemoryStore
from tests.campaign.made import begun
from tests.cli.campaigns import labelled, make_pool
from tests.cli.test_usage import commands

GOLDEN = Path(__file__).parents[2] / "golden"
# Commands that change nothing that a campaign stores; `restore` and `migrate` bring a whole database.
READING = {
    *("list", "progress", "outstanding", "disputes", "agreement", "compare", "control", "status"),
    *("export", "story", "audit", "verify", "restore", "migrate"),
    *("person list", "quarantine list", "class list"),
}


def test_every_command_that_changes_something_says_by_whom() -> None:
    known = {path[1:]: command for path, command in commands() if path[0] == "campaign"}
    assert {" ".join(path) for path in known} == set(COMMANDS)
    for path, command in known.items():
        has = any("--by" in option.opts for option in command.params)
        assert has == (not READING & {" ".join(path)}), path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    make_pool(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LADLE_DB", "birds.db")
    return tmp_path


def test_by_names_who_acts_in_every_command(folder: Path, run: Any, run_json: Any) -> None:
    (folder / "gold.csv").write_text("id,label\nim199,cat\n")
    (folder / "old.csv").write_text("id,label\nim198,cat\n")
    lines = [
        ("create", "pool.parquet", "--name", "birds", "--labels", "cat,dog,emu", "--strategy", "margin"),
        ("gold", "gold.csv"),
        ("ask", "--scores", "scores-1.parquet", "--size", 10, "-o", "b.csv"),
        ("take", "--annotator", "ann", "--size", 3, "-o", "t.csv"),
        ("release", "--annotator", "ann"),
        ("import", "old.csv", "--source", "older", "--annotator", "archive"),
        ("model", "m1", "--metric", "accuracy=0.5"),
        ("exclude", "--example", "im150", "--reason", "blurred"),
        ("include", "--example", "im150"),
    ]
    for place, line in enumerate(lines):
        assert run("campaign", *line, "--by", f"lead {place}")[0] == 0, line
    labelled(folder / "b.csv", folder / "done.csv")
    assert run("campaign", "tell", "done.csv", "--annotator", "ann", "--by", "desk")[0] == 0
    assert run("campaign", "delete", "--example", "im150", "--reason", "x", "--by", "desk")[0] == 0
    line = ("round", "--scores", "scores-2.parquet", "--size", 5, "-o", "c.csv", "--model", "m2")
    assert run("campaign", *line, "--by", " the  lead ")[0] == 0
    with ladle.Campaign.open("birds.db") as campaign:
        who = [(row.kind, row.actor) for row in campaign.audit()]
    assert [actor for _, actor in who[: len(lines)]] == [f"lead {place}" for place in range(len(lines))]
    assert who[len(lines) :] == [("tell", "desk"), ("model", "the lead"), ("ask", "the lead")]


def test_ladle_user_stands_in_and_then_the_user_of_the_system(
    folder: Path, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = ("campaign", "create", "pool.parquet", "--strategy", "uniform", "--name")
    monkeypatch.setenv("LADLE_USER", " mia ")
    assert run(*create, "one")[0] == 0
    monkeypatch.delenv("LADLE_USER")
    monkeypatch.setattr(getpass, "getuser", lambda: "the-system-user")
    assert run(*create, "two")[0] == 0

    def no_user() -> str:
        raise KeyError("getpwuid(): uid not found")

    monkeypatch.setattr(getpass, "getuser", no_user)
    assert run(*create, "three")[0] == 0
    for name, actor in (("one", "mia"), ("two", "the-system-user"), ("three", "user ")):
        with ladle.Campaign.open("birds.db", name=name) as campaign:
            assert campaign.audit()[0].actor.startswith(actor)


def test_the_audit_shows_no_dash(tmp_path: Path, run: Any) -> None:
    old = gzip.decompress((GOLDEN / "campaign-0001.db.gz").read_bytes())  # of a Ladle that did not know who acted
    (tmp_path / "old.db").write_bytes(old)
    assert run("campaign", "migrate", "--db", tmp_path / "old.db")[0] == 0
    out = run("campaign", "audit", "--db", tmp_path / "old.db")[1]
    assert "not recorded" in out
    assert not any(" - " in line for line in out.splitlines())


@pytest.mark.parametrize("by", ["x" * 201, "a\x00b", "\ud800", 7])
def test_a_name_that_no_log_can_hold_is_refused(by: Any, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="`by`"):
        begun(MemoryStore(), tmp_path, by=by)
