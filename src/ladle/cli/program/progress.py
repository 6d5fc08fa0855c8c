"""Progress on stderr: bars on a terminal, plain lines in a log."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from ladle.cli.program.printing import seconds_text
from ladle.progress import SILENT, Advance, Reporter

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

PATIENCE_SECONDS = 3.0  # a shorter task prints no line
LINE_SECONDS = 60.0
_CHECK_SECONDS = 1.0
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


@dataclass(slots=True, eq=False)
class _OpenTask:
    """A task that is not done yet. outer: it is in no other task; titled: its title was printed."""

    title: str
    total: float | None
    since: float
    outer: bool
    done: float = 0.0
    titled: bool = False


class LineProgress:
    """Prints the title of each outer task, a line per minute with the state of all open tasks, and the end of tasks of
    more than a minute.

    A separate thread checks the clock, because a task may take hours from one unit to the next.
    """

    def __init__(self, stream: TextIO, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream, self._clock = stream, clock
        self._lock = threading.Lock()  # tasks may be opened, and advance, in several threads
        self._open: list[_OpenTask] = []
        self._printed_at = 0.0
        self._over = threading.Event()

    @contextmanager
    def task(self, title: str, total: float | None = None) -> Iterator[Advance]:
        """Open a task of `total` units; if it fails, no end is printed."""
        opened = self._begin(title, total)

        def advance(units: float) -> None:
            with self._lock:
                opened.done += units

        try:
            yield advance
        except BaseException:
            self._end(opened)
            raise
        seconds = self._end(opened)
        if opened.titled and seconds > LINE_SECONDS:
            self._print(f"{title}: done, {seconds_text(seconds)}")

    def print_due(self) -> None:
        """Print the lines that are due by now."""
        with self._lock:
            now = self._clock()
            due = now - self._printed_at >= LINE_SECONDS
            for each in self._open:
                if each.outer and not each.titled and now - each.since >= PATIENCE_SECONDS:
                    each.titled = True
                    self._printed_at, due = now, False
                    self._print(each.title)
            if due and any(each.titled for each in self._open):
                self._printed_at = now
                self._print("; ".join(_state_text(each, now) for each in self._open))

    def _begin(self, title: str, total: float | None) -> _OpenTask:
        with self._lock:
            opened = _OpenTask(title, total, self._clock(), outer=not self._open)
            self._open.append(opened)
            if opened.outer:
                self._over = threading.Event()
                threading.Thread(target=self._watch, args=(self._over,), name="progress", daemon=True).start()
        return opened

    def _end(self, opened: _OpenTask) -> float:
        with self._lock:
            self._open.remove(opened)
            if not self._open:
                self._over.set()
            return self._clock() - opened.since

    def _watch(self, over: threading.Event) -> None:
        while not over.wait(_CHECK_SECONDS):
            self.print_due()

    def _print(self, line: str) -> None:
        with suppress(OSError, ValueError):  # nobody reads stderr any more; the work continues
            self._stream.write(line + "\n")
            self._stream.flush()


def _state_text(task: _OpenTask, now: float) -> str:
    elapsed = now - task.since
    if not task.total:
        return f"{task.title}: {seconds_text(elapsed)} so far"
    done = min(task.done, task.total)
    left = f"about {seconds_text(elapsed * (task.total - done) / done)} left" if done else "none done yet"
    return f"{task.title}: {done:,.0f} of {task.total:,.0f} ({100 * done / task.total:.0f}%), {left}"
