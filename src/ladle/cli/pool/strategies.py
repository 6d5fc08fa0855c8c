"""`ladle strategies`: the strategies, what each needs, and its options."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from ladle.cli.program import options

if TYPE_CHECKING:
    from ladle.strategies.catalogue import Description

EXAMPLES = options.examples(
    "ladle strategies",
    "ladle strategies cluster-margin",
    "ladle strategies --json",
)

_NEEDED = {"embeddings": "the pool's embeddings"}  # other needs are shown by their names
_TREE = {"yes": "a tree", "optional": "a tree, if there is one", "no": ""}


def strategies(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="The strategy to describe.", show_default=False)
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """List the strategies of `ladle select`, or describe one.

    Scores are margins, or the probabilities or logits they come from. With --option partitions=COUNT any strategy
    chooses from random parts of the pool, one after another, so that a slow strategy can choose from a large pool.
    """
    from ladle.cli.program.printing import print_json, print_tables
    from ladle.strategies.catalogue import describe, names

    described = [describe(each) for each in ([name] if name is not None else names())]
    if as_json:
        print_json({"command": "strategies", "strategies": [each.to_dict() for each in described]})
    elif name is None:
        listed = {each.name: "\n".join(_in_short(each)) for each in described}
        print_tables([("Strategies", listed), ("More of one", {"ladle strategies NAME": "its options and more"})])
    else:
        print_tables([(name, _in_full(described[0])), ("Options", _defaults(described[0]))])


def _in_short(described: Description) -> list[str]:
    time = described.cost.partition(";")[0].rstrip(".")  # memory follows
    return [described.summary, f"needs: {_needs(described)}", f"cost: {time}", f"source: {described.source}"]


def _in_full(described: Description) -> dict[str, str]:
    return {
        "does": described.summary,
        "needs": _needs(described),
        "cost": described.cost,
        "repeats": described.repeats,
        "source": described.source,
    }


def _defaults(described: Description) -> dict[str, str]:
    """Each option with its default, as `--option` takes it."""
    defaults = {
        name: value if isinstance(value, str) else json.dumps(value) for name, value in described.options.items()
    }
    return {
        name: f"{value} (in select: --{name.replace('_', '-')})" if name in options.CUTS else value
        for name, value in defaults.items()
    }


def _needs(described: Description) -> str:
    needed = [_NEEDED.get(need, need) for need in described.needs]
    return "; ".join([*needed, *filter(None, [_TREE[described.takes_tree]])]) or "nothing"
