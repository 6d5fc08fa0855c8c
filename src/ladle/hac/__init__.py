"""Average-linkage clustering of large pools, exact and certified.

Names are imported on first use, so that code which needs only the levels, or loads a tree, loads no compiled kernels.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ladle.hac.clustering import cluster
    from ladle.hac.linkage import linkage
    from ladle.hac.tree.dendrogram import Dendrogram
    from ladle.hac.tree.fields import Checks
    from ladle.hac.tree.level import Level

__all__ = ["Checks", "Dendrogram", "Level", "cluster", "linkage"]

_FILES = {
    "Checks": "ladle.hac.tree.fields",
    "Dendrogram": "ladle.hac.tree.dendrogram",
    "Level": "ladle.hac.tree.level",
    "cluster": "ladle.hac.clustering",
    "linkage": "ladle.hac.linkage",
}


def __getattr__(name: str) -> Any:
    if name not in _FILES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_FILES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
