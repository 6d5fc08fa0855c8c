"""A copy of runs' ledgers that is small enough to publish: it has digests in place of seed sets and batches.

Rows are most of a ledger; with batches of 100,000 to a million rows they are nearly all of it. Several runs of one
experiment, such as some strategies on one machine and the others on another, are published as one ledger.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ladle.errors import ArgumentError, LadleError, MismatchError
from ladle.lab.ledger.comparable import changes, differences, other_data
from ladle.lab.ledger.ledger import WENT_ON, Ledger
from ladle.lab.ledger.records import RoundRecord, StartRecord, digest_of_rows
from ladle.lab.protocol.experiment import Experiment, StrategyEntry


def publish_ledgers(ledgers: Sequence[Ledger], path: str | os.PathLike[str]) -> None:
    """Write one ledger without rows from the ledgers of one experiment.

    Parameters
    ----------
    ledgers : sequence of Ledger
        Runs of one experiment, with any of its trials and strategies. Runs that share a trial must have the same seed
        set and first model in it, and the same batches in rounds that they share; these are taken from the first run.
    path : path
        The file to write. An older copy there is replaced once the new one is whole.

    Raises
    ------
    ArgumentError
        When `path` is one of the ledgers, or a file other than such a copy.
    MismatchError
        When the ledgers are not of one experiment.
    FileError
        When the copy cannot be written.

    Notes
    -----
    Rounds of unfinished trials are copied too. Cost: reads each ledger once, one strategy at a time.
    """
    target = Path(path)
    check_target(ledgers, target)
    experiment, facts = _joined_experiment(ledgers), _joined_facts(ledgers)
    starts = _joined_starts(ledgers)
    part = target.with_name(f".{target.name}.part")
    part.unlink(missing_ok=True)
    try:
        with Ledger.create(part, experiment.to_toml(), facts) as copy:
            for start in starts:
                copy.add_start(start)
            for entry in experiment.strategies:
                for record in _joined_rounds(ledgers, entry.label):
                    copy.add_round(record)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def check_target(ledgers: Sequence[Ledger], target: Path) -> None:
    """Refuse to replace a run, or any file that is no published ledger. Raises: ArgumentError."""
    if target.exists() and any(target.samefile(ledger.path) for ledger in ledgers):
        raise ArgumentError("the published ledger", wanted="be another file than the run's own", got=str(target))
    if target.exists() and not _is_published(target):
        raise ArgumentError("the published ledger", wanted="replace nothing but another such copy", got=str(target))


def _joined_experiment(ledgers: Sequence[Ledger]) -> Experiment:
    """The first experiment with the strategies of all, and the largest trials and rounds. Raises: MismatchError."""
    joined, begun = ledgers[0].experiment(), ledgers[0].begun_entries()
    for other in ledgers[1:]:
        theirs = other.experiment()
        differing = differences(joined, theirs, begun)
        if differing:
            raise _not_one(ledgers[0], other, f"another {', '.join(differing)}")
        begun |= other.begun_entries()
        entries: dict[str, StrategyEntry] = {entry.label: entry for entry in (*joined.strategies, *theirs.strategies)}
        most = {name: max(getattr(joined, name), getattr(theirs, name)) for name in ("trials", "rounds")}
        joined = joined.model_copy(update={"strategies": tuple((entries | begun)[label] for label in entries), **most})
    return joined


def _joined_facts(ledgers: Sequence[Ledger]) -> dict[str, Any]:
    """The first facts, with the versions and machines of the others. Raises: MismatchError for other data."""
    facts = ledgers[0].facts()
    for other in ledgers[1:]:
        theirs = other.facts()
        changed = other_data(facts, theirs)
        if changed:
            raise _not_one(ledgers[0], other, f"another {' and '.join(changed)}")
        noted = [*facts.get(WENT_ON, []), *theirs.get(WENT_ON, []), *changes(facts, theirs)]
        facts |= {WENT_ON: list(dict.fromkeys(noted))} if noted else {}
    return {**facts, "published": "without the rows of its batches"}


def _joined_starts(ledgers: Sequence[Ledger]) -> list[StartRecord]:
    """One record a trial, with digests. Raises: MismatchError when seed sets or first models differ."""
    starts: dict[int, StartRecord] = {}
    for ledger in ledgers:
        for start in ledger.starts():
            copy = replace(start, packed_rows=digest_of_rows(start.packed_rows))
            first = starts.setdefault(start.trial, copy)
            if (first.packed_rows, first.metrics) != (copy.packed_rows, copy.metrics):
                raise _not_one(ledgers[0], ledger, f"another seed set or first model in trial {start.trial}")
    return [starts[trial] for trial in sorted(starts)]


def _joined_rounds(ledgers: Sequence[Ledger], label: str) -> Iterable[RoundRecord]:
    """One record a trial and round, with digests. Raises: MismatchError when batches or models differ."""
    records: dict[tuple[int, int], RoundRecord] = {}
    for ledger in ledgers:
        if label not in ledger.strategies():
            continue
        for record in ledger.rounds(label):
            copy = replace(record, packed_rows=digest_of_rows(record.packed_rows))
            first = records.setdefault((record.trial, record.round), copy)
            if (first.packed_rows, first.metrics) != (copy.packed_rows, copy.metrics):
                where = f"round {record.round} of {label} in trial {record.trial}"
                raise _not_one(ledgers[0], ledger, f"another batch, or another model of it, in {where}")
    return [records[place] for place in sorted(records)]


def _not_one(first: Ledger, other: Ledger, got: str) -> MismatchError:
    return MismatchError(
        f"the ledger {other.path}", wanted=f"be of the experiment of {first.path}", got=got, remedy="Publish it apart."
    )


def _is_published(path: Path) -> bool:
    try:
        with Ledger.open(path) as ledger:
            return ledger.is_published()
    except LadleError:
        return False
