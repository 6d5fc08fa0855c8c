"""How often somebody may do something: so many times at once, and again as time passes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

from ladle.errors import LimitError

MOST_NAMES = 10_000  # that are remembered; the oldest are forgotten first
MINUTE_SECONDS = 60.0


class Rate:
    """A bucket for each name, which holds `times` tokens and fills up again in a minute.

    what: in words, such as "requests of one person". clock: returns seconds.
    """

    def __init__(self, times: int, what: str, clock: Callable[[], float]) -> None:
        self._times = times
        self._what = what
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()  # by name: tokens, and when
        self._lock = threading.Lock()

    def check(self, name: str) -> None:
        """Refuse a name whose bucket is empty. Raises: LimitError, which says how long to wait."""
        with self._lock:
            left = self._filled(name)
        if left < 1:
            self._refuse(left)

    def spend(self, name: str) -> None:
        """Take a token of this name. Raises: LimitError, as `check`."""
        with self._lock:
            left = self._filled(name)
            if left >= 1:
                self._left[name] = (left - 1, self._clock())
                self._left.move_to_end(name)
                while len(self._left) > MOST_NAMES:
                    self._left.popitem(last=False)
                return
        self._refuse(left)

    def _filled(self, name: str) -> float:
        left, at = self._left.get(name, (float(self._times), self._clock()))
        return min(self._times, left + (self._clock() - at) * self._times / MINUTE_SECONDS)

    def _refuse(self, left: float) -> None:
        seconds = max(1, round((1 - left) * MINUTE_SECONDS / self._times + 0.5))
        error = LimitError(
            self._what,
            wanted=f"be {self._times:,} a minute at most",
            got="more",
            remedy=f"Wait for {seconds} seconds.",
        )
        error.retry_seconds = seconds
        raise error
