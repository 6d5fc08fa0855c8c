"""Campaigns in a database: the store's contract on SQLite and PostgreSQL, and `Campaign`, who asks and is told."""

from __future__ import annotations

from ladle.store.campaign import Campaign
from ladle.store.sql import SqlStore

__all__ = ["Campaign", "SqlStore"]
