"""`ladle campaign adjudicate`: a lead's final word."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ladle.cli.campaign.lead.exclusions import Example, parse_ids
from ladle.cli.campaign.opening import By, Db, Format, Name, OtherPool, open_campaign, read_ids_of
from ladle.cli.campaign.telling import label_file, names_of
from ladle.cli.program import options

if TYPE_CHECKING:
    from ladle.campaign import Campaign


def adjudicate(
    labels: Annotated[
        Path | None,
        typer.Argument(
            metavar="LABELS",
            help="Final words in a file, such as a filled-in `export disputes`; with --undo, a file of ids.",
            show_default=False,
        ),
    ] = None,
    example: Example = None,
    label: Annotated[
        list[str] | None,
        typer.Option("--label", metavar="LABEL", help="The label of the examples; several classes: once for each."),
    ] = None,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for the record.")] = "",
    undo: Annotated[bool, typer.Option("--undo", help="Take final words back: labels decide again.")] = False,
    id_column: options.IdColumn = None,
    label_column: Annotated[
        str | None, typer.Option("--label-column", metavar="COLUMN", help="Column of the labels. Default: label.")
    ] = None,
    format_name: Format = None,
    db: Db = None,
    name: Name = None,
    pool: OtherPool = None,
    by: By = "",
    as_json: options.AsJson = False,
) -> None:
    """Decide the labels of examples, finally: whatever annotators have said or will say.

    For one label, --example and --label; for many, a file of ids and labels, whose empty labels are left out. The
    examples need not be disputed, nor asked for. Excluded ones stay excluded. --undo takes the words back.
    """
    from ladle.cli.program.printing import print_answer

    with open_campaign(db, name, pool=pool, by=by) as campaign:
        if undo:
            changed = campaign.undo_adjudication(_undone(campaign, labels, example, label))
        elif labels is not None:
            given = label_file(campaign, labels, names=names_of(id_column, label_column), format_name=format_name)
            ids, words = _words(campaign, given, example, label)
            changed = campaign.adjudicate(ids, words, reason=reason)
        else:
            ids = _named(campaign, example)
            word = _word(campaign, label)
            changed = campaign.adjudicate(ids, [word] * len(ids), reason=reason)
        standing, waiting = len(campaign.adjudications()), len(campaign.disputes())
        facts = {
            "command": "campaign adjudicate",
            "name": campaign.name,
            "undo": undo,
            "changed": changed,
            "done_before": changed == 0,
            "reason": reason,
            "adjudicated": standing,
            "disputes": waiting,
        }
        lines = {
            "taken back" if undo else "decided": f"{changed:,}" if changed else "none: done before",
            **({"reason": reason} if reason else {}),
            "final words now": f"{standing:,}",
            "disputes left": f"{waiting:,}",
        }
        print_answer(f"Campaign {campaign.name}", lines, facts, as_json=as_json)


def _named(campaign: Campaign, example: list[str] | None) -> list[Any]:
    from ladle.errors import ArgumentError

    if not example:
        raise ArgumentError("the examples", wanted="be in a file of labels or given with --example", got="none")
    return parse_ids(campaign, list(dict.fromkeys(example)))


def _undone(campaign: Campaign, path: Path | None, example: list[str] | None, label: list[str] | None) -> Any:
    """The ids of --undo. Raises: ArgumentError, IdError, FileError."""
    from ladle.errors import ArgumentError

    if label:
        raise ArgumentError("--label", wanted="be left out with --undo", got=label[0])
    if path is not None and example:
        raise ArgumentError("the ids", wanted="be in a file or given with --example", got="both")
    return _named(campaign, example) if path is None else read_ids_of(campaign, [path])


def _words(campaign: Campaign, file: Any, example: list[str] | None, label: list[str] | None) -> tuple[Any, Any]:
    """The ids and labels of a file. Raises: ArgumentError beside other examples or labels; as `words_of`."""
    from ladle.campaign.work.label_files import words_of
    from ladle.errors import ArgumentError

    if example or label:
        raise ArgumentError("the final words", wanted="be in a file, or in --example and --label", got="both")
    if not file.table.num_rows:
        raise ArgumentError(f"the file {file.source}", wanted="have a label at least", got="none")
    return words_of(file, campaign.settings.labels)


def _word(campaign: Campaign, label: list[str] | None) -> Any:
    """The label of --label as the campaign has it. Raises: ArgumentError."""
    from ladle.errors import ArgumentError

    labels = campaign.settings.labels
    if not label:
        raise ArgumentError("--label", wanted="be the label of the examples", got="none")
    known = [*(labels.classes or ()), *(old for old, _ in labels.former)]
    if labels.kind == "multi":
        return [_class(each, known) for each in label if each]
    if len(label) > 1:
        raise ArgumentError("--label", wanted="be one label", got=" and ".join(label[:2]))
    if labels.kind == "value":
        try:
            return float(label[0])
        except ValueError:
            raise ArgumentError("--label", wanted="be a number", got=repr(label[0])) from None
    return _class(label[0], known)


def _class(text: str, classes: Any) -> Any:
    """A class of the campaign, by its text; a number only where the campaign has or had that number."""
    return next((each for each in classes if str(each) == text), text)


COMMANDS = {"adjudicate": adjudicate}
EXAMPLES = {
    "adjudicate": options.examples(
        'ladle campaign adjudicate --example im-17 --label cat --reason "the tail shows" --db birds.db',
        "ladle campaign adjudicate disputes.csv --db birds.db   (export disputes, filled in)",
        "ladle campaign adjudicate --undo --example im-17 --db birds.db",
    )
}
