"""`ladle campaign tell` and `import`: labels from files."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ladle.cli.campaign.opening import By, Db, Format, Name, OtherPool, open_campaign
from ladle.cli.program import options
from ladle.counts import counted

if TYPE_CHECKING:
    from ladle.campaign import Campaign
    from ladle.errors import QuarantinedError
    from ladle.formats import LabelFile
    from ladle.labelling import Told


class EmptyList(StrEnum):
    """What an empty list of classes says."""

    OPEN = "open"
    NONE = "none"


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
Delimiter = Annotated[
    str | None,
    typer.Option("--delimiter", metavar="CHAR", help="Between the columns of CSV, or tab. Default: found out."),
]
Encoding = Annotated[
    str | None, typer.Option("--encoding", metavar="NAME", help="Of CSV, such as cp1252. Default: found out.")
]
EmptyLists = Annotated[
    EmptyList | None,
    typer.Option(
        "--empty-lists",
        help="What [] says of classes: open, no label; none, none fits. Default: refused.",
    ),
]
IgnoreColumn = Annotated[
    list[str] | None,
    typer.Option("--ignore-column", metavar="COLUMN", help="Means something in other tools, not here; once for each."),
]
Key = Annotated[
    str | None, typer.Option("--key", metavar="TEXT", help="What makes this one tell. Default: what is in the file.")
]
Strict = Annotated[
    bool, typer.Option("--strict", help="Fail, with exit code 11, when all labels of the file go to quarantine.")
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
    delimiter: Delimiter = None,
    encoding: Encoding = None,
    empty_lists: EmptyLists = None,
    ignore_columns: IgnoreColumn = None,
    key: Key = None,
    strict: Strict = False,
    by: By = "",
    as_json: options.AsJson = False,
) -> None:
    """Store the labels that came back.

    Tasks without a label stay open. A label that the campaign does not accept goes to quarantine with a reason. Another
    label of the same annotator is a new version, and the one that was given later stands. A file is stored once,
    however often the command is repeated, while all of it stands; after that it is news.
    """
    with open_campaign(db, name, pool=pool, by=by) as campaign:
        how = file_reading(delimiter, encoding, empty_lists, ignore_columns)
        names = names_of(id_column, label_column)
        file = label_file(campaign, labels, names=names, format_name=format_name, reading=how)
        result = campaign.tell_file(file, annotator=annotator, source=source, key=key)
        check_accepted([result], strict=strict)
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
    delimiter: Delimiter = None,
    encoding: Encoding = None,
    empty_lists: EmptyLists = None,
    ignore_columns: IgnoreColumn = None,
    key: Key = None,
    strict: Strict = False,
    by: By = "",
    as_json: options.AsJson = False,
) -> None:
    """Store labels that were made elsewhere, for examples that were asked for or not."""
    with open_campaign(db, name, pool=pool, by=by) as campaign:
        how = file_reading(delimiter, encoding, empty_lists, ignore_columns)
        names = names_of(id_column, label_column)
        file = label_file(campaign, labels, names=names, format_name=format_name, reading=how)
        result = campaign.tell_file(file, annotator=annotator, source=source, key=key, imported=True)
        check_accepted([result], strict=strict)
        _answer(campaign, "import", file, result, as_json)


def names_of(id_column: str | None, label_column: str | None) -> dict[str, str]:
    """The fields that have another name in the file."""
    return {field: given for field, given in (("id", id_column), ("label", label_column)) if given is not None}


def file_reading(
    delimiter: str | None, encoding: str | None, empty_lists: EmptyList | None, ignore_columns: list[str] | None
) -> dict[str, Any]:
    """How label files are read, as `read_labels` takes it."""
    from ladle.formats import CsvDialect

    dialect = None if delimiter is None and encoding is None else CsvDialect(delimiter, encoding)
    empty = None if empty_lists is None else empty_lists.value
    return {"dialect": dialect, "empty": empty, "ignore": ignore_columns or []}


def label_file(
    campaign: Campaign,
    path: Path,
    *,
    names: dict[str, str] | None = None,
    format_name: str | None = None,
    reading: dict[str, Any] | None = None,
) -> LabelFile:
    """Read a file of labels as the campaign has them. Raises: as `read_labels`."""
    from ladle.formats import read_labels

    return read_labels(path, form=campaign.form, names=names, format=format_name, **(reading or {}))


def check_accepted(results: list[Told], *, strict: bool) -> None:
    """Fail after a file whose labels all went to quarantine. Raises: QuarantinedError."""
    from ladle.campaign.whole_round import refuse_quarantined
    from ladle.errors import QuarantinedError

    if strict:
        try:
            refuse_quarantined(results)
        except QuarantinedError as error:
            raise quarantined_error(error, "") from None


def quarantined_error(error: QuarantinedError, remedy: str) -> QuarantinedError:
    """The error in words of the command line."""
    how = f"See why: ladle campaign quarantine list. What was told stays told.{remedy}"
    return error.reworded(error.subject, wanted=error.wanted, got=error.got, remedy=how)


def _answer(campaign: Campaign, command: str, file: LabelFile, result: Told, as_json: bool) -> None:
    from ladle.campaign.told_words import tell_facts, tell_text
    from ladle.cli.program.printing import print_answer

    facts = {"command": f"campaign {command}", "name": campaign.name, **tell_facts(file, result)}
    lines = {"labels": tell_text(file, result), "tasks": f"{result.labelled:,} labelled by this file"}
    if result.unasked:
        lines["unasked"] = f"{counted(result.unasked, 'example')} nobody had asked for"
    if result.quarantined:
        lines["quarantine"] = "see why: ladle campaign quarantine list"
    if result.answered:
        lines["answered"] = (
            f"{counted(result.answered, 'open entry', 'is')} answered now: "
            'ladle campaign quarantine close --answered --reason "told again"'
        )
    if result.repeat_of_key:
        lines = {f"{name} then": text for name, text in lines.items() if name != "quarantine"}
        lines["now"] = "done before: this file was told already, and all of it stands; nothing was changed"
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
