"""What an error says of the change it cut off is true: undone before a commit, unsure once it has been asked for."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

import ladle
from ladle.errors import StoreError
from ladle.store import SqlStore


class Faulty:
    """A SQLite store that fails where it is told to: at the commit, or after it, before the answer is back."""

    def __init__(self, path: Path) -> None:
        self.store = SqlStore.create(f"sqlite:///{path}")
        self.campaign = ladle.Campaign.create(self.store, name="birds", pool=[[0.0], [1.0]], strategy="uniform")
        self.commit = self.store._engine.dialect.do_commit
        self.execute = self.store._engine.dialect.do_execute

    def at_commit(self, connection: sqlite3.Connection) -> None:
        if connection.total_changes:  # of a writer: readers commit too
            raise sqlite3.OperationalError("disk I/O error")
        self.commit(connection)

    def after_commit(self, connection: sqlite3.Connection) -> None:
        self.commit(connection)
        if connection.total_changes:
            raise sqlite3.OperationalError("disk I/O error")

    def at_insert(self, cursor: sqlite3.Cursor, statement: str, parameters: object, context: object = None) -> None:
        if statement.startswith("INSERT"):
            raise sqlite3.OperationalError("disk I/O error")
        self.execute(cursor, statement, parameters, context)


@pytest.fixture
def faulty(tmp_path: Path) -> Faulty:
    return Faulty(tmp_path / "birds.db")


@pytest.mark.parametrize(("when", "there"), [("at_commit", 0), ("after_commit", 1)])
def test_a_commit_that_fails_promises_nothing(
    faulty: Faulty, when: str, there: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(faulty.store._engine.dialect, "do_commit", getattr(faulty, when))
        with pytest.raises(StoreError, match="may be done or undone: say it again under its key"):
            faulty.campaign.tell([0], ["wren"], key="day 1")
    assert len(faulty.campaign.labels()) == there
    assert faulty.campaign.tell([0], ["wren"], key="day 1").repeat_of_key == bool(there)
    assert len(faulty.campaign.labels()) == 1


def test_a_statement_that_fails_is_undone(faulty: Faulty, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(faulty.store._engine.dialect, "do_execute", faulty.at_insert)
        with pytest.raises(StoreError, match="What was not acknowledged is undone"):
            faulty.campaign.tell([0], ["wren"], key="day 1")
    assert len(faulty.campaign.labels()) == 0
