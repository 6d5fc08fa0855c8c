"""Running an experiment in this process, one job after another.

This serves debuggers, profilers and first trials, and data sets and learners that no other process can import. The
results are those of any number of workers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ladle.lab.protocol.experiment import Experiment
from ladle.lab.runner.jobs import Job, results_of
from ladle.lab.runner.workbench import Sources, Workbench
from ladle.threads import single_threaded_blas


class InProcessCrew:
    """The same methods as `ladle.lab.runner.workers.Crew`, without worker processes."""

    def __init__(self, experiment: Experiment, sources: Sources) -> None:
        self._experiment, self._sources = experiment, sources
        self._workbench: Workbench | None = None
        self._results: Iterator[Any] | None = None  # of the job that is running

    def answer(self, job: Job) -> Any:
        """The result of a job with a single one."""
        with single_threaded_blas():
            return next(results_of(self._ready(), job))

    def begin(self, job: Job) -> None:
        """Begin the job; no other may be running."""
        self._results = results_of(self._ready(), job)

    def receive(self) -> Iterator[Any]:
        """The next result of the running job, if there is one more. Raises: what the job raises."""
        assert self._results is not None, "there is nothing to receive without a job"
        try:
            with single_threaded_blas():
                result = next(self._results)
        except StopIteration:
            self._results = None
            return
        yield result

    @property
    def has_room(self) -> bool:
        """Whether another job could begin."""
        return self._results is None

    @property
    def is_busy(self) -> bool:
        """Whether a job is running."""
        return self._results is not None

    def stop(self) -> None:
        """Abandon the running job, if there is one."""
        self._results = None

    def _ready(self) -> Workbench:
        if self._workbench is None:
            with single_threaded_blas():
                self._workbench = Workbench.of(self._experiment, self._sources)
                self._workbench.warm_up()
        return self._workbench
