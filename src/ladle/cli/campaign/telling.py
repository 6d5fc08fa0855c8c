"""`ladle campaign tell` and `import`: labels from files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ladle.cli.campaign.opening import By, Db, Format, Name, OtherPool, open_campaign
from ladle.cli.program import options

if TYPE_CHECKING:
    from ladle.campaign import Campaign
    from ladle.formats import LabelFile
    from ladle.labelling import Told

LabelsPath = Annotated[
    Path,
    typer.Argument(
        metavar="LABELS",
        help="A batch with its labels filled in, or any file of ids and labels: .csv, .jsonl, .parquet, .json (COCO), "
        ".manifest.",
        show_default=False,
    ),
]
Annotator = Annotated[
    str, typer.Option("--annotator", metavar="NAME", help="Who gave them, where the file has no column annotator.")
]
LabelColumn = Annotated[
    str | None, typer.Option("--label", metavar="COLUMN", help="Column of the labels. Default: label.")
]
Key = Annotated[
    str | None, typer.Option("--key", metavar="TEXT", help="What makes this one tell. Default: what is in the file.")
]


def tell(
    labels: LabelsPath,
    db: Db = None,
    name: Name = None,
    pool: OtherPool = None,
    annotator: Annotator = "",
    source: Annotated[str, typer.Option("--source", metavar="NAME", help="Where they come from.")] = "",
    label_column: LabelColumn = None,
    id_column: options.IdColumn = None,
    format_name: Format = None,
    key: Key = None,
    by: By = "",
    as_json: options.AsJson = False,
) -> None:
    """Store the labels that came back.

    Tasks without a label stay open. A label that the campaign does not accept goes to quarantine with a reason. Another
    label of the same annotator is a new version. A file is stored once, however often the command is repeated.
    """
    with open_campaign(db, name, pool=pool, by=by) as campaign:
        file = label_file(campaign, labels, names=names_of(id_column, label_column), format_name=format_name)
        result = campaign.tell_file(file, annotator=annotator, source=source, key=key)
        _answer(campaign, "tell", file, result, as_json)


def import_labels(
    labels: LabelsPath,
    source: Annotated[str, typer.Option("--source", metavar="NAME", help="Where they were made.", show_default=False)],
    db: Db = None,
    name: Name = None,
    pool: OtherPool = None,
    annotator: Annotator = "",
    label_column: LabelColumn = None,
    id_column: options.IdColumn = None,
    format_name: Format = None,
    key: Key = None,
    by: By = "",
    as_json: options.AsJson = False,
) -> None:
    """Store labels that were made elsewhere, for examples that were asked for or not."""
    with open_campaign(db, name, pool=pool, by=by) as campaign:
        file = label_file(campaign, labels, names=names_of(id_column, label_column), format_name=format_name)
        result = campaign.tell_file(file, annotator=annotator, source=source, key=key, imported=True)
        _answer(campaign, "import", file, result, as_json)


def names_of(id_column: str | None, label_column: str | None) -> dict[str, str]:
    """The fields that have another name in the file."""
    return {field: given for field, given in (("id", id_column), ("label", label_column)) if given is not None}


def label_file(
    campaign: Campaign, path: Path, *, names: dict[str, str] | None = None, format_name: str | None = None
) -> LabelFile:
    """Read a file of labels as the campaign has them. Raises: as `read_labels`."""
    from ladle.formats import read_labels

    return read_labels(path, form=campaign.form, names=names, format=format_name)


def tell_facts(file: LabelFile, result: Told) -> dict[str, Any]:
    """The result of a file of labels as JSON can hold it."""
    return {
        "file": file.source,
        "sha256": file.sha256,
        "done_before": result.repeat_of_key,
        "labels": result.labels,
        "accepted": result.accepted,
        "changed": result.changed,
        "repeated": result.repeated,
        "quarantined": result.quarantined,
        "disputed": result.disputed,
        "labelled": result.labelled,
        "unasked": result.unasked,
        "unlabelled_rows": file.unlabelled,
        "superseded_rows": file.superseded,
    }


def tell_text(file: LabelFile, result: Told) -> str:
    """The result of a file of labels in a line."""
    parts = [f"{result.accepted:,} accepted"]
    for count, what in (
        (result.changed, "of them new versions"),
        (result.repeated, "known before"),
        (result.quarantined, "quarantined"),
        (result.disputed, "tasks in dispute"),
        (file.unlabelled, "rows still without a label"),
        (file.superseded, "rows out of date, left out"),
    ):
        if count:
            parts.append(f"{count:,} {what}")
    return ", ".join(parts)


def _answer(campaign: Campaign, command: str, file: LabelFile, result: Told, as_json: bool) -> None:
    from ladle.cli.program.printing import print_answer

    facts = {"command": f"campaign {command}", "name": campaign.name, **tell_facts(file, result)}
    lines = {"labels": tell_text(file, result), "tasks": f"{result.labelled:,} labelled by this file"}
    if result.unasked:
        lines["unasked"] = f"{result.unasked:,} examples nobody had asked for"
    if result.quarantined:
        lines["quarantine"] = "see why: ladle campaign export quarantine -o odd.csv"
    if result.repeat_of_key:
        lines["done before"] = "this file was told already: nothing was changed"
    print_answer(f"Told {campaign.name}", lines, facts, as_json=as_json)


COMMANDS = {"tell": tell, "import": import_labels}
EXAMPLES = {
    "tell": options.examples(
        "ladle campaign tell batch.csv --db birds.db --annotator ann",
        "ladle campaign tell output.manifest --db birds.db --source ground-truth",
    ),
    "import": options.examples(
        "ladle campaign import old-labels.parquet --db birds.db --source last-year --label class"
    ),
}
