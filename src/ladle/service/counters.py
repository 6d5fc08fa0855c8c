"""What `/metrics` tells: requests by route, method and status, and how long they took."""

from __future__ import annotations

import time

from prometheus_client import CollectorRegistry, Gauge, Histogram, generate_latest
from prometheus_client import Counter as Count

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)  # seconds


class Counters:
    """The counts of one process since it began."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        labels = ("route", "method")
        self._requests = Count("ladle_requests", "Answered requests.", (*labels, "status"), registry=self._registry)
        self._seconds = Histogram(
            "ladle_request_seconds", "Time to answer a request.", labels, buckets=BUCKETS, registry=self._registry
        )
        self._waiting = Gauge("ladle_waiting_changes", "Changes that wait or are being made.", registry=self._registry)
        Gauge("ladle_start_time_seconds", "When the process began.", registry=self._registry).set(time.time())

    def count(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count an answered request. route: the pattern of its path, which bounds how many names there are."""
        known = method if method in ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS") else "other"
        self._requests.labels(route or "none", known, str(status)).inc()
        self._seconds.labels(route or "none", known).observe(seconds)

    def text(self, waiting: int) -> bytes:
        """All counts in the format of Prometheus. waiting: changes that wait now."""
        self._waiting.set(waiting)
        return generate_latest(self._registry)
