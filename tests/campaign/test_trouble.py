"""A database that is busy, full or read-only: a clear error, and everything as it was."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

import ladle
from ladle.errors import StoreBusyError, StoreError, outcome_of
from ladle.labelling import MemoryStore, Store
from ladle.store import SqlStore, dialects
from tests.campaign.made import begun, ids_of, margins


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Patience of a fifth of a second."""
    monkeypatch.setattr("ladle.store.engine.WAIT_SECONDS", 0.2)
    monkeypatch.setattr(dialects, "WAIT_SECONDS", 0.2)


@pytest.fixture
def impatient(store: Store) -> Iterator[Store]:
    """The same store through a handle that waits a fifth of a second."""
    if isinstance(store, MemoryStore):
        store._wait_seconds = 0.2
        yield store
        return
    assert isinstance(store, SqlStore)
    with SqlStore.open(store.url, wait_seconds=0.2) as opened:
        yield opened


@pytest.mark.usefixtures("quick")
def test_a_busy_store_is_said_to_be_busy_and_nothing_changes(store: Store, impatient: Store, tmp_path: Path) -> None:
    begun(store, tmp_path)
    campaign = ladle.Campaign.open(impatient, name="birds")
    with store.writing("birds"):
        with pytest.raises(StoreBusyError) as raised:
            campaign.tell(ids_of(1), ["cat"])
        with pytest.raises(StoreBusyError):
            campaign.ask(3, margins=margins())
    assert outcome_of(raised.value).http_status == 503
    assert campaign.audit()["kind"].tolist() == ["create"]
    assert campaign.tell(ids_of(1), ["cat"]).accepted == 1


def test_a_full_disk_is_said_so_and_nothing_changes(tmp_path: Path) -> None:
    store = SqlStore.create(f"sqlite:///{tmp_path}/birds.db")
    campaign = begun(store, tmp_path, rows=5000)
    batch = campaign.ask(3, margins=margins(5000), key="monday")

    def full(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("PRAGMA max_page_count = 1")  # SQLite makes it as many as there are

    sa.event.listen(store._engine, "connect", full)
    with pytest.raises(StoreError, match="room on its disk"):
        campaign.tell(ids_of(40), ["a label of some length " * 100] * 40, key="upload-1")
    with pytest.raises(StoreError, match="room on its disk"):
        campaign.ask(4000, margins=margins(5000), key="tuesday")
    sa.event.remove(store._engine, "connect", full)
    assert campaign.verify().ok
    assert campaign.audit()["kind"].tolist() == ["create", "ask"]
    assert campaign.ask(3, margins=margins(5000), key="monday").ids.tolist() == batch.ids.tolist()
    assert not campaign.tell(ids_of(40), ["cat"] * 40, key="upload-1").repeat_of_key


def test_a_database_that_may_not_be_written_can_be_read(tmp_path: Path) -> None:
    store = SqlStore.create(f"sqlite:///{tmp_path}/birds.db")
    campaign = begun(store, tmp_path)
    campaign.tell(ids_of(2), ["cat", "dog"])

    def read_only(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("PRAGMA query_only = ON")

    sa.event.listen(store._engine, "connect", read_only)
    assert len(campaign.labels()) == 2
    with pytest.raises(StoreError, match="readonly"):
        campaign.tell(ids_of(1), ["dog"])
    sa.event.remove(store._engine, "connect", read_only)
    assert [row.label for row in campaign.labels()] == ["cat", "dog"]


def test_a_crash_in_the_middle_of_a_commit_is_undone_when_the_database_is_next_opened(tmp_path: Path) -> None:
    """A journal left behind is rolled back: here one of a writer that vanished with its transaction half on disk."""
    store = SqlStore.create(f"sqlite:///{tmp_path}/birds.db")
    campaign = begun(store, tmp_path)
    campaign.tell(ids_of(2), ["cat", "dog"])
    with sqlite3.connect(tmp_path / "birds.db", isolation_level=None) as writer:
        writer.execute("PRAGMA cache_size = 1")  # every change goes to the file at once
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE ladle_label SET label = 'nonsense'")
        values = "1, ?, 1, 'x', 'y', '', '', 'z', 1, '', '', 0, '', 0"
        writer.executemany(f"INSERT INTO ladle_quarantined SELECT {values}", [(n,) for n in range(5000)])
        torn = {path.name: path.read_bytes() for path in tmp_path.glob("birds.db*") if path.is_file()}
        writer.execute("ROLLBACK")
    writer.close()
    assert "birds.db-journal" in torn
    elsewhere = tmp_path / "after the crash"
    elsewhere.mkdir()
    for name, content in torn.items():
        (elsewhere / name).write_bytes(content)
    found = ladle.Campaign.open(f"sqlite:///{elsewhere}/birds.db", name="birds")
    assert [row.label for row in found.labels()] == ["cat", "dog"]
    assert found.verify().ok
