"""From a model to a pool: one pass over the examples, which writes embeddings and scores as sealed shards."""

from __future__ import annotations

from ladle.embedding.callables import score_and_embed
from ladle.embedding.one_pass import ScoredPool

__all__ = ["ScoredPool", "score_and_embed"]
