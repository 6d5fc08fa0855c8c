"""Ladle: large-batch active learning.

>>> import ladle
>>> tree = ladle.cluster(embeddings, mean_size=10)          # once
>>> strategy = ladle.ClusterMargin(tree)
>>> selection = strategy.query(100_000, probabilities=P, labelled=rows)   # each round
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ladle._version import __version__

if TYPE_CHECKING:
    from ladle import (
        advice,
        campaign,
        embedding,
        errors,
        formats,
        lab,
        pool,
        report,
        sinks,
        stopping,
        strategies,
        theory,
        vector_stores,
    )
    from ladle.campaign import Campaign
    from ladle.embedding import ScoredPool, score_and_embed
    from ladle.hac import Dendrogram, cluster, linkage
    from ladle.pool import Pool, open_pool
    from ladle.scores import entropy, least_confidence, margin
    from ladle.strategies import ClusterMargin, Margin, Selection, Spread, Uniform, cluster_margin, spread

__all__ = [
    "Campaign",
    "ClusterMargin",
    "Dendrogram",
    "Margin",
    "Pool",
    "ScoredPool",
    "Selection",
    "Spread",
    "Uniform",
    "__version__",
    "advice",
    "campaign",
    "cluster",
    "cluster_margin",
    "embedding",
    "entropy",
    "errors",
    "formats",
    "lab",
    "least_confidence",
    "linkage",
    "margin",
    "open_pool",
    "pool",
    "report",
    "score_and_embed",
    "sinks",
    "spread",
    "stopping",
    "strategies",
    "theory",
    "vector_stores",
]

# Names and rooms are imported on first use, so that `import ladle` stays fast and loads nothing heavy.
_ROOM_OF_NAME = {
    "Campaign": "ladle.campaign",
    "ClusterMargin": "ladle.strategies",
    "Dendrogram": "ladle.hac",
    "Margin": "ladle.strategies",
    "Pool": "ladle.pool",
    "ScoredPool": "ladle.embedding",
    "Selection": "ladle.strategies",
    "Spread": "ladle.strategies",
    "Uniform": "ladle.strategies",
    "cluster": "ladle.hac",
    "cluster_margin": "ladle.strategies",
    "entropy": "ladle.scores",
    "least_confidence": "ladle.scores",
    "linkage": "ladle.hac",
    "margin": "ladle.scores",
    "open_pool": "ladle.pool",
    "score_and_embed": "ladle.embedding",
    "spread": "ladle.strategies",
}


_ROOMS = {
    "advice": "ladle.advice",
    "campaign": "ladle.campaign",
    "connect": "ladle.formats",  # the earlier name of formats
    "embedding": "ladle.embedding",
    "errors": "ladle.errors",
    "formats": "ladle.formats",
    "lab": "ladle.lab",
    "onnx": "ladle.onnx",
    "pool": "ladle.pool",
    "report": "ladle.report",
    "sinks": "ladle.sinks",
    "sklearn": "ladle.sklearn",
    "stopping": "ladle.stopping",
    "strategies": "ladle.strategies",
    "theory": "ladle.theory",
    "torch": "ladle.torch",
    "transformers": "ladle.transformers",
    "vector_stores": "ladle.vector_stores",
}


def __getattr__(name: str) -> Any:
    if name in _ROOM_OF_NAME:
        value = getattr(import_module(_ROOM_OF_NAME[name]), name)
    elif name in _ROOMS:
        value = import_module(_ROOMS[name])
    else:
        raise AttributeError(f"module 'ladle' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
