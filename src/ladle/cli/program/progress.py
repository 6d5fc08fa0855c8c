"""Progress on stderr: bars on a terminal, plain lines in a log."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ladle.cli.program.progress_lines import LineProgress
from ladle.progress import SILENT, Advance, Reporter

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

_BARS_FROM = 60  # columns of the terminal: with fewer, a bar leaves no room for the title and the numbers


def progress_reporter(*, quiet: bool) -> Reporter:
    """A reporter with bars if stderr is a terminal, else with lines; silent if `quiet` or if stderr is closed."""
    if quiet or sys.stderr is None:
        return SILENT
    return TerminalProgress() if sys.stderr.isatty() else LineProgress(sys.stderr)


class TerminalProgress:
    """One bar for each open task, with the time elapsed and the time left; the bars vanish when the work is done."""

    def __init__(self) -> None:
        self._bars: Bars | None = None
        self._open = 0

    @contextmanager
    def task(self, title: str, total: float | None = None) -> Iterator[Advance]:
        """Open a bar of `total` units below the others; without `total` it shows activity only."""
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
        ProgressColumn,
        SpinnerColumn,
        Task,
        TaskProgressColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Title(ProgressColumn):
        """A title that is cut off if the line is too short. The text columns of rich would cut the numbers instead."""

        def render(self, task: Task) -> Text:
            return Text(task.description, overflow="ellipsis", no_wrap=True)

    console = Console(stderr=True)
    return Progress(
        SpinnerColumn(),
        Title(),
        *([BarColumn()] if console.width >= _BARS_FROM else []),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )
