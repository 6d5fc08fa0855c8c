"""`ladle campaign person list`, `merge`, `rename`, `team`: the people who label."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ladle.cli.campaign.opening import By, Db, Name, open_campaign
from ladle.cli.program import options
from ladle.counts import counted

if TYPE_CHECKING:
    from ladle.campaign import PersonChange

Person = Annotated[str, typer.Argument(metavar="NAME", help="A person who labels.", show_default=False)]
Anyone = Annotated[
    str, typer.Argument(metavar="NAME", help="A person, a team or a holder of batches.", show_default=False)
]


def list_people(db: Db = None, name: Name = None, as_json: options.AsJson = False) -> None:
    """List the people who label: name, team, labels, and other names that belong to them."""
    from ladle.cli.campaign.tables import table, when
    from ladle.cli.program.printing import print_json, print_parts

    with open_campaign(db, name) as campaign:
        people = campaign.people.list()
        if as_json:
            rows = [
                {**row, "last_told_at": row["last_told_at"] and row["last_told_at"].isoformat()}
                for row in people.to_pylist()
            ]
            print_json({"command": "campaign person list", "name": campaign.name, "people": rows})
            return
        lines = [
            [
                str(row.number),
                row.name,
                row.team or "-",
                f"{row.labels:,}",
                when(row.last_told_at),
                ", ".join(row.also_named),
            ]
            for row in people
        ]
        shown = table(["", "name", "team", "labels", "last", "also named"], lines, right={0, 3})
        print_parts([(f"The people of {campaign.name}", shown)])


def merge(
    person: Anyone,
    into: Annotated[
        str, typer.Argument(metavar="INTO", help="The person or team that the name belongs to.", show_default=False)
    ],
    db: Db = None,
    name: Name = None,
    by: By = "",
    as_json: options.AsJson = False,
) -> None:
    """Make one person of two: all labels and tasks of NAME, and all later ones, are those of INTO.

    Where both have labelled an example, the later label stands, and the tasks are judged again. Two names of a team, or
    of a holder of batches who never labelled, are made one too.
    """
    from ladle.cli.program.printing import print_answer

    with open_campaign(db, name, by=by) as campaign:
        merged = campaign.people.merge(person, into)
        facts = {
            "command": "campaign person merge",
            "name": campaign.name,
            "merged": person,
            "into": into,
            **_work_facts(merged),
            "superseded": merged.superseded,
            "tasks": merged.tasks,
        }
        superseded = {"superseded": f"{counted(merged.superseded, 'answer')}, because a later one stands"}
        lines = _work_lines(merged, superseded, before="they were merged already")
        print_answer(f"{person} is {into} in {campaign.name}", lines, facts, as_json=as_json)


def rename(
    person: Anyone,
    new: Annotated[str, typer.Argument(metavar="NEW", help="The new name.", show_default=False)],
    db: Db = None,
    name: Name = None,
    by: By = "",
    as_json: options.AsJson = False,
) -> None:
    """Give a person another name. Late labels under the old name count too."""
    from ladle.cli.program.printing import print_answer

    with open_campaign(db, name, by=by) as campaign:
        change = campaign.people.rename(person, new)
        facts = {
            "command": "campaign person rename",
            "name": campaign.name,
            "renamed": person,
            "to": new,
            **_work_facts(change),
        }
        lines = _work_lines(change, {}, before="the name was so already")
        print_answer(f"{person} is {new} in {campaign.name}", lines, facts, as_json=as_json)


def team(
    person: Person,
    team_name: Annotated[str, typer.Argument(metavar="TEAM", help='The team; "" for none.', show_default=False)],
    db: Db = None,
    name: Name = None,
    by: By = "",
    as_json: options.AsJson = False,
) -> None:
    """Put a person into a team. Batches for the team go to its members."""
    from ladle.cli.program.printing import print_answer

    with open_campaign(db, name, by=by) as campaign:
        change = campaign.people.set_team(person, team_name)
        facts = {
            "command": "campaign person team",
            "name": campaign.name,
            "person": person,
            "team": team_name,
            "done_before": change.done_before,
        }
        lines = {person: team_name or "in no team"}
        lines |= {"done before": "nothing was changed"} if change.done_before else {}
        print_answer(f"Campaign {campaign.name}", lines, facts, as_json=as_json)


def _work_facts(change: PersonChange) -> dict[str, Any]:
    """What belongs to another name now, for --json."""
    counts = {"labels": change.labels, "skips": change.skips, "batches": change.batches, "assigned": change.assigned}
    return {**counts, "done_before": change.done_before}


def _work_lines(change: PersonChange, more: dict[str, str], *, before: str) -> dict[str, str]:
    """What belongs to another name now: labels and skips, `more`, and batches and assignments where there are some.

    before: why nothing was changed, where nothing was.
    """
    lines = {"labels": f"{change.labels:,}", "skips": f"{change.skips:,}", **more}
    counts = {"batches": change.batches, "assigned": change.assigned}
    lines |= {what: f"{count:,}" for what, count in counts.items() if count}
    return lines | ({"done before": f"{before}: nothing was changed"} if change.done_before else {})


COMMANDS = {"person list": list_people, "person merge": merge, "person rename": rename, "person team": team}
ABOUT_WORD = {"person": "List the people who label, merge two names of one person, rename a person, set a team."}
EXAMPLES = {
    "person list": options.examples("ladle campaign person list --db birds.db"),
    "person merge": options.examples("ladle campaign person merge Ann ann --db birds.db"),
    "person rename": options.examples('ladle campaign person rename ann "Ann Lee" --db birds.db'),
    "person team": options.examples("ladle campaign person team ann vendorA --db birds.db"),
}
