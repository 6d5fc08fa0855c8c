"""`ladle campaign delete`, `untell`: labels taken back."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ladle.cli.campaign.lead.exclusions import Example, IdsPath, listed_ids
from ladle.cli.campaign.opening import By, Db, Name, OtherPool, open_campaign
from ladle.cli.program import options
from ladle.counts import counted, of_number

if TYPE_CHECKING:
    from ladle.campaign import Withdrawn

DryRun = Annotated[bool, typer.Option("--dry-run", help="Count what would be deleted, and change nothing.")]


def delete_labels(
    ids: IdsPath = None,
    example: Example = None,
    annotator: Annotated[
        str | None, typer.Option("--annotator", metavar="NAME", help="Only this annotator's. Default: all.")
    ] = None,
    source: Annotated[str | None, typer.Option("--source", metavar="NAME", help="Only those from this source.")] = None,
    file: Annotated[
        str | None, typer.Option("--file", metavar="FILE", help="Only those of this file: its path or its SHA-256.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="TIME", help="Only those given at that time or later; 2026-01-31 is midnight."),
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="TIME", help="Only those given before. Times without a zone: UTC.")
    ] = None,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for the record. Needed.")] = "",
    dry_run: DryRun = False,
    db: Db = None,
    name: Name = None,
    pool: OtherPool = None,
    by: By = "",
    as_json: options.AsJson = False,
) -> None:
    """Delete labels: of some examples, or by who gave them, from where, in which file and when.

    They stay on record, and the tasks are judged again. See first with --dry-run how many labels are meant.
    """
    from ladle.cli.program.printing import print_answer
    from ladle.errors import ArgumentError

    if not reason.strip() and not dry_run:
        raise ArgumentError("--reason", wanted="say why", got="nothing")
    with open_campaign(db, name, pool=pool, by=by) as campaign:
        listed = None if ids is None and example is None else listed_ids(campaign, ids, example)
        if listed is None and all(each is None for each in (annotator, source, file, since, until)):
            raise ArgumentError(
                "the labels",
                wanted="be named: by examples, --annotator, --source, --file, --since or --until",
                got="none of these",
                remedy="Try them out with --dry-run.",
            )
        which: dict[str, Any] = {
            "annotator": annotator,
            "source": source,
            "file": file,
            "since": moment_of(since, "--since"),
            "until": moment_of(until, "--until"),
        }
        found = campaign.withdrawals.preview_deletion(listed, **which)
        if not dry_run:
            campaign.delete_labels(listed, **which, reason=reason)
        facts = {
            "command": "campaign delete",
            "name": campaign.name,
            "dry_run": dry_run,
            "changed": 0 if dry_run else found.answers,
            "labels": found.labels,
            "skips": found.skips,
            "tasks": found.tasks,
            "done_before": found.answers == 0 and not dry_run,
            "reason": reason,
        }
        count = f"{_answers(found)}, of {counted(found.tasks, 'example')}" if found.answers else "none, or done before"
        lines = {"labels deleted" if not dry_run else "labels meant": count}
        lines |= {"dry run": "nothing was changed"} if dry_run else {"reason": reason}
        print_answer(f"Campaign {campaign.name}", lines, facts, as_json=as_json)


def untell(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="The file: its path, or its SHA-256.", show_default=False)
    ],
    annotator: Annotated[
        str | None, typer.Option("--annotator", metavar="NAME", help="Only the labels of this annotator. Default: all.")
    ] = None,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for the record.")] = "",
    dry_run: DryRun = False,
    db: Db = None,
    name: Name = None,
    pool: OtherPool = None,
    by: By = "",
    as_json: options.AsJson = False,
) -> None:
    """Make everything as if a file of labels had never been told, where nothing newer exists.

    Its labels are deleted, and the labels that they replaced stand again. All stays on record, what was paid stays
    paid, and comments stay. `ladle campaign tell` of the same file undoes it.
    """
    from ladle.cli.program.printing import print_answer

    with open_campaign(db, name, pool=pool, by=by) as campaign:
        found: Withdrawn = campaign.withdrawals.untell(file, annotator=annotator, reason=reason, dry_run=dry_run)
        facts = {
            "command": "campaign untell",
            "name": campaign.name,
            "file": file,
            "annotator": annotator,
            "dry_run": dry_run,
            "labels": found.labels,
            "skips": found.skips,
            "tasks": found.tasks,
            "restored": found.restored,
            "retimed": found.retimed,
            "replaced": found.replaced,
            "closed": found.closed,
            "done_before": not found and not dry_run,
        }
        title = f"{Path(file).name} untold in {campaign.name}"
        print_answer(title, _untold_lines(found, annotator, dry_run=dry_run), facts, as_json=as_json)


def _answers(found: Withdrawn) -> str:
    """The number of labels, and of skips where there are some."""
    skips = f" and {counted(found.skips, 'skip')}" if found.skips else ""
    return f"{found.labels:,}{skips}"


def _untold_lines(found: Withdrawn, annotator: str | None, *, dry_run: bool) -> dict[str, str]:
    """What untelling a file does, or would do, for people."""
    whose = "" if annotator is None else f" by {annotator}"
    again = "would stand again" if dry_run else f"{of_number(found.restored, 'stands')} again"
    if found.answers:
        were = _was(found.answers, dry_run)
        lines = {
            "labels": f"{_answers(found)} {were} deleted, of {counted(found.tasks, 'example')}",
            "restored": f"{counted(found.restored, 'earlier label')} {again}",
        }
    elif found.replaced:
        them = "the one" if found.replaced == 1 else f"all {found.replaced:,}"
        verb = _was(found.replaced, dry_run=False)
        lines = {"labels": f"none: {them} of this file{whose} {verb} replaced by {_later(found.replaced)}"}
    else:
        lines = {"labels": f"none: what this file had{whose} was untold or deleted before, or was never new"}
    if found.answers and found.replaced:
        lines["replaced"] = f"{found.replaced:,} more had been replaced by {_later(found.replaced)}"
    if found.retimed:
        verb_times = "would have" if dry_run else of_number(found.retimed, "has")
        lines["times"] = f"{counted(found.retimed, 'label')} that it had given again {verb_times} the time of before"
    if found.closed:
        lines["quarantine"] = f"{counted(found.closed, 'entry')} {_was(found.closed, dry_run)} closed"
    if dry_run:
        lines["dry run"] = "nothing was changed"
    return lines


def _was(count: int, dry_run: bool) -> str:
    """What was done to so many, or would be."""
    return "would be" if dry_run else of_number(count, "was")


def _later(count: int) -> str:
    return "a later one" if count == 1 else "later ones"


def moment_of(text: str | None, option: str) -> datetime | None:
    """A time of the command line; UTC without a zone. Raises: ArgumentError."""
    from ladle.errors import ArgumentError
    from ladle.iso_times import read_time

    if text is None:
        return None
    try:
        return read_time(text)
    except ValueError:
        wanted = "be a date or a time, such as 2026-01-31 or 2026-01-31T12:00Z"
        raise ArgumentError(option, wanted=wanted, got=repr(text)) from None


COMMANDS = {"delete": delete_labels, "untell": untell}
EXAMPLES = {
    "delete": options.examples(
        'ladle campaign delete --example im-17 --db birds.db --annotator ann --reason "slip"',
        "ladle campaign delete --db birds.db --annotator bob --since 2026-01-31 --dry-run",
    ),
    "untell": options.examples("ladle campaign untell wrong.csv --db birds.db --dry-run"),
}
