"""Worker processes: each loads the experiment once, then does one job after another and tells what it finishes.

Processes rather than threads, because learners hold the interpreter, and because one that the system kills for its
memory does not take the ledger's owner along. A worker holds BLAS to one thread, so that a result does not depend on
how many there are; it ignores Ctrl-C, which is its owner's business, and ends when its owner ends, however that was.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from threading import Thread, current_thread, main_thread
from typing import Any

from ladle.errors import LadleError, MemoryPlanError
from ladle.lab.protocol.experiment import Experiment
from ladle.lab.runner.jobs import Job, done
from ladle.lab.runner.workbench import Bench, Sources
from ladle.threads import THREADS_VARIABLE, single_threaded_blas, thread_count

GONE = 70  # exit code of a worker whose owner went away
_BLAS_VARIABLES = (
    "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finished:
    """Told when a job is done."""


@dataclass(frozen=True, slots=True)
class Failed:
    """Told when a job could not be done. error: what to raise; trace: where, for errors that nobody foresaw."""

    error: BaseException | None
    trace: str


class Worker:
    """One worker process, as its owner sees it."""

    def __init__(self, experiment: Experiment, sources: Sources, threads: int) -> None:
        context = get_context("spawn")  # a fork would inherit the threads of BLAS, but not what they hold locked
        self.pipe, theirs = context.Pipe()
        self.process: SpawnProcess = context.Process(
            target=_serve, args=(theirs, experiment, sources), name="ladle lab worker", daemon=True
        )
        with _environment(threads), _deaf_to_interrupts():
            self.process.start()
        theirs.close()  # so that the end of the worker is the end of the pipe

    def give(self, job: Job) -> None:
        """Begin a job. Raises: as `hear`, when the worker is gone."""
        try:
            self.pipe.send(job)
        except OSError:
            self.hear()  # it may have said why
            self._raise_gone()

    def hear(self) -> Any:
        """What the worker tells next. Raises: what the job raised; MemoryPlanError when the system killed it."""
        try:
            told = self.pipe.recv()
        except (EOFError, OSError):
            self._raise_gone()
        if isinstance(told, Failed):
            if told.error is not None:
                raise told.error
            raise RuntimeError(f"a worker of the lab failed:\n{told.trace}")
        return told

    def stop(self) -> None:
        """End the process, whatever it is doing."""
        self.process.terminate()
        self.process.join()
        self.pipe.close()

    def _raise_gone(self) -> None:
        self.process.join(5)
        code = self.process.exitcode
        if hasattr(signal, "SIGKILL") and code == -signal.SIGKILL:
            raise MemoryPlanError(
                "a worker of the lab",
                wanted="come to its end",
                got="one that was killed, as systems do when memory runs out",
                remedy="Run the same command with fewer --workers; finished rounds are kept.",
            )
        raise RuntimeError(f"a worker of the lab ended with exit code {code}")


class Crew:
    """The workers of a run; all but the first begin when there is work for them."""

    def __init__(self, experiment: Experiment, sources: Sources, size: int) -> None:
        self.size = size
        self._experiment, self._sources = experiment, sources
        self._threads = max(1, thread_count() // size)
        self.idle: list[Worker] = []
        self.busy: list[Worker] = []

    def asked(self, job: Job) -> Any:
        """What the first worker answers to a job with one answer."""
        self.begin(job)
        (answer,) = self.hear()
        while self.is_busy:
            rest = list(self.hear())  # that it has finished
            assert not rest, "a job with one answer"
        return answer

    def begin(self, job: Job) -> None:
        """Give the job to a worker without one; there must be room."""
        worker = self.idle.pop() if self.idle else Worker(self._experiment, self._sources, self._threads)
        self.busy.append(worker)
        worker.give(job)

    def hear(self) -> Iterator[Any]:
        """What at least one busy worker tells next, if it is not that it has finished. Raises: what its job raised."""
        by_pipe = {worker.pipe: worker for worker in self.busy}
        for pipe in wait(list(by_pipe)):
            worker = by_pipe[pipe]  # type: ignore[index]
            told = worker.hear()
            if isinstance(told, Finished):
                self.busy.remove(worker)
                self.idle.append(worker)
            else:
                yield told

    @property
    def has_room(self) -> bool:
        """Whether another job could begin."""
        return len(self.busy) < self.size

    @property
    def is_busy(self) -> bool:
        """Whether a job is not done."""
        return bool(self.busy)

    def stop(self) -> None:
        """End all of them."""
        for worker in [*self.idle, *self.busy]:
            worker.stop()


@contextmanager
def _environment(threads: int) -> Iterator[None]:
    """What a process begun inside inherits: libraries read these once, when they are loaded."""
    held = {**dict.fromkeys(_BLAS_VARIABLES, "1"), THREADS_VARIABLE: str(threads)}
    before = {name: os.environ.get(name) for name in held}
    os.environ.update(held)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """A process begun inside inherits this, and so misses a Ctrl-C even before its own first line."""
    if current_thread() is not main_thread():  # where handlers cannot be set
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL if before is None else before)


def _serve(pipe: Connection, experiment: Experiment, sources: Sources) -> None:
    """The life of a worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_owner, daemon=True).start()
    try:
        with single_threaded_blas():
            bench = Bench.of(experiment, sources)
            bench.warm_up()
        # Limits hold for libraries that are loaded, and learners load more of them in their first fit.
        while True:
            job: Job = pipe.recv()
            with single_threaded_blas():
                for told in done(bench, job):
                    pipe.send(told)
            pipe.send(Finished())
    except (EOFError, BrokenPipeError, ConnectionResetError):
        sys.exit(GONE)
    except BaseException as error:
        foreseen = isinstance(error, (LadleError, MemoryError))
        with suppress(OSError):  # nobody is left to tell
            pipe.send(Failed(error if foreseen else None, traceback.format_exc()))


def _end_with_owner() -> None:
    owner = parent_process()
    if owner is not None:
        wait([owner.sentinel])
        os._exit(GONE)
