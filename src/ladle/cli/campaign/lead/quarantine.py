"""`ladle campaign quarantine list`, `close`: entries that were told and are no labels of the campaign."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from ladle.cli.campaign.opening import By, Db, Name, open_campaign
from ladle.cli.program import options
from ladle.counts import counted


def list_entries(
    every: Annotated[bool, typer.Option("--all", help="Closed entries too.")] = False,
    last: Annotated[int, typer.Option("--last", metavar="COUNT", help="The last so many entries.")] = 50,
    db: Db = None,
    name: Name = None,
    as_json: options.AsJson = False,
) -> None:
    """List what is in quarantine: where it stands in its file, and why it was not accepted."""
    from ladle.cli.campaign.tables import table
    from ladle.cli.program.printing import print_json, print_parts
    from ladle.errors import ArgumentError

    if last < 1:
        raise ArgumentError("--last", wanted="be 1 or more", got=str(last))
    with open_campaign(db, name) as campaign:
        entries = campaign.quarantine()
        still_open = int(entries["is_open"].sum())
        rows = [row for row in entries.to_pylist() if every or row["is_open"]][-last:]
        if as_json:
            plain = [
                {key: value.isoformat() if isinstance(value, datetime) else value for key, value in row.items()}
                for row in rows
            ]
            facts = {"command": "campaign quarantine list", "name": campaign.name, "open": still_open}
            facts["answered"] = int(entries["is_answered"].sum())
            print_json(facts | {"entries": plain})
            return
        lines = [
            [
                str(row["number"]),
                row["id"],
                row["label"],
                row["annotator"] or "-",
                f"{row['file']} {row['place']}".strip() or "-",
                _why(row),
            ]
            for row in rows
        ]
        shown = table(["", "id", "label", "annotator", "where", "why"], lines, right={0})
        answered = int(entries["is_answered"].sum())
        more = f", {answered:,} of them answered since: quarantine close --answered" if answered else ""
        print_parts([(f"{counted(still_open, 'open entry')} in quarantine of {campaign.name}{more}", shown)])


def _why(row: dict[str, Any]) -> str:
    """Why an entry was not accepted, and what became of it."""
    if not row["is_open"]:
        return f"closed: {row['closing']}"
    return f"answered since: {row['reason']}" if row["is_answered"] else str(row["reason"])


def close(
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for the record.", show_default=False)],
    numbers: Annotated[
        list[int] | None, typer.Argument(metavar="NUMBER...", help="The numbers of entries.", show_default=False)
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All open entries.")] = False,
    answered: Annotated[
        bool,
        typer.Option("--answered", help="All open entries whose annotator has given another answer for the id since."),
    ] = False,
    db: Db = None,
    name: Name = None,
    by: By = "",
    as_json: options.AsJson = False,
) -> None:
    """Close entries of the quarantine, one by one or all: nothing is left to do about them. They stay on record."""
    from ladle.cli.program.printing import print_answer
    from ladle.errors import ArgumentError

    ways = [way for way, is_given in (("numbers", numbers), ("--all", every), ("--answered", answered)) if is_given]
    if len(ways) != 1:
        wanted, got = "be named by their numbers, by --all or by --answered", " and ".join(ways) or "none"
        raise ArgumentError("the entries", wanted=wanted, got=got)
    with open_campaign(db, name, by=by) as campaign:
        closed = campaign.withdrawals.close_quarantined(numbers or None, reason=reason, answered=answered)
        left = int(campaign.quarantine()["is_open"].sum())
        facts = {
            "command": "campaign quarantine close",
            "name": campaign.name,
            "changed": closed,
            "done_before": closed == 0,
            "open": left,
            "reason": reason,
        }
        lines = {"closed": f"{closed:,}" if closed else "none: done before", "reason": reason, "open now": f"{left:,}"}
        print_answer(f"Quarantine of {campaign.name}", lines, facts, as_json=as_json)


COMMANDS = {"quarantine list": list_entries, "quarantine close": close}
ABOUT_WORD = {"quarantine": "List and close entries that were told and are no labels of the campaign."}
EXAMPLES = {
    "quarantine list": options.examples("ladle campaign quarantine list --db birds.db"),
    "quarantine close": options.examples(
        'ladle campaign quarantine close 3 4 --db birds.db --reason "typing errors, told again"',
        'ladle campaign quarantine close --answered --db birds.db --reason "told again"',
        'ladle campaign quarantine close --all --db birds.db --reason "an old project"',
    ),
}
