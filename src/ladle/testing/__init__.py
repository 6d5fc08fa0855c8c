"""Contract suites for anyone who writes a part of Ladle: what holds for ours holds for yours. They need pytest."""

from __future__ import annotations

from ladle.testing.store_contract import StoreContract
from ladle.testing.strategy_contract import StrategyContract

__all__ = ["StoreContract", "StrategyContract"]
