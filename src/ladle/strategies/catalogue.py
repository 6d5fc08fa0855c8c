"""Strategies by name, for command lines and configuration files.

A new strategy needs its import and its place in `_MAKERS`. Everything else comes from its class: attributes hold its
name, its needs and the facts that `describe` reports, and its arguments, each with a default, are the options. The
argument `tree` is no option, and may have no default.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ladle.errors import ArgumentError, did_you_mean
from ladle.numbers import shown, switch
from ladle.strategies.clustered.auto import Auto
from ladle.strategies.clustered.capped_margin import CappedMargin
from ladle.strategies.clustered.cluster_margin import ClusterMargin
from ladle.strategies.clustered.dropquery import DropQuery
from ladle.strategies.clustered.typiclust import TypiClust
from ladle.strategies.coverage.herding import Herding, UncertaintyHerding
from ladle.strategies.coverage.probcover import ProbCover
from ladle.strategies.distance.badge import Badge
from ladle.strategies.distance.coreset import CoreSet
from ladle.strategies.distance.falcun import Falcun
from ladle.strategies.distance.kmeanspp import KMeansPlusPlus
from ladle.strategies.partitioned import Partitioned, check_partitions
from ladle.strategies.query.chooser import Chooser
from ladle.strategies.query.contract import Need
from ladle.strategies.query.parameters import defaults_of
from ladle.strategies.scored.entropy import Entropy, LeastConfidence
from ladle.strategies.scored.margin import Margin
from ladle.strategies.scored.uniform import Uniform

TakesTree = Literal["yes", "optional", "no"]

_MAKERS: dict[str, type[Chooser]] = {  # simplest first
    maker.name: maker
    for maker in (
        Uniform,
        Margin,
        Entropy,
        LeastConfidence,
        CoreSet,
        KMeansPlusPlus,
        Badge,
        Falcun,
        DropQuery,
        TypiClust,
        ProbCover,
        Herding,
        UncertaintyHerding,
        CappedMargin,
        ClusterMargin,
        Auto,
    )
}


@dataclass(frozen=True, slots=True)
class Description:
    """What a strategy does and needs, for people and programs.

    Attributes
    ----------
    name : str
        The name that `create` takes.
    summary : str
        What the strategy does, in a sentence.
    needs : tuple of {"scores", "probabilities", "embeddings", "votes"}
        The arguments that a query must give. "scores": margins, or the probabilities they come from.
    takes_tree : {"yes", "optional", "no"}
        Whether the strategy uses clusters: it must have a tree, it may have one, or it ignores it.
    options : mapping of str to object
        The options of `create`, with their defaults.
    cost, repeats, source : str
        Time, then memory; what the result depends on; the publication. Empty where a class of your own does not say.
    """

    name: str
    summary: str
    needs: tuple[Need, ...]
    takes_tree: TakesTree
    options: Mapping[str, Any]
    cost: str
    repeats: str
    source: str

    def __repr__(self) -> str:
        return f"<Description of {self.name}: {self.summary}>"

    def to_dict(self) -> dict[str, Any]:
        """Return the description as plain numbers, strings and lists, ready for JSON."""
        return {
            "name": self.name,
            "summary": self.summary,
            "needs": list(self.needs),
            "takes_tree": self.takes_tree,
            "options": dict(self.options),
            "cost": self.cost,
            "repeats": self.repeats,
            "source": self.source,
        }


def names() -> list[str]:
    """Return the names that `create` takes, as a list of str, simplest strategy first."""
    return list(_MAKERS)


def options(name: str) -> list[str]:
    """The options of `create` for strategy `name`: its own, and those of partitions. Raises: ArgumentError."""
    return list(describe(name).options)


def describe(name: str | type[Chooser]) -> Description:
    """Describe a strategy.

    Parameters
    ----------
    name : str or subclass of Chooser
        A name of `names()`, or a class of your own.

    Returns
    -------
    Description
        Its needs, its options with their defaults, its cost and its source.

    Raises
    ------
    ArgumentError
        The name is unknown, or the class is not a `Chooser` with a name.
    """
    maker = _maker(name)
    own = defaults_of(maker)
    takes_tree: TakesTree = "no"
    if "tree" in own:
        takes_tree = "yes" if own.pop("tree") is inspect.Parameter.empty else "optional"
    return Description(
        name=maker.name,
        summary=maker.summary or _first_sentence(maker),
        needs=maker.needs,
        takes_tree=takes_tree,
        options={**own, "partitions": 1, "deal_labelled": False},
        cost=maker.cost,
        repeats=maker.repeats,
        source=maker.source,
    )


def create(
    name: str | type[Chooser],
    tree: Any = None,
    *,
    partitions: int = 1,
    deal_labelled: bool = False,
    **options_given: Any,
) -> Chooser:
    """Create a strategy.

    Parameters
    ----------
    name : str or subclass of Chooser
        A name of `names()`, or a class of your own.
    tree : Dendrogram or array_like of int, shape (n,), optional
        A tree of the pool, or the flat cluster of each row. A strategy without use for clusters ignores it.
    partitions : int, default 1
        Number of random parts of the pool that the strategy is queried in, one after another; see `Partitioned`.
    deal_labelled : bool, default False
        Whether each labelled row belongs to one part only.
    **options_given
        Options of the strategy, by the names that `describe` gives.

    Returns
    -------
    Chooser
        The strategy.

    Raises
    ------
    ArgumentError
        The name or an option is unknown, an option is out of range, or the strategy must have a tree and has none.
    """
    described = describe(name)
    unknown = [option for option in options_given if option not in described.options]
    if unknown:
        raise ArgumentError(
            f"the options of {described.name}",
            wanted=f"be among {', '.join(described.options)}",
            got=", ".join(unknown),
            remedy=did_you_mean(unknown[0], described.options),
        )
    if tree is None and described.takes_tree == "yes":
        raise ArgumentError(
            f"the strategy {described.name}",
            wanted="have a `tree`",
            got="none",
            remedy="Make one with ladle.cluster(embeddings).",
        )
    partitions, deal_labelled = check_partitions(partitions), switch(deal_labelled, "`deal_labelled`")
    make: Callable[..., Chooser] = _maker(name)
    clusters = () if tree is None or described.takes_tree == "no" else (tree,)
    made = make(*clusters, **options_given)
    return made if partitions == 1 else Partitioned(made, partitions, deal_labelled)


def _maker(name: str | type[Chooser]) -> type[Chooser]:
    if not isinstance(name, str):
        if (
            not isinstance(name, type)
            or not issubclass(name, Chooser)
            or not isinstance(getattr(name, "name", None), str)
        ):
            wanted = "be a name, or a class of ladle.strategies.Chooser with a `name`"
            raise ArgumentError("the strategy", wanted=wanted, got=shown(name))
        return name
    if name not in _MAKERS:
        known = ", ".join(_MAKERS)
        near = did_you_mean(name, _MAKERS)
        raise ArgumentError("the strategy", wanted=f"be one of {known}", got=shown(name), remedy=near)
    return _MAKERS[name]


def _first_sentence(maker: type[Chooser]) -> str:
    """The summary of a class of the user's that has a docstring alone; "" under `python -OO`, which drops it."""
    text = inspect.cleandoc(maker.__doc__ or "")
    if text.startswith(f"{maker.__name__}("):  # a dataclass without a docstring: its signature
        return ""
    paragraph = " ".join(text.partition("\n\n")[0].split())
    sentence, stop, _ = paragraph.partition(". ")
    return sentence + stop.rstrip()
