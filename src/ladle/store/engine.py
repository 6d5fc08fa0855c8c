"""From a URL to a database, SQLite in a file or PostgreSQL, with settings that lose no committed change.

SQLite uses a rollback journal and syncs the file and its folder at every commit (synchronous=EXTRA: with FULL, a power
failure right after a commit may restore the journal, which undoes the commit). The write-ahead log is not used:
versions before 3.51.3, which Python ships, can corrupt it. A writer locks the database at the
beginning (BEGIN IMMEDIATE), so it never fails half-way.
"""

from __future__ import annotations

import math
import os
import re
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from ladle.counts import counted
from ladle.durable import readable
from ladle.errors import ArgumentError, FileError, FileFormatError, MissingDependencyError
from ladle.numbers import path_of, shown

WAIT_SECONDS = 60.0  # a transaction waits so long for others
KEPT_SECONDS = 300  # a connection that is kept is opened anew after so long
KEPT_CONNECTIONS, MORE_CONNECTIONS = 10, 10  # to a server by one process: so many stay open, so many more at a time
WRITES = "ladle_writes"  # the execution option of a connection whose transactions write
WAIT = "ladle_wait_seconds"  # the execution option of an engine whose transactions wait for so long
BRIEF = "ladle_brief"  # that of a writer which does not wait for the lock of SQLite, because it tries again
_BRIEF_SECONDS = 0.05
_PRAGMAS = (
    "foreign_keys = ON",
    "journal_mode = DELETE",
    "synchronous = EXTRA",
    "cell_size_check = ON",
    "trusted_schema = OFF",
    "cache_size = -262144",  # KiB, allocated as needed: room for the indexes of a million tasks
)
_CACHE_OF_KEPT = "PRAGMA cache_size = -32768"  # KiB: a process keeps several connections, each with a cache of its own
_HEADER = b"SQLite format 3\0"  # how every database begins that has been written
_OF_SERVERS: weakref.WeakSet[sa.Engine] = weakref.WeakSet()
_ALONGSIDE: ContextVar[Callable[[sa.Connection], None] | None] = ContextVar("alongside", default=None)
_EXAMPLES = "birds.db, sqlite:///birds.db or postgresql://user@host/database"


def checked_url(url: object) -> sa.URL:
    """A URL, or the path of a SQLite file, as a SQLAlchemy URL, with an absolute path for a file.

    Raises: ArgumentError; MissingDependencyError.
    """
    if isinstance(url, os.PathLike) or (isinstance(url, str) and url and "://" not in url):
        return _checked_file(sa.URL.create("sqlite", database=os.fspath(url)))
    try:
        parsed = sa.make_url(url)  # type: ignore[arg-type]
    except (sa.exc.ArgumentError, ValueError, RecursionError) as cause:
        raise ArgumentError(
            "`url`", wanted=f"be a database such as {_EXAMPLES}", got=without_password(shown(url))
        ) from cause
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        return _checked_file(parsed)
    if backend in ("postgresql", "postgres"):
        if find_spec("psycopg") is None:
            raise MissingDependencyError(
                "a campaign in PostgreSQL",
                wanted="have the package psycopg",
                got="none",
                remedy="pip install 'ladle[postgres]'",
            )
        return parsed.set(drivername="postgresql+psycopg")
    raise ArgumentError("`url`", wanted=f"be a database such as {_EXAMPLES}", got=f"{backend}://...")


def without_password(url: str) -> str:
    """The text of a URL with *** in the place of its passwords; other texts as they are. For all that is shown."""
    hidden = re.sub(r"^([^:/]+://[^:/@]*):[^@]*@", r"\1:***@", url)
    return re.sub(r"([?&](?:ssl)?password=)[^&#]*", r"\1***", hidden) if "://" in url else hidden


@contextmanager
def alongside(work: Callable[[sa.Connection], None]) -> Iterator[None]:
    """A block in which each change of a campaign first does this work, in its own transaction.

    What the work writes is committed with the change, or not at all. When it raises, nothing is changed.
    """
    token = _ALONGSIDE.set(work)
    try:
        yield
    finally:
        _ALONGSIDE.reset(token)


def do_alongside(connection: sa.Connection) -> None:
    """Do the work of the block `alongside`, in the transaction of this connection."""
    work = _ALONGSIDE.get()
    if work is not None:
        work(connection)


def file_of(url: sa.URL) -> Path | None:
    """The file of the database; None for a server."""
    return Path(str(url.database)) if url.get_backend_name() == "sqlite" else None


