"""`ladle campaign set`: other settings for a campaign that runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ladle.cli.campaign.creating import Control, GoldAccuracy, control_buys
from ladle.cli.campaign.opening import DAY_SECONDS, By, Db, Name, OtherPool, open_campaign
from ladle.cli.program import options
from ladle.counts import counted, of_number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ladle.campaign import Campaign

# The options, by the setting that each changes.
_OPTIONS = {
    "budget": "--budget",
    "annotators_per_task": "--annotators",
    "agreement": "--agreement",
    "lease_seconds": "--lease-days",
    "price": "--price",
    "currency": "--currency",
    "gold_accuracy": "--gold-accuracy",
    "control": "--control",
}


def set_settings(
    budget: Annotated[
        int | None, typer.Option("--budget", metavar="COUNT", help="Labels that may be paid for and reserved.")
    ] = None,
    no_budget: Annotated[bool, typer.Option("--no-budget", help="Any number of labels.")] = False,
    annotators: Annotated[
        int | None, typer.Option("--annotators", metavar="COUNT", help="People who label each example.")
    ] = None,
    agreement: Annotated[
        str | None,
        typer.Option(
            "--agreement", metavar="RULE", help="majority, unanimous, latest, first or dawid-skene.", show_default=False
        ),
    ] = None,
    lease_days: Annotated[
        float | None, typer.Option("--lease-days", metavar="DAYS", help="How long coming batches are leased.")
    ] = None,
    price: Annotated[float | None, typer.Option("--price", metavar="NUMBER", help="What a label costs.")] = None,
    no_price: Annotated[bool, typer.Option("--no-price", help="The price of a label is not known.")] = False,
    currency: Annotated[
        str | None, typer.Option("--currency", metavar="WORD", help="What the price is in, such as EUR.")
    ] = None,
    gold_accuracy: GoldAccuracy = None,
    control: Control = None,
    instead_of: Annotated[
        float | None,
        typer.Option(
            "--instead-of",
            metavar="NUMBER",
            help="With --price or --currency: a price that was a mistake. Labels that were told at it cost --price.",
        ),
    ] = None,
    db: Db = None,
    name: Name = None,
    pool: OtherPool = None,
    by: By = "",
    as_json: options.AsJson = False,
) -> None:
    """Change settings of a campaign that runs. Tasks are judged anew at once; to undo it, set the old values.

    Leases that run already keep their length. Old and new values are on record. A price holds for labels that are told
    from now on; --instead-of corrects a mistaken price for the labels that were told at it.
    """
    from ladle.cli.campaign.tables import setting_text
    from ladle.cli.program.printing import print_answer
    from ladle.errors import ArgumentError
    from ladle.labelling.settings import UNCHANGED

    for value, no_value, option in ((budget, no_budget, "--budget"), (price, no_price, "--price")):
        if value is not None and no_value:
            raise ArgumentError("the options", wanted=f"be one of {option} and --no-{option[2:]}", got="both")
    given: dict[str, Any] = {
        "budget": None if no_budget else UNCHANGED if budget is None else budget,
        "annotators_per_task": UNCHANGED if annotators is None else annotators,
        "agreement": UNCHANGED if agreement is None else agreement,
        "lease_seconds": UNCHANGED if lease_days is None else lease_days * DAY_SECONDS,
        "price": None if no_price else UNCHANGED if price is None else price,
        "currency": UNCHANGED if currency is None else currency,
        "gold_accuracy": UNCHANGED if gold_accuracy is None else options.parse_share(gold_accuracy, "--gold-accuracy"),
        "control": UNCHANGED if control is None else options.parse_share(control, "--control"),
    }
    if all(value is UNCHANGED for value in given.values()):
        raise ArgumentError("the settings", wanted=f"be one or more of {', '.join(_OPTIONS.values())}", got="none")
    with open_campaign(db, name, pool=pool, by=by) as campaign:
        change = campaign.set(**given, instead_of=instead_of)
        facts = {
            "command": "campaign set",
            "name": campaign.name,
            "done_before": not change,
            "changed": {each: {"old": old, "new": new} for each, (old, new) in change.changed.items()},
            "corrected": dict(change.corrected),
            "tasks": change.tasks,
        }
        lines = {
            _OPTIONS[each].removeprefix("--"): f"{setting_text(each, new)}, was {setting_text(each, old)}"
            for each, (old, new) in change.changed.items()
        }
        if instead_of is None:
            same = [each for each, value in given.items() if value is not UNCHANGED and each not in change.changed]
            lines |= {
                _OPTIONS[each].removeprefix("--"): f"{setting_text(each, getattr(campaign.settings, each))} already"
                for each in same
            }
        if change.corrected:
            lines["corrected"] = _corrected(change.corrected)
        if change.corrected or change.changed.keys() & {"price", "currency"}:
            lines["paid"] = _paid(campaign)
        if "control" in change.changed and campaign.settings.control:
            lines["it buys"] = control_buys(campaign.settings)
        if change.tasks:
            lines["tasks"] = f"{change.tasks:,} {of_number(change.tasks, 'has')} another state now"
        lines |= {} if change else {"done before": "it was so already: nothing was changed"}
        print_answer(f"Settings of {campaign.name}", lines, facts, as_json=as_json)


def _paid(campaign: Campaign) -> str:
    """What the labels that were told so far cost: a new price changes nothing of it."""
    from ladle.labelling.measures.prices import costs_text

    figures = campaign.figures()
    if not figures.costs:
        return "nothing so far"
    paid = costs_text(figures.costs, figures.unpriced)
    return f"{paid} for {counted(figures.spend, 'label')}: each at the price of its time"


def _corrected(correction: Mapping[str, Any]) -> str:
    """Which price counts as which for the labels that were told at it."""
    price = correction.get("price", correction["instead_of"])
    right = f"{price:g} {correction.get('currency', '')}".strip()
    return f"labels that were told at {correction['instead_of']:g} cost {right}"


COMMANDS = {"set": set_settings}
EXAMPLES = {
    "set": options.examples(
        "ladle campaign set --budget 2000 --db birds.db",
        "ladle campaign set --annotators 3 --agreement unanimous --lease-days 3",
        "ladle campaign set --price 0.04 --currency EUR",
        "ladle campaign set --price 0.05 --instead-of 5",
    )
}
