"""How long work tells that it is getting on.

The library never prints. Functions that take a while accept `progress`, any object with the one method below;
`SILENT` is the default, and the command line passes one that draws bars on stderr.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

Advance = Callable[[float], None]


class Reporter(Protocol):
    """Shows tasks. `task` opens one; the callable it yields adds finished units to it."""

    def task(self, title: str, total: float | None = None) -> AbstractContextManager[Advance]:
        """A task of `total` units (None: unknown length), shown until the context closes."""
        ...


class Silent:
    """Shows nothing."""

    def __repr__(self) -> str:
        return "SILENT"  # as a signature shows it: an address there would differ from run to run

    @contextmanager
    def task(self, title: str, total: float | None = None) -> Iterator[Advance]:
        """Open a task nobody sees."""
        yield _ignore


def _ignore(units: float) -> None:
    pass


SILENT = Silent()
