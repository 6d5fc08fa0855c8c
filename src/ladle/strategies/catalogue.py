"""Strategies by name, for command lines and configuration files.

A new strategy needs its import and its place in `_MAKERS`; all else is read off its class: the name and the needs, the
options (what it is made with, each with a default, but for `tree`), and what its docstring says of it.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ladle.errors import ArgumentError, did_you_mean
from ladle.numbers import switch
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
        ClusterMargin,
    )
}
# A labelled paragraph of a docstring, such as "Cost: ...", up to the next one or an empty line.
_LABELLED = r"^{}: (.+?)(?=\n\w+: |\n\n|\Z)"


@dataclass(frozen=True, slots=True)
class Description:
    """A strategy in words.

    needs: what a query must give, of "scores" (margins, or the probabilities they come from), "probabilities",
    "embeddings" and "votes". takes_tree: whether it goes by clusters: "yes" (it must have them), "optional" or "no".
    options: those of `create`, with their defaults. cost, repeats, source: what its docstring says of them.
    """

    name: str
    summary: str
    needs: tuple[Need, ...]
    takes_tree: TakesTree
    options: Mapping[str, Any]
    cost: str
    repeats: str
    source: str

    def to_dict(self) -> dict[str, Any]:
        """The description as plain numbers, strings and lists, ready for JSON."""
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
    """The names `create` knows, simplest strategy first."""
    return list(_MAKERS)


def options(name: str) -> list[str]:
    """The options that `create` takes for strategy `name` besides the tree: its own, and those of partitions.

    Raises: ArgumentError for an unknown name.
    """
    return list(describe(name).options)


def describe(name: str | type[Chooser]) -> Description:
    """What there is to know of the strategy called `name`, or of a class of your own.

    Raises: ArgumentError for an unknown name, and for a class that is no `Chooser`.
    """
    maker = _maker(name)
    told = inspect.cleandoc(maker.__doc__ or "")
    parameters = inspect.signature(maker).parameters
    own = {option: taken.default for option, taken in parameters.items() if option != "tree"}
    takes_tree: TakesTree = "no"
    if "tree" in parameters:
        takes_tree = "yes" if parameters["tree"].default is inspect.Parameter.empty else "optional"
    return Description(
        name=maker.name,
        summary=_first_sentence(told),
        needs=maker.needs,
        takes_tree=takes_tree,
        options={**own, "partitions": 1, "deal_labelled": False},
        cost=_labelled(told, "Cost"),
        repeats=_labelled(told, "Repeats"),
        source=_labelled(told, "Source"),
    )


def create(
    name: str | type[Chooser],
    tree: Any = None,
    *,
    partitions: int = 1,
    deal_labelled: bool = False,
    **options_given: Any,
) -> Chooser:
    """The strategy called `name`, or that of a class of your own, made with `options_given`, those of its class.

    tree: a dendrogram or (n,) flat clusters for the strategies that go by clusters; ignored by the others.
    partitions: more than 1 asks it in so many random parts of the pool; deal_labelled: that the labelled rows are dealt
    out among them too. See `ladle.strategies.partitioned`.
    Raises: ArgumentError for an unknown name or option, naming the valid ones, and for a tree that is needed and
    missing; whatever the strategy's class raises for the options' values.
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
            raise ArgumentError("the strategy", wanted=wanted, got=repr(name))
        return name
    if name not in _MAKERS:
        known = ", ".join(_MAKERS)
        near = did_you_mean(name, _MAKERS)
        raise ArgumentError("the strategy", wanted=f"be one of {known}", got=repr(name), remedy=near)
    return _MAKERS[name]


def _first_sentence(told: str) -> str:
    paragraph = " ".join(told.partition("\n\n")[0].split())
    return re.split(r"(?<=\.)\s+(?=[A-Z`])", paragraph, maxsplit=1)[0]


def _labelled(told: str, label: str) -> str:
    found = re.search(_LABELLED.format(label), told, re.MULTILINE | re.DOTALL)
    return " ".join(found[1].split()) if found else ""
