"""The work of an experiment as jobs: a process that holds the data set and the learner runs one after another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ladle.lab.runner.provenance import run_facts
from ladle.lab.runner.rounds import RoundsJob, rounds_of
from ladle.lab.runner.starts import make_start
from ladle.lab.runner.workbench import Workbench


@dataclass(frozen=True, slots=True)
class FactsJob:
    """Collect the facts of the run: a single result, a dict."""


@dataclass(frozen=True, slots=True)
class StartJob:
    """Make the start of a trial, or read the one on disk: a single result, its `StartRecord`."""

    trial: int
    folder: Path
    key: str


Job = FactsJob | StartJob | RoundsJob


def results_of(workbench: Workbench, job: Job) -> Iterator[Any]:
    """Run the job and yield each record as soon as it exists. Raises: what learner, clustering and strategy raise."""
    if isinstance(job, FactsJob):
        yield run_facts(workbench)
    elif isinstance(job, StartJob):
        yield make_start(workbench, job.trial, job.folder, job.key)
    else:
        yield from rounds_of(workbench, job)
