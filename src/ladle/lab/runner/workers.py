"""Worker processes: each loads the data set once, then runs one job after another and sends every result.

They are processes and not threads because learners hold the interpreter's lock, and because the system may kill a
worker for its memory without killing the process that owns the ledger. A worker limits BLAS to one thread, so that
results do not depend on the number of workers. It ignores Ctrl-C, which its owner handles, and ends with its owner.
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
from ladle.lab.runner.jobs import Job, results_of
from ladle.lab.runner.workbench import Sources, Workbench
from ladle.threads import THREADS_VARIABLE, single_threaded_blas, thread_count

OWNER_GONE = 70  # exit code of a worker whose owner has ended
_BLAS_VARIABLES = (
    "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finished:
    """Sent when a job is finished."""


@dataclass(frozen=True, slots=True)
class Failed:
    """Sent when a job has failed. error: the error to raise, where it is one of Ladle's; trace: where it arose."""

    error: BaseException | None
    trace: str


class Worker:
    """One worker process, seen from its owner."""

    def __init__(self, experiment: Experiment, sources: Sources, threads: int) -> None:
        context = get_context("spawn")  # a fork would copy the locks that threads of BLAS hold, without these threads
        self.pipe, theirs = context.Pipe()
        self.process: SpawnProcess = context.Process(
            target=_serve, args=(theirs, experiment, sources), name="ladle lab worker", daemon=True
        )
        with _environment(threads), _interrupts_ignored():
            self.process.start()
        theirs.close()  # so that the pipe closes when the worker ends

    def send(self, job: Job) -> None:
        """Begin a job. Raises: as `receive`, when the worker has ended."""
        try:
            self.pipe.send(job)
        except OSError:
            self.receive()  # it may have sent the reason
            self._raise_gone()

    def receive(self) -> Any:
        """The next result. Raises: what the job raised; MemoryPlanError when the system killed the worker."""
        try:
            result = self.pipe.recv()
        except (EOFError, OSError):
            self._raise_gone()
        if isinstance(result, Failed):
            if result.error is not None:
                raise result.error
            raise RuntimeError(f"a worker of the lab failed:\n{result.trace}")
        return result

    def stop(self) -> None:
        """End the process, even while it runs a job."""
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
    """The workers of a run; each process is started when there is a job for it."""

    def __init__(self, experiment: Experiment, sources: Sources, size: int) -> None:
        self.size = size
        self._experiment, self._sources = experiment, sources
        self._threads = max(1, thread_count() // size)
        self.idle: list[Worker] = []
        self.busy: list[Worker] = []

    def answer(self, job: Job) -> Any:
        """The result of a job with a single one, while no other job runs."""
        self.begin(job)
        (result,) = self.receive()
        while self.is_busy:
            more = list(self.receive())  # until the worker reports the end of the job
            assert not more, "the job has a single result"
        return result

    def begin(self, job: Job) -> None:
        """Give the job to an idle worker, or to a new one; there must be room."""
        worker = self.idle.pop() if self.idle else Worker(self._experiment, self._sources, self._threads)
        self.busy.append(worker)
        worker.send(job)

    def receive(self) -> Iterator[Any]:
        """Wait for the next messages of busy workers, and yield the results among them. Raises: what a job raised."""
        by_pipe = {worker.pipe: worker for worker in self.busy}
        for pipe in wait(list(by_pipe)):
            worker = by_pipe[pipe]  # type: ignore[index]
            result = worker.receive()
            if isinstance(result, Finished):
                self.busy.remove(worker)
                self.idle.append(worker)
            else:
                yield result

    @property
    def has_room(self) -> bool:
        """Whether another job could begin."""
        return len(self.busy) < self.size

    @property
    def is_busy(self) -> bool:
        """Whether a job is running."""
        return bool(self.busy)

    def stop(self) -> None:
        """End all of them."""
        for worker in [*self.idle, *self.busy]:
            worker.stop()


@contextmanager
def _environment(threads: int) -> Iterator[None]:
    """Environment variables for a process started inside: libraries read them once, when they are loaded."""
    variables = {**dict.fromkeys(_BLAS_VARIABLES, "1"), THREADS_VARIABLE: str(threads)}
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """A process started inside inherits this, so it ignores Ctrl-C from its very beginning."""
    if current_thread() is not main_thread():  # other threads cannot set handlers
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL if before is None else before)


def _serve(pipe: Connection, experiment: Experiment, sources: Sources) -> None:
    """The main function of a worker process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_owner, daemon=True).start()
    try:
        with single_threaded_blas():
            workbench = Workbench.of(experiment, sources)
            workbench.warm_up()
        # The limit on BLAS holds for libraries that are loaded, and a learner's first fit loads more of them.
        while True:
            job: Job = pipe.recv()
            with single_threaded_blas():
                for result in results_of(workbench, job):
                    pipe.send(result)
            pipe.send(Finished())
    except (EOFError, BrokenPipeError, ConnectionResetError):
        sys.exit(OWNER_GONE)
    except BaseException as error:
        is_deliberate = isinstance(error, (LadleError, MemoryError))
        with suppress(OSError):  # the owner may have ended
            pipe.send(Failed(error if is_deliberate else None, traceback.format_exc()))


def _end_with_owner() -> None:
    owner = parent_process()
    if owner is not None:
        wait([owner.sentinel])
        os._exit(OWNER_GONE)
