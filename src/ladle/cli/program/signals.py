"""Signals that ask the program to stop."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import current_thread, main_thread
from types import FrameType

INTERRUPTED = 130  # the exit code after Ctrl-C
TERMINATED = 143  # the exit code after SIGTERM, which a system sends when it shuts down


class Interrupted(BaseException):
    """Ctrl-C or SIGTERM while a command ran. Its arguments are sentences that say how to continue.

    Commands add these sentences as notes to the KeyboardInterrupt, which typer would turn into a silent exit.
    """


@dataclass(slots=True)
class StopSignal:
    """The signal that stopped the command, as the exit code for it."""

    exit_code: int = INTERRUPTED


@contextmanager
def sigterm_as_interrupt() -> Iterator[StopSignal]:
    """Inside, SIGTERM raises KeyboardInterrupt in the main thread, so that work ends as after Ctrl-C.

    If the parent process set SIGTERM to be ignored, it stays ignored. Outside the main thread nothing changes, because
    handlers cannot be set there.
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
