"""`ladle campaign verify`, `backup`, `restore`, `migrate`: integrity, copies and versions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ladle.cli.campaign.opening import By, Db, Name, OtherPool, open_campaign, url_of
from ladle.cli.program import options


def verify(
    db: Db = None,
    name: Name = None,
    pool: OtherPool = None,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> None:
    """Check the integrity of a campaign: its records, their checksums, and its files."""
    from ladle.campaign.overview.verify import require_passed
    from ladle.cli.program.printing import print_answer
    from ladle.cli.program.progress import progress_reporter
    from ladle.command_words import text_in_commands

    with open_campaign(db, name, pool=pool) as campaign:
        result = campaign.verify(progress=progress_reporter(quiet=quiet or as_json))
        if not as_json:  # under --json, an error is the one object there is
            for problem in result.problems:
                typer.echo(text_in_commands(problem, ["--pool"]), err=True)
        require_passed(campaign.name, result)
        facts = {"command": "campaign verify", "name": campaign.name, "ok": True, "checked": dict(result.checked)}
        lines = {what: f"{count:,}" for what, count in result.checked.items()}
        print_answer(f"{campaign.name} is sound: checked", lines, facts, as_json=as_json)


def backup(
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="The copy to write.", show_default=False)
    ],
    db: Db = None,
    name: Name = None,
    pool: OtherPool = None,
    force: options.Force = False,
    by: By = "",
    as_json: options.AsJson = False,
) -> None:
    """Copy a campaign to one file while work goes on: complete, checked, and of one moment.

    A file that is there is never replaced without --force. Where it is a backup of the campaign as it is now, it stays.
    """
    from ladle.campaign.backups import is_same_backup
    from ladle.cli.program.outputs import other_file_error, refuse_campaign_file
    from ladle.cli.program.printing import print_answer
    from ladle.durable import file_digest
    from ladle.memory.budget import bytes_text

    with open_campaign(db, name, pool=pool, by=by, outputs=[output]) as campaign:
        refuse_campaign_file(output)
        before = output.exists() and not force and is_same_backup(campaign._session, output)
        if output.exists() and not force and not before:
            raise other_file_error(output)
        if not before:
            campaign.backup(output)
        size, digest = output.stat().st_size, file_digest(output)
        facts = {
            "command": "campaign backup",
            "name": campaign.name,
            "output": str(output),
            "done_before": before,
            "bytes": size,
            "sha256": digest,
        }
        lines = {"file": f"{output}, {bytes_text(size)}" + (", as it was" if before else ""), "SHA-256": digest}
        print_answer(f"Backup of {campaign.name}", lines, facts, as_json=as_json)


def restore(
    source: Annotated[
        Path, typer.Argument(metavar="BACKUP", help="What ladle campaign backup wrote.", show_default=False)
    ],
    db: Db = None,
    as_json: options.AsJson = False,
) -> None:
    """Restore a backup in a database that does not have its campaign."""
    from ladle.campaign import Campaign
    from ladle.cli.program.printing import print_answer

    with Campaign.restore(url_of(db), source) as campaign:
        progress = campaign.figures()
        facts = {
            "command": "campaign restore",
            "name": campaign.name,
            "labels": progress.labels,
            "rounds": progress.rounds,
        }
        lines = {"labels": f"{progress.labels:,}", "rounds": f"{progress.rounds:,}"}
        print_answer(f"Restored {campaign.name}", lines, facts, as_json=as_json)


def migrate(db: Db = None, as_json: options.AsJson = False) -> None:
    """Bring a database of an older Ladle to the schema of this one. Back it up first."""
    from ladle.campaign import Campaign
    from ladle.cli.program.printing import print_answer

    before, after = Campaign.migrate(url_of(db))
    facts = {"command": "campaign migrate", "before": before, "after": after, "done_before": before == after}
    lines = {"version": f"{after}, as it was" if before == after else f"{after}, from {before}"}
    print_answer("Migrated", lines, facts, as_json=as_json)


COMMANDS = {"verify": verify, "backup": backup, "restore": restore, "migrate": migrate}
EXAMPLES = {
    "verify": options.examples("ladle campaign verify --db birds.db", "ladle campaign verify --db birds.db --json"),
    "backup": options.examples("ladle campaign backup --db birds.db -o birds-2026-01-31.backup"),
    "restore": options.examples("ladle campaign restore birds-2026-01-31.backup --db again.db"),
    "migrate": options.examples("ladle campaign migrate --db birds.db"),
}
