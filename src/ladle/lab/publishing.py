"""A copy of a run's ledger, small enough to publish: digests of seed sets and batches where the run's own has rows.

The rows are most of a ledger, and nearly all of it with the batches of Words-9: 100,000 to a million rows a round.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from ladle.errors import ArgumentError, LadleError
from ladle.lab.entries import digest_of_rows
from ladle.lab.ledger import Ledger


def publish_ledger(ledger: Ledger, path: str | os.PathLike[str]) -> None:
    """Write such a copy to `path`, in place of what is there, once it is whole.

    It holds the rounds of the strategies that the experiment names, of unfinished trials too.
    Raises: ArgumentError when `path` is the ledger itself, or any other file than such a copy; FileError when it cannot
    be written.
    Cost: one read of the ledger, a strategy at a time.
    """
    target = Path(path)
    if target.exists() and target.samefile(ledger.path):
        raise ArgumentError("the published ledger", wanted="be another file than the run's own", got=str(target))
    if target.exists() and not _is_published(target):
        raise ArgumentError("the published ledger", wanted="replace nothing but another such copy", got=str(target))
    part = target.with_name(f".{target.name}.part")
    part.unlink(missing_ok=True)
    try:
        with Ledger.create(
            part, ledger.experiment().to_toml(), {**ledger.facts(), "published": "without the rows of its batches"}
        ) as copy:
            for start in ledger.starts():
                copy.add_start(replace(start, packed_rows=digest_of_rows(start.packed_rows)))
            for label in ledger.strategies():
                for record in ledger.rounds(label):
                    copy.add_round(replace(record, packed_rows=digest_of_rows(record.packed_rows)))
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _is_published(path: Path) -> bool:
    try:
        with Ledger.open(path) as found:
            return found.is_published()
    except LadleError:
        return False
