"""Running an experiment: trials in parallel processes, every finished round in the ledger, and on from there.

The folder of a run holds `ledger.sqlite`, `starts/` (see `ladle.lab.runner.artifacts`) and, while it runs, `lock`.
Only the process that runs the experiment writes to the ledger; workers tell it each round as it is finished, and it is
committed at once. Whatever kills the run, and whenever, the same call goes on from the rounds in the ledger.
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
from ladle.lab.ledger.comparable import changes, differences, other_data
from ladle.lab.ledger.ledger import FILE_NAME, Ledger, is_ledger
from ladle.lab.ledger.records import RoundRecord, StartRecord
from ladle.lab.protocol.experiment import Experiment
from ladle.lab.runner.in_process import Alone
from ladle.lab.runner.jobs import Start, Survey
from ladle.lab.runner.rounds import Course, done_batches
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
    """Run what is left of `experiment` and return its ledger, in `folder`.

    workers: processes; as many as there are threads to use, unless said otherwise. Each holds the data set and a model.
    0: none, all is done in this process.
    trials, strategies: only the first so many trials, or those of these numbers, from 0; only the strategies of these
    labels. The rest may follow later, or be run elsewhere: `ladle.lab.ledger.publishing` makes one ledger of several.
    sources: where data set and learner come from; the catalogue.
    Raises: ArgumentError; MismatchError when the folder holds another experiment, or other data; FileError when another
    process runs there; MissingDependencyError; MemoryPlanError for a worker that was killed; what learners raise.
    Cost: trials x (a fit, a pass over the pool, a clustering), and trials x strategies x rounds x (a fit, a pass, a
    query).
    Disk: a trial's probabilities, embeddings and tree, 4 n (classes + dim) + 20 n bytes.
    Repeats: set by experiment and data; any number of workers, and however often it was interrupted.
    """
    _check_read(experiment)
    part = _Part.of(experiment, workers, trials, strategies)
    place = durable.folder(folder)
    # A ledger is checked whole when it is opened, so it is opened once; it stays open for the caller unless work fails.
    with durable.locked(place), ExitStack() as crews, ExitStack() as ledgers:
        _check_not_lost(place)
        ledger = ledgers.enter_context(Ledger.open(place)) if is_ledger(place / FILE_NAME) else None
        if ledger is not None:
            _check_same(ledger, experiment, place)
            if ledger.experiment() == experiment and not _left(ledger, part):
                ledgers.pop_all()
                return ledger
        given = sources or Sources()
        crew = Crew(experiment, given, part.workers) if part.workers else Alone(experiment, given)
        crews.callback(crew.stop)
        with progress.task("Load the data, and compile at first use"):
            facts = crew.asked(Survey())
        if ledger is None:
            ledger = ledgers.enter_context(Ledger.create(place / FILE_NAME, experiment.to_toml(), facts))
        else:
            _go_on(ledger, place, experiment, facts)
        _Run(ledger, part, place, crew).all(progress)
        ledgers.pop_all()
    return ledger


def _check_read(experiment: object) -> None:
    """Whoever gives the path of a protocol is told how to read it. Raises: ArgumentError."""
    if not isinstance(experiment, Experiment):
        remedy = "Read it: ladle.lab.read_experiment(path)."
        raise ArgumentError("`experiment`", wanted="be an Experiment", got=type(experiment).__name__, remedy=remedy)


@dataclass(frozen=True, slots=True)
class _Part:
    """What of an experiment one call runs."""

    workers: int  # 0: this process
    trials: tuple[int, ...]
    labels: tuple[str, ...]

    @classmethod
    def of(
        cls,
        experiment: Experiment,
        workers: int | None,
        trials: int | Iterable[int] | None,
        strategies: Sequence[str] | None,
    ) -> _Part:
        if workers is not None:
            workers = whole(workers, "`workers`", least=0)
        chosen = {experiment.strategy(label).label for label in strategies} if strategies is not None else None
        labels = tuple(entry.label for entry in experiment.strategies if chosen is None or entry.label in chosen)
        if not labels:
            raise ArgumentError("`strategies`", wanted="name at least one", got="none")
        return cls(thread_count() if workers is None else workers, _numbers(experiment, trials), labels)


def _numbers(experiment: Experiment, trials: int | Iterable[int] | None) -> tuple[int, ...]:
    """The trials asked for, ascending. Raises: ArgumentError for none, or for one the experiment does not have."""
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


def _left(ledger: Ledger, part: _Part) -> list[tuple[int, str, tuple[Rows, ...]]]:
    """What of `part` is not finished: trial, label, and the batches of the rounds that are."""
    left = []
    for label in part.labels:
        records = ledger.rounds(label)
        for trial in part.trials:
            done = done_batches([record for record in records if record.trial == trial])
            if len(done) < ledger.experiment().rounds:
                left.append((trial, label, done))
    return left


class _Run:
    """One call's work: which jobs are left, in what order they may begin, and what becomes of their answers."""

    def __init__(self, ledger: Ledger, part: _Part, folder: Path, crew: Crew | Alone) -> None:
        self.ledger, self.crew = ledger, crew
        facts, key = ledger.facts(), start_key(ledger.experiment(), ledger.facts())
        self.known = {each.trial: each for each in ledger.starts()}
        self.ready: deque[Course] = deque()  # courses whose start is kept
        self.waiting: dict[int, list[Course]] = {}  # courses by trial, until its start is kept
        near_limit = facts["near_limit"]  # the ledger's: its last digit may differ from machine to machine
        for trial, label, done in _left(ledger, part):
            self.waiting.setdefault(trial, []).append(Course(trial, label, folder, key, near_limit, done))
        self.begun = deque(Start(trial, folder, key) for trial in sorted(self.waiting))  # starts to make or to find

    def all(self, progress: Reporter) -> None:
        """Do all that is left."""
        rounds = sum(
            self.ledger.experiment().rounds - len(each.done) for courses in self.waiting.values() for each in courses
        )
        units = rounds + len(self.begun)
        if units == 0:
            return
        with progress.task(f"{rounds:,} rounds left: choose, label, train, measure", units) as advance:
            while self.begun or self.ready or self.crew.is_busy:
                while self.crew.has_room and (self.ready or self.begun):
                    # Trial after trial, so that a run that is stopped leaves whole trials.
                    self.crew.begin(self.ready.popleft() if self.ready else self.begun.popleft())
                for told in self.crew.hear():
                    self._note(told, advance)

    def _note(self, told: StartRecord | RoundRecord, advance: Advance) -> None:
        advance(1)
        if isinstance(told, RoundRecord):
            self.ledger.add_round(told)
            return
        known = self.known.get(told.trial)
        if known is None:
            self.ledger.add_start(told)
        elif (known.packed_rows, known.metrics) != (told.packed_rows, told.metrics):
            raise MismatchError(
                f"the start of trial {told.trial}, made again",
                wanted="equal the one in the ledger",
                got="another: the libraries or the machine have changed",
                remedy="Run in a new folder, or where the ledger was made.",
            )
        self.ready.extend(self.waiting.pop(told.trial, []))


