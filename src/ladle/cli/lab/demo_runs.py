"""The runs of `ladle demo`: one on each of its two pools, with the same dials, and where they are kept."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ladle.progress import Advance, Reporter

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from ladle.lab import Dataset, Experiment

PLAIN, REDUNDANT = "demo", "demo-redundant"  # protocols
CARRIED_ROWS = 30_000
COPIES = 10  # in the mean, of each image of the pool that repeats itself


@dataclass(frozen=True, slots=True)
class DemoRun:
    """The run on one pool. folder: of its ledger."""

    experiment: Experiment
    folder: Path


def demo_experiments(candidate_ratio: float | None, pool_rows: int, **dials: Any) -> list[Experiment]:
    """The shipped protocols with these dials. candidate_ratio: None for that of each protocol. Raises: ArgumentError.

    pool_rows: of the first pool, 0 for all; the second has copies of a tenth as many images, so it is about as large.
    """
    images = max(1, (pool_rows or CARRIED_ROWS) // COPIES)
    return [_experiment(name, rows, candidate_ratio, dials) for name, rows in ((PLAIN, pool_rows), (REDUNDANT, images))]


def _experiment(name: str, pool_rows: int, candidate_ratio: float | None, dials: dict[str, Any]) -> Experiment:
    import tomllib

    from ladle.lab.protocol.files import check_whole, checked_experiment, read_text

    fields = tomllib.loads(read_text(name)) | dials
    fields["dataset"]["pool_rows"] = pool_rows
    if candidate_ratio is not None:
        fields["strategies"][0]["options"]["candidate_ratio"] = candidate_ratio
    experiment = checked_experiment(fields, "the demo")
    check_whole(experiment, "the demo")
    return experiment


def datasets_of(experiments: list[Experiment]) -> list[Dataset]:
    """The data set of each, so that what does not fit is refused before any work. Raises: ArgumentError."""
    from ladle.lab.runner.workbench import Sources, Workbench

    return [Workbench.of(experiment, Sources()).dataset for experiment in experiments]


@contextmanager
def demo_runs(experiments: list[Experiment], page: Path, keep: Path | None) -> Iterator[list[DemoRun]]:
    """The runs, each in a folder of its own: under `keep`, or else beside the page until that is written.

    The folder beside the page has the dials in its name, so the same command goes on in it and another one does not.
    Ctrl-C and errors leave what has finished rounds; the note of an interrupt says so.
    """
    parent = keep or page.with_name(f"{page.name}.partial")
    runs = [DemoRun(each, parent / (each.name if keep else _name(each))) for each in experiments]
    try:
        yield runs
    except BaseException as stop:
        done, total = rounds_of(runs)
        if done == 0 and keep is None:
            _remove(runs, parent)
        elif isinstance(stop, KeyboardInterrupt):
            stop.add_note(f"the same command goes on from {done:,} of {total:,} rounds in {parent}")
        raise
    if keep is None:
        _remove(runs, parent)


def rounds_of(runs: list[DemoRun]) -> tuple[int, int]:
    """How many rounds of the runs are finished, and how many there are. Raises: MismatchError, CorruptFileError."""
    from ladle.lab.runner.run import rounds_done

    counts = [rounds_done(run.experiment, run.folder) for run in runs]
    return sum(done for done, _ in counts), sum(total for _, total in counts)


def _name(experiment: Experiment) -> str:
    return f"{experiment.name}-{hashlib.sha256(experiment.to_toml().encode()).hexdigest()[:8]}"


def _remove(runs: list[DemoRun], parent: Path) -> None:
    """Remove the runs, and their folder unless it holds those of other dials."""
    for run in runs:
        shutil.rmtree(run.folder, ignore_errors=True)
    with suppress(OSError):
        parent.rmdir()


@dataclass(frozen=True, slots=True)
class NumberedTasks:
    """A reporter that says of which pool a task is."""

    inner: Reporter
    number: int
    count: int

    def task(self, title: str, total: float | None = None) -> AbstractContextManager[Advance]:
        """Open the task under "Pool 1 of 2: title"."""
        return self.inner.task(f"Pool {self.number} of {self.count}: {title}", total)
