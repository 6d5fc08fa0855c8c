"""A small campaign behind the service, over each kind of store, and clients of it in each role."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ladle.labelling import Store
from tests.service.served import Served, serve
from tests.store.conftest import kind, postgres_url, server, store

__all__ = ["kind", "postgres_url", "server", "store"]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A service over a campaign of 40 examples in a SQLite file, with a batch of 10."""
    with serve(f"sqlite:///{tmp_path}/birds.db", tmp_path) as running:
        yield running


@pytest.fixture
def served_over(store: Store, tmp_path: Path) -> Iterator[Served]:
    """The same over each kind of store."""
    with serve(store, tmp_path) as running:
        yield running
