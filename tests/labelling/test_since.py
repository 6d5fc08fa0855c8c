"""Since when: each form, what is refused, and which events are new."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest

from ladle.errors import ArgumentError
from ladle.labelling.contract.tables import MICROSECONDS, EventTable
from ladle.labelling.since import Since, SinceLimits, is_new, since_of

NOW = round(datetime(2026, 5, 1, 12, tzinfo=UTC).timestamp()) * MICROSECONDS
LIMITS = SinceLimits(rounds=12, events=3000, now=NOW)


def at(*parts: int) -> int:
    return round(datetime(*parts, tzinfo=UTC).timestamp()) * MICROSECONDS  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("round:3", Since("round", 3)),
        (" Round:12 ", Since("round", 12)),
        ("event:7", Since("event", 7)),
        ("event:2026", Since("event", 2026)),
        ("57", Since("event", 57)),
        ("1234", Since("event", 1234)),
        (57, Since("event", 57)),
        (np.int64(7), Since("event", 7)),
        ("2026-03-01", Since("time", at(2026, 3, 1))),
        ("2026-03-01T09:30", Since("time", at(2026, 3, 1, 9, 30))),
        ("2026-03-01 09:30:00Z", Since("time", at(2026, 3, 1, 9, 30))),
        ("2026-03-01T09:30+02:00", Since("time", at(2026, 3, 1, 7, 30))),
        (datetime(2026, 3, 1, 9, tzinfo=timezone(timedelta(hours=2))), Since("time", at(2026, 3, 1, 7))),
    ],
)
def test_each_form(given: object, expected: Since) -> None:
    assert since_of(given, LIMITS) == expected


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("3", "have one meaning; got '3'. Write event:3 or round:3"),
        ("2026", "have one meaning; got '2026'. Write event:2026 or 2026-01-01"),
        ("20260301", "have one meaning; got '20260301'. Write 2026-03-01"),
        ("3001", "3,001, and it has 3,000 events"),
        ("99999999", "99,999,999, and it has 3,000 events"),
        ("0", "0, and it has 3,000 events"),
        ("round:13", "13, and it has 12 rounds"),
        ("round:0", "be one of the rounds"),
        ("event:0", "be one of the events"),
        (-1, "be one of the events"),
        ("round:", "be a time such as"),
        ("yesterday", "be a time such as"),
        ("2026-02-30", "be a time such as"),
        ("", "be a time such as"),
        (1.5, "be a time such as"),
        (True, "be a time such as"),
        (None, "be a time such as"),
        ("2026-05-02", "be a time that has passed; got 2026-05-02T00:00:00\\+00:00, and it is 2026-05-01 12:00 UTC"),
        (datetime(2026, 3, 1), "be a datetime with a time zone"),
    ],
)
def test_what_is_refused(given: object, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        since_of(given, LIMITS)


def test_a_campaign_without_rounds_has_none() -> None:
    with pytest.raises(ArgumentError, match="1, and it has no rounds yet"):
        since_of("round:1", SinceLimits(0, 5, NOW))


def test_which_events_are_new() -> None:
    def event(seq: int, kind: str, told: dict[str, int]) -> tuple[int | str, ...]:
        return (seq, seq * 1000, kind, "", "", "", json.dumps({"told": told, "rows": {}}), "")

    events = EventTable.of(
        [
            event(1, "create", {}),
            event(2, "ask", {"batch": 1, "size": 5}),
            event(3, "tell", {"labels": 5}),
            event(4, "ask", {"batch": 2, "size": 5}),
            event(5, "ask", {"batch": 1, "lease_until": 9}),  # renews the lease of the first
            event(6, "tell", {"labels": 5}),
        ]
    )
    for since, first in [
        (Since("event", 3), 4),
        (Since("event", 6), 7),
        (Since("round", 1), 2),
        (Since("round", 2), 4),
        (Since("time", 3000), 3),
        (Since("time", 3001), 4),
    ]:
        new = is_new(since, events)
        assert new(np.arange(7)).tolist() == [number >= first for number in range(7)], since
    with pytest.raises(ArgumentError, match="round:3"):
        is_new(Since("round", 3), events)


def test_a_clock_that_went_back_hides_no_event() -> None:
    details = '{"told": {}, "rows": {}}'
    rows = [(seq, when, "tell", "", "", "", details, "") for seq, when in ((1, 10), (2, 30), (3, 20))]
    new = is_new(Since("time", 25), EventTable.of(rows))
    assert new(np.array([0, 1, 2, 3])).tolist() == [False, False, True, True]


def test_in_words() -> None:
    assert [str(since_of(given, LIMITS)) for given in ("round:3", "event:1234", "2026-03-01")] == [
        "round 3",
        "event 1,234",
        "2026-03-01 00:00:00 UTC",
    ]
