"""The campaign that a command works on: its database, its name, its pool."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ladle.cli.program import options
from ladle.counts import of_number

if TYPE_CHECKING:
    from ladle.campaign import Campaign

Db = Annotated[
    str | None,
    typer.Option(
        "--db",
        metavar="URL",
        envvar="LADLE_DB",
        help="The database: a file such as birds.db, or a URL, sqlite:///... or postgresql://...",
    ),
]
Name = Annotated[
    str | None, typer.Option("--name", metavar="NAME", help="The campaign. Default: the only one of the database.")
]
OtherPool = Annotated[
    Path | None,
    typer.Option(
        "--pool",
        metavar="POOL",
        envvar="LADLE_POOL",
        help="The pool, where it is not where it was, or cannot be opened again from there.",
    ),
]
By = Annotated[
    str,
    typer.Option(
        "--by",
        metavar="NAME",
        envvar="LADLE_USER",
        show_default=False,
        help="Who makes this change, for the record. Default: the user of the system.",
    ),
]
LeaseDays = Annotated[
    float | None,
    typer.Option("--lease-days", metavar="DAYS", help="Before it may be chosen again. Default: the campaign's."),
]
Force = options.Force
Format = Annotated[
    str | None,
    typer.Option("--format", metavar="NAME", help="jsonl, parquet, csv, coco or manifest. Default: by the ending."),
]

DAY_SECONDS = 24 * 3600.0


def url_of(db: str | None) -> str:
    """The database: a URL, or the path of a SQLite file. Raises: ArgumentError for none."""
    if not db:
        from ladle.errors import ArgumentError

        raise ArgumentError("--db", wanted="name the database, such as birds.db", got="none", remedy="Or set LADLE_DB.")
    return db


def as_typed(command: str, db: str | None, name: str | None) -> str:
    """A command for the same campaign as it can be typed: with `--db` and `--name` where they were given.

    The password of a URL is not shown.
    """
    from ladle.labelling.next_steps import END_OF_OPTIONS
    from ladle.store.engine import without_password

    given = [("--db", None if not db or db == os.environ.get("LADLE_DB") else without_password(db)), ("--name", name)]
    options_given = shlex.join([word for option, text in given if text for word in (option, text)])
    words, dashes, names = command.partition(f" {END_OF_OPTIONS} ")
    return f"ladle campaign {' '.join(filter(None, [words, options_given]))}{dashes}{names}"


def days_text(seconds: float) -> str:
    """The length of a lease as it is given, in days: "2 days"."""
    days = f"{seconds / DAY_SECONDS:g}"
    return f"{days} {of_number(1 if days == '1' else 2, 'day')}"


def seconds_of(days: float | None) -> float | None:
    """Days as seconds; None stands for the campaign's own."""
    return None if days is None else days * DAY_SECONDS


@contextmanager
def open_campaign(
    db: str | None,
    name: str | None,
    *,
    pool: Path | None = None,
    ids: Path | None = None,
    by: str = "",
    outputs: Sequence[Path | None] = (),
) -> Iterator[Campaign]:
    """The campaign of this name, or the only one of the database.

    pool, ids: its pool, where it has moved. by: who acts; "" stands for LADLE_USER or the user of the system.
    outputs: the files that the command will write, which may be none of the campaign's own files, with --force neither.

    Raises: ArgumentError, NotFoundError, FileError, StoreError; MismatchError for another pool, when it is needed.
    """
    from ladle.campaign import Campaign
    from ladle.campaign.own_files import refuse_own_file
    from ladle.errors import ArgumentError

    url = url_of(db)
    given: Any = None if pool is None else str(pool)
    if ids is not None:
        if pool is None:
            raise ArgumentError("--ids", wanted="come with --pool", got="none")
        given = options.open_pool_option(pool, None, None, ids)
    with Campaign.open(url, name=name or _only(url), pool=given, by=by) as campaign:
        for output in outputs:
            if output is not None:
                refuse_own_file(campaign._session, output)
        yield campaign


def _only(url: str) -> str:
    from ladle.campaign import Campaign
    from ladle.errors import ArgumentError, NotFoundError

    names = Campaign.names(url)
    if not names:
        raise NotFoundError(
            "the database", wanted="hold a campaign", got="none", remedy="Make one: ladle campaign create."
        )
    if len(names) > 1:
        raise ArgumentError("--name", wanted=f"be one of {', '.join(names)}", got="none, and there are several")
    return names[0]


def read_ids_of(campaign: Campaign, files: Sequence[Path]) -> Any:
    """The ids of all these files, which hold ids or masks of the pool. Raises: as `read_ids_or_mask`, IdError."""
    import numpy as np

    from ladle.pool.ids.lists import read_ids_or_mask

    with campaign._session.reading() as view:
        examples = campaign._session.examples(view)
    listed = [(path, read_ids_or_mask(path, like=examples.ids.kind)) for path in files]
    rows = [examples.rows_named(each, f"the ids in {path}") for path, each in listed]
    return examples.at(np.unique(np.concatenate(rows)))
