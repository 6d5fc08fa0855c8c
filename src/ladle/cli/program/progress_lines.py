"""Progress as plain lines, for logs and pipes: few of them, and none of what is soon over."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TextIO

from ladle.cli.program.printing import seconds_text
from ladle.progress import Advance

PATIENCE_SECONDS = 3.0  # what is over sooner is told by its answer alone
LINE_SECONDS = 60.0
_LOOK_SECONDS = 1.0


@dataclass(slots=True, eq=False)
class _Open:
    """A task that is going on. outer: in no other; titled: whether its title was told."""

    title: str
    total: float | None
    since: float
    outer: bool
    done: float = 0.0
    titled: bool = False


class LineProgress:
    """The title of each outer task, a line a minute of how far all open ones are, and the end of what took over one.

    A thread of its own looks at the clock, because a task may take hours from one unit to the next.
    """

    def __init__(self, stream: TextIO, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream, self._clock = stream, clock
        self._lock = threading.Lock()  # tasks may be opened, and advance, in several threads
        self._open: list[_Open] = []
        self._told_at = 0.0
        self._over = threading.Event()

    @contextmanager
    def task(self, title: str, total: float | None = None) -> Iterator[Advance]:
        """A task of `total` units, told as the class says; not told to have ended when it fails."""
        opened = self._begin(title, total)

        def advance(units: float) -> None:
            with self._lock:
                opened.done += units

        try:
            yield advance
        except BaseException:
            self._end(opened)
            raise
        took = self._end(opened)
        if opened.titled and took > LINE_SECONDS:
            self._tell(f"{title}: done, {seconds_text(took)}")

    def look(self) -> None:
        """Tell what is due by now."""
        with self._lock:
            now = self._clock()
            due = now - self._told_at >= LINE_SECONDS
            for each in self._open:
                if each.outer and not each.titled and now - each.since >= PATIENCE_SECONDS:
                    each.titled = True
                    self._told_at, due = now, False
                    self._tell(each.title)
            if due and any(each.titled for each in self._open):
                self._told_at = now
                self._tell("; ".join(_how_far(each, now) for each in self._open))

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

    def _tell(self, line: str) -> None:
        with suppress(OSError, ValueError):  # whoever read it has gone; the work goes on
            self._stream.write(line + "\n")
            self._stream.flush()


def _how_far(task: _Open, now: float) -> str:
    elapsed = now - task.since
    if not task.total:
        return f"{task.title}: {seconds_text(elapsed)} so far"
    done = min(task.done, task.total)
    left = f"about {seconds_text(elapsed * (task.total - done) / done)} left" if done else "none done yet"
    return f"{task.title}: {done:,.0f} of {task.total:,.0f} ({100 * done / task.total:.0f}%), {left}"
