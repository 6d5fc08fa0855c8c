"""What a lead does on a page: each change is confirmed where it cannot be undone, done, and told with its command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from fastapi import Request
from starlette.responses import Response

from ladle.campaign import Campaign
from ladle.counts import counted
from ladle.errors import ArgumentError, IdError
from ladle.service.desk import desk_of
from ladle.service.pages.dashboard.commands import command_of, examples_of
from ladle.service.site import PageMaker

MOST_TYPED_IDS = 10_000  # in a field of a form


class ListAction(StrEnum):
    """What is done with a list of examples."""

    EXCLUDE = "exclude"
    INCLUDE = "include"
    GOLD = "gold"
    ASSIGN = "assign"


def do_with_rows(
    request: Request,
    pages: PageMaker,
    campaign: Campaign,
    action: ListAction,
    ids: Sequence[Any],
    words: str,
    back: str,
) -> Response:
    """Change some examples and say what has changed. words: the reason, the label or the name.

    Raises: ArgumentError for an empty list; as `Campaign.exclude`, `include`, `add_gold` and `assign`.
    """
    if not ids:
        raise ArgumentError("the list", wanted="have at least one example", got="none")
    words = words.strip()
    with desk_of(request).one_writer():
        if action is ListAction.EXCLUDE:
            changed = campaign.exclude(ids, reason=words)
            said, options = "excluded", [*examples_of(ids), "--reason", words]
        elif action is ListAction.INCLUDE:
            changed = campaign.include(ids)
            said, options = "included again", examples_of(ids)
        elif action is ListAction.GOLD:
            label = label_of(campaign, words)
            changed = campaign.add_gold(ids, [label] * len(ids))
            said, options = f"gold as {words}", ["gold.csv"]
        else:
            assigned = campaign.assign(ids, to=words)
            changed = assigned.examples
            said = f"assigned to {words}"
            options = [*examples_of(ids, file=("--ids", "ids.txt")), "--to", words]
    lines = [f"{counted(changed, 'example', 'is')} {said} that {'was' if changed == 1 else 'were'} not before."]
    lines += list(campaign.notices)
    return done(pages, f"{counted(len(ids), 'example')}: {action}", lines, command_of(campaign, action, *options), back)


def done(pages: PageMaker, title: str, lines: Sequence[str], command: str, back: str) -> Response:
    """The page after a change: what has changed, and the command that does the same."""
    return pages.render("dashboard/done.html", title=title, lines=lines, words=command, back=back)


def confirm(
    pages: PageMaker, title: str, question: str, fields: Mapping[str, object], command: str, back: str
) -> Response:
    """The page before a change that cannot be undone: the same form again, with the field `confirmed`."""
    return pages.render(
        "dashboard/confirm.html", title=title, question=question, fields=fields, words=command, back=back
    )


def typed_ids(campaign: Campaign, text: str) -> list[Any]:
    """The ids in a field, one a line, of the kind of the pool's.

    Raises: ArgumentError for none and for too many; IdError for text where ids are numbers.
    """
    lines = [line for line in text.replace("\r\n", "\n").split("\n") if line.strip()]
    if not 1 <= len(lines) <= MOST_TYPED_IDS:
        raise ArgumentError(
            "the ids", wanted=f"be 1 to {MOST_TYPED_IDS:,}, one a line", got=f"{len(lines):,}", remedy="Use a file."
        )
    return [typed_id(campaign, _as_meant(campaign, line)) for line in lines]


def _as_meant(campaign: Campaign, line: str) -> str:
    """A line as an id of the pool may be written, with spaces around it where the pool has such an id."""
    if line == line.strip() or campaign.ids.kind != "text":
        return line.strip()
    return line if campaign.ids.find_rows([line])[0] >= 0 else line.strip()


def typed_id(campaign: Campaign, text: str) -> Any:
    """An id of the kind of the pool's. Raises: IdError."""
    if campaign.ids.kind == "text":
        return text
    text = text if campaign.ids.kind == "text" else text.strip()
    if not (text.isascii() and text.removeprefix("-").isdecimal() and len(text) <= 20):
        raise IdError("the id", wanted="be a whole number, as those of the pool are", got=repr(text[:80]))
    return int(text)


def label_of(campaign: Campaign, text: str) -> Any:
    """A label that was typed: a class, classes with commas, or a number. The campaign judges whether it is one of its.

    Raises: ArgumentError for no number where labels are numbers.
    """
    labels = campaign.settings.labels
    if labels.kind == "value":
        try:
            return float(text)
        except ValueError:
            raise ArgumentError("the label", wanted="be a number", got=repr(text[:80])) from None
    by_text = {str(each): each for each in labels.classes or ()}
    if labels.kind == "multi":
        parts = [each.strip() for each in text.split(",")]
        return [by_text.get(each, each) for each in parts if each]
    return by_text.get(text, text)
