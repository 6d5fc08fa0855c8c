"""`ladle campaign progress`: how far it has come, how fast, how well, and whether to stop."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ladle.cli.campaign.opening import DAY_SECONDS, Db, Name, opened
from ladle.cli.program import options

if TYPE_CHECKING:
    from ladle.labelling import Progress
    from ladle.stopping import Verdict

_WIDEST_CURVE = 72


def progress(db: Db = None, name: Name = None, as_json: options.AsJson = False) -> None:
    """Show how far the campaign has come: labels, people, speed, spend, the learning curve, and whether to stop."""
    from ladle.cli.program.printing import print_json, print_parts

    with opened(db, name) as campaign:
        found, people = campaign.progress(), campaign.settings.annotators_per_task
    if as_json:
        print_json({"command": "campaign progress", **found.to_dict()})
    else:
        print_parts(_parts(found, people), spaced=True)


def _parts(found: Progress, people: int) -> list[tuple[str, Any]]:
    from ladle.cli.campaign.tables import annotator_table, model_table
    from ladle.cli.program.printing import two_columns

    parts: list[tuple[str, Any]] = [(f"Campaign {found.name}", two_columns(_shown(found, people)))]
    if len(found.annotators):
        parts.append(("Annotators", annotator_table(found.annotators)))
    if len(found.curve):
        parts.append(("Models", model_table(found.curve)))
    parts += _curve(found)
    if found.stopping:
        parts.append(("When to stop", two_columns(stopping_told(found.stopping))))
    return parts


def _shown(found: Progress, people: int) -> dict[str, str]:
    done = found.labelled / found.asked if found.asked else 0.0
    shown = {
        "pool": f"{found.pool:,} examples" + (f", {found.excluded:,} of them excluded" if found.excluded else ""),
        "rounds": f"{found.rounds:,}",
        "labelled": f"{found.labelled:,} of {found.asked:,} asked for {_bar(done)} {done:.0%}",
        "outstanding": f"{found.outstanding:,}" + (f", {found.disputed:,} disputed" if found.disputed else ""),
        "labels": f"{found.labels:,}" + (f", by {people} people an example" if people > 1 else ""),
        "speed": f"{found.labels_per_day:,.0f} labels a day" if found.labels_per_day else "no labels in the last days",
        "time left": _time_left(found),
        "spend": _spend(found),
    }
    if found.agreement is not None:
        shown["agreement"] = f"{found.agreement:.1%} of pairs of labels of one example agree"
    if found.quarantined:
        shown["quarantined"] = f"{found.quarantined:,}: ladle campaign export quarantine -o odd.csv says why"
    return shown


def stopping_told(verdicts: Sequence[Verdict]) -> dict[str, str]:
    """What the rules say, those that would stop and those that would go on, a line each."""
    told: dict[str, str] = {}
    for verdict in verdicts:
        head = "stop" if verdict.stop else "go on"
        lines = told[head].splitlines() if head in told else []
        told[head] = "\n".join(dict.fromkeys([*lines, verdict.told]))
    return told


def _curve(found: Progress) -> list[tuple[str, Any]]:
    """The first metric that two models or more were measured by."""
    from rich.console import Console
    from rich.text import Text

    from ladle.cli.campaign.curve import curve_lines

    for metric in dict.fromkeys(name for row in found.curve for name in row.metrics):
        points = [(int(row.labelled), float(row.metrics[metric])) for row in found.curve if metric in row.metrics]
        if len({label for label, _ in points}) > 1:
            width = min(Console().width, _WIDEST_CURVE) - 2
            plain = (sys.stdout.encoding or "ascii").lower().replace("-", "") != "utf8"
            lines = curve_lines([each for each, _ in points], [each for _, each in points], width=width, plain=plain)
            return [(f"Learning curve: {metric}", Text("\n".join(f"  {line}" for line in lines), no_wrap=True))]
    return []


def _bar(share: float, width: int = 20) -> str:
    full = round(max(0.0, min(1.0, share)) * width)
    return f"[{'#' * full}{'.' * (width - full)}]"


def _time_left(found: Progress) -> str:
    if found.seconds_left is None:
        return "not known: nothing moves"
    if found.outstanding == 0:
        return "nothing is outstanding" if found.asked else "nothing has been asked for"
    days = found.seconds_left / DAY_SECONDS
    if days >= 2:
        return f"about {days:,.0f} days at this speed"
    hours = found.seconds_left / 3600
    return f"about {hours:,.0f} hours at this speed" if hours >= 2 else "less than two hours at this speed"


def _spend(found: Progress) -> str:
    if found.budget is None:
        return f"{found.spend:,} labels asked for, no budget set"
    left = max(0, found.budget - found.spend)
    return f"{found.spend:,} of {found.budget:,} labels asked for, {left:,} left"


COMMANDS = {"progress": progress}
EXAMPLES = {
    "progress": options.examples(
        "ladle campaign progress --db birds.db", "ladle campaign progress --db birds.db --json"
    )
}