def require_file(url: sa.URL) -> None:
    """Refuse a database whose file is missing. Raises: FileError."""
    path = file_of(url)
    if path is not None and not path.is_file():
        raise FileError(
            f"the database {path}",
            wanted="be there",
            got="a folder" if path.is_dir() else "no such file",
            remedy="Make a campaign first: ladle campaign create.",
        )


def refuse_other_file(url: sa.URL) -> None:
    """Refuse a file that is there and is no SQLite database: SQLite would write one over a file of a single byte.

    An empty file may become a database: SQLite itself leaves one where nothing was written, and no content is lost. A
    file with a journal is left to SQLite, which first undoes what a crash has left.
    Raises: FileFormatError; FileError for a file that cannot be read.
    """
    path = file_of(url)
    if path is None or not path.is_file() or Path(f"{path}-journal").exists():
        return
    with readable(f"the file {path}"), path.open("rb") as file:
        begin = file.read(len(_HEADER))
        size = path.stat().st_size
    if begin and begin != _HEADER:
        raise FileFormatError(
            f"the file {path}",
            wanted="be a SQLite database, empty, or not there",
            got=f"another file, of {counted(size, 'byte')}",
            remedy="It is left as it is. Name another file for the database.",
        )


def engine_of(url: sa.URL, *, keeps_connections: bool = False, wait_seconds: float = WAIT_SECONDS) -> sa.Engine:
    """An engine with Ladle's transactions. Raises: FileError when the folder of a file is missing.

    keeps_connections: whether connections to a file stay open for later transactions, for some minutes: for a process
    that serves many requests and never forks. Those to a server always do, because it takes long to open one; a forked
    process opens its own. wait_seconds: how long a transaction waits for others, also for a connection.
    """
    pooling: dict[str, Any] = {"execution_options": {WAIT: wait_seconds}}
    kept = {"pool_timeout": wait_seconds, "pool_recycle": KEPT_SECONDS}
    path = file_of(url)
    if path is None:
        patience: dict[str, Any] = (
            {} if "connect_timeout" in url.query else {"connect_timeout": math.ceil(wait_seconds)}
        )
        size = {"pool_size": KEPT_CONNECTIONS, "max_overflow": MORE_CONNECTIONS}
        engine = sa.create_engine(url, pool_pre_ping=True, connect_args=patience, **pooling, **kept, **size)
        _OF_SERVERS.add(engine)
        return engine
    # Else no pool of connections: a forked process would share an open one, and a long process would keep it for weeks.
    pooling |= {"pool_size": 16, "max_overflow": 64, **kept} if keeps_connections else {"poolclass": sa.NullPool}
    if not path.parent.is_dir():
        raise FileError(f"the folder {path.parent}", wanted="exist", got="nothing there")
    patience = {} if "timeout" in url.query else {"timeout": wait_seconds}
    engine = sa.create_engine(url, connect_args=patience, **pooling)
    sa.event.listen(engine, "connect", _set_up)
    if keeps_connections:
        sa.event.listen(engine, "connect", _set_smaller)
    sa.event.listen(engine, "begin", _begin)
    return engine


def _forget_connections() -> None:
    """In a forked process: leave the open connections to those who opened them."""
    for engine in list(_OF_SERVERS):
        engine.dispose(close=False)


os.register_at_fork(after_in_child=_forget_connections)


def _checked_file(url: sa.URL) -> sa.URL:
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        raise ArgumentError(
            "`url`",
            wanted="name a file, such as sqlite:///birds.db",
            got=without_password(str(url)),
            remedy="For a campaign in memory, give ladle.campaign.MemoryStore().",
        )
    path_of(url.database, "`url`")
    return url.set(drivername="sqlite+pysqlite", database=os.path.abspath(url.database))  # noqa: PTH100 - keeps links


def _set_up(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # Python begins no transactions of its own: see `_begin`
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _set_smaller(connection: Any, _record: Any) -> None:
    connection.execute(_CACHE_OF_KEPT)


def _begin(connection: sa.Connection) -> None:
    options = connection.get_execution_options()
    if not options.get(BRIEF, False):
        connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get(WRITES, False) else "BEGIN")
        return
    connection.exec_driver_sql(f"PRAGMA busy_timeout = {int(1000 * _BRIEF_SECONDS)}")
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    finally:
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {int(1000 * options[WAIT])}")
