"""Progress as plain lines, for logs and pipes: few lines, and none for short tasks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TextIO

from ladle.cli.program.printing import seconds_text
from ladle.progress import Advance

PATIENCE_SECONDS = 3.0  # a shorter task prints no line
LINE_SECONDS = 60.0
_LOOK_SECONDS = 1.0


@dataclass(slots=True, eq=False)
class _Open:
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
        self._open: list[_Open] = []
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

    def look(self) -> None:
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
                self._print("; ".join(_how_far(each, now) for each in self._open))

    def _begin(self, title: str, total: float | None) -> _Open:
        with self._lock:
            opened = _Open(title, total, self._clock(), outer=not self._open)
            self._open.append(opened)
            if opened.outer:
                self._over = threading.Event()
                threading.Thread(target=self._watch, args=(self._over,), name="progress", daemon=True).start()
        return opened

    def _end(self, opened: _Open) -> float:
        with self._lock:
            self._open.remove(opened)
            if not self._open:
                self._over.set()
            return self._clock() - opened.since

    def _watch(self, over: threading.Event) -> None:
        while not over.wait(_LOOK_SECONDS):
            self.look()

    def _print(self, line: str) -> None:
        with suppress(OSError, ValueError):  # nobody reads stderr any more; the work continues
            self._stream.write(line + "\n")
            self._stream.flush()


def _how_far(task: _Open, now: float) -> str:
    elapsed = now - task.since
    if not task.total:
        return f"{task.title}: {seconds_text(elapsed)} so far"
    done = min(task.done, task.total)
    left = f"about {seconds_text(elapsed * (task.total - done) / done)} left" if done else "none done yet"
    return f"{task.title}: {done:,.0f} of {task.total:,.0f} ({100 * done / task.total:.0f}%), {left}"
