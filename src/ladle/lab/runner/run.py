"""Running an experiment: trials in parallel processes, and every finished round in the ledger.

The folder of a run holds `ledger.sqlite`, `starts/` (see `ladle.lab.runner.artifacts`) and, while it runs, `lock`.
Only the process that runs the experiment writes to the ledger. Workers send it each round when it is finished, and it
commits the round at once. However a run was stopped, the same call continues from the rounds in the ledger.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ladle import durable
from ladle.arrays import Rows
from ladle.errors import ArgumentError, CorruptFileError, MismatchError
from ladle.lab.ledger.comparable import changes, differences, learner_changes, other_data
from ladle.lab.ledger.ledger import FILE_NAME, Ledger, is_ledger
from ladle.lab.ledger.records import RoundRecord, StartRecord
from ladle.lab.protocol.experiment import Experiment
from ladle.lab.runner.in_process import InProcessCrew
from ladle.lab.runner.jobs import FactsJob, StartJob
from ladle.lab.runner.rounds import RoundsJob, done_batches
from ladle.lab.runner.starts import start_key
from ladle.lab.runner.workbench import Sources
from ladle.lab.runner.workers import Crew
from ladle.numbers import whole
from ladle.progress import SILENT, Advance, Reporter
from ladle.threads import thread_count


def run_experiment(
    experiment: Experiment,
    folder: str | os.PathLike[str],
    *,
    workers: int | None = None,
    trials: int | Iterable[int] | None = None,
    strategies: Sequence[str] | None = None,
    sources: Sources | None = None,
    progress: Reporter = SILENT,
) -> Ledger:
    """Run the rounds of an experiment that are not finished yet.

    Parameters
    ----------
    experiment : Experiment
        What to run; `read_experiment` reads one.
    folder : path
        The folder of the run, with its ledger. A folder with rounds of the same experiment is continued.
    workers : int, optional
        How many processes; by default as many as there are threads to use. Each holds the data set and a model. 0 runs
        everything in this process.
    trials : int or iterable of int, optional
        Only the first so many trials, or only those of these numbers, from 0. The others may be run later or elsewhere;
        `ladle.lab.ledger.publishing` makes one ledger of several.
    strategies : sequence of str, optional
        Only the strategies of these labels.
    sources : Sources, optional
        The functions that make data set and learner; by default those of the catalogue.
    progress : Reporter, optional
        Receives the progress; silent by default.

    Returns
    -------
    Ledger
        Open; the caller closes it.

    Raises
    ------
    ArgumentError
        When an argument, the data set or a strategy's options do not fit.
    MismatchError
        When the folder holds another experiment, or a run with other data.
    FileError
        When another process runs there, or a file cannot be written.
    CorruptFileError
        When the ledger or an artifact is damaged.
    MissingDependencyError
        When a package is missing.
    MemoryPlanError
        When the system killed a worker.
    Exception
        Whatever a learner raises.

    Notes
    -----
    Cost: trials x (a fit, a pass over the pool, a clustering), and trials x strategies x rounds x (a fit, a pass, a
    query). Disk: 4 n (classes + dim) + 20 n bytes a trial, for probabilities, embeddings and tree of n rows.

    Repeatability: experiment and data decide every number, whatever the number of workers and of interruptions.
    """
    _check_experiment(experiment)
    scope = _Scope.of(experiment, workers, trials, strategies)
    place = durable.folder(folder)
    # Opening a ledger checks all of it, so it is opened once. It stays open for the caller unless an error is raised.
    with durable.locked(place), ExitStack() as crews, ExitStack() as ledgers:
        _check_not_lost(place)
        ledger = ledgers.enter_context(Ledger.open(place)) if is_ledger(place / FILE_NAME) else None
        if ledger is not None:
            _check_same(ledger, experiment, place)
            if ledger.experiment() == experiment and not _unfinished(ledger, scope):
                ledgers.pop_all()
                return ledger
        sources = sources or Sources()
        crew = Crew(experiment, sources, scope.workers) if scope.workers else InProcessCrew(experiment, sources)
        crews.callback(crew.stop)
        with progress.task("Load the data, and compile at first use"):
            facts = crew.answer(FactsJob())
        if ledger is None:
            ledger = ledgers.enter_context(Ledger.create(place / FILE_NAME, experiment.to_toml(), facts))
        else:
            _continue(ledger, place, experiment, facts)
        _Schedule(ledger, scope, place, crew).run(progress)
        ledgers.pop_all()
    return ledger


def rounds_done(
    experiment: Experiment,
    folder: str | os.PathLike[str],
    *,
    workers: int | None = None,
    trials: int | Iterable[int] | None = None,
    strategies: Sequence[str] | None = None,
) -> tuple[int, int]:
    """How many rounds of `experiment` are finished in `folder`, and how many it has in all.

    Raises: as `run_experiment` with the same arguments, as far as that is known without the data.
    """
    _Scope.of(experiment, workers, trials, strategies)
    place = Path(folder)
    _check_not_lost(place)
    if not is_ledger(place / FILE_NAME):
        return 0, experiment.trials * experiment.rounds * len(experiment.strategies)
    with Ledger.open(place) as ledger:
        _check_same(ledger, experiment, place)
        return ledger.finished(experiment)


@dataclass(frozen=True, slots=True)
class _Scope:
    """The part of an experiment that one call runs. workers: 0 for this process alone."""

    workers: int
    trials: tuple[int, ...]
    labels: tuple[str, ...]

    @classmethod
    def of(
        cls,
        experiment: Experiment,
        workers: int | None,
        trials: int | Iterable[int] | None,
        strategies: Sequence[str] | None,
    ) -> _Scope:
        if workers is not None:
            workers = whole(workers, "`workers`", least=0)
        chosen = {experiment.strategy(label).label for label in strategies} if strategies is not None else None
        labels = tuple(entry.label for entry in experiment.strategies if chosen is None or entry.label in chosen)
        if not labels:
            raise ArgumentError("`strategies`", wanted="name at least one", got="none")
        return cls(thread_count() if workers is None else workers, _trial_numbers(experiment, trials), labels)


def _trial_numbers(experiment: Experiment, trials: int | Iterable[int] | None) -> tuple[int, ...]:
    """The trials to run, ascending. Raises: ArgumentError for none, or for one that the experiment does not have."""
    remedy = "For more, raise `trials` in a copy of the protocol."
    if trials is None:
        return tuple(range(experiment.trials))
    if not isinstance(trials, Iterable):
        wanted = f"be between 1 and the {experiment.trials} of the experiment"
        return tuple(range(whole(trials, "`trials`", least=1, most=experiment.trials, wanted=wanted, remedy=remedy)))
    numbers = tuple(sorted({whole(each, "one of `trials`") for each in trials}))
    if not numbers or numbers[0] < 0 or numbers[-1] >= experiment.trials:
        wanted = f"be numbers from 0 to {experiment.trials - 1}, as the experiment has {experiment.trials}"
        raise ArgumentError("`trials`", wanted=wanted, got=str(list(numbers)), remedy=remedy)
    return numbers


def _unfinished(ledger: Ledger, scope: _Scope) -> list[tuple[int, str, tuple[Rows, ...]]]:
    """What of `scope` is not finished: trial, label, and the batches of the rounds that are."""
    unfinished = []
    for label in scope.labels:
        records = ledger.rounds(label)
        for trial in scope.trials:
            done = done_batches([record for record in records if record.trial == trial])
            if len(done) < ledger.experiment().rounds:
                unfinished.append((trial, label, done))
    return unfinished


class _Schedule:
    """The jobs of one call: the order in which they may begin, and what is done with their results."""

    def __init__(self, ledger: Ledger, scope: _Scope, folder: Path, crew: Crew | InProcessCrew) -> None:
        self.ledger, self.crew = ledger, crew
        facts, key = ledger.facts(), start_key(ledger.experiment(), ledger.facts())
        self.known = {each.trial: each for each in ledger.starts()}
        self.ready: deque[RoundsJob] = deque()  # their start is on disk
        self.waiting: dict[int, list[RoundsJob]] = {}  # by trial: their start is not checked yet
        near_limit = facts["near_limit"]  # the ledger's: its last digit may differ between machines
        for trial, label, done in _unfinished(ledger, scope):
            self.waiting.setdefault(trial, []).append(RoundsJob(trial, label, folder, key, near_limit, done))
        self.starts = deque(StartJob(trial, folder, key) for trial in sorted(self.waiting))

    def run(self, progress: Reporter) -> None:
        """Run all jobs."""
        rounds = sum(
            self.ledger.experiment().rounds - len(each.done) for jobs in self.waiting.values() for each in jobs
        )
        units = rounds + len(self.starts)
        if units == 0:
            return
        with progress.task(f"{rounds:,} rounds left: choose, label, train, measure", units) as advance:
            while self.starts or self.ready or self.crew.is_busy:
                while self.crew.has_room and (self.ready or self.starts):
                    # Trial after trial, so that a run that is stopped leaves whole trials.
                    self.crew.begin(self.ready.popleft() if self.ready else self.starts.popleft())
                for record in self.crew.receive():
                    self._add(record, advance)

    def _add(self, record: StartRecord | RoundRecord, advance: Advance) -> None:
        """Add the record to the ledger. Raises: MismatchError for a start that differs from the ledger's."""
        advance(1)
        if isinstance(record, RoundRecord):
            self.ledger.add_round(record)
            return
        known = self.known.get(record.trial)
        if known is None:
            self.ledger.add_start(record)
        elif (known.packed_rows, known.metrics) != (record.packed_rows, record.metrics):
            raise MismatchError(
                f"the start of trial {record.trial}, made again",
                wanted="equal the one in the ledger",
                got="another: the libraries or the machine have changed",
                remedy="Run in a new folder, or where the ledger was made.",
            )
        self.ready.extend(self.waiting.pop(record.trial, []))


