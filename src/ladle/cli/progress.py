"""Progress bars on stderr, for people who watch."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ladle.progress import SILENT, Advance, Progress

if TYPE_CHECKING:
    from rich.progress import Progress as Bars


def shown(*, quiet: bool) -> Progress:
    """Bars when stderr is a terminal and nobody asked for quiet; else nothing."""
    return SILENT if quiet or not sys.stderr.isatty() else TerminalProgress()


class TerminalProgress:
    """One bar for each open task, with the time elapsed and the time left; all gone when the work is done."""

    def __init__(self) -> None:
        self._bars: Bars | None = None
        self._open = 0

    @contextmanager
    def task(self, title: str, total: float | None = None) -> Iterator[Advance]:
        """A bar of `total` units below the bars already open; without `total` it only moves."""
        bars = self._bars = self._bars or _bars()
        if self._open == 0:
            bars.start()
        self._open += 1
        place = bars.add_task(title, total=total)

        def advance(units: float) -> None:
            bars.advance(place, units)

        try:
            yield advance
        finally:
            bars.remove_task(place)
            self._open -= 1
            if self._open == 0:
                bars.stop()


def _bars() -> Bars:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        SpinnerColumn,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
