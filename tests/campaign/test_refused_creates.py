"""A campaign that is refused, or whose making fails, leaves no new database; one that was there stays as it was."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ladle
from ladle.errors import FileFormatError, LadleError
from ladle.labelling import MemoryStore
from ladle.store.sql import SqlStore
from tests.campaign.made import begun, pool_of

REFUSED: dict[str, Callable[[Path], dict[str, Any]]] = {
    "a file in place of the folder of files": lambda folder: {"files": str(folder / "file")},
    "a file above the folder of files": lambda folder: {"files": str(folder / "file" / "files")},
    "a folder that no system makes": lambda _: {"files": "/proc/x/y"},
    "a file as a parent": lambda _: {"files": "/dev/null/files"},
    "a clock of no time": lambda _: {"clock": lambda: float("nan")},
    "a tree of another pool": lambda _: {"tree": [0, 1], "strategy": "cluster-margin"},
    "a pool that cannot be clustered": lambda _: {"pool": np.zeros((9, 2), np.float32), "strategy": "cluster-margin"},
}


def create(url: Path, given: dict[str, Any]) -> ladle.Campaign:
    return ladle.Campaign.create(url, **{"name": "new", "pool": pool_of(9), "strategy": "margin"} | given)


@pytest.mark.parametrize("what", REFUSED)
def test_nothing_new_is_left(what: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(LadleError):
        create(tmp_path / "new.db", REFUSED[what](tmp_path))
    assert not (tmp_path / "new.db").exists()
    assert (tmp_path / "file").read_text() == "mine"
    create(tmp_path / "new.db", {}).close()  # the name is free


@pytest.mark.parametrize("content", [b"x", b"\n", b"SQLite", b"my notes", b"SQLite format 4\0", b"my notes\n" * 1000])
def test_a_file_that_is_no_database_stays(content: bytes, tmp_path: Path) -> None:
    with begun(MemoryStore(), tmp_path / "made", 9) as campaign:
        backup = campaign.backup(tmp_path / "birds.zip")
    path = tmp_path / "notes.db"
    path.write_bytes(content)
    for call in (
        lambda: create(path, {}),
        lambda: ladle.Campaign.restore(path, backup),
        lambda: SqlStore.create(path),
    ):
        with pytest.raises(FileFormatError, match=r"notes\.db must be a SQLite database, empty, or not there"):
            call()
    for call in (lambda: ladle.Campaign.open(path), lambda: SqlStore.migrate(path)):
        with pytest.raises(LadleError, match=r"notes\.db"):
            call()
    assert path.read_bytes() == content
    assert sorted(each.name for each in tmp_path.iterdir()) == ["birds.zip", "made", "notes.db"]


def test_an_empty_file_becomes_a_database(tmp_path: Path) -> None:
    (tmp_path / "new.db").touch()
    create(tmp_path / "new.db", {}).close()
    assert ladle.Campaign.names(tmp_path / "new.db") == ["new"]


def test_a_database_whose_header_a_crash_tore_is_made_whole_by_its_journal(tmp_path: Path) -> None:
    """SQLite judges a file with a journal: a torn one begins otherwise until the journal is played back."""
    path = tmp_path / "there.db"
    begun(path, tmp_path / "there", 9).close()
    whole = path.read_bytes()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA cache_spill = 1")
    connection.execute("PRAGMA cache_size = 1")
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("CREATE TABLE more AS SELECT randomblob(900) AS noise FROM ladle_event, ladle_event AS b")
    journal = (tmp_path / "there.db-journal").read_bytes()
    connection.close()
    path.write_bytes(b"torn" + whole[4:])
    (tmp_path / "there.db-journal").write_bytes(journal)
    create(path, {}).close()
    assert sorted(ladle.Campaign.names(path)) == ["birds", "new"]


@pytest.mark.parametrize("what", REFUSED)
def test_a_database_that_was_there_stays(what: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with begun(tmp_path / "there.db", tmp_path / "there", 9) as there:
        with pytest.raises(LadleError):
            create(tmp_path / "there.db", REFUSED[what](tmp_path))
        assert there.verify().ok
        assert ladle.Campaign.names(tmp_path / "there.db") == ["birds"]
