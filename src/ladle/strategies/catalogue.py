"""Strategies by name, for command lines and configuration files."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from ladle.errors import ArgumentError
from ladle.strategies.clustermargin import ClusterMargin
from ladle.strategies.contract import Strategy
from ladle.strategies.margin import Margin
from ladle.strategies.surprise import Entropy, LeastConfidence
from ladle.strategies.uniform import Uniform

_MAKERS: dict[str, Callable[..., Strategy]] = {
    maker.name: maker for maker in (Uniform, Margin, Entropy, LeastConfidence, ClusterMargin)
}


def names() -> list[str]:
    """The names `create` knows, simplest strategy first."""
    return list(_MAKERS)


def options(name: str) -> list[str]:
    """The options that strategy `name` takes besides the tree. Raises: ArgumentError for an unknown name."""
    return [option for option in inspect.signature(_maker(name)).parameters if option != "tree"]


def create(name: str, tree: Any = None, **options_given: Any) -> Strategy:
    """The strategy called `name`, made with `options_given`, which are those of its class.

    tree: a dendrogram or (n,) flat clusters for the strategies that go by clusters; ignored by the others.
    Raises: ArgumentError for an unknown name or option, naming the valid ones, and for a tree that is needed and
    missing; whatever the strategy's class raises for the options' values.
    """
    maker = _maker(name)
    valid = options(name)
    unknown = [option for option in options_given if option not in valid]
    if unknown:
        raise ArgumentError(
            f"the options of {name}",
            wanted=f"be among {', '.join(valid)}" if valid else "be left out, as it takes none",
            got=", ".join(unknown),
        )
    if "tree" not in inspect.signature(maker).parameters:
        return maker(**options_given)
    if tree is None:
        raise ArgumentError(
            f"the strategy {name}",
            wanted="have a `tree`",
            got="none",
            remedy="Make one with ladle.cluster(embeddings).",
        )
    return maker(tree, **options_given)


def _maker(name: str) -> Callable[..., Strategy]:
    if name not in _MAKERS:
        raise ArgumentError("the strategy", wanted=f"be one of {', '.join(_MAKERS)}", got=repr(name))
    return _MAKERS[name]
