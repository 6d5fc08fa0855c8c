"""The ledger of an experiment: one SQLite file that holds every finished round, and outlives any crash.

Guarantees:

- A record is on disk before `add_start` or `add_round` returns (rollback journal, synchronous=FULL). Whatever kills the
  process, the ledger then holds every record that was added, whole, and nothing else.
- A round is there once: adding it again is refused, so work that is repeated by mistake is noticed.
- Other processes may read while one process writes.
- A record that was changed later, by a bad disk or by hand, is found when the ledger is opened.
- Nothing in it is executed: it holds JSON, numbers, and arrays without pickles.

Tables: run(key, value); start and round, with the fields of `ladle.lab.ledger.records`; seal, see
`ladle.lab.ledger.integrity`.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from ladle.errors import ArgumentError, FileError, FileFormatError
from ladle.lab.ledger import integrity
from ladle.lab.ledger.records import RoundRecord, StartRecord
from ladle.lab.protocol.experiment import Experiment, StrategyEntry
from ladle.lab.protocol.files import parse_experiment
from ladle.plain_files import instead_of_file

FILE_NAME = "ledger.sqlite"  # in the folder of a run
VERSION = 1
WENT_ON = "went_on_with"  # a fact: versions and machines of later sessions
WAIT_SECONDS = 60.0  # for another process to finish its commit
_LEFT_OUT = "left out"  # a key of the table run
_TABLES = (
    "CREATE TABLE run (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE TABLE start (trial INTEGER PRIMARY KEY, labels INTEGER NOT NULL, metrics TEXT NOT NULL, "
    "certified REAL NOT NULL, clusters INTEGER NOT NULL, seconds TEXT NOT NULL, rows BLOB NOT NULL)",
    "CREATE TABLE round (trial INTEGER, strategy TEXT, round INTEGER, labels INTEGER NOT NULL, metrics TEXT NOT NULL, "
    "seconds TEXT NOT NULL, facts TEXT NOT NULL, rows BLOB NOT NULL, PRIMARY KEY (trial, strategy, round))",
)


class Ledger:
    """The finished rounds of a run. `create` or `open` one; it closes with `close` or at the end of a `with`.

    Attributes
    ----------
    path : pathlib.Path
        The SQLite file.

    Examples
    --------
    >>> with Ledger.open("runs/smoke") as ledger:
    ...     curves = ledger.curves("Margin", "accuracy")
    """

    __slots__ = ("_connection", "_experiment", "path")

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection
        self._experiment: Experiment | None = None

    @classmethod
    def create(cls, path: str | os.PathLike[str], experiment_toml: str, facts: Mapping[str, Any]) -> Ledger:
        """Create a ledger.

        Parameters
        ----------
        path : path
            The file to create.
        experiment_toml : str
            The experiment, as `Experiment.to_toml` writes it.
        facts : mapping
            The facts of the run: plain numbers, text and lists (`ladle.lab.runner.provenance`).

        Returns
        -------
        Ledger

        Raises
        ------
        FileError
            When there is a ledger already, or the folder cannot be written.
        ArgumentError, FileFormatError
            For a wrong experiment.
        """
        parse_experiment(experiment_toml)
        path = Path(path)
        if is_ledger(path):
            raise FileError(f"the ledger {path}", wanted="be a new file", got="one that is there")
        ledger = cls(path, _connect(path, "rwc"))
        with ledger._writing():
            for table in _TABLES:
                ledger._connection.execute(table)
            ledger._connection.execute(f"PRAGMA user_version = {VERSION}")
            ledger._state("experiment", experiment_toml)
            ledger._state("facts", json.dumps(dict(facts)))
        return ledger

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Ledger:
        """Open a ledger, to read it or to add to it.

        Parameters
        ----------
        path : path
            The file, or the folder of a run.

        Returns
        -------
        Ledger

        Raises
        ------
        FileError
            When there is none.
        FileFormatError
            When the file is no ledger, or one of a newer version.
        CorruptFileError
            When a record is damaged, gone, or holds what no run writes.

        Notes
        -----
        Cost: reads the whole file to check it, a second for 300 MB.
        """
        path = _ledger_at(Path(path))
        ledger = cls(path, _connect(path, "rw"))
        (version,) = ledger._connection.execute("PRAGMA user_version").fetchone()
        if not 1 <= version <= VERSION:
            ledger.close()
            raise FileFormatError(
                f"the file {path}",
                wanted=f"be a ledger of version {VERSION} or older",
                got=f"version {version}" if version else "no ledger",
            )
        try:
            with ledger.held_still():
                integrity.check_seals(ledger._connection, path)
                integrity.check_contents(ledger._connection, path, ledger.metrics())
        except BaseException:
            ledger.close()
            raise
        return ledger

    def close(self) -> None:
        """Close the file. Every record that was added is on disk already."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Ledger({str(self.path)!r})"

    @contextmanager
    def held_still(self) -> Iterator[None]:
        """Read several things as of one moment: a run that writes meanwhile waits until this ends."""
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
        """The experiment of the run."""
        if self._experiment is None:
            self._experiment = parse_experiment(self._value("experiment"), f"the experiment in {self.path}")
        return self._experiment

    def facts(self) -> dict[str, Any]:
        """What the run noted of the data, the learner, the machine and the versions (`ladle.lab.runner.provenance`)."""
        facts: dict[str, Any] = json.loads(self._value("facts"))
        return facts

    def strategies(self) -> list[str]:
        """The labels of the strategies, in the protocol's order, whether or not they have rounds yet."""
        return [entry.label for entry in self.experiment().strategies]

    def begun(self) -> set[str]:
        """The labels of the strategies that have rounds, those that the protocol no longer names included."""
        return {label for (label,) in self._connection.execute("SELECT DISTINCT strategy FROM round")}

    def begun_entries(self) -> dict[str, StrategyEntry]:
        """The strategies that have rounds, by label, as the protocol stated them when the rounds were made."""
        begun = self.begun()
        entries = [*self.experiment().strategies, *self._left_out()]
        return {entry.label: entry for entry in entries if entry.label in begun}

    def is_published(self) -> bool:
        """Whether it is a copy with digests in place of rows, see `ladle.lab.ledger.publishing`."""
        return bool(self.facts().get("published"))

    def metrics(self) -> list[str]:
        """The metrics that were measured, the main one first."""
        return list(self.experiment().metrics)

    def labels(self, strategy: str) -> npt.NDArray[np.int64]:
        """Return how many labels are held at each measurement of a trial.

        Parameters
        ----------
        strategy : str
            The label of a strategy.

        Returns
        -------
        ndarray of int64, shape (points,)
            The seed set first; points = rounds + 1.

        Raises
        ------
        ArgumentError
            For a label that the experiment does not name.
        """
        self.experiment().strategy(strategy)
        return np.array(self.experiment().labels, np.int64)

    def trials(self, strategy: str) -> list[int]:
        """Return the finished trials of a strategy: those with all their rounds.

        Parameters
        ----------
        strategy : str
            The label of a strategy.

        Returns
        -------
        list of int
            Ascending, from 0.

        Raises
        ------
        ArgumentError
            For a label that the experiment does not name.
        """
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
        """Return the learning curves of a strategy over its finished trials.

        Parameters
        ----------
        strategy : str
            The label of a strategy.
        metric : str
            One of `metrics()`.

        Returns
        -------
        ndarray of float64, shape (trials, points)
            The metric on the test split, from 0 to 1; rows in the order of `trials(strategy)`, columns in that of
            `labels(strategy)`.

        Raises
        ------
        ArgumentError
            For a label or a metric that the experiment does not name.
        """
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
        """Return all rounds of a strategy, those of unfinished trials included.

        Parameters
        ----------
        strategy : str
            The label of a strategy.

        Returns
        -------
        list of RoundRecord
            By trial and round.

        Raises
        ------
        ArgumentError
            For a label that the experiment does not name.
        """
        self.experiment().strategy(strategy)
        records = self._connection.execute(
            "SELECT trial, strategy, round, labels, metrics, seconds, facts, rows FROM round WHERE strategy = ? "
            "ORDER BY trial, round",
            (strategy,),
        )
        return [
            RoundRecord(trial, name, number, labels, json.loads(metrics), json.loads(seconds), json.loads(facts), rows)
            for trial, name, number, labels, metrics, seconds, facts, rows in records
        ]

    def starts(self) -> list[StartRecord]:
        """The starts of all trials that have begun, by trial."""
        records = self._connection.execute(
            "SELECT trial, labels, metrics, certified, clusters, seconds, rows FROM start ORDER BY trial"
        )
        return [
            StartRecord(trial, labels, json.loads(metrics), certified, clusters, json.loads(seconds), rows)
            for trial, labels, metrics, certified, clusters, seconds, rows in records
        ]

    def finished(self, experiment: Experiment | None = None) -> tuple[int, int]:
        """Count the finished rounds.

        Parameters
        ----------
        experiment : Experiment, optional
            Count the rounds that belong to this one instead of the run's own.

        Returns
        -------
        (int, int)
            Rounds that are finished, and rounds in all.
        """
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
        """Add the start of a trial; it is on disk when this returns.

        Raises
        ------
        ArgumentError
            When the trial has a start already.
        """
        columns = (start.trial, start.labels, _json(start.metrics), start.certified, start.clusters)
        self._add("start", (*columns, _json(start.seconds), start.packed_rows), f"trial {start.trial}")

    def add_round(self, record: RoundRecord) -> None:
        """Add a finished round; it is on disk when this returns.

        Raises
        ------
        ArgumentError
            When the ledger has this round already.
        """
        columns = (record.trial, record.strategy, record.round, record.labels, _json(record.metrics))
        self._add(
            "round",
            (*columns, _json(record.seconds), _json(record.facts), record.packed_rows),
            f"round {record.round} of {record.strategy} in trial {record.trial}",
        )

    def extend(self, experiment: Experiment) -> None:
        """Replace the experiment; the caller knows that the rounds so far belong to the new one too.

        Notes
        -----
        Strategies that have rounds and are no longer named are recorded as they were: their labels may come back only
        with the same options.
        """
        named = {entry.label for entry in experiment.strategies}
        left_out = [entry.model_dump() for label, entry in self.begun_entries().items() if label not in named]
        with self._writing():
            self._state("experiment", experiment.to_toml())
            self._state(_LEFT_OUT, json.dumps(left_out))
        self._experiment = None

    def note(self, changes: Sequence[str]) -> None:
        """Record every version and machine field that differs from the start of the run, each once.

        Parameters
        ----------
        changes : sequence of str
            Lines of text, as `ladle.lab.ledger.comparable.changes` gives them.
        """
        facts = self.facts()
        noted = facts.get(WENT_ON, [])
        new = [change for change in changes if change not in noted]
        if new:
            with self._writing():
                self._state("facts", json.dumps({**facts, WENT_ON: [*noted, *new]}))

    def _left_out(self) -> list[StrategyEntry]:
        """Strategies with rounds that the experiment no longer names."""
        row = self._connection.execute("SELECT value FROM run WHERE key = ?", (_LEFT_OUT,)).fetchone()
        return [] if row is None else integrity.parse_entries(row[0], self.path)

    def _add(self, table: str, values: tuple[Any, ...], named: str) -> None:
        places = ", ".join("?" * len(values))
        try:
            with self._writing():
                self._connection.execute(f"INSERT INTO {table} VALUES ({places})", values)
                integrity.seal(self._connection, table, values)
        except sqlite3.IntegrityError as cause:
            raise ArgumentError(named, wanted="be added to a ledger once", got="it a second time") from cause

    def _value(self, key: str) -> str:
        row = self._connection.execute("SELECT value FROM run WHERE key = ?", (key,)).fetchone() or [None]
        if not isinstance(row[0], str):
            raise integrity.corrupt(self.path, f"no {key}")
        return row[0]

    def _state(self, key: str, value: str) -> None:
        """Write a fact of the run; called within a transaction."""
        self._connection.execute("INSERT OR REPLACE INTO run VALUES (?, ?)", (key, value))
        integrity.seal(self._connection, "run", (key, value))

    @contextmanager
    def _writing(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")


def is_ledger(path: Path) -> bool:
    """Whether a ledger was created at `path`; a file that a crash left empty is none. Raises: as `Ledger.open`."""
    if not path.is_file() or path.stat().st_size == 0:
        return False
    with closing(_connect(path, "rw")) as connection:
        (tables,) = connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
    return bool(tables)


def _ledger_at(place: Path) -> Path:
    """The file of the ledger at `place`, or in the folder `place`. Raises: FileError when no file lies there."""
    path = place / FILE_NAME if place.is_dir() else place
    got, remedy = instead_of_file(path)
    if got:
        got = "no such file" if got == "nothing there" else got
        remedy = remedy or "Make one with: ladle lab run"
        raise FileError(f"the ledger {path}", wanted="be there", got=got, remedy=remedy)
    return path


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    """A connection to the file at `path`; mode: "rw", or "rwc" to create it. Raises: FileError, FileFormatError."""
    uri = f"{path.resolve().as_uri()}?mode={mode}"
    try:
        # Without an isolation level Python begins no transactions of its own: every one is begun and ended here.
        connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=WAIT_SECONDS)
    except sqlite3.Error as cause:
        raise FileError(f"the ledger {path}", wanted="be a file that can be written", got=str(cause)) from cause
    try:
        connection.execute("PRAGMA synchronous = FULL")
    except sqlite3.DatabaseError as cause:
        connection.close()
        raise FileFormatError(f"the file {path}", wanted="be a ledger", got=str(cause)) from cause
    return connection


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(dict(value), allow_nan=False)
