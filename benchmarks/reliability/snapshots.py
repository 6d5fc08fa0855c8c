"""Everything that a campaign in SQLite holds, to be compared, and what is wrong with it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import ladle
from benchmarks.reliability.scenarios import Snapshot
from ladle.durable import file_digest
from ladle.labelling.contract.tables import KINDS

NAME = "birds"
DATABASE = "birds.db"


def url(folder: Path) -> str:
    return f"sqlite:///{folder / DATABASE}"


def snapshot(folder: Path) -> Snapshot:
    """Every row of every table, as SQLite itself reads them; nothing where there is no campaign yet."""
    if not (folder / DATABASE).exists():
        return {}
    with closing(sqlite3.connect(folder / DATABASE)) as connection:
        there = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        campaigns = _rows(connection, "campaign") if "ladle_campaign" in there else []
        if not campaigns:
            return {}
        # A database of an older Ladle lacks some tables.
        known = {kind.NAME: _rows(connection, kind.NAME) for kind in KINDS if f"ladle_{kind.NAME}" in there}
        return known | {"campaign": campaigns}


def _rows(connection: sqlite3.Connection, table: str) -> list[object]:
    return sorted(connection.execute(f"SELECT * FROM ladle_{table}"))


def problems(folder: Path) -> list[str]:
    """What is wrong with the database and the campaign in it, as `ladle campaign verify` reports it.

    Each different state is verified once; the state is everything that `verify` reads, and SQLite's own check.
    """
    with closing(sqlite3.connect(folder / DATABASE)) as connection:
        checked = connection.execute("PRAGMA integrity_check").fetchall()
        schema = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master").fetchall()
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != DATABASE)
    files = [(str(path.relative_to(folder)), file_digest(path)) for path in paths]
    state = sha256(repr((snapshot(folder), checked, schema, files)).encode()).hexdigest()
    if state not in _VERDICTS:
        with ladle.Campaign.open(url(folder), name=NAME) as campaign:
            _VERDICTS[state] = list(campaign.verify().problems)
    return _VERDICTS[state]


_VERDICTS: dict[str, list[str]] = {}