def _go_on(ledger: Ledger, place: Path, experiment: Experiment, facts: dict[str, Any]) -> None:
    """State the experiment anew. Raises: MismatchError for other data, or another learner, than it was begun with."""
    before = ledger.facts()
    changed = other_data(before, facts)
    if changed:
        raise MismatchError(
            f"the run in {place}",
            wanted="go on with the data and learner it was begun with",
            got=f"another {' and '.join(changed)}",
            remedy="Run in a new folder, or restore the data.",
        )
    if ledger.experiment() != experiment:
        ledger.extend(experiment)
    ledger.note(changes(before, facts))


def standing(
    experiment: Experiment,
    folder: str | os.PathLike[str],
    *,
    workers: int | None = None,
    trials: int | Iterable[int] | None = None,
    strategies: Sequence[str] | None = None,
) -> tuple[int, int]:
    """How many rounds of `experiment` are done in `folder`, and how many it has in all.

    Raises: as `run_experiment` of the same arguments, as far as can be told without the data.
    """
    _Part.of(experiment, workers, trials, strategies)
    place = Path(folder)
    _check_not_lost(place)
    if not is_ledger(place / FILE_NAME):
        return 0, experiment.trials * experiment.rounds * len(experiment.strategies)
    with Ledger.open(place) as ledger:
        _check_same(ledger, experiment, place)
        return ledger.finished(experiment)


def _check_not_lost(place: Path) -> None:
    """Refuse to begin anew where a run has been. Raises: CorruptFileError."""
    ledger = place / FILE_NAME
    if any(place.glob("starts/*")) and not is_ledger(ledger):
        raise CorruptFileError(
            f"the ledger {ledger}",
            wanted="be there, beside the starts of its trials",
            got="an empty file" if ledger.exists() else "no such file",
            remedy=f"Restore it from a copy; or to begin anew, remove {place}.",
        )


def _check_same(ledger: Ledger, now: Experiment, place: Path) -> None:
    """Refuse an experiment that is not the one in the folder, or that one with more of it. Raises: MismatchError.

    A strategy of which no round is done may still get other options.
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
    size = 1_000_000  # any pool tells whether the strategies cut trees as deep as before
    if not changed and before.tree_size(size) != now.tree_size(size):
        changed.append("depth of the tree that the strategies need")
    if changed:
        raise MismatchError(
            f"the folder {place}",
            wanted=f"hold a run of the experiment {now.name}",
            got=f"one with another {', '.join(changed)}",
            remedy="Give another folder.",
        )
