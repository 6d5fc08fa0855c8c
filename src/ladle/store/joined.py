"""Several changes of one thread in one transaction: each is a savepoint, and one commit stores them all.

A commit waits for the disk. Changes that wait for each other anyway are stored together sooner than one after another.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from ladle.errors import StoreError

_SAVEPOINT = "ladle_change"


class _Own(threading.local):
    """The open transactions of a thread, by the text of their URL."""

    def __init__(self) -> None:
        self.connections: dict[str, sa.Connection] = {}


_OWN = _Own()


@contextmanager
def joining(url: sa.URL, connection: sa.Connection, name: str) -> Iterator[None]:
    """A block of this thread in which `joined` is this connection, whose transaction has begun.

    name: of the database, for errors. Raises: StoreError as `part`, so that nothing is taken for stored.
    """
    key = _key(url)
    _OWN.connections[key] = connection
    try:
        yield
    finally:
        del _OWN.connections[key]
    _check_begun(connection, name)


def joined(url: sa.URL | None) -> sa.Connection | None:
    """The connection of the block `joining` that this thread is in, for the same database; None outside."""
    return _OWN.connections.get(_key(url)) if _OWN.connections and url is not None else None


@contextmanager
def part(connection: sa.Connection, name: str) -> Iterator[None]:
    """A block whose changes are undone when it raises, and only these. name: of the database, for errors.

    Raises: StoreError when the database has undone the whole transaction, as SQLite does when its disk is full.
    """
    _check_begun(connection, name)
    connection.exec_driver_sql(f"SAVEPOINT {_SAVEPOINT}")
    try:
        yield
    except BaseException:
        connection.exec_driver_sql(f"ROLLBACK TO SAVEPOINT {_SAVEPOINT}")
        connection.exec_driver_sql(f"RELEASE SAVEPOINT {_SAVEPOINT}")
        raise
    connection.exec_driver_sql(f"RELEASE SAVEPOINT {_SAVEPOINT}")


def _check_begun(connection: sa.Connection, name: str) -> None:
    # Without this a savepoint would begin a transaction of its own, and a commit of nothing would succeed.
    driver: Any = connection.connection.driver_connection
    if not getattr(driver, "in_transaction", True):
        got = "a transaction that it has undone"
        raise StoreError(f"the database {name}", wanted="keep its transaction", got=got, remedy="Repeat the change.")


def _key(url: sa.URL) -> str:
    return url.render_as_string(hide_password=False)
