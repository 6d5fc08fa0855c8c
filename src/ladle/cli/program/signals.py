"""Signals that ask the program to stop."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import current_thread, main_thread
from types import FrameType

INTERRUPTED = 130  # the exit code after Ctrl-C
TERMINATED = 143  # and after SIGTERM, as systems send it that shut down


class Interrupted(BaseException):
    """Ctrl-C or SIGTERM while a command worked; its arguments are sentences that say how to go on.

    Commands add these as notes to the KeyboardInterrupt, which typer would turn into a silent exit.
    """


@dataclass(slots=True)
class StopSignal:
    """Which exit code a stop by signal deserves."""

    exit_code: int = INTERRUPTED


@contextmanager
def sigterm_as_interrupt() -> Iterator[StopSignal]:
    """Inside, SIGTERM raises KeyboardInterrupt in the main thread, so that work ends as after Ctrl-C.

    It stays ignored where whoever began the program asked for that, and outside the main thread nothing changes, for
    there handlers cannot be set.
    """
    stop = StopSignal()

    def interrupt(number: int, frame: FrameType | None) -> None:
        stop.exit_code = TERMINATED
        raise KeyboardInterrupt

    if current_thread() is not main_thread() or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield stop
        return
    signal.signal(signal.SIGTERM, interrupt)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
