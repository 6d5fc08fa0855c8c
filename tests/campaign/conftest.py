"""Campaigns are tried over the stores of tests/store."""

from tests.store.conftest import kind, postgres_url, server, store

__all__ = ["kind", "postgres_url", "server", "store"]
