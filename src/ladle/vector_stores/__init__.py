"""Vector stores as pools: LanceDB, Qdrant, pgvector and Chroma, through their own clients."""

from __future__ import annotations

from ladle.vector_stores.chroma import open_chroma
from ladle.vector_stores.lance import open_lancedb
from ladle.vector_stores.postgres import open_pgvector
from ladle.vector_stores.qdrant import open_qdrant

__all__ = ["open_chroma", "open_lancedb", "open_pgvector", "open_qdrant"]
