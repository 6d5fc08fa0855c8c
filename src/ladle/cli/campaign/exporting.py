"""`ladle campaign export`: what a campaign holds, as a file."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ladle.cli.campaign.opening import Db, Force, Format, Name, OtherPool, open_campaign
from ladle.cli.campaign.splitting import Near, Only, Split, SplitOptions, with_sides
from ladle.cli.program import options

if TYPE_CHECKING:
    from ladle.campaign import Campaign
    from ladle.cli.campaign.batches import TableFile


class What(StrEnum):
    """What can be exported."""

    RESOLVED = "resolved"
    LABELS = "labels"
    OUTSTANDING = "outstanding"
    DISPUTES = "disputes"
    ADJUDICATIONS = "adjudications"
    BATCH = "batch"
    QUARANTINE = "quarantine"
    ROUNDS = "rounds"
    AUDIT = "audit"


_OF_LABELS = (What.RESOLVED, What.LABELS)
_PLAIN = (What.QUARANTINE, What.ROUNDS, What.AUDIT)  # tables that are no tasks, for the plain formats


def export(
    what: Annotated[
        What,
        typer.Argument(
            help="resolved: the label that stands for each example, to train on. labels: those of every annotator. "
            "outstanding: tasks that wait, and who has them. disputes: to fill in. adjudications: final words. "
            "batch: one round's, as it was asked. quarantine, rounds, audit.",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="FILE", help=".jsonl, .parquet, .csv, .json (COCO) or .manifest."),
    ],
    db: Db = None,
    name: Name = None,
    pool: OtherPool = None,
    round_number: Annotated[
        int | None, typer.Option("--round", metavar="NUMBER", help="Of a batch. Default: the last.")
    ] = None,
    history: Annotated[
        bool, typer.Option("--history", help="Of labels, also those superseded or deleted since.")
    ] = False,
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            metavar="WHEN",
            help="Of labels and resolved, what is new or changed: since a time in ISO 8601 (UTC without a zone), "
            "round:NUMBER, or after the event of this number, which every export reports.",
        ),
    ] = None,
    withdrawn: Annotated[
        Path | None,
        typer.Option(
            "--withdrawn",
            metavar="FILE",
            help="With resolved and --since: a second file, of the examples that have lost their label since.",
        ),
    ] = None,
    split: Split = None,
    only: Only = None,
    near: Near = None,
    format_name: Format = None,
    force: Force = False,
    as_json: options.AsJson = False,
) -> None:
    """Write labels, tasks or records to a file: whole, or not at all.

    COCO and manifests take classes, not numbers. Nothing is written over another file unless it is --force.
    """
    from ladle.cli.campaign.batches import (
        TableFile,
        check_batch_file,
        classes_of,
        write_batch,
        write_tables,
        written_facts,
    )
    from ladle.cli.program.printing import print_answer
    from ladle.errors import ArgumentError
    from ladle.formats import format_of

    check_batch_file(output, format_name)
    chosen = SplitOptions.of(split, only, near)
    for option, value in (("--split", split), ("--since", since)):
        if value is not None and what not in _OF_LABELS:
            raise ArgumentError(option, wanted="come with resolved or labels", got=what.value)
    _check_withdrawn(withdrawn, output, what, since)
    named = format_of(output, format_name).name
    if what in _PLAIN and named in ("coco", "manifest"):
        raise ArgumentError(f"the {what.value}", wanted="go to JSONL, Parquet or CSV", got=named)
    with open_campaign(db, name, pool=pool, outputs=(output, withdrawn)) as campaign:
        lines: dict[str, str] = {}
        facts: dict[str, Any] = {}
        if what in (What.BATCH, What.OUTSTANDING, What.DISPUTES):
            tasks = _tasks(campaign, what, round_number)
            written, before = write_batch(campaign, tasks, output, format_name=format_name, force=force)
        else:
            about = {"campaign": campaign.name, "what": what.value, "classes": classes_of(campaign)}
            table, lines, facts = _records(campaign, what, history, since, chosen)
            files = [TableFile(table, output, named, about)]
            if since is not None and what is What.RESOLVED:
                files += _withdrawn_file(campaign, since, withdrawn, lines, facts, about | {"what": "withdrawn"})
            written, before = write_tables(files, force=force)[0]
        facts = {
            "command": "campaign export",
            "name": campaign.name,
            "what": what.value,
            **written_facts(written, before),
            **facts,
        }
        first = {"rows": f"{written.rows:,}", "file": f"{output} ({written.format})"}
        lines = {**first, **lines, "SHA-256": written.sha256}
        print_answer(f"Exported {what.value} of {campaign.name}", lines, facts, as_json=as_json)


def _records(
    campaign: Campaign, what: What, history: bool, since: str | None, chosen: SplitOptions
) -> tuple[Any, dict[str, str], dict[str, Any]]:
    """The table of a kind, with its sides; and what is said of it, as lines and as facts."""
    event = campaign.last_event()  # before the table is read: what comes between is in this export and in the next one
    table, lines, facts = with_sides(campaign, _table(campaign, what, history, since), chosen)
    if what in _OF_LABELS:
        lines["event"] = f"{event:,}: export what is newer with --since event:{event}"
    facts["event"] = event
    if what is What.RESOLVED:
        facts["gold"] = table.column("how").to_pylist().count("gold")
        if facts["gold"]:
            lines["gold"] = f"{facts['gold']:,} of them with the label of gold: the column `how` says so"
    if since is not None:
        facts["since"] = since
    return table, lines, facts


def _check_withdrawn(path: Path | None, output: Path, what: What, since: str | None) -> None:
    """Refuse --withdrawn where nothing can be withdrawn, and formats that have labels. Raises: ArgumentError."""
    from ladle.cli.campaign.batches import check_batch_file
    from ladle.errors import ArgumentError
    from ladle.formats import format_of

    if path is None:
        return
    if what is not What.RESOLVED or since is None:
        raise ArgumentError("--withdrawn", wanted="come with resolved and --since", got=f"{what.value} without them")
    if path.resolve() == output.resolve():
        raise ArgumentError("--withdrawn", wanted="be another file than --output", got=str(path))
    check_batch_file(path, None)
    if format_of(path, None).name in ("coco", "manifest"):
        raise ArgumentError("--withdrawn", wanted="be .jsonl, .parquet or .csv", got=str(path))


def _withdrawn_file(
    campaign: Campaign,
    since: str,
    path: Path | None,
    lines: dict[str, str],
    facts: dict[str, Any],
    about: dict[str, Any],
) -> list[TableFile]:
    """Say which examples have lost their label since, and make the file that was named for them, if one was."""
    from ladle.cli.campaign.batches import TableFile, format_of_file

    gone = campaign.withdrawn(since=since)
    facts["withdrawn"], facts["withdrawn_ids"] = len(gone), gone["id"].tolist()
    if len(gone):
        where = "" if path else "; --withdrawn FILE writes their ids"
        lines["withdrawn"] = f"examples that had labels before and have no resolved label now: {len(gone):,}{where}"
    if path is None:
        return []
    named = format_of_file(path, None)
    facts["withdrawn_file"] = str(path)
    lines["withdrawn file"] = f"{path} ({named})"
    return [TableFile(gone.to_arrow(), path, named, about)]


def _tasks(campaign: Campaign, what: What, round_number: int | None) -> Any:
    """A batch as it was asked, the tasks that wait, or the disputed ones. Raises: NotFoundError."""
    if what is What.OUTSTANDING:
        return campaign.outstanding().to_arrow().drop_columns(["control"])  # who labels must not see it
    if what is What.DISPUTES:
        return _dispute_table(campaign)
    return campaign.batch(round_number).to_arrow()


def _dispute_table(campaign: Campaign) -> Any:
    """The disputes in their order. The answers of each are JSON text, by annotator."""
    import pyarrow as pa

    disputes = campaign.disputes()
    answers = [json.dumps(each, ensure_ascii=False) for each in disputes["labels"]]
    plain = {name: disputes[name] for name in disputes.columns if name != "labels"}
    table = type(disputes)(plain).to_arrow()
    order = pa.array(range(table.num_rows), pa.int64())
    return table.append_column("order", order).append_column("labels", pa.array(answers, pa.large_string()))


def _table(campaign: Campaign, what: What, history: bool, since: str | None) -> Any:
    """The records of a kind as a table, labels typed as the campaign has them."""
    import pyarrow as pa
    import pyarrow.compute as pc

    made = {
        What.RESOLVED: lambda: campaign.resolved(since=since),
        What.LABELS: lambda: campaign.labels(since=since),
        What.ADJUDICATIONS: campaign.adjudications,
        What.QUARANTINE: campaign.quarantine,
        What.ROUNDS: campaign.rounds,
        What.AUDIT: campaign.audit,
    }[what]()
    if what is What.AUDIT:
        table = pa.table({name: _audit_column(made[name]) for name in made.columns})
        return table.rename_columns(["id" if each == "seq" else each for each in table.schema.names])
    table = made.to_arrow()
    if what is What.ROUNDS:
        return table.rename_columns(["id" if each == "round" else each for each in table.schema.names])
    if what is What.LABELS:
        place = table.schema.get_field_index("adjudicated")
        table = table.set_column(place, "adjudicated", _typed(campaign, made["adjudicated"]))
    if what in (What.RESOLVED, What.LABELS, What.ADJUDICATIONS):
        place = table.schema.get_field_index("label")
        table = table.set_column(place, "label", _typed(campaign, made["label"]))
    if what is What.LABELS and not history:
        table = table.filter(pc.equal(table.column("status"), pa.scalar("current", table.schema.field("status").type)))
        table = table.filter(pc.is_valid(table.column("label")))  # skips are answers, and no labels
    return table


def _audit_column(column: Any) -> Any:
    """A column of the audit as an Arrow array; the details of events become JSON text."""
    import pyarrow as pa

    if isinstance(column, list):
        return pa.array([json.dumps(each, ensure_ascii=False) for each in column], pa.large_string())
    return pa.array(column, pa.timestamp("us", "UTC") if column.dtype.kind == "M" else None)


def _typed(campaign: Campaign, labels: list[Any]) -> Any:
    """Labels as an Arrow array."""
    from ladle.labelling.label_columns import LabelColumn

    return LabelColumn(campaign.settings.labels).see(labels).array(labels)


COMMANDS = {"export": export}
EXAMPLES = {
    "export": options.examples(
        "ladle campaign export resolved --db birds.db -o train.parquet",
        "ladle campaign export labels --db birds.db -o labels.jsonl --history",
        "ladle campaign export disputes --db birds.db -o disputes.csv",
        "ladle campaign export batch --db birds.db --round 3 -o batch-3.manifest",
    )
}
