"""The contract of an executor: it runs tasks over shards on several processes, maybe of several machines.

A task is a function of a module, its arguments, and the name of its output. Every implementation guarantees:

* the function is called in another process, with arrays from `share` in the place of what `share` returned;
* each task is answered once, in any order, as soon as its output is there;
* where a worker is lost, the tasks that ran on it are begun again, and no others. So a task may run more than once: its
  function has to return the same output every time, and to change nothing;
* an error of the function is raised here, and no further task is begun;
* a worker with another version of Ladle is refused.

Outputs come back to the caller, who merges them and keeps them; see `ladle.compute.outputs`. Workers write no files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ladle._version import __version__
from ladle.errors import MismatchError

Output = dict[str, npt.NDArray[Any]]  # names to arrays
Function = Callable[..., Output]
MOST_LOSSES = 20  # times in a row that workers are lost before any task ends


@dataclass(frozen=True, slots=True)
class Task:
    """One call of a function. name: of the output, unique among the tasks of a run; letters, digits and hyphens.

    arguments: numbers, texts, small arrays, and what `Executor.share` returned.
    """

    name: str
    arguments: tuple[Any, ...]


class Executor(Protocol):
    """Runs tasks on `workers` processes."""

    @property
    def workers(self) -> int:
        """How many tasks run at once."""
        ...

    def share(self, array: npt.NDArray[Any]) -> Any:
        """Put an array where every worker can read it, and return what stands for it among the arguments of a task.

        Cost: one copy of the array. The workers see it read-only.
        """
        ...

    def release(self, shared: Iterable[Any]) -> None:
        """Give back what `share` returned, after the last task that reads it."""
        ...

    def run(self, function: Function, tasks: Iterable[Task]) -> Iterator[tuple[str, Output]]:
        """Call `function` on the arguments of every task, and give its name and output as soon as they are there.

        Tasks are taken from the iterable when a worker is free for them.

        Raises
        ------
        WorkersError
            When workers are lost again and again, or the cluster does not answer any more.
        """
        ...


def check_version(version: str) -> None:
    """Refuse to work for a caller with another version of Ladle. Raises: MismatchError."""
    if version != __version__:
        raise MismatchError(
            "the worker",
            wanted=f"have Ladle {version}, as the caller has",
            got=f"Ladle {__version__}",
            remedy="Install the same version on all machines.",
        )


def read_only(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """`array` without the right to write to it."""
    view = np.asarray(array).view()
    view.flags.writeable = False
    return view
