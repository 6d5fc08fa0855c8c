"""`ladle campaign compare`: several campaigns side by side."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ladle.cli.campaign.opening import url_of
from ladle.cli.program import options
from ladle.counts import rate_text, share_text

if TYPE_CHECKING:
    from ladle.campaign import Campaign, CampaignComparison
    from ladle.labelling import Record, Records

SHOWN_COUNTS = 20  # of a learning curve; --json has all


def compare(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME...", help="The campaigns. Default: all of the databases.", show_default=False),
    ] = None,
    name: Annotated[
        list[str] | None,
        typer.Option("--name", metavar="NAME", help="A campaign, as NAME; once for each.", show_default=False),
    ] = None,
    db: Annotated[
        list[str] | None,
        typer.Option("--db", metavar="URL", help="The database, or LADLE_DB; once for each.", show_default=False),
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """Compare campaigns: labels, spend, agreement, speed, and learning curves at equal numbers of labelled examples."""
    from ladle.campaign import compare as compare_campaigns
    from ladle.cli.program.printing import print_json, print_parts

    # The option does not read LADLE_DB itself: it would split a path at its spaces.
    urls = db or [url_of(os.environ.get("LADLE_DB"))]
    with ExitStack() as stack:
        found = compare_campaigns(*_opened(stack, urls, [*(names or ()), *(name or ())]))
    if as_json:
        print_json({"command": "campaign compare", **found.to_dict()})
    else:
        print_parts(_parts(found), spaced=True)


def _opened(stack: ExitStack, urls: list[str], names: list[str]) -> list[Campaign]:
    """The campaigns of these names, or all. Raises: NotFoundError for a name that no database has; ArgumentError."""
    from ladle.campaign import Campaign
    from ladle.errors import ArgumentError, NotFoundError

    if len(set(names)) < len(names):
        raise ArgumentError("NAME", wanted="name each campaign once", got=", ".join(names))
    known = {url: Campaign.names(url) for url in dict.fromkeys(urls)}
    for name in names:
        if not any(name in each for each in known.values()):
            listed = ", ".join(dict.fromkeys(other for each in known.values() for other in each)) or "none"
            raise NotFoundError(f"the campaign {name!r}", wanted=f"be one of {listed}", got="none of that name")
    chosen = [(url, name) for url, each in known.items() for name in each if not names or name in names]
    if names:
        chosen.sort(key=lambda place: names.index(place[1]))
    if len(chosen) < 2:
        raise ArgumentError(
            "the campaigns",
            wanted="be two or more",
            got=chosen[0][1] if chosen else "none",
            remedy="Name another database too: --db once for each.",
        )
    return [stack.enter_context(Campaign.open(url, name=name)) for url, name in chosen]


def _parts(found: CampaignComparison) -> list[tuple[str, Any]]:
    from ladle.cli.campaign.tables import table

    names = found.campaigns["campaign"].tolist()
    rows = [[label, *(show(row) for row in found.campaigns)] for label, show in _MEASURES.items()]
    parts = [("Campaigns", table(["", *names], rows, right=set(range(1, 1 + len(names)))))]
    for metric in dict.fromkeys(found.curves["metric"].tolist()):
        curves = found.side_by_side(metric)
        if len(curves.columns) > 2:  # of two campaigns or more
            lines = _curve_lines(found, metric, curves)
            estimated = any(cell.startswith("~") for line in lines for cell in line)
            title = f"{metric} by labelled examples" + (" (~ lies on the line between two models)" if estimated else "")
            parts.append((title, table(curves.columns, lines, right=set(range(len(curves.columns))))))
    return parts


def _curve_lines(found: CampaignComparison, metric: str, curves: Records) -> list[list[str]]:
    """The values at each count; "~" marks one between two models, "-" one that is not known."""
    measured = {(row.campaign, row.labelled) for row in found.curves if row.metric == metric and row.measured}
    last = len(curves) - 1
    steps = min(last, SHOWN_COUNTS - 1)
    lines = []
    for place in sorted({round(step * last / max(steps, 1)) for step in range(steps + 1)}):
        count = int(curves["labelled"][place])
        cells = [f"{count:,}"]
        for name in curves.columns[1:]:
            value = float(curves[name][place])
            mark = "" if (name, count) in measured else "~"
            cells.append("-" if math.isnan(value) else f"{mark}{value:.4g}")
        lines.append(cells)
    return lines


def _count(value: float, digits: int = 0) -> str:
    return "-" if math.isnan(value) else f"{value:,.{digits}f}"


_MEASURES: dict[str, Callable[[Record], str]] = {
    "pool": lambda row: _count(row.pool),
    "rounds": lambda row: _count(row.rounds),
    "labelled": lambda row: _count(row.labelled),
    "labels": lambda row: _count(row.labels),
    "people": lambda row: _count(row.annotators),
    "spend": lambda row: _count(row.spend),
    "cost": lambda row: row.costs or f"{_count(row.cost, 2)} {row.currency}".rstrip(),
    "budget": lambda row: _count(row.budget),
    "labels a day": lambda row: rate_text(row.labels_per_day),
    "seconds a label": lambda row: _count(row.seconds_per_label, 1),
    "equal labels": lambda row: share_text(row.share),
    "alpha": lambda row: _count(row.alpha, 3),
    "models": lambda row: _count(row.models),
}

COMMANDS = {"compare": compare}
EXAMPLES = {
    "compare": options.examples(
        "ladle campaign compare --db birds.db", "ladle campaign compare birds owls --db birds.db --db owls.db"
    )
}
