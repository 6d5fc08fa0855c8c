"""What `/metrics` tells: requests by route, method and status, and how long they took.

The workers of a service count together, as `prometheus_client` does it: each in files of its own, in a folder that an
environment variable names before the workers begin. Any of them answers with the sum.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Gauge, Histogram, generate_latest
from prometheus_client import Counter as Count
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)  # seconds
FOLDER = "PROMETHEUS_MULTIPROC_DIR"


class Counters:
    """The counts since the service began: of this process, or of all workers together."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        labels = ("route", "method")
        self._requests = Count("ladle_requests", "Answered requests.", (*labels, "status"), registry=self._registry)
        self._seconds = Histogram(
            "ladle_request_seconds", "Time to answer a request.", labels, buckets=BUCKETS, registry=self._registry
        )
        waiting = "Changes that wait or are being made."
        self._waiting = Gauge("ladle_waiting_changes", waiting, registry=self._registry, multiprocess_mode="livesum")
        begun = Gauge(
            "ladle_start_time_seconds", "When the service began.", registry=self._registry, multiprocess_mode="min"
        )
        begun.set(time.time())

    def count(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count an answered request. route: the pattern of its path, which bounds how many names there are."""
        known = method if method in ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS") else "other"
        self._requests.labels(route or "none", known, str(status)).inc()
        self._seconds.labels(route or "none", known).observe(seconds)

    def text(self, waiting: int) -> bytes:
        """All counts in the format of Prometheus. waiting: changes that wait in this process now.

        Of other workers, the changes that waited when they were last asked.
        """
        self._waiting.set(waiting)
        if FOLDER not in os.environ:
            return generate_latest(self._registry)
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return generate_latest(together)


@dataclass(frozen=True, slots=True)
class SharedCounts:
    """The folder in which the workers of a service count."""

    folder: str

    def forget_waiting(self, pid: int | None) -> None:
        """Leave out what waited in a worker that has ended. Its requests stay counted."""
        if pid is not None:
            mark_process_dead(pid, self.folder)  # type: ignore[no-untyped-call]


@contextmanager
def shared_counts() -> Iterator[SharedCounts]:
    """A block in which processes that begin count together."""
    with tempfile.TemporaryDirectory(prefix="ladle-counts-", ignore_cleanup_errors=True) as folder:
        os.environ[FOLDER] = folder
        try:
            yield SharedCounts(folder)
        finally:
            del os.environ[FOLDER]
