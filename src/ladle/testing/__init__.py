"""Contract suites for anyone who writes a part of Ladle: what holds for ours holds for yours. They need pytest."""

from __future__ import annotations

from ladle.testing.store_contract import StoreContract

__all__ = ["StoreContract"]
