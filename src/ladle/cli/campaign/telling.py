"""`ladle campaign tell` and `import`: labels from files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ladle.cli.campaign.opening import Db, Format, Name, OtherPool, form_of, opened
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
    as_json: options.AsJson = False,
) -> None:
    """Take the labels that came back.

    Tasks without a label stay open. Labels the campaign does not know go to quarantine with a reason; another label by
    the same annotator is a new version. A file is told once, however often the command is repeated.
    """
    with opened(db, name, pool=pool) as campaign:
        found, told = told_file(
            campaign,
            labels,
            annotator=annotator,
            source=source,
            names=names_of(id_column, label_column),
            format_name=format_name,
            key=key,
        )
        _answer(campaign, "tell", found, told, as_json)


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
    as_json: options.AsJson = False,
) -> None:
    """Take labels that were made elsewhere, of examples asked for or not."""
    with opened(db, name, pool=pool) as campaign:
        found, told = told_file(
            campaign,
            labels,
            annotator=annotator,
            source=source,
            names=names_of(id_column, label_column),
            format_name=format_name,
            key=key,
            imported=True,
        )
        _answer(campaign, "import", found, told, as_json)


def names_of(id_column: str | None, label_column: str | None) -> dict[str, str]:
    """The fields that have another name in the file."""
    return {field: given for field, given in (("id", id_column), ("label", label_column)) if given is not None}


def told_file(
    campaign: Campaign,
    path: Path,
    *,
    annotator: str = "",
    source: str = "",
    names: dict[str, str] | None = None,
    format_name: str | None = None,
    key: str | None = None,
    imported: bool = False,
) -> tuple[LabelFile, Told]:
    """Read a file and tell its labels, under a key made of its content. Raises: as `read_labels`, `Campaign.tell`."""
    from ladle.cli.campaign.scores import key_of
    from ladle.formats import read_labels

    found = read_labels(path, form=form_of(campaign), names=names, format=format_name)
    columns = {field: found.table.column(field) for field in found.table.schema.names}
    kind = "import" if imported else "tell"
    said: dict[str, Any] = {
        "annotator": _filled(columns.get("annotator"), annotator),
        "source": _filled(columns.get("source"), source),
        "key": key or key_of(kind, found.sha256, annotator, source, sorted((names or {}).items())),
    }
    if "told_at" in columns:
        said["told_at"] = columns["told_at"]
    give = campaign.import_labels if imported else campaign.tell
    return found, give(columns["id"], _labels(campaign, columns["label"]), **said)


def _filled(column: Any, otherwise: str) -> Any:
    """A column of text with its gaps filled, or the one word for all."""
    return otherwise if column is None else column.fill_null(otherwise).to_pylist()


def _labels(campaign: Campaign, column: Any) -> Any:
    """Labels as the campaign has them: among classes of text and numbers, `3` is the number where no text is `3`."""
    classes = campaign.settings.labels.classes or ()
    numbers = {str(each): each for each in classes if isinstance(each, int)}
    if not numbers or len(numbers) == len(classes):
        return column
    named = {each: each for each in classes if isinstance(each, str)}
    known: dict[Any, Any] = numbers | named

    def meant(label: Any) -> Any:
        return [known.get(each, each) for each in label] if isinstance(label, list) else known.get(label, label)

    return [meant(label) for label in column.to_pylist()]


def told_facts(found: LabelFile, told: Told) -> dict[str, Any]:
    """What came of a file of labels, as JSON can carry it."""
    return {
        "file": found.source,
        "sha256": found.sha256,
        "done_before": told.repeat_of_key,
        "labels": told.labels,
        "accepted": told.accepted,
        "changed": told.changed,
        "repeated": told.repeated,
        "quarantined": told.quarantined,
        "disputed": told.disputed,
        "labelled": told.labelled,
        "unasked": told.unasked,
        "unlabelled_rows": found.unlabelled,
        "superseded_rows": found.superseded,
    }


def told_text(found: LabelFile, told: Told) -> str:
    """What came of a file of labels, in a line."""
    parts = [f"{told.accepted:,} accepted"]
    for count, what in (
        (told.changed, "of them new versions"),
        (told.repeated, "known before"),
        (told.quarantined, "quarantined"),
        (told.disputed, "tasks in dispute"),
        (found.unlabelled, "rows still without a label"),
        (found.superseded, "rows out of date, left out"),
    ):
        if count:
            parts.append(f"{count:,} {what}")
    return ", ".join(parts)


def _answer(campaign: Campaign, command: str, found: LabelFile, told: Told, as_json: bool) -> None:
    from ladle.cli.program.printing import print_answer

    facts = {"command": f"campaign {command}", "name": campaign.name, **told_facts(found, told)}
    shown = {"labels": told_text(found, told), "tasks": f"{told.labelled:,} labelled by this file"}
    if told.unasked:
        shown["unasked"] = f"{told.unasked:,} examples nobody had asked for"
    if told.quarantined:
        shown["quarantine"] = "see why: ladle campaign export quarantine -o odd.csv"
    if told.repeat_of_key:
        shown["done before"] = "this file was told already: nothing was changed"
    print_answer(f"Told {campaign.name}", shown, facts, as_json=as_json)


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
