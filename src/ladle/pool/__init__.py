"""Where examples live: arrays, `.npy` files and shards, `.npz`, Parquet and Arrow, behind one contract."""

from __future__ import annotations

from ladle.pool.contract import Pool, PoolFacts
from ladle.pool.open import open_pool

__all__ = ["Pool", "PoolFacts", "open_pool"]
