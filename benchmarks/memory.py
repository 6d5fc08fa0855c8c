"""What a piece of work holds in memory at its peak."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOOK_SECONDS = 0.02


def resident_bytes() -> int:
    """Memory this process holds now, without mapped files."""
    pages = Path("/proc/self/statm").read_text().split()
    return (int(pages[1]) - int(pages[2])) * 4096


def peak_of_this_process() -> int:
    """Most memory it ever had resident, in bytes. Not from getrusage: there a child starts from its parent's peak."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024  # type: ignore[index]


@contextmanager
def peak_watched() -> Iterator[list[int]]:
    """The most memory held inside, beyond what was held before."""
    before, most, done = resident_bytes(), [0], threading.Event()

    def watch() -> None:
        while not done.wait(LOOK_SECONDS):
            most[0] = max(most[0], resident_bytes() - before)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    yield most
    done.set()
    watcher.join()
