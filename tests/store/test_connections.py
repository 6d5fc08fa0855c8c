"""Connections to a server stay open, are limited, and belong to the process that opened them."""

from __future__ import annotations

import os
from contextlib import ExitStack

import pytest

from ladle.errors import StoreBusyError
from ladle.labelling.contract.tables import PersonTable
from ladle.store import SqlStore
from ladle.store.engine import KEPT_CONNECTIONS, MORE_CONNECTIONS


def founded(url: str) -> None:
    with SqlStore.create(url) as store, store.founding("birds", "{}"):
        pass


def backend(store: SqlStore) -> int:
    """The number of the process of the server that serves a new transaction."""
    with store._connect(writes=False) as connection:
        return int(connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one())


def test_a_transaction_uses_the_connection_of_the_one_before(postgres_url: str) -> None:
    founded(postgres_url)
    with SqlStore.open(postgres_url) as store:
        first = backend(store)
        assert backend(store) == first
        with store.writing("birds") as writer:
            writer.add(PersonTable.of([(1, "ann", "", 0, 1)]))
        assert backend(store) == first


def test_when_all_connections_are_in_use_the_answer_says_so(postgres_url: str) -> None:
    founded(postgres_url)
    with SqlStore.open(postgres_url, wait_seconds=0.1) as store:
        with ExitStack() as held:
            for _ in range(KEPT_CONNECTIONS + MORE_CONNECTIONS):
                held.enter_context(store.reading("birds"))
            with pytest.raises(StoreBusyError, match="have a connection free") as caught, store.reading("birds"):
                pass
            assert "try again" in str(caught.value)
        with store.reading("birds") as view:
            assert view.settings == "{}"


def test_a_connection_that_the_server_has_closed_is_opened_anew(postgres_url: str) -> None:
    founded(postgres_url)
    with SqlStore.open(postgres_url) as store, SqlStore.open(postgres_url) as other:
        first = backend(store)
        with other._connect(writes=True) as connection:
            connection.exec_driver_sql(f"SELECT pg_terminate_backend({first})")
        with store.reading("birds") as view:
            assert view.settings == "{}"
        assert backend(store) != first


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_forked_process_opens_a_connection_of_its_own(postgres_url: str) -> None:
    founded(postgres_url)
    with SqlStore.open(postgres_url) as store:
        first = backend(store)
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:  # pragma: no cover - another process
            try:
                os.write(writing, str(backend(store)).encode())
            finally:
                os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as answer:
            mine = answer.read()
        os.waitpid(child, 0)
        assert mine.isdecimal()
        assert int(mine) != first
        assert backend(store) == first, "the child has left that of its parent open"
