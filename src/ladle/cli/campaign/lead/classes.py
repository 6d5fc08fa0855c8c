"""`ladle campaign class add`, `remove`, `rename`, `merge`, `unmerge`, `list`: the classes of a campaign that runs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ladle.cli.campaign.opening import By, Db, Name, open_campaign
from ladle.cli.program import options
from ladle.counts import counted, listed_text, of_number

if TYPE_CHECKING:
    from ladle.campaign import Campaign
    from ladle.labelling.answers import SettingsChange

OldClass = Annotated[str, typer.Argument(metavar="CLASS", help="A class of the campaign.", show_default=False)]


def add(
    names: Annotated[list[str], typer.Argument(metavar="CLASS...", help="The new classes.", show_default=False)],
    db: Db = None,
    name: Name = None,
    by: By = "",
    as_json: options.AsJson = False,
) -> None:
    """Add classes at the end of the list. Models have to give scores for them from then on."""
    with open_campaign(db, name, by=by) as campaign:
        numbers = are_numbers(campaign)
        change = campaign.classes.add(*(_new(each, numbers) for each in names))
        _answer(campaign, "add", change, as_json, were_numbers=numbers)


def remove(
    old: OldClass,
    db: Db = None,
    name: Name = None,
    by: By = "",
    as_json: options.AsJson = False,
) -> None:
    """Remove a class that no label, gold example or final word ever used. A class in use is merged instead."""
    with open_campaign(db, name, by=by) as campaign:
        numbers = are_numbers(campaign)
        change = campaign.classes.remove(_known(campaign, old))
        _answer(campaign, "remove", change, as_json, were_numbers=numbers)


def rename(
    old: OldClass,
    new: Annotated[str, typer.Argument(metavar="NAME", help="Its new name.", show_default=False)],
    db: Db = None,
    name: Name = None,
    by: By = "",
    as_json: options.AsJson = False,
) -> None:
    """Give a class another name. Its labels have it at once; labels that come late under the old name count too.

    A name in digits is a number where all other classes are numbers, or where the class had this number as its name.
    """
    with open_campaign(db, name, by=by) as campaign:
        known, numbers = _known(campaign, old), are_numbers(campaign)
        change = campaign.classes.rename(known, _new_name(campaign, known, new))
        _answer(campaign, "rename", change, as_json, were_numbers=numbers)


def merge(
    old: OldClass,
    into: Annotated[str, typer.Argument(metavar="INTO", help="The class that it counts as.", show_default=False)],
    db: Db = None,
    name: Name = None,
    by: By = "",
    as_json: options.AsJson = False,
) -> None:
    """Count a class as another one: labels, gold and final words of before, and labels that come late."""
    with open_campaign(db, name, by=by) as campaign:
        numbers = are_numbers(campaign)
        change = campaign.classes.merge(_known(campaign, old), _known(campaign, into))
        _answer(campaign, "merge", change, as_json, were_numbers=numbers)


def unmerge(
    old: Annotated[str, typer.Argument(metavar="CLASS", help="A class that was merged.", show_default=False)],
    db: Db = None,
    name: Name = None,
    by: By = "",
    as_json: options.AsJson = False,
) -> None:
    """Undo the merge of a class: what was told under its names is of this class again, at its old place.

    Labels that were told under the name of the other class stay there. An answer that repeated the merged class was not
    stored, so the answer that it repeated stands.
    """
    with open_campaign(db, name, by=by) as campaign:
        numbers = are_numbers(campaign)
        change = campaign.classes.unmerge(_one_of(_former(campaign), old, campaign))
        _answer(campaign, "unmerge", change, as_json, were_numbers=numbers)


def list_classes(db: Db = None, name: Name = None, as_json: options.AsJson = False) -> None:
    """List the classes, how many labels name each, and the names they had before."""
    from ladle.cli.program.printing import print_answer

    with open_campaign(db, name) as campaign:
        counts = campaign.classes.counts()
        facts = {"command": "campaign class list", "name": campaign.name, "classes": counts.to_pylist()}
        lines = {
            str(row.name): counted(row.labels, "label")
            + (f", was {', '.join(map(str, row.former))}" if row.former else "")
            for row in counts
        }
        print_answer(f"Classes of {campaign.name}", lines or {"none": "any class is accepted"}, facts, as_json=as_json)


def _answer(campaign: Campaign, command: str, change: SettingsChange, as_json: bool, *, were_numbers: bool) -> None:
    from ladle.cli.program.printing import print_answer

    classes, numbers = list(campaign.classes), are_numbers(campaign)
    facts = {
        "command": f"campaign class {command}",
        "name": campaign.name,
        "classes": classes,
        "labels": change.labels,
        "ended": change.ended,
        "tasks": change.tasks,
        "done_before": not change,
        "label_type": "integer" if numbers else "text",
    }
    lines = {
        "classes": f"{len(classes):,}: {listed_text(classes)}",
        "labels": f"{change.labels:,} under another name now"
        + (f", {change.ended:,} of them superseded or deleted" if change.ended else ""),
        "tasks": f"{change.tasks:,} {of_number(change.tasks, 'has')} another state now",
    }
    if numbers != were_numbers:
        lines["exports"] = (
            "classes are numbers in exported files from now on: all of them are numbers"
            if numbers
            else "classes are text in exported files from now on: not all of them are numbers"
        )
    lines |= {} if change else {"done before": "it was so already: nothing was changed"}
    print_answer(f"Classes of {campaign.name}", lines, facts, as_json=as_json)


def are_numbers(campaign: Campaign) -> bool:
    """Whether all classes are numbers, so that a new one in digits is a number too, and files have numbers."""
    classes = campaign.settings.labels.classes
    return classes is not None and all(isinstance(each, int) for each in classes)


def _new_name(campaign: Campaign, known: Any, text: str) -> str | int:
    """The new name of a known class: a number where the class had it before, or where all others are numbers."""
    from ladle.labelling.classes import same_class

    labels = campaign.settings.labels
    if any(same_class(new, known) and isinstance(old, int) and str(old) == text for old, new in labels.former):
        return int(text)
    others = [each for each in labels.classes or () if not same_class(each, known)]
    return _new(text, are_numbers(campaign) or (bool(others) and all(isinstance(each, int) for each in others)))


def _new(text: str, numbers: bool) -> str | int:
    """A new class. Text keeps its spelling here: it may be a known name exactly."""
    plain = text.strip()
    return int(plain) if numbers and plain.removeprefix("-").isdecimal() else text


def _known(campaign: Campaign, text: str) -> Any:
    """The class of this text. Raises: ArgumentError where 3 and "3" are two classes."""
    return _one_of(campaign.classes, text, campaign)


def _former(campaign: Campaign) -> list[Any]:
    """The names that classes had before."""
    return [each for each, _ in campaign.settings.labels.former]


def _one_of(classes: Iterable[Any], text: str, campaign: Campaign) -> Any:
    """The class of this text; where there is none, a name of another list or of before: a repeat finds what it named.

    Raises: ArgumentError where 3 and "3" are two of the classes.
    """
    from ladle.errors import ArgumentError
    from ladle.labelling.spelling import one_spelling

    found = [each for each in classes if str(each) == text]
    if not found and not any(str(each) == text for each in _former(campaign)):
        text = one_spelling(text)
        found = [each for each in classes if str(each) == text]
    if len(found) > 1:
        wanted, got = "be one class", f"{text!r}, which is a number and a text"
        raise ArgumentError("the class", wanted=wanted, got=got, remedy="The command line cannot tell them apart.")
    known = [*_former(campaign), *campaign.classes, *_named_before(campaign)] if not found else []
    return [*found, *(each for each in known if str(each) == text), _new(text, are_numbers(campaign))][0]


def _named_before(campaign: Campaign) -> list[Any]:
    """The names in earlier changes of the classes, the last change first: a removed class was a number, or a text."""
    changes = [event.details for event in campaign.audit() if event.kind == "class"]
    return [
        name
        for change in reversed(changes)
        for name in (*change.get("classes", ()), *(change[key] for key in _NAMES if key in change))
    ]


_NAMES = ("name", "old", "new", "into")  # where the report of a change has its classes
ABOUT_WORD = {"class": "Add, remove, rename and merge the classes of a campaign that runs."}
COMMANDS = {
    "class add": add,
    "class remove": remove,
    "class rename": rename,
    "class merge": merge,
    "class unmerge": unmerge,
    "class list": list_classes,
}
EXAMPLES = {
    "class add": options.examples("ladle campaign class add emu owl --db birds.db"),
    "class rename": options.examples("ladle campaign class rename kat cat --db birds.db"),
    "class merge": options.examples("ladle campaign class merge kitten cat --db birds.db"),
    "class remove": options.examples("ladle campaign class remove emu --db birds.db"),
    "class unmerge": options.examples("ladle campaign class unmerge kitten --db birds.db"),
    "class list": options.examples("ladle campaign class list --db birds.db"),
}
