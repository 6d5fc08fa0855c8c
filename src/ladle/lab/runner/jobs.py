"""The work of an experiment in jobs: whoever holds its data set and learner does one, and tells what it finishes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ladle.lab.runner.provenance import surveyed
from ladle.lab.runner.rounds import Course, rounds_of
from ladle.lab.runner.starts import begun
from ladle.lab.runner.workbench import Bench


@dataclass(frozen=True, slots=True)
class Survey:
    """Tell the facts of the run."""


@dataclass(frozen=True, slots=True)
class Start:
    """Make the start of a trial, or find it kept, and tell its record."""

    trial: int
    folder: Path
    key: str


Job = Survey | Start | Course  # a course: walk it, telling the record of each round


def done(bench: Bench, job: Job) -> Iterator[Any]:
    """Do it, telling what there is to tell as soon as it is. Raises: what learner, clustering and strategy raise."""
    if isinstance(job, Survey):
        yield surveyed(bench)
    elif isinstance(job, Start):
        yield begun(bench, job.trial, job.folder, job.key)
    else:
        yield from rounds_of(bench, job)
