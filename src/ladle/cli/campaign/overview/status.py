"""`ladle campaign status`: one screen that says what to do next."""

from __future__ import annotations

import re
import textwrap
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from ladle.cli.campaign.opening import Db, Name, OtherPool, as_typed, open_campaign
from ladle.cli.program import options

if TYPE_CHECKING:
    from ladle.campaign.status import Status
    from ladle.labelling import Progress

WIDTH, HEIGHT = 80, 24  # of the smallest terminal
_INDENT = "     "
_MOST_LINES = 3  # of one step


def status(db: Db = None, name: Name = None, pool: OtherPool = None, as_json: options.AsJson = False) -> None:
    """Say where the campaign stands and what to do next, the most pressing first, with the command of each step."""
    from ladle.campaign.status import status as status_of
    from ladle.cli.program.printing import print_json

    with open_campaign(db, name, pool=pool) as campaign:
        found = status_of(campaign)
    if as_json:
        listed = [asdict(step) | {"command": as_typed(step.command, db, name)} for step in found.steps]
        control = found.progress.to_dict()["control"]
        facts = {"name": found.progress.name, **asdict(found.facts), "control": control, "steps": listed}
        print_json({"command": "campaign status", **facts})
        return
    lines = screen(found, db, name)
    typer.echo("\n".join(lines))


def screen(found: Status, db: str | None, name: str | None) -> list[str]:
    """The lines of the screen: at most 23, so that a prompt fits below them."""
    from ladle.cli.campaign.overview.progress import labelled_text, spend_text

    figures = found.progress
    lines = [
        _cut(f"Campaign {figures.name}, round {figures.rounds:,}, pool of {figures.pool:,}"),
        _cut(f"  labelled: {labelled_text(figures)}"),
        *([f"  not asked for: {figures.labelled_unasked:,} labelled"] if figures.labelled_unasked else []),
        _cut(f"  {spend_text(figures)}"),
        *([_cut(f"  control: {text}") for text in _control(figures, found.is_value)]),
        "",
    ]
    if not found.steps:
        return [*lines, "Nothing to do."]
    lines.append("Next:")
    for place, step in enumerate(found.steps, start=1):
        message = _shortened(step.message)
        block = [f"{place if row == 0 else '':>3}  {text}" for row, text in enumerate(message)]
        block.append(f"{_INDENT}  {as_typed(step.command, db, name)}")
        rest = len(found.steps) - place
        if _rows([*lines, *block]) + (rest > 0) > HEIGHT - 1:
            return [*lines, f"{_INDENT}and {rest + 1:,} more: --json lists them"]
        lines += block
    return lines


def _control(figures: Progress, is_value: bool) -> list[str]:
    """The accuracy or the mean by the control in one line; none without a control."""
    from ladle.labelling.control_words import control_lines

    lines = {} if figures.control is None else control_lines(figures.control, is_value=is_value)
    told = [f"{name} {lines[name]}" for name in ("accuracy", "mean") if name in lines]
    return [*told, *lines.values()][:1]


def _shortened(message: str) -> list[str]:
    """The lines of a message: whole sentences as far as three lines go; a first one that is longer is cut."""
    sentences = re.split(r"(?<=[.?!]) (?=[A-Z])", message)
    for count in range(len(sentences), 0, -1):
        lines = textwrap.wrap(" ".join(sentences[:count]), WIDTH - len(_INDENT))
        if len(lines) <= _MOST_LINES:
            return lines
    return textwrap.wrap(sentences[0], WIDTH - len(_INDENT), max_lines=_MOST_LINES, placeholder=" ...")


def _rows(lines: list[str]) -> int:
    """The rows of the terminal that these lines take; a long command goes on in the next row, so it can be copied."""
    return sum(max(1, -(-len(line) // WIDTH)) for line in lines)


def _cut(line: str) -> str:
    return line if len(line) <= WIDTH else f"{line[: WIDTH - 3]}..."


COMMANDS = {"status": status}
EXAMPLES = {
    "status": options.examples("ladle campaign status --db birds.db", "ladle campaign status --db birds.db --json")
}
