"""The clock of a campaign: the caller's, else that of the store, else that of this machine.

All clients of a PostgreSQL share the clock of its server, so a client whose own clock is wrong takes nobody's leases. A
SQLite file or a store in memory has no clock of its own. There, a clock that is behind the last change is noticed. One
that is ahead cannot be told from time that has passed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ladle.errors import ArgumentError
from ladle.labelling.contract.store import View
from ladle.labelling.contract.tables import LATEST, MICROSECONDS, EventTable
from ladle.labelling.records import moment
from ladle.labelling.times_ahead import AHEAD
from ladle.notices import notice
from ladle.numbers import number, shown

Clock = Callable[[], float]  # seconds since 1970, UTC


@dataclass(slots=True)
class CampaignClock:
    """Tells the time of a campaign.

    given: the caller's clock, whose word is final; None for the clock of the store. warnings: what was noticed.
    """

    given: Clock | None = None
    warnings: dict[str, None] = field(default_factory=dict)
    _ahead: int = 0  # of the store's clock, against that of this machine
    _is_set: bool = False
    _warned: set[str] = field(default_factory=set)  # the kinds of warnings that were given

    @property
    def is_set(self) -> bool:
        """Whether the time is known without a look at the store."""
        return self.given is not None or self._is_set

    def __post_init__(self) -> None:
        if self.given is not None and not callable(self.given):
            raise ArgumentError(
                "`clock`", wanted="be a function that returns seconds since 1970", got=shown(self.given)
            )

    def look(self, view: View, *, writes: bool = False) -> None:
        """Compare the clock of this machine with that of the store; before a change, with the last change too."""
        if self.given is not None:
            return
        here, there = _micros(time.time()), view.now()
        self._is_set, self._ahead = True, 0 if there is None else there - here
        if abs(self._ahead) > AHEAD:
            self._warn(
                "database",
                f"the clock of this machine says {_text(here)}, that of the database {_text(here + self._ahead)}: "
                f"the database's counts",
            )
        last = view.last(EventTable) if writes and there is None else None
        if last is not None and len(last) and int(last.at[0]) > here + AHEAD:
            self._warn(
                "last change",
                f"the clock of this machine says {_text(here)}, but the last change of the campaign was made at "
                f"{_text(int(last.at[0]))}: one of the two clocks is wrong, and leases may end too early or too late",
            )

    def now(self) -> int:
        """The time in microseconds since 1970. Raises: ArgumentError when the clock gives no such time."""
        return _micros((self.given or time.time)()) + (0 if self.given is not None else self._ahead)

    def _warn(self, of: str, text: str) -> None:
        """Tell it once of each kind: the times in it go on."""
        if of in self._warned:
            return
        self._warned.add(of)
        self.warnings[text] = None
        notice(f"Warning: {text}")


def _micros(seconds: float) -> int:
    """Seconds as whole microseconds. Raises: ArgumentError."""
    seconds = number(seconds, "the clock", above=0, most=LATEST / MICROSECONDS, wanted="return seconds since 1970")
    return round(seconds * MICROSECONDS)


def _text(at: int) -> str:
    return f"{moment(at):%Y-%m-%d %H:%M:%S} UTC"
