"""What a lead does on a page: each change is confirmed where it cannot be undone, done, and told with its command."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from fastapi import Request
from starlette.responses import Response

from ladle.campaign import Campaign
from ladle.counts import counted, of_number
from ladle.errors import ArgumentError, IdError
from ladle.service.desk import desk_of
from ladle.service.shown_commands import command_of, examples_of
from ladle.service.site import PageMaker

MOST_TYPED_IDS = 10_000  # in a field of a form


class ListAction(StrEnum):
    """What is done with a list of examples."""

    EXCLUDE = "exclude"
    INCLUDE = "include"
    GOLD = "gold"
    ASSIGN = "assign"


@dataclass(frozen=True, slots=True)
class Plan:
    """A change of examples before it is made. words: the reason, the label or the name. options: of its command."""

    action: ListAction
    ids: Sequence[Any]
    words: str
    question: str
    options: list[str]


def plan_of(campaign: Campaign, action: ListAction, ids: Sequence[Any], words: str) -> Plan:
    """What is to be done, and the question before it. words: the reason, the label or the name.

    Raises: ArgumentError for an empty list, for no words, and for a label that is none of the campaign's.
    """
    if not ids:
        raise ArgumentError("the list", wanted="have at least one example", got="none")
    words, them = words.strip(), counted(len(ids), "example")
    if not words and action is not ListAction.INCLUDE:
        raise ArgumentError(f"the {_NEEDED[action]}", wanted="be filled in", got="nothing")
    if action is ListAction.EXCLUDE:
        question = f"Exclude {them}? They are left out of labelling, training and asking until they are included again."
        return Plan(action, ids, words, question, [*examples_of(ids), f"--reason={words}"])
    if action is ListAction.INCLUDE:
        return Plan(action, ids, words, f"Include {them} again?", examples_of(ids))
    if action is ListAction.GOLD:
        _, refused = campaign.settings.labels.all_canonical([label_of(campaign, words)])
        if refused:
            raise ArgumentError("the label", wanted="be one of the campaign", got=refused[0])
        question = f"Make {them} gold with the label {words}? Then they test annotators, and nobody else labels them."
        return Plan(action, ids, words, question, ["GOLD.jsonl"])
    question = f"Assign {them} to {words}? Those that wait for labels go to nobody else then."
    options = [*examples_of(ids, file=("--ids", "IDS.jsonl")), f"--to={words}"]
    return Plan(action, ids, words, question, options)


_NEEDED = {ListAction.EXCLUDE: "reason", ListAction.GOLD: "label", ListAction.ASSIGN: "name"}


def do_with_rows(request: Request, pages: PageMaker, campaign: Campaign, plan: Plan, back: str) -> Response:
    """Change the examples of a plan and say what has changed.

    Raises: as `Campaign.exclude`, `include`, `add_gold` and `assign`.
    """
    ids, words = plan.ids, plan.words
    with desk_of(request).one_writer():
        if plan.action is ListAction.EXCLUDE:
            changed, said = campaign.exclude(ids, reason=words), "excluded"
        elif plan.action is ListAction.INCLUDE:
            changed, said = campaign.include(ids), "included again"
        elif plan.action is ListAction.GOLD:
            changed = campaign.add_gold(ids, [label_of(campaign, words)] * len(ids))
            said = f"gold with the label {words}"
        else:
            changed, said = campaign.assign(ids, to=words).examples, f"assigned to {words}"
    lines = [f"{counted(changed, 'example', 'is')} {said} now, and {of_number(changed, 'was')} not before."]
    lines += list(campaign.notices)
    title = f"{counted(len(ids), 'example')}: {plan.action}"
    return done(pages, title, lines, command_of(campaign, plan.action, *plan.options), back)


def done(pages: PageMaker, title: str, lines: Sequence[str], command: str, back: str) -> Response:
    """The page after a change: what has changed, and the command that does the same."""
    return pages.render("dashboard/done.html", title=title, lines=lines, words=command, back=back)


def confirm(
    pages: PageMaker,
    title: str,
    question: str,
    fields: Mapping[str, object],
    command: str,
    back: str,
    *,
    files: Mapping[str, str] | None = None,
) -> Response:
    """The page before a change: the same form again, with the field `confirmed`.

    fields: a list stands for a field that comes several times. files: addresses of the files that the command names.
    """
    return pages.render(
        "dashboard/confirm.html",
        title=title,
        question=question,
        fields=fields,
        words=command,
        back=back,
        files=files or {},
    )


def typed_ids(campaign: Campaign, text: str) -> list[Any]:
    """The ids in a field, one a line, of the kind of the pool's. An id with line breaks is written as JSON: "a\\nb".

    Raises: ArgumentError for none and for too many; IdError for text where ids are numbers, and for a line that is one
    id as it stands and another one as JSON.
    """
    lines = [line for line in text.replace("\r\n", "\n").split("\n") if line.strip()]
    if not 1 <= len(lines) <= MOST_TYPED_IDS:
        raise ArgumentError(
            "the ids", wanted=f"be 1 to {MOST_TYPED_IDS:,}, one a line", got=f"{len(lines):,}", remedy="Use a file."
        )
    return [typed_id(campaign, _as_meant(campaign, line)) for line in lines]


def _as_meant(campaign: Campaign, line: str) -> str:
    """A line as an id of the pool may be written: as JSON, or with spaces around it where the pool has such an id."""
    if campaign.ids.kind != "text":
        return line.strip()
    written = line if line != line.strip() and campaign.ids.find_rows([line])[0] >= 0 else line.strip()
    decoded = _text_in_json(line)
    if decoded is None or campaign.ids.find_rows([decoded])[0] < 0:
        return written
    if decoded != written and campaign.ids.find_rows([written])[0] >= 0:
        raise IdError(
            "the ids",
            wanted="have one meaning",
            got=f"the line {line[:80]}, which is the id {written[:80]!r} as it stands and {decoded[:80]!r} as JSON",
            remedy="Open the page of the one that you mean: Tasks, Id of an example.",
        )
    return decoded


def _text_in_json(line: str) -> str | None:
    """The text that a line is in JSON; None for any other line."""
    if not line.strip().startswith('"'):
        return None
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, str) else None


def typed_id(campaign: Campaign, text: str) -> Any:
    """An id of the kind of the pool's. Raises: IdError."""
    if campaign.ids.kind == "text":
        return text
    text = text if campaign.ids.kind == "text" else text.strip()
    if not (text.isascii() and text.removeprefix("-").isdecimal() and len(text) <= 20):
        raise IdError("the id", wanted="be a whole number, as those of the pool are", got=repr(text[:80]))
    return int(text)


def form_id(campaign: Campaign, text: str) -> Any:
    """The id in a hidden field of a form, which is JSON: browsers write every line break of a field as two characters.

    Raises: IdError.
    """
    try:
        written = json.loads(text)
    except (ValueError, RecursionError):
        written = None
    if not isinstance(written, str):
        raise IdError("the id", wanted="be a text in JSON, as the page has it", got=repr(text[:80]))
    return typed_id(campaign, written)


def labels_typed(campaign: Campaign, text: str) -> list[str]:
    """The options of a command for a label that was typed: several classes once for each."""
    label = label_of(campaign, text)
    return [f"--label={each}" for each in (label if isinstance(label, list) else [label])]


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
