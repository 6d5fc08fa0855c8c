"""`ladle campaign pool`, `extend`: where the examples of a campaign are, and how they change."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ladle.cli.campaign.creating import skipping_of
from ladle.cli.campaign.opening import By, Db, Name, OtherPool, open_campaign
from ladle.cli.program import options
from ladle.cli.program.skipping import SkipInvalid, SkippedFile
from ladle.command_words import text_in_commands
from ladle.counts import counted, of_number

if TYPE_CHECKING:
    from ladle.campaign import Campaign


class Action(StrEnum):
    """What to do about the pool."""

    MOVE = "move"


def pool(
    action: Annotated[
        Action | None, typer.Argument(metavar="[move]", help="move: record its new place.", show_default=False)
    ] = None,
    place: Annotated[
        Path | None, typer.Argument(metavar="[POOL]", help="The pool in its new place.", show_default=False)
    ] = None,
    db: Db = None,
    name: Name = None,
    other: OtherPool = None,
    id_column: options.IdColumn = None,
    embedding: options.EmbeddingColumn = None,
    by: By = "",
    as_json: options.AsJson = False,
) -> None:
    """Show the pool of a campaign, or record that it has moved.

    A pool that has moved has the same examples in the same order. Where examples were removed, have another order or
    were embedded anew, it is `ladle campaign extend --replace`.
    """
    from ladle.cli.program.printing import print_answer
    from ladle.errors import ArgumentError

    if action is not None and place is None:
        raise ArgumentError("move", wanted="come with the pool in its new place", got="no path")
    with open_campaign(db, name, pool=None if action else other, by=by) as campaign:
        news = False
        if place is not None:
            columns = id_column is not None or embedding is not None
            given: Any = options.open_pool_option(place, id_column, embedding, None) if columns else str(place)
            news = campaign.move_pool(given)
        facts, lines = _facts(campaign), _lines(campaign)
        if action is not None:
            facts["done_before"] = not news
            lines |= {} if news else {"done before": "it was known to be there: nothing was changed"}
        print_answer(f"Pool of {campaign.name}", lines, facts, as_json=as_json)


def extend(
    pool: options.PoolPath,
    db: Db = None,
    name: Name = None,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="It takes the place of the campaign's pool: all records follow their ids."),
    ] = False,
    tree: Annotated[
        Path | None,
        typer.Option(
            "--tree",
            metavar="TREE",
            help="Its tree, which ladle cluster wrote. Default: the campaign's, grown; with --replace, made anew.",
        ),
    ] = None,
    id_column: options.IdColumn = None,
    embedding: options.EmbeddingColumn = None,
    ids: options.IdsFile = None,
    skip_invalid: SkipInvalid = False,
    skipped: SkippedFile = None,
    by: By = "",
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> None:
    """Extend the pool by new examples after those of now, or replace it by another one.

    With --replace, examples may be removed, have another order, or be embedded anew. Labels and all other records
    follow their examples by id. An example that is gone keeps its records and is excluded until a later pool has it;
    one that never had any is not known any more.
    """
    from ladle.cli.program.printing import print_answer
    from ladle.cli.program.progress import progress_reporter

    skipping = skipping_of(skip_invalid, skipped, pool, ids)
    given = skipping.open_pool(pool, id_column, embedding, ids)
    with open_campaign(db, name, by=by) as campaign:
        parts = len(campaign.pool.history())
        bars = progress_reporter(quiet=quiet or as_json)
        added = campaign.extend(given, tree=tree, replace=replace, progress=bars)
        skipping.write(given)
        news = len(campaign.pool.history()) > parts
        told = campaign.audit()[-1].details if news and replace else {}
        counts = {name: told[name] for name in ("gone", "removed", "returned", "moved") if name in told}
        facts = {
            "command": "campaign extend",
            "name": campaign.name,
            "done_before": not news,
            "added": added,
            "pool": given.rows,
            **({"replaced": news, **counts} if replace else {}),
            **skipping.facts(given),
        }
        lines = {"pool": f"{counted(given.rows, 'example')}, {added:,} of them new", **skipping.shown(given)}
        if counts:
            lines |= _gone(counts)
        if not news:
            lines["done before"] = "the campaign has this pool: nothing was changed"
        title = f"{'Replaced the pool of' if replace else 'Extended'} {campaign.name}"
        print_answer(title, lines, facts, as_json=as_json)


def _gone(counts: dict[str, int]) -> dict[str, str]:
    """What a replaced pool left out and brought back. Only examples with records are known when they are gone."""
    gone, removed, returned = (counts.get(name, 0) for name in ("gone", "removed", "returned"))
    lines = {"removed": counted(gone, "example")}
    if gone:
        kept = f"{removed:,} of them with records, which {of_number(removed, 'is')} kept and excluded"
        lines["removed"] += f", {kept}" if removed else ", none of them with records: the campaign knows them no more"
    return lines | ({"came back": counted(returned, "example") + " with records"} if returned else {})


def _facts(campaign: Campaign) -> dict[str, Any]:
    parts = campaign.pool.history()
    rows = [_with_times_as_text(each, "at", "moved_at") for each in parts.to_pylist()]
    rows = [each | {"moves": [_with_times_as_text(move, "at") for move in each["moves"]]} for each in rows]
    problem = text_in_commands(campaign.pool.problem(), ["--pool"])
    return {"command": "campaign pool", "name": campaign.name, "pools": rows, "problem": problem}


def _with_times_as_text(row: dict[str, Any], *names: str) -> dict[str, Any]:
    """A row whose times of these names JSON can hold."""
    return row | {name: row[name] and row[name].isoformat() for name in names}


def _lines(campaign: Campaign) -> dict[str, str]:
    parts = campaign.pool.history()
    last = parts[-1]
    history = []
    for each in parts:
        examples = f"{counted(each.rows, 'example')} of dim {each.dim}"
        history.append(f"{each.at:%Y-%m-%d %H:%M} {each.change} by {each.by}: {examples}")
        history += [f"{move['at']:%Y-%m-%d %H:%M} move by {move['by']}: {move['source']}" for move in each.moves]
    return {
        "pool": last.source,
        "examples": f"{last.rows:,} of dim {last.dim} ({last.dtype}), {last.ids} ids",
        "can be read": text_in_commands(campaign.pool.problem(), ["--pool"]) or "yes",
        "changes": "\n".join(history),
    }


COMMANDS = {"extend": extend, "pool": pool}
EXAMPLES = {
    "extend": options.examples(
        "ladle campaign extend grown.parquet --db birds.db",
        "ladle campaign extend embedded-anew.parquet --replace --tree new.npz --db birds.db",
    ),
    "pool": options.examples(
        "ladle campaign pool --db birds.db", "ladle campaign pool move /new/disk/pool.parquet --db birds.db"
    ),
}
