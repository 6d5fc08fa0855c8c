"""Changes of one thread in one transaction: one commit, or none; the accounts of a service are part of it."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path

import pytest
import sqlalchemy as sa

from ladle.errors import StoreError
from ladle.labelling import Store
from ladle.labelling.contract.tables import TaskTable
from ladle.store import SqlStore
from ladle.store.accounts import AccountStore, Answered
from ladle.testing.store_contract import tasks


def rows(store: Store) -> list[int]:
    with store.reading("a") as view:
        return [int(row) for row in view.read(TaskTable).row]


def add(store: Store, row: int) -> None:
    with store.writing("a") as writer:
        writer.add(tasks((row, 0, 1, row)))


@pytest.fixture(params=["sqlite", "postgres"])
def kind(request: pytest.FixtureRequest) -> str:
    """The stores that are databases."""
    return str(request.param)


@pytest.fixture
def sql(store: Store) -> SqlStore:
    """A database with an empty campaign."""
    assert isinstance(store, SqlStore)
    with store.founding("a", ""):
        pass
    return store


def test_changes_together_have_one_commit(sql: SqlStore) -> None:
    commits: list[int] = []
    sa.event.listen(sql._engine, "commit", lambda _: commits.append(1))
    with sql.together("a"):
        for row in range(5):
            add(sql, row)
        assert not commits
    assert len(commits) == 1
    assert rows(sql) == [0, 1, 2, 3, 4]


def test_nothing_of_a_block_that_raises_is_stored(sql: SqlStore) -> None:
    with suppress(RuntimeError), sql.together("a"):
        add(sql, 1)
        raise RuntimeError
    assert rows(sql) == []
    add(sql, 2)  # a transaction of its own again
    assert rows(sql) == [2]


def test_others_see_the_changes_after_the_commit(sql: SqlStore) -> None:
    other = SqlStore.open(sql.url)
    with sql.together("a"):
        add(sql, 1)
        assert rows(sql) == [1]
        assert rows(other) == []
    assert rows(other) == [1]
    other.close()


def test_a_request_is_kept_with_the_changes_or_not_at_all(sql: SqlStore) -> None:
    kept = AccountStore(sql.url, "a")
    kept.create()
    row = Answered("ann/1", "print", "", 1)
    with suppress(RuntimeError), sql.together("a"):
        with kept.claiming(row, lambda _: None):
            add(sql, 1)
        assert kept.change(Answered, {"key": "ann/1"}, body="{}") == 1
        assert [each.body for each in kept.find(Answered)] == ["{}"]
        raise RuntimeError
    assert (rows(sql), kept.find(Answered)) == ([], [])
    with sql.together("a"):
        with kept.claiming(row, lambda _: None):
            add(sql, 1)
        with pytest.raises(StoreError), kept.claiming(Answered("ann/2", "print", "", 1), lambda _: None):
            add(sql, 1)  # refused: its key is not kept
    assert (rows(sql), [each.key for each in kept.find(Answered)]) == ([1], ["ann/1"])
    kept.close()


def test_a_transaction_that_the_database_has_undone_takes_no_more_changes(tmp_path: Path) -> None:
    """As SQLite does when its disk is full: later changes would be stored at once, and the first be lost."""
    store = SqlStore.create(tmp_path / "x.db")
    with store.founding("a", ""):
        pass

    def undone() -> None:
        with store.together("a"):
            add(store, 1)
            driver = store._own.view.connection.connection.driver_connection
            assert isinstance(driver, sqlite3.Connection)
            driver.execute("ROLLBACK")
            with pytest.raises(StoreError, match="undone"):
                add(store, 2)

    with pytest.raises(StoreError):
        undone()
    assert rows(store) == []
    store.close()
