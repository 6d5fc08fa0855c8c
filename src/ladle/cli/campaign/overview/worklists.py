"""`ladle campaign outstanding`, `disputes`: what waits, who has it, and what people disagree on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ladle.cli.campaign.opening import Db, Name, OtherPool, open_campaign
from ladle.cli.program import options
from ladle.counts import of_number

if TYPE_CHECKING:
    from ladle.labelling import Records

Limit = Annotated[
    int, typer.Option("--limit", metavar="COUNT", min=1, help="Disputes to show. With --json, all are told.")
]


def outstanding(
    db: Db = None,
    name: Name = None,
    pool: OtherPool = None,
    as_json: options.AsJson = False,
) -> None:
    """Show who has the tasks that wait for labels, since when and until when.

    Holders of batches, people who have taken tasks (those whose time is over too), and assignees. `ladle campaign
    export outstanding` writes the tasks themselves, a line each, with the same facts.
    """
    import numpy as np

    from ladle.cli.campaign.tables import table, when
    from ladle.cli.program.printing import print_json, print_parts, two_columns

    with open_campaign(db, name, pool=pool) as campaign:
        tasks, holdings = campaign.outstanding(), campaign.holdings()
    had = ~np.isnat(tasks["held_since"])
    for name_of in ("taken_by", "overdue_by", "assigned_to"):
        had |= tasks[name_of] != ""
    facts = {
        "command": "campaign outstanding",
        "name": campaign.name,
        "outstanding": len(tasks),
        "disputed": int((tasks["state"] == "disputed").sum()),
        "unasked": int((tasks["round"] == 0).sum()),
        "with_nobody": int((~had).sum()) if len(tasks) else 0,
        "holdings": _plain(holdings),
    }
    if as_json:
        print_json(facts)
        return
    lines = {
        "tasks": f"{len(tasks):,} {of_number(len(tasks), 'waits')} for labels, {facts['disputed']:,} of them disputed",
        **({"not asked for": f"{facts['unasked']:,} of them: assigned or disputed ones"} if facts["unasked"] else {}),
        "with nobody": f"{facts['with_nobody']:,}",
    }
    rows = [
        [
            row.who,
            f"{row.tasks:,}",
            row.how,
            when(row.since),
            "-" if row.until is None else f"ended {when(row.until)}" if row.ended else when(row.until),
        ]
        for row in holdings
    ]
    parts: list[tuple[str, Any]] = [(f"Outstanding in {campaign.name}", two_columns(lines))]
    if rows:
        parts.append(("Who has them", table(["who", "tasks", "how", "since", "until"], rows, right={1})))
    print_parts(parts)


def disputes(
    db: Db = None,
    name: Name = None,
    pool: OtherPool = None,
    limit: Limit = 20,
    as_json: options.AsJson = False,
) -> None:
    """Show the disputed examples, the oldest dispute first, with who said what.

    Give them to one more annotator each (`ladle campaign take --disputed`), or decide them (`ladle campaign
    adjudicate`). `ladle campaign export disputes` writes all of them to a file to fill in.
    """
    from ladle.cli.campaign.tables import table, when
    from ladle.cli.program.printing import print_json, print_parts, two_columns

    with open_campaign(db, name, pool=pool) as campaign:
        listed = campaign.disputes()
    why = listed["why"]
    facts = {
        "command": "campaign disputes",
        "name": campaign.name,
        "disputes": len(listed),
        "disagree": int((why == "disagree").sum()),
        "skipped": int((why == "skipped").sum()),
        "unasked": int((listed["round"] == 0).sum()),
        "examples": _plain(listed),
    }
    if as_json:
        print_json(facts)
        return
    lines = {
        "disputes": f"{len(listed):,}: people disagree on {facts['disagree']:,}, skips leave {facts['skipped']:,} open",
        "unasked": f"{facts['unasked']:,} of them no ask has chosen",
    }
    if not len(listed):
        lines = {"disputes": "none"}
    elif len(listed) > limit:
        lines["shown"] = f"the oldest {limit:,}; all of them: ladle campaign export disputes -o disputes.csv"
    rows = [
        [str(row.id), row.why, _answers(row.labels), when(row.since), row.taken_by or row.assigned_to or "-"]
        for row in listed[:limit]
    ]
    parts: list[tuple[str, Any]] = [(f"Disputes in {campaign.name}", two_columns(lines))]
    if rows:
        parts.append(("The oldest first", table(["id", "why", "who said what", "since", "with"], rows, right=set())))
    print_parts(parts)


def _answers(labels: dict[str, Any]) -> str:
    """Who said what, in a line."""
    return ", ".join(
        f"{who or '(not named)'}: {'cannot tell' if label is None else label}" for who, label in labels.items()
    )


def _plain(records: Records) -> list[dict[str, Any]]:
    """The rows as JSON can hold them."""
    return [
        {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in row.items()}
        for row in records.to_pylist()
    ]


COMMANDS = {"outstanding": outstanding, "disputes": disputes}
EXAMPLES = {
    "outstanding": options.examples("ladle campaign outstanding --db birds.db"),
    "disputes": options.examples("ladle campaign disputes --db birds.db --limit 50"),
}
