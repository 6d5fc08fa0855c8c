"""The file of a ledger: where it lies in the folder of a run, what tables it has, and how it is opened."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from ladle.errors import FileError, FileFormatError
from ladle.plain_files import instead_of_file

FILE_NAME = "ledger.sqlite"  # in the folder of a run
VERSION = 1
TABLES = (
    "CREATE TABLE run (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE TABLE start (trial INTEGER PRIMARY KEY, labels INTEGER NOT NULL, metrics TEXT NOT NULL, "
    "certified REAL NOT NULL, clusters INTEGER NOT NULL, seconds TEXT NOT NULL, rows BLOB NOT NULL)",
    "CREATE TABLE round (trial INTEGER, strategy TEXT, round INTEGER, labels INTEGER NOT NULL, metrics TEXT NOT NULL, "
    "seconds TEXT NOT NULL, facts TEXT NOT NULL, rows BLOB NOT NULL, PRIMARY KEY (trial, strategy, round))",
)
WAIT_SECONDS = 60.0  # for another process to finish its commit


def is_ledger(path: Path) -> bool:
    """Whether a ledger was created at `path`; a file that a crash left empty is none. Raises: as `Ledger.open`."""
    if not path.is_file() or path.stat().st_size == 0:
        return False
    with closing(connected(path, "rw")) as connection:
        (tables,) = connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
    return bool(tables)


def ledger_at(place: Path) -> Path:
    """The file of the ledger at `place`, or in the folder `place`. Raises: FileError when no file lies there."""
    path = place / FILE_NAME if place.is_dir() else place
    got, remedy = instead_of_file(path)
    if got:
        got = "no such file" if got == "nothing there" else got
        remedy = remedy or "Make one with: ladle lab run"
        raise FileError(f"the ledger {path}", wanted="be there", got=got, remedy=remedy)
    return path


def connected(path: Path, mode: str) -> sqlite3.Connection:
    """A connection to the file at `path`; mode: "rw", or "rwc" to create it. Raises: FileError, FileFormatError."""
    uri = f"{path.resolve().as_uri()}?mode={mode}"
    try:
        # No transactions of Python's own making: they would begin and end where nobody sees.
        connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=WAIT_SECONDS)
    except sqlite3.Error as cause:
        raise FileError(f"the ledger {path}", wanted="be a file that can be written", got=str(cause)) from cause
    try:
        connection.execute("PRAGMA synchronous = FULL")
    except sqlite3.DatabaseError as cause:
        connection.close()
        raise FileFormatError(f"the file {path}", wanted="be a ledger", got=str(cause)) from cause
    return connection
