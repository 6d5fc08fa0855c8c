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
    from ladle import campaign, errors, stopping, strategies
    from ladle.campaign import Campaign
    from ladle.hac import Dendrogram, cluster
    from ladle.pool import Pool, open_pool
    from ladle.scores import entropy, least_confidence, margin
    from ladle.strategies import ClusterMargin, Margin, Selection, Spread, Uniform, cluster_margin, spread

__all__ = [
    "Campaign",
    "ClusterMargin",
    "Dendrogram",
    "Margin",
    "Pool",
    "Selection",
    "Spread",
    "Uniform",
    "__version__",
    "campaign",
    "cluster",
    "cluster_margin",
    "entropy",
    "errors",
    "least_confidence",
    "margin",
    "open_pool",
    "spread",
    "stopping",
    "strategies",
]

# Public name -> the room it lives in, imported on first use: `import ladle` stays fast and pulls in nothing heavy.
_ROOMS = {
    "Campaign": "ladle.campaign",
    "ClusterMargin": "ladle.strategies",
    "Dendrogram": "ladle.hac",
    "Margin": "ladle.strategies",
    "Pool": "ladle.pool",
    "Selection": "ladle.strategies",
    "Spread": "ladle.strategies",
    "Uniform": "ladle.strategies",
    "cluster": "ladle.hac",
    "cluster_margin": "ladle.strategies",
    "entropy": "ladle.scores",
    "least_confidence": "ladle.scores",
    "margin": "ladle.scores",
    "open_pool": "ladle.pool",
    "spread": "ladle.strategies",
}


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        value = getattr(import_module(_ROOMS[name]), name)
    elif name in ("campaign", "errors", "stopping", "strategies"):
        value = import_module(f"ladle.{name}")
    else:
        raise AttributeError(f"module 'ladle' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
