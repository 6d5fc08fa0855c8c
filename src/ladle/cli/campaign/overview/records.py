"""`ladle campaign story`, `audit`: the history of an example and of the campaign."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from ladle.cli.campaign.opening import Db, Name, OtherPool, open_campaign
from ladle.cli.program import options
from ladle.counts import counted


def story(
    example: Annotated[str, typer.Argument(metavar="ID", help="An example.", show_default=False)],
    db: Db = None,
    name: Name = None,
    pool: OtherPool = None,
    as_json: options.AsJson = False,
) -> None:
    """Show the history of one example, oldest event first."""
    from ladle.cli.campaign.lead.exclusions import parse_ids
    from ladle.cli.program.printing import print_json

    with open_campaign(db, name, pool=pool) as campaign:
        history = campaign.story(parse_ids(campaign, [example])[0])
        if not as_json:
            typer.echo(str(history))
            return
        lines = [{"at": at.isoformat(), "what": what} for at, what in history.lines]
        facts = {"command": "campaign story", "name": campaign.name, "id": history.id, "row": history.row}
        print_json(facts | {"state": history.state, "label": history.label, "lines": lines})


def audit(
    last: Annotated[int, typer.Option("--last", metavar="COUNT", help="The last so many events.")] = 20,
    db: Db = None,
    name: Name = None,
    pool: OtherPool = None,
    as_json: options.AsJson = False,
) -> None:
    """Show the last changes of the campaign, and by whom; `ladle campaign export audit` writes all of them."""
    from ladle.cli.campaign.tables import audit_table
    from ladle.cli.program.printing import print_json, print_parts
    from ladle.errors import ArgumentError

    if last < 1:
        raise ArgumentError("--last", wanted="be 1 or more", got=str(last))
    with open_campaign(db, name, pool=pool) as campaign:
        events = campaign.audit()[-last:]
        if as_json:
            rows = [
                {key: value.isoformat() if isinstance(value, datetime) else value for key, value in row.items()}
                for row in events.to_pylist()
            ]
            print_json({"command": "campaign audit", "name": campaign.name, "events": rows})
        else:
            print_parts([(f"The last {counted(len(events), 'event')} of {campaign.name}", audit_table(events))])


COMMANDS = {"story": story, "audit": audit}
EXAMPLES = {
    "story": options.examples("ladle campaign story im-17 --db birds.db"),
    "audit": options.examples("ladle campaign audit --db birds.db --last 50"),
}
