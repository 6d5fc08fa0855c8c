"""A crew of one: this process does all of it, a job after another.

For a debugger, a profiler or a first look, and for sources that no other process can import. Its results are those of
any number of workers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ladle.lab.protocol.experiment import Experiment
from ladle.lab.runner.jobs import Job, done
from ladle.lab.runner.workbench import Bench, Sources
from ladle.threads import single_threaded_blas


class Alone:
    """As `ladle.lab.runner.workers.Crew`, without workers."""

    def __init__(self, experiment: Experiment, sources: Sources) -> None:
        self._experiment, self._sources = experiment, sources
        self._bench: Bench | None = None
        self._job: Iterator[Any] | None = None

    def asked(self, job: Job) -> Any:
        """The answer to a job with one answer."""
        with single_threaded_blas():
            return next(done(self._ready(), job))

    def begin(self, job: Job) -> None:
        """Take the job; there must be room."""
        self._job = done(self._ready(), job)

    def hear(self) -> Iterator[Any]:
        """What the job at hand tells next, if it is not done. Raises: what it raises."""
        assert self._job is not None, "there is nothing to hear without a job"
        try:
            with single_threaded_blas():
                told = next(self._job)
        except StopIteration:
            self._job = None
            return
        yield told

    @property
    def has_room(self) -> bool:
        """Whether another job could begin."""
        return self._job is None

    @property
    def is_busy(self) -> bool:
        """Whether a job is not done."""
        return self._job is not None

    def stop(self) -> None:
        """Leave the job at hand, if there is one."""
        self._job = None

    def _ready(self) -> Bench:
        if self._bench is None:
            with single_threaded_blas():
                self._bench = Bench.of(self._experiment, self._sources)
                self._bench.warm_up()
        return self._bench
