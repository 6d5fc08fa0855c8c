"""`ladle campaign skip`, `comment`: answers that are no labels."""

from __future__ import annotations

from typing import Annotated

import typer

from ladle.cli.campaign.lead.exclusions import Example, IdsPath, listed_ids
from ladle.cli.campaign.opening import By, Db, Name, OtherPool, open_campaign
from ladle.cli.program import options
from ladle.counts import counted

Who = Annotated[str, typer.Option("--annotator", metavar="NAME", help="Who says so.", show_default=False)]


def skip(
    annotator: Who,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why it cannot be told.", show_default=False)],
    ids: IdsPath = None,
    example: Example = None,
    db: Db = None,
    name: Name = None,
    pool: OtherPool = None,
    by: By = "",
    as_json: options.AsJson = False,
) -> None:
    """Record that an annotator cannot tell the labels of examples.

    A skip is an answer without a label: the annotator is not asked again, and an example with enough answers and too
    few labels is disputed.
    """
    from ladle.cli.program.printing import print_answer

    with open_campaign(db, name, pool=pool, by=by) as campaign:
        told = campaign.skip(listed_ids(campaign, ids, example), annotator=annotator, reason=reason)
        facts = {
            "command": "campaign skip",
            "name": campaign.name,
            "skipped": told.skipped,
            "repeated": told.repeated,
            "quarantined": told.quarantined,
            "disputed": told.disputed,
            "done_before": told.skipped == told.quarantined == 0,
        }
        lines = {"skipped": f"{told.skipped:,}, {told.repeated:,} before", "disputed": f"{told.disputed:,}"}
        if told.quarantined:
            entries = counted(told.quarantined, "entry", "is")
            lines["quarantine"] = f"{entries} there: the pool lacks the id, or the name is odd. See quarantine list"
        print_answer(f"{annotator} skips in {campaign.name}", lines, facts, as_json=as_json)


def comment(
    annotator: Who,
    text: Annotated[str, typer.Option("--text", metavar="TEXT", help="What is said.", show_default=False)],
    ids: IdsPath = None,
    example: Example = None,
    db: Db = None,
    name: Name = None,
    pool: OtherPool = None,
    by: By = "",
    as_json: options.AsJson = False,
) -> None:
    """Store a comment on examples: `ladle campaign story` shows it."""
    from ladle.cli.program.printing import print_answer

    with open_campaign(db, name, pool=pool, by=by) as campaign:
        stored = campaign.comment(listed_ids(campaign, ids, example), text, annotator=annotator)
        facts = {"command": "campaign comment", "name": campaign.name, "comments": stored, "done_before": stored == 0}
        lines = {"comments": f"{stored:,}" if stored else "none: done before"}
        print_answer(f"{annotator} says in {campaign.name}", lines, facts, as_json=as_json)


COMMANDS = {"skip": skip, "comment": comment}
EXAMPLES = {
    "skip": options.examples('ladle campaign skip --example im-17 --annotator ann --reason "too dark" --db birds.db'),
    "comment": options.examples("ladle campaign comment --example im-17 --annotator ann --text two --db birds.db"),
}
