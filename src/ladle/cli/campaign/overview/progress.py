"""`ladle campaign progress`: counts, speed, agreement, the learning curve, and whether to stop."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ladle.cli.campaign.opening import DAY_SECONDS, Db, Name, OtherPool, as_typed, open_campaign
from ladle.cli.campaign.overview.agreement import review_lines
from ladle.cli.program import options
from ladle.counts import counted, of_number, rate_text, share_text

if TYPE_CHECKING:
    from ladle.labelling import Progress, Settings
    from ladle.stopping import Verdict

_WIDEST_CURVE = 72


PeopleToo = Annotated[
    bool | None,
    typer.Option(
        "--people/--no-people",
        help="Read all labels for the figures of people and of the control; by default up to 100,000 labels.",
        show_default=False,
    ),
]


def progress(
    db: Db = None,
    name: Name = None,
    pool: OtherPool = None,
    people: PeopleToo = None,
    as_json: options.AsJson = False,
) -> None:
    """Show how far the campaign has come: labels, people, speed, spend, the learning curve, and whether to stop."""
    from ladle.cli.program.printing import print_json, print_parts

    with open_campaign(db, name, pool=pool) as campaign:
        figures, settings = campaign.progress(people=people), campaign.settings
    if as_json:
        print_json({"command": "campaign progress", **figures.to_dict()})
    else:
        see = as_typed("export quarantine -o odd.csv", db, name), as_typed("progress --people", db, name)
        print_parts(_parts(figures, settings, *see), spaced=True)


def _parts(figures: Progress, settings: Settings, see_quarantine: str, see_people: str) -> list[tuple[str, Any]]:
    from ladle.cli.campaign.tables import annotator_table, model_table
    from ladle.cli.program.printing import two_columns

    counts = two_columns(_lines(figures, settings, see_quarantine))
    parts: list[tuple[str, Any]] = [(f"Campaign {figures.name}", counts)]
    if figures.not_read:
        left_out = " and ".join(["the figures of people", *(["the control"] if "control" in figures.not_read else [])])
        parts.append(("Not read", two_columns({left_out: f"of {counted(figures.labels, 'label')}: {see_people}"})))
    elif len(figures.annotators):
        parts.append(("Annotators", annotator_table(figures.annotators)))
    if not figures.not_read and len(figures.reviews):
        parts.append(("Due for a review", two_columns(review_lines(figures.reviews))))
    if len(figures.curve):
        parts.append(("Models", model_table(figures.curve)))
    parts += _curve(figures)
    if figures.stopping:
        parts.append(("When to stop", two_columns(stopping_lines(figures.stopping))))
    return parts


def _lines(figures: Progress, settings: Settings, see_quarantine: str) -> dict[str, str]:
    people, told = settings.annotators_per_task, figures.labels - figures.imported
    disputed = figures.disputed - figures.disputed_unasked
    lines = {
        "pool": counted(figures.pool, "example")
        + (f", {figures.excluded:,} of them excluded" if figures.excluded else ""),
        "rounds": f"{figures.rounds:,}",
        "labelled": labelled_text(figures),
        "outstanding": f"{figures.outstanding:,}" + (f", {disputed:,} disputed" if disputed else ""),
    }
    if figures.labelled_unasked or figures.disputed_unasked:
        apart = f", {figures.disputed_unasked:,} disputed" if figures.disputed_unasked else ""
        total = figures.labelled + figures.labelled_unasked
        lines["not asked for"] = (
            f"{figures.labelled_unasked:,} labelled{apart}; {total:,} {of_number(total, 'is')} labelled in all"
        )
    lines |= {
        "labels": f"{told:,}" + (f", by {people} people an example" if people > 1 else ""),
        **({"imported": counted(figures.imported, "label")} if figures.imported else {}),
        "speed": _speed(figures),
        "time left": _time_left(figures),
        "spend": spend_text(figures),
        **({"cost": _cost(figures, settings)} if figures.costs or figures.cost is not None else {}),
    }
    if figures.agreement is not None:
        lines["agreement"] = f"{share_text(figures.agreement)} of pairs of labels of one example agree"
    if figures.control is not None:
        from ladle.labelling.control_words import control_lines

        lines |= control_lines(figures.control, is_value=settings.labels.kind == "value")
    if figures.quarantined:
        lines["quarantined"] = f"{figures.quarantined:,}: {see_quarantine} says why"
    return lines


def labelled_text(figures: Progress) -> str:
    """The labelled tasks of those that were asked for, with a bar."""
    if not figures.asked:
        return "nothing has been asked for"
    done, out = figures.labelled / figures.asked, figures.asked - figures.labelled - figures.outstanding
    excluded = f", {out:,} excluded" if out else ""
    return f"{figures.labelled:,} of {figures.asked:,} asked for {_bar(done)} {share_text(done)}{excluded}"


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
    full = math.floor(share * width + 1e-9)
    return f"[{'#' * full}{'.' * (width - full)}]"


def _speed(figures: Progress) -> str:
    speed = figures.labels_per_day
    if speed is None:
        return "not known yet: it is counted over a day of labels or more"
    return f"{rate_text(speed)} labels a day" if speed else "no labels in the last seven days"


def _time_left(figures: Progress) -> str:
    if figures.outstanding == 0:
        return "nothing is outstanding" if figures.asked else "nothing has been asked for"
    if figures.seconds_left is None:
        return "not known yet" if figures.labels_per_day is None else "not known: no labels come"
    days = figures.seconds_left / DAY_SECONDS
    if days >= 2:
        return f"about {days:,.0f} days at this speed"
    hours = figures.seconds_left / 3600
    return f"about {hours:,.0f} hours at this speed" if hours >= 2 else "less than two hours at this speed"


def spend_text(figures: Progress) -> str:
    """What is paid for, reserved and left, in labels."""
    text = f"{counted(figures.spend, 'label')} paid for, {figures.reserved:,} reserved"
    if figures.budget is None:
        return f"{text}, no budget set"
    over = figures.spend + figures.reserved - figures.budget
    return f"{text}, " + (f"{over:,} beyond" if over > 0 else f"{figures.left:,} left of") + f" {figures.budget:,}"


def _cost(figures: Progress, settings: Settings) -> str:
    from ladle.labelling.measures.prices import costs_text
    from ladle.labelling.measures.spending import cost_of

    word = f" {figures.currency}" if figures.currency else ""
    paid = costs_text(figures.costs, figures.unpriced) or f"0.00{word}"
    reserved = cost_of(figures.reserved, settings.price)
    if reserved is None:
        return f"{paid} paid; a label has no price now"
    one_price = figures.costs == {} or figures.costs == {figures.currency: cost_of(figures.spend, settings.price)}
    at = f"{settings.price:g}{word} a label"
    if one_price:
        return f"{paid} paid, {reserved:,.2f}{word} reserved, at {at}"
    return f"{paid} paid, at the price of their time; {reserved:,.2f}{word} reserved, at {at} now"


COMMANDS = {"progress": progress}
EXAMPLES = {
    "progress": options.examples(
        "ladle campaign progress --db birds.db", "ladle campaign progress --db birds.db --json"
    )
}
