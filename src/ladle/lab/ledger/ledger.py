"""The ledger of an experiment: one SQLite file that holds every finished round, and outlives any crash.

Guarantees:

- A record is on disk before `add_start` or `add_round` returns (rollback journal, synchronous=FULL): whatever kills the
  process, the ledger holds what was added, whole, and nothing else.
- A round stands there once: adding it again is refused, so work repeated by mistake shows.
- Others may read while one process writes.
- A record that was changed since, by a bad disk or by hand, is found when the ledger is opened.
- Nothing in it runs: JSON, numbers, and arrays without pickles.

Tables: run(key, value), start and round, with the fields of `ladle.lab.ledger.records`; seal: `ladle.lab.ledger.seals`.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from ladle.errors import ArgumentError, FileError, FileFormatError
from ladle.lab.ledger import integrity, seals
from ladle.lab.ledger.files import TABLES, VERSION, connected, is_ledger, ledger_at
from ladle.lab.ledger.records import RoundRecord, StartRecord
from ladle.lab.protocol.experiment import Experiment, StrategyEntry
from ladle.lab.protocol.files import parse_experiment

WENT_ON = "went_on_with"  # a fact: versions and machines of later sessions
_LEFT_OUT = "left out"  # a key of the table run


class Ledger:
    """What a run has found so far. `create` or `open` one; it closes with `close` or at the end of a `with`."""

    __slots__ = ("_connection", "_experiment", "path")

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection
        self._experiment: Experiment | None = None

    @classmethod
    def create(cls, path: str | os.PathLike[str], experiment_toml: str, facts: Mapping[str, Any]) -> Ledger:
        """A new ledger at `path` for the experiment stated in TOML; `facts` are plain numbers, text and lists.

        Raises: FileError when there is a ledger already, or the folder cannot be written; ArgumentError for a wrong
        experiment.
        """
        parse_experiment(experiment_toml)
        path = Path(path)
        if is_ledger(path):
            raise FileError(f"the ledger {path}", wanted="be a new file", got="one that is there")
        made = cls(path, connected(path, "rwc"))
        with made._writing():
            for table in TABLES:
                made._connection.execute(table)
            made._connection.execute(f"PRAGMA user_version = {VERSION}")
            made._state("experiment", experiment_toml)
            made._state("facts", json.dumps(dict(facts)))
        return made

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Ledger:
        """The ledger at `path`, or in the folder `path`, to read or to go on with.

        Raises: FileError when there is none; FileFormatError when it is no ledger, or a newer one; CorruptFileError.
        Cost: reads all of it, to check it: a second for 300 MB.
        """
        path = ledger_at(Path(path))
        opened = cls(path, connected(path, "rw"))
        (version,) = opened._connection.execute("PRAGMA user_version").fetchone()
        if not 1 <= version <= VERSION:
            opened.close()
            raise FileFormatError(
                f"the file {path}",
                wanted=f"be a ledger of version {VERSION} or older",
                got=f"version {version}" if version else "no ledger",
            )
        try:
            with opened.held_still():
                seals.check(opened._connection, path)
                integrity.check(opened._connection, path, opened.metrics())
        except BaseException:
            opened.close()
            raise
        return opened

    def close(self) -> None:
        """Let go of the file. What was added is there already."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def held_still(self) -> Iterator[None]:
        """What is read inside is of one moment, whatever a run adds meanwhile; it waits for the end of this."""
        if self._connection.in_transaction:
            yield
            return
        self._connection.execute("BEGIN")
        try:
            yield
        finally:
            self._connection.execute("ROLLBACK")

    # -- reading ------------------------------------------------------------------------------------------------------

    def experiment(self) -> Experiment:
        """The experiment that is run."""
        if self._experiment is None:
            self._experiment = parse_experiment(self._value("experiment"), f"the experiment in {self.path}")
        return self._experiment

    def facts(self) -> dict[str, Any]:
        """What is known of the data, the learner, the machine and the versions (`ladle.lab.runner.provenance`)."""
        found: dict[str, Any] = json.loads(self._value("facts"))
        return found

    def strategies(self) -> list[str]:
        """The labels of the strategies, in the protocol's order, whether or not they have rounds yet."""
        return [entry.label for entry in self.experiment().strategies]

    def begun(self) -> set[str]:
        """The labels of those strategies that have rounds, also of ones the protocol no longer names."""
        return {label for (label,) in self._connection.execute("SELECT DISTINCT strategy FROM round")}

    def begun_entries(self) -> dict[str, StrategyEntry]:
        """The strategies that have rounds, by label, as they were stated when they got them."""
        begun = self.begun()
        entries = [*self.experiment().strategies, *self._left_out()]
        return {entry.label: entry for entry in entries if entry.label in begun}

    def is_published(self) -> bool:
        """Whether it is a copy that has digests where a run's own has rows. See `ladle.lab.ledger.publishing`."""
        return bool(self.facts().get("published"))

    def metrics(self) -> list[str]:
        """The metrics that were measured, the main one first."""
        return list(self.experiment().metrics)

    def labels(self, strategy: str) -> npt.NDArray[np.int64]:
        """(points,) labels held at each measurement of a trial, the seed set first. Raises: ArgumentError."""
        self.experiment().strategy(strategy)
        return np.array(self.experiment().labels, np.int64)

    def trials(self, strategy: str) -> list[int]:
        """The finished trials of `strategy`, those with all rounds, ascending. Raises: ArgumentError."""
        experiment = self.experiment()
        experiment.strategy(strategy)
        return [
            trial
            for (trial,) in self._connection.execute(
                "SELECT trial FROM round WHERE strategy = ? AND trial IN (SELECT trial FROM start) AND trial < ? AND "
                "round <= ? GROUP BY trial HAVING COUNT(*) = ? ORDER BY trial",
                (strategy, experiment.trials, experiment.rounds, experiment.rounds),
            )
        ]

    def curves(self, strategy: str, metric: str) -> npt.NDArray[np.float64]:
        """(trials, points) the metric over the finished trials, in the order of `trials`. Raises: ArgumentError."""
        if metric not in self.metrics():
            raise ArgumentError("the metric", wanted=f"be one of {', '.join(self.metrics())}", got=repr(metric))
        finished = self.trials(strategy)
        points = self.experiment().rounds + 1
        firsts = {each.trial: each.metrics[metric] for each in self.starts()}
        later: dict[int, list[float]] = {trial: [] for trial in finished}
        for trial, metrics in self._connection.execute(
            "SELECT trial, metrics FROM round WHERE strategy = ? AND round < ? ORDER BY trial, round",
            (strategy, points),
        ):
            if trial in later:
                later[trial].append(float(json.loads(metrics)[metric]))
        curves = [[firsts[trial], *later[trial]] for trial in finished]
        return np.array(curves, np.float64).reshape(len(finished), points)

    def rounds(self, strategy: str) -> list[RoundRecord]:
        """All rounds of `strategy`, those of unfinished trials too, by trial and round. Raises: ArgumentError."""
        self.experiment().strategy(strategy)
        found = self._connection.execute(
            "SELECT trial, strategy, round, labels, metrics, seconds, facts, rows FROM round WHERE strategy = ? "
            "ORDER BY trial, round",
            (strategy,),
        )
        return [
            RoundRecord(trial, name, number, labels, json.loads(metrics), json.loads(seconds), json.loads(facts), rows)
            for trial, name, number, labels, metrics, seconds, facts, rows in found
        ]

    def starts(self) -> list[StartRecord]:
        """The starts of all trials begun, by trial."""
        found = self._connection.execute(
            "SELECT trial, labels, metrics, certified, clusters, seconds, rows FROM start ORDER BY trial"
        )
        return [
            StartRecord(trial, labels, json.loads(metrics), certified, clusters, json.loads(seconds), rows)
            for trial, labels, metrics, certified, clusters, seconds, rows in found
        ]

    def finished(self, experiment: Experiment | None = None) -> tuple[int, int]:
        """Rounds done of the run's experiment, or of that one in its place, and how many it has in all."""
        experiment = experiment or self.experiment()
        done = 0
        for label in (entry.label for entry in experiment.strategies):
            (count,) = self._connection.execute(
                "SELECT COUNT(*) FROM round WHERE strategy = ? AND trial < ? AND round <= ?",
                (label, experiment.trials, experiment.rounds),
            ).fetchone()
            done += int(count)
        return done, experiment.trials * experiment.rounds * len(experiment.strategies)

    # -- writing ------------------------------------------------------------------------------------------------------

    def add_start(self, start: StartRecord) -> None:
        """Keep the start of a trial. Raises: ArgumentError when the trial has one."""
        columns = (start.trial, start.labels, _json(start.metrics), start.certified, start.clusters)
        self._add("start", (*columns, _json(start.seconds), start.packed_rows), f"trial {start.trial}")

    def add_round(self, record: RoundRecord) -> None:
        """Keep a finished round. Raises: ArgumentError when it is there already."""
        columns = (record.trial, record.strategy, record.round, record.labels, _json(record.metrics))
        self._add(
            "round",
            (*columns, _json(record.seconds), _json(record.facts), record.packed_rows),
            f"round {record.round} of {record.strategy} in trial {record.trial}",
        )

    def extend(self, experiment: Experiment) -> None:
        """State the experiment anew; the caller knows that what was found so far belongs to it.

        Strategies with rounds that it no longer names are noted down, lest their labels come back with other options.
        """
        named = {entry.label for entry in experiment.strategies}
        left_out = [entry.model_dump() for label, entry in self.begun_entries().items() if label not in named]
        with self._writing():
            self._state("experiment", experiment.to_toml())
            self._state(_LEFT_OUT, json.dumps(left_out))
        self._experiment = None

    def note(self, changes: Sequence[str]) -> None:
        """Keep what of versions and machine has changed since the run was begun, once each, for whoever reads it."""
        facts = self.facts()
        noted = facts.get(WENT_ON, [])
        new = [change for change in changes if change not in noted]
        if new:
            with self._writing():
                self._state("facts", json.dumps({**facts, WENT_ON: [*noted, *new]}))

    def _left_out(self) -> list[StrategyEntry]:
        """Strategies with rounds that the experiment names no longer."""
        found = self._connection.execute("SELECT value FROM run WHERE key = ?", (_LEFT_OUT,)).fetchone()
        return [] if found is None else integrity.entries(found[0], self.path)

    def _add(self, table: str, values: tuple[Any, ...], named: str) -> None:
        places = ", ".join("?" * len(values))
        try:
            with self._writing():
                self._connection.execute(f"INSERT INTO {table} VALUES ({places})", values)
                seals.put(self._connection, table, values)
        except sqlite3.IntegrityError as cause:
            raise ArgumentError(named, wanted="be added to a ledger once", got="it a second time") from cause

    def _value(self, key: str) -> str:
        found = self._connection.execute("SELECT value FROM run WHERE key = ?", (key,)).fetchone() or [None]
        if not isinstance(found[0], str):
            raise seals.corrupt(self.path, f"no {key}")
        return found[0]

    def _state(self, key: str, value: str) -> None:
        """Put down a fact of the run, within a transaction."""
        self._connection.execute("INSERT OR REPLACE INTO run VALUES (?, ?)", (key, value))
        seals.put(self._connection, "run", (key, value))

    @contextmanager
    def _writing(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(dict(value), allow_nan=False)
