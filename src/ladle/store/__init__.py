"""The contract of a store on SQL databases: SQLite and PostgreSQL, their schema and its migrations."""

from __future__ import annotations

from ladle.store.sql import SqlStore

__all__ = ["SqlStore"]
