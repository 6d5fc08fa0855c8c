"""`ladle campaign assign`: examples for named people and teams."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ladle.cli.campaign.lead.exclusions import Example, parse_ids
from ladle.cli.campaign.opening import By, Db, Name, OtherPool, open_campaign, read_ids_of
from ladle.cli.program import options
from ladle.counts import counted, of_number

if TYPE_CHECKING:
    from ladle.campaign import Campaign


def assign(
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="NAME", help="A person or a team. With --end: only theirs.", show_default=False),
    ] = None,
    ids: Annotated[
        list[Path] | None,
        typer.Option("--ids", metavar="FILE", help="These: .txt, .csv, .jsonl, .npy or .parquet; once for each file."),
    ] = None,
    example: Example = None,
    batch: Annotated[
        int | None, typer.Option("--batch", metavar="NUMBER", min=1, help="The tasks of this batch that wait.")
    ] = None,
    disputed: Annotated[bool, typer.Option("--disputed", help="All disputed examples.")] = False,
    end: Annotated[bool, typer.Option("--end", help="End the assignments instead.")] = False,
    db: Db = None,
    name: Name = None,
    pool: OtherPool = None,
    by: By = "",
    as_json: options.AsJson = False,
) -> None:
    """Assign examples to a person or a team.

    `take` gives them to these people first, and to nobody else until they have answered. An example that no ask has
    chosen becomes a task, and no ask chooses it. Assigned to several, it goes to any of them. An assignment reserves
    nothing of the budget: only an ask does. A new name is accepted, and said to be new. Examples that these people have
    answered are left out. Tasks that others have taken are taken from them, and the command says from whom.
    """
    from ladle.campaign.lead.assignments import check_assignee
    from ladle.cli.program.printing import print_answer
    from ladle.errors import ArgumentError

    if to is None and not end:
        raise ArgumentError("--to", wanted="name a person or a team", got="none")
    with open_campaign(db, name, pool=pool, by=by) as campaign:
        if end and to is not None:
            check_assignee(campaign._session, to)
        chosen = _listed(campaign, ids, example, batch, disputed)
        changed, left_out, taken_from = 0, 0, {}
        if chosen and end:
            changed = campaign.unassign(chosen, to=to)
        elif chosen:
            found = campaign.assign(chosen, to=to or "")
            changed, left_out, taken_from = found.examples, found.left_out, dict(found.taken_from)
        waiting = len(set(chosen) & set(campaign.outstanding()["id"].tolist()))
        facts = {
            "command": "campaign assign",
            "name": campaign.name,
            "to": to,
            "end": end,
            "examples": len(chosen),
            "waiting": waiting,
            "changed": changed,
            "left_out": left_out,
            "taken_from": taken_from,
            "done_before": changed == 0 and left_out == 0,
        }
        lines = {
            "ended" if end else f"assigned to {to}": _done(len(chosen), changed, left_out),
            "examples": f"{len(chosen):,}, {waiting:,} of them {of_number(waiting, 'waits')} for labels",
        }
        if left_out:
            lines["left out"] = f"{left_out:,}: {to} has answered them"
        if taken_from:
            lines["taken from"] = ", ".join(f"{who}: {counted(tasks, 'task')}" for who, tasks in taken_from.items())
        print_answer(f"Campaign {campaign.name}", lines, facts, as_json=as_json)


def _done(chosen: int, changed: int, left_out: int) -> str:
    """How many assignments have changed, or why none has."""
    if changed:
        return f"{changed:,}"
    if not chosen:
        return "none: there are no such tasks"
    return "none: done before" if left_out == 0 else "none" if left_out == chosen else "none: the others were before"


def _listed(
    campaign: Campaign, ids: list[Path] | None, example: list[str] | None, batch: int | None, disputed: bool
) -> list[Any]:
    """The ids that the one of these options names. Raises: ArgumentError, IdError, NotFoundError, FileError."""
    from ladle.errors import ArgumentError

    named = {"--ids": bool(ids), "--example": bool(example), "--batch": batch is not None, "--disputed": disputed}
    given = [option for option, is_given in named.items() if is_given]
    if len(given) != 1:
        wanted = "be named by one of --ids, --example, --batch and --disputed"
        raise ArgumentError("the examples", wanted=wanted, got=" and ".join(given) or "none")
    if ids:
        return list(read_ids_of(campaign, ids).tolist())
    if example:
        return parse_ids(campaign, list(dict.fromkeys(example)))
    if disputed:
        return list(campaign.disputes()["id"].tolist())
    of_round = campaign.batch(batch).round
    waiting = campaign.outstanding()
    return list(waiting["id"][waiting["round"] == of_round].tolist())


COMMANDS = {"assign": assign}
EXAMPLES = {
    "assign": options.examples(
        "ladle campaign assign --to ann --ids hard.txt --db birds.db",
        "ladle campaign assign --to experts --disputed --db birds.db",
        "ladle campaign assign --end --batch 3 --db birds.db",
    )
}
