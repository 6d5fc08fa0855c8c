"""`ladle campaign exclude`, `include`: examples that do not count."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ladle.cli.campaign.opening import By, Db, Name, OtherPool, open_campaign, read_ids_of
from ladle.cli.program import options

if TYPE_CHECKING:
    from ladle.campaign import Campaign

IdsPath = Annotated[
    Path | None,
    typer.Argument(
        metavar="IDS",
        help="A file of ids, or a mask of the pool: .txt, .csv, .jsonl, .npy or .parquet.",
        show_default=False,
    ),
]
Example = Annotated[
    list[str] | None, typer.Option("--example", metavar="ID", help="An id, instead of a file; once for each.")
]


def exclude(
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for the record.", show_default=False)],
    ids: IdsPath = None,
    example: Example = None,
    db: Db = None,
    name: Name = None,
    pool: OtherPool = None,
    by: By = "",
    as_json: options.AsJson = False,
) -> None:
    """Exclude examples: they are not asked for any more. Their labels stay on record."""
    with open_campaign(db, name, pool=pool, by=by) as campaign:
        changed = campaign.exclude(listed_ids(campaign, ids, example), reason=reason)
        _answer(campaign, "exclude", changed, {"reason": reason}, as_json)


def include(
    ids: IdsPath = None,
    example: Example = None,
    db: Db = None,
    name: Name = None,
    pool: OtherPool = None,
    by: By = "",
    as_json: options.AsJson = False,
) -> None:
    """End the exclusion of examples."""
    with open_campaign(db, name, pool=pool, by=by) as campaign:
        changed = campaign.include(listed_ids(campaign, ids, example))
        _answer(campaign, "include", changed, {}, as_json)


def parse_ids(campaign: Campaign, given: list[str]) -> list[Any]:
    """Ids of the command line as ids of the pool's kind. Raises: IdError."""
    from ladle.errors import IdError

    if campaign.ids.kind == "text":
        return given
    odd = next((each for each in given if not each.removeprefix("-").isdecimal()), None)
    if odd is not None:
        raise IdError("the id", wanted="be an integer, as the pool's ids are", got=repr(odd))
    return [int(each) for each in given]


def listed_ids(campaign: Campaign, path: Path | None, given: list[str] | None) -> Any:
    """The ids of a file or of the command line. Raises: ArgumentError for both or none; as `read_ids_of`."""
    from ladle.errors import ArgumentError

    if (path is None) == (given is None):
        raise ArgumentError("the ids", wanted="be in a file or given with --example", got="both" if path else "none")
    return parse_ids(campaign, list(dict.fromkeys(given or []))) if path is None else read_ids_of(campaign, [path])


_DID = {"exclude": "excluded", "include": "included"}


def _answer(campaign: Campaign, command: str, changed: int, more: dict[str, str], as_json: bool) -> None:
    from ladle.cli.program.printing import print_answer

    excluded = campaign.figures().excluded
    facts = {
        "command": f"campaign {command}",
        "name": campaign.name,
        "changed": changed,
        "done_before": changed == 0,
        "excluded": excluded,
        **more,
    }
    lines = {_DID[command]: f"{changed:,}" if changed else "none: done before", **more, "excluded now": f"{excluded:,}"}
    print_answer(f"Campaign {campaign.name}", lines, facts, as_json=as_json)


COMMANDS = {"exclude": exclude, "include": include}
EXAMPLES = {
    "exclude": options.examples(
        'ladle campaign exclude blurred.txt --db birds.db --reason "out of focus"',
        'ladle campaign exclude --example im-17 --example im-18 --db birds.db --reason "private"',
    ),
    "include": options.examples("ladle campaign include --example im-17 --db birds.db"),
}
