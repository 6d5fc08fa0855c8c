"""`ladle campaign progress`: counts, speed, agreement, the learning curve, and whether to stop."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ladle.cli.campaign.opening import DAY_SECONDS, Db, Name, open_campaign
from ladle.cli.program import options

if TYPE_CHECKING:
    from ladle.labelling import Progress
    from ladle.stopping import Verdict

_WIDEST_CURVE = 72


def progress(db: Db = None, name: Name = None, as_json: options.AsJson = False) -> None:
    """Show how far the campaign has come: labels, people, speed, spend, the learning curve, and whether to stop."""
    from ladle.cli.program.printing import print_json, print_parts

    with open_campaign(db, name) as campaign:
        figures, people = campaign.progress(), campaign.settings.annotators_per_task
    if as_json:
        print_json({"command": "campaign progress", **figures.to_dict()})
    else:
        print_parts(_parts(figures, people), spaced=True)


def _parts(figures: Progress, people: int) -> list[tuple[str, Any]]:
    from ladle.cli.campaign.tables import annotator_table, model_table
    from ladle.cli.program.printing import two_columns

    parts: list[tuple[str, Any]] = [(f"Campaign {figures.name}", two_columns(_lines(figures, people)))]
    if len(figures.annotators):
        parts.append(("Annotators", annotator_table(figures.annotators)))
    if len(figures.curve):
        parts.append(("Models", model_table(figures.curve)))
    parts += _curve(figures)
    if figures.stopping:
        parts.append(("When to stop", two_columns(stopping_lines(figures.stopping))))
    return parts


def _lines(figures: Progress, people: int) -> dict[str, str]:
    done = figures.labelled / figures.asked if figures.asked else 0.0
    lines = {
        "pool": f"{figures.pool:,} examples" + (f", {figures.excluded:,} of them excluded" if figures.excluded else ""),
        "rounds": f"{figures.rounds:,}",
        "labelled": f"{figures.labelled:,} of {figures.asked:,} asked for {_bar(done)} {done:.0%}",
        "outstanding": f"{figures.outstanding:,}" + (f", {figures.disputed:,} disputed" if figures.disputed else ""),
        "labels": f"{figures.labels:,}" + (f", by {people} people an example" if people > 1 else ""),
        "speed": f"{figures.labels_per_day:,.0f} labels a day"
        if figures.labels_per_day
        else "no labels in the last days",
        "time left": _time_left(figures),
        "spend": _spend(figures),
    }
    if figures.agreement is not None:
        lines["agreement"] = f"{figures.agreement:.1%} of pairs of labels of one example agree"
    if figures.quarantined:
        lines["quarantined"] = f"{figures.quarantined:,}: ladle campaign export quarantine -o odd.csv says why"
    return lines


def stopping_lines(verdicts: Sequence[Verdict]) -> dict[str, str]:
    """The verdicts of the rules, one line each, under "stop" and "go on"."""
    texts: dict[str, str] = {}
    for verdict in verdicts:
        advice = "stop" if verdict.stop else "go on"
        lines = texts[advice].splitlines() if advice in texts else []
        texts[advice] = "\n".join(dict.fromkeys([*lines, verdict.told]))
    return texts


def _curve(figures: Progress) -> list[tuple[str, Any]]:
    """The curve of the first metric that at least two models have."""
    from rich.console import Console
    from rich.text import Text

    from ladle.cli.campaign.tables import curve_lines

    for metric in dict.fromkeys(name for row in figures.curve for name in row.metrics):
        points = [(int(row.labelled), float(row.metrics[metric])) for row in figures.curve if metric in row.metrics]
        if len({label for label, _ in points}) > 1:
            width = min(Console().width, _WIDEST_CURVE) - 2
            plain = (sys.stdout.encoding or "ascii").lower().replace("-", "") != "utf8"
            lines = curve_lines([each for each, _ in points], [each for _, each in points], width=width, plain=plain)
            return [(f"Learning curve: {metric}", Text("\n".join(f"  {line}" for line in lines), no_wrap=True))]
    return []


def _bar(share: float, width: int = 20) -> str:
    full = round(max(0.0, min(1.0, share)) * width)
    return f"[{'#' * full}{'.' * (width - full)}]"


def _time_left(figures: Progress) -> str:
    if figures.seconds_left is None:
        return "not known: nothing moves"
    if figures.outstanding == 0:
        return "nothing is outstanding" if figures.asked else "nothing has been asked for"
    days = figures.seconds_left / DAY_SECONDS
    if days >= 2:
        return f"about {days:,.0f} days at this speed"
    hours = figures.seconds_left / 3600
    return f"about {hours:,.0f} hours at this speed" if hours >= 2 else "less than two hours at this speed"


def _spend(figures: Progress) -> str:
    if figures.budget is None:
        return f"{figures.spend:,} labels asked for, no budget set"
    left = max(0, figures.budget - figures.spend)
    return f"{figures.spend:,} of {figures.budget:,} labels asked for, {left:,} left"


COMMANDS = {"progress": progress}
EXAMPLES = {
    "progress": options.examples(
        "ladle campaign progress --db birds.db", "ladle campaign progress --db birds.db --json"
    )
}
