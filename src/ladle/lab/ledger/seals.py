"""Seals of a ledger: a SHA-256 of every record, so that damage is found before its numbers are believed.

They lie in a table of their own, seal(record, sha256); a ledger that was made before there were seals has none, and is
checked as far as SQLite and JSON can tell.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ladle.errors import CorruptFileError

TABLE = "CREATE TABLE IF NOT EXISTS seal (record TEXT PRIMARY KEY, sha256 TEXT NOT NULL)"
_KEYS = {"run": 1, "start": 1, "round": 3}  # how many of a table's first columns name a record
_JSON = {"run": (), "start": (2, 5), "round": (4, 5, 6)}  # which columns must hold an object of JSON


def put(connection: sqlite3.Connection, table: str, values: Sequence[Any]) -> None:
    """Seal a record of `table`, which has these values in all its columns; part of the transaction that writes it."""
    connection.execute(TABLE)
    connection.execute("INSERT OR REPLACE INTO seal VALUES (?, ?)", (_name(table, values), _digest(values)))


def check(connection: sqlite3.Connection, path: Path) -> None:
    """Raises: CorruptFileError, naming the record, when one is damaged or gone. Cost: reads the ledger twice."""
    try:
        (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
        if found != "ok":
            raise corrupt(path, str(found))
        seals = dict(_seals(connection))
        for table in _KEYS:
            for values in connection.execute(f"SELECT * FROM {table}"):
                _check_record(path, table, values, seals.pop(_name(table, values), None))
    except sqlite3.DatabaseError as cause:
        raise corrupt(path, str(cause)) from cause
    if seals:
        raise corrupt(path, f"no {min(seals)}")


def _check_record(path: Path, table: str, values: Sequence[Any], seal: str | None) -> None:
    whole = seal is None or seal == _digest(values)
    for column in _JSON[table]:
        try:
            whole = whole and isinstance(json.loads(values[column]), dict)
        except ValueError:
            whole = False
    if not whole:
        raise corrupt(path, f"other content in {_name(table, values)}")


def _seals(connection: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'seal'").fetchone():
        yield from connection.execute("SELECT record, sha256 FROM seal")


def _name(table: str, values: Sequence[Any]) -> str:
    return " ".join([table, *(str(value) for value in values[: _KEYS[table]])])


def _digest(values: Sequence[Any]) -> str:
    total = hashlib.sha256()
    for value in values:
        content = value if isinstance(value, bytes) else repr(value).encode()
        total.update(b"%d:" % len(content))
        total.update(content)
    return total.hexdigest()


def corrupt(path: Path, got: str) -> CorruptFileError:
    """The error of a ledger that holds what no run wrote."""
    return CorruptFileError(
        f"the ledger {path}",
        wanted="be as it was written",
        got=got,
        remedy="Restore it from a copy, or run in a new folder.",
    )
