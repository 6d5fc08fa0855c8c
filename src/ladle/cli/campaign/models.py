"""`ladle campaign model`, `gold`: the metrics of models, and the examples that test annotators."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ladle.cli.campaign.lead.exclusions import Example, listed_ids
from ladle.cli.campaign.opening import By, Db, Format, Name, OtherPool, open_campaign
from ladle.cli.campaign.telling import Delimiter, EmptyLists, Encoding, IgnoreColumn
from ladle.cli.program import options
from ladle.counts import counted, of_number

if TYPE_CHECKING:
    pass


def model(
    version: Annotated[str, typer.Argument(metavar="VERSION", help="Of the model.", show_default=False)],
    metrics: Annotated[
        list[str] | None,
        typer.Option(
            "--metric",
            metavar="NAME=VALUE",
            help="How good it is, such as accuracy=0.91; once for each. With --correct, NAME=none removes one.",
        ),
    ] = None,
    scores: Annotated[
        Path | None, typer.Option("--scores", metavar="FILE", help="Its scores of the pool: path and digest are kept.")
    ] = None,
    correct: Annotated[
        bool, typer.Option("--correct", help="Correct a recorded version; the log keeps the old values.")
    ] = False,
    db: Db = None,
    name: Name = None,
    pool: OtherPool = None,
    by: By = "",
    as_json: options.AsJson = False,
) -> None:
    """Record a version of the model: a point of the learning curve at the current number of labels."""
    from ladle.cli.program.printing import print_answer

    measured = _corrected_metrics(metrics, version) if correct else {**metrics_of(metrics, version)}
    with open_campaign(db, name, pool=pool, by=by) as campaign:
        before = version in campaign.progress(people=False).curve["version"]
        labelled = campaign.record_model(version, metrics=measured, scores=scores, correct=correct)
        facts = {
            "command": "campaign model",
            "name": campaign.name,
            "version": version,
            "done_before": before and not correct,
            "corrected": correct,
            "labelled": labelled,
            "metrics": measured,
        }
        lines = {"labels": counted(labelled, "labelled example")} | {
            each: "removed" if value is None else f"{value:g}" for each, value in measured.items()
        }
        if correct:
            lines["corrected"] = "the log keeps the old values: ladle campaign audit"
        elif before:
            lines["done before"] = "this version was recorded already: nothing was changed"
        print_answer(f"Model {version} of {campaign.name}", lines, facts, as_json=as_json)


def gold(
    labels: Annotated[
        Path | None,
        typer.Argument(metavar="LABELS", help="Ids and their known labels, as for tell.", show_default=False),
    ] = None,
    remove: Annotated[
        bool, typer.Option("--remove", help="Take gold back: of a file of ids, or of --example.")
    ] = False,
    example: Example = None,
    db: Db = None,
    name: Name = None,
    pool: OtherPool = None,
    label_column: Annotated[
        str | None, typer.Option("--label", metavar="COLUMN", help="Column of the labels. Default: label.")
    ] = None,
    id_column: options.IdColumn = None,
    format_name: Format = None,
    by: By = "",
    delimiter: Delimiter = None,
    encoding: Encoding = None,
    empty_lists: EmptyLists = None,
    ignore_columns: IgnoreColumn = None,
    as_json: options.AsJson = False,
) -> None:
    """Add examples with a known label, which `ask --gold` puts into batches to test annotators; or take them back."""
    if remove:
        _remove_gold(labels, example, db=db, name=name, pool=pool, by=by, as_json=as_json)
        return
    if labels is None or example is not None:
        from ladle.errors import ArgumentError

        raise ArgumentError("LABELS", wanted="be a file of ids and known labels", got="none, or --example")
    from ladle.campaign.work.label_files import words_of
    from ladle.cli.campaign.telling import file_reading, label_file, names_of
    from ladle.cli.program.printing import print_answer

    with open_campaign(db, name, pool=pool, by=by) as campaign:
        names = names_of(id_column, label_column)
        reading = file_reading(delimiter, encoding, empty_lists, ignore_columns)
        known = label_file(campaign, labels, names=names, format_name=format_name, reading=reading)
        named, written = words_of(known, campaign.settings.labels)
        before = campaign.last_event()
        added, rows = campaign.add_gold(named, written), len(written)
        is_new = campaign.last_event() != before
        facts = {
            "command": "campaign gold",
            "name": campaign.name,
            "file": str(labels),
            "examples": rows,
            "added": added,
            "changed": is_new and added == 0,
            "done_before": not is_new,
            "notices": list(campaign.notices),
        }
        lines = {
            "examples": f"{rows:,} in {labels}",
            "added": f"{added:,} that {of_number(added, 'was')} not gold before",
        }
        print_answer(f"Gold of {campaign.name}", lines, facts, as_json=as_json)


def _remove_gold(
    ids: Path | None,
    example: list[str] | None,
    *,
    db: str | None,
    name: str | None,
    pool: Path | None,
    by: str,
    as_json: bool,
) -> None:
    """Take gold back, and print how many examples were gold."""
    from ladle.cli.program.printing import print_answer

    with open_campaign(db, name, pool=pool, by=by) as campaign:
        removed = campaign.withdrawals.remove_gold(listed_ids(campaign, ids, example))
        facts = {
            "command": "campaign gold",
            "name": campaign.name,
            "removed": removed,
            "done_before": removed == 0,
        }
        lines = {"taken back": f"{removed:,}" if removed else "none: done before"}
        print_answer(f"Gold of {campaign.name}", lines, facts, as_json=as_json)


def metrics_of(given: list[str] | None, version: str | None) -> dict[str, float]:
    """The values of `--metric` by name. Raises: ArgumentError."""
    from ladle.errors import ArgumentError

    if given and version is None:
        raise ArgumentError("--metric", wanted="come with --model", got="none")
    metrics: dict[str, float] = {}
    for text in given or []:
        name, value = _name_and_value(text)
        try:
            number = float(value)
        except ValueError:
            number = float("nan")
        if not name or number != number or abs(number) == float("inf") or name in metrics:
            raise ArgumentError("--metric", wanted="be NAME=NUMBER, each name once, such as accuracy=0.91", got=text)
        metrics[name] = number
    return metrics


def _corrected_metrics(given: list[str] | None, version: str) -> dict[str, float | None]:
    """As `metrics_of`, with None for each NAME=none, which is removed. Raises: ArgumentError."""
    from ladle.errors import ArgumentError

    removed = [text for text in given or [] if _name_and_value(text)[1].lower() == "none"]
    found: dict[str, float | None] = {**metrics_of([each for each in given or [] if each not in removed], version)}
    for text in removed:
        name, _ = _name_and_value(text)
        if not name or name in found:
            raise ArgumentError("--metric", wanted="be NAME=NUMBER or NAME=none, each name once", got=text)
        found[name] = None
    return found


def _name_and_value(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name.strip(), value.strip()


COMMANDS = {"model": model, "gold": gold}
EXAMPLES = {
    "model": options.examples(
        "ladle campaign model v3 --db birds.db --metric accuracy=0.91 --metric macro_f1=0.88",
        "ladle campaign model v3 --correct --metric acuracy=none --metric accuracy=0.91",
    ),
    "gold": options.examples(
        "ladle campaign gold known.csv --db birds.db",
        "ladle campaign gold --remove --example im-17 --db birds.db",
    ),
}
