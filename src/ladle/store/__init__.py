"""Campaigns in SQL databases, SQLite and PostgreSQL: the store, its schema and its migrations."""

from __future__ import annotations

from ladle.store.sql import SqlStore

__all__ = ["SqlStore"]
