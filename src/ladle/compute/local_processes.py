"""An executor on processes of this machine: the reference implementation of the contract."""

from __future__ import annotations

import multiprocessing
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from ladle._version import __version__
from ladle.compute.contract import MOST_LOSSES, Function, Output, Task, check_version, read_only
from ladle.errors import WorkersError
from ladle.threads import thread_count


@dataclass(frozen=True, slots=True)
class SharedFile:
    """An array in a .npy file, which the processes map into their memory."""

    path: Path


class LocalProcesses:
    """Processes of this machine as an `Executor`, from the beginning to the end of a `with` block.

    Parameters
    ----------
    workers : int, optional
        How many processes; None is as many as Ladle uses threads.
    folder : path, optional
        Where shared arrays are written; None is the system's temporary folder. Nothing is left there.

    Notes
    -----
    The processes are spawned. So a script that uses them needs `if __name__ == "__main__":` around its work.
    """

    def __init__(self, workers: int | None = None, folder: Path | None = None) -> None:
        self.workers = thread_count() if workers is None else workers
        self._files = tempfile.TemporaryDirectory(prefix=".ladle-shared-", dir=folder)
        self._shared = 0
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()
        self._files.cleanup()

    def share(self, array: npt.NDArray[Any]) -> SharedFile:
        """See `Executor.share`."""
        self._shared += 1
        path = Path(self._files.name) / f"{self._shared}.npy"
        np.save(path, array, allow_pickle=False)
        return SharedFile(path)

    def release(self, shared: Iterable[SharedFile]) -> None:
        """See `Executor.release`."""
        for each in shared:
            each.path.unlink(missing_ok=True)

    def run(self, function: Function, tasks: Iterable[Task]) -> Iterator[tuple[str, Output]]:
        """See `Executor.run`."""
        coming, again = iter(tasks), deque[Task]()
        running: dict[Future[Output], Task] = {}
        losses = 0
        try:
            while True:
                lost = not self._begin(function, coming, again, running)
                if not running and not lost:
                    return
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    task = running.pop(future)
                    try:
                        output = future.result()
                    except BrokenProcessPool:
                        again.append(task)
                        lost = True
                    else:
                        losses = 0
                        yield task.name, output
                if lost and not running:  # every future of a broken pool ends
                    losses += 1
                    self._stop()
                if losses > MOST_LOSSES:
                    raise WorkersError(
                        "the worker processes",
                        wanted="live until their tasks end",
                        got=f"lost {losses} times in a row",
                        remedy="They may need more memory than there is: use fewer of them.",
                    )
        finally:
            if running:
                self._stop()

    def _begin(
        self, function: Function, coming: Iterator[Task], again: deque[Task], running: dict[Future[Output], Task]
    ) -> bool:
        """Begin tasks until all workers have one and another waits for each. False where the workers are lost."""
        while len(running) < 2 * self.workers:
            task = again.popleft() if again else next(coming, None)
            if task is None:
                return True
            try:
                running[self._started().submit(_call, function, __version__, task.arguments)] = task
            except BrokenProcessPool:
                again.append(task)
                return False
        return True

    def _started(self) -> ProcessPoolExecutor:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(self.workers, mp_context=multiprocessing.get_context("spawn"))
        return self._pool

    def _stop(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None


def _call(function: Function, version: str, arguments: tuple[Any, ...]) -> Output:
    """Call the function in a worker."""
    check_version(version)
    return function(*(_opened(each) if isinstance(each, SharedFile) else each for each in arguments))


def _opened(shared: SharedFile) -> npt.NDArray[Any]:
    return read_only(np.load(shared.path, mmap_mode="r", allow_pickle=False))