def _continue(ledger: Ledger, place: Path, experiment: Experiment, facts: dict[str, Any]) -> None:
    """Put the experiment into its ledger. Raises: MismatchError for other data, or another learner, than before."""
    before = ledger.facts()
    changed = other_data(before, facts)
    if changed:
        learners = f" ({learner_changes(before, facts)})" if "learner" in changed else ""
        raise MismatchError(
            f"the run in {place}",
            wanted="go on with the data and learner it was begun with",
            got=f"another {' and '.join(changed)}{learners}",
            remedy="Run in a new folder, or restore the data.",
        )
    if ledger.experiment() != experiment:
        ledger.extend(experiment)
    ledger.note(changes(before, facts))


def _check_experiment(experiment: object) -> None:
    """Raises: ArgumentError for something else, such as the path of a protocol, with how to read one."""
    if not isinstance(experiment, Experiment):
        remedy = "Read it: ladle.lab.read_experiment(path)."
        raise ArgumentError("`experiment`", wanted="be an Experiment", got=type(experiment).__name__, remedy=remedy)


def _check_not_lost(place: Path) -> None:
    """Refuse to begin anew in the folder of a run whose ledger is lost. Raises: CorruptFileError."""
    ledger = place / FILE_NAME
    if any(place.glob("starts/*")) and not is_ledger(ledger):
        raise CorruptFileError(
            f"the ledger {ledger}",
            wanted="be there, beside the starts of its trials",
            got="an empty file" if ledger.exists() else "no such file",
            remedy=f"Restore it from a copy; or to begin anew, remove {place}.",
        )


def _check_same(ledger: Ledger, now: Experiment, place: Path) -> None:
    """Refuse an experiment that is neither the one in the folder nor an extension of it. Raises: MismatchError.

    A strategy that has no finished round may still get other options.
    """
    if ledger.is_published():
        raise MismatchError(
            f"the folder {place}",
            wanted="hold the ledger of a run",
            got="a published copy, without the rows of its batches",
            remedy="Run in a new folder.",
        )
    before = ledger.experiment()
    changed = differences(before, now, ledger.begun_entries())
    size = 1_000_000  # any size shows whether the strategies cut trees as high as before
    if not changed and before.tree_size(size) != now.tree_size(size):
        changed.append("depth of the tree that the strategies need")
    if changed:
        raise MismatchError(
            f"the folder {place}",
            wanted=f"hold a run of the experiment {now.name}",
            got=f"one with another {', '.join(changed)}",
            remedy="Give another folder.",
        )
