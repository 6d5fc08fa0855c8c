"""How long-running functions report their progress.

The library never prints. A function that may run for long takes `progress`, an object with the one method of
`Reporter`. The default is `SILENT`; the command line passes an object that draws bars on stderr.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from ladle.errors import ArgumentError
from ladle.numbers import shown

Advance = Callable[[float], None]


class Reporter(Protocol):
    """An object that shows the progress of tasks; any object with this method will do."""

    def task(self, title: str, total: float | None = None) -> AbstractContextManager[Advance]:
        """Open a task, which is shown until the context closes.

        Parameters
        ----------
        title
            What is being done, for people.
        total
            The length of the task in units; None for an unknown length.

        Returns
        -------
        context manager of callable
            `advance(units)` adds finished units to the task.
        """
        ...


class Silent:
    """A reporter that shows nothing."""

    def __repr__(self) -> str:
        return "SILENT"  # as a signature shows it: an address there would differ from run to run

    @contextmanager
    def task(self, title: str, total: float | None = None) -> Iterator[Advance]:
        """Open a task that is not shown."""
        yield _ignore


def _ignore(units: float) -> None:
    pass


SILENT = Silent()


def reporter(value: object) -> Reporter:
    """`value` if it is a reporter. Raises: ArgumentError."""
    if callable(getattr(value, "task", None)):
        return value  # type: ignore[return-value]  # it has the one method
    raise ArgumentError("`progress`", wanted="be a Reporter: an object with a method `task`", got=shown(value)[:80])
