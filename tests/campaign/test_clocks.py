"""Whose clock counts: the caller's, else that of the store, else that of the machine; and which errors are noticed."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

import ladle
from ladle.errors import ArgumentError
from ladle.labelling import Store
from ladle.labelling.contract.tables import MICROSECONDS
from ladle.notices import gathered, notices
from tests.campaign.made import Clock, begun, ids_of, margins

DAY = 24 * 3600.0


@pytest.fixture
def shifted(monkeypatch: pytest.MonkeyPatch):
    """Sets the clock of this machine ahead by so many seconds."""
    real = time.time

    def by(seconds: float) -> None:
        monkeypatch.setattr("ladle.campaign.session.clocks.time.time", lambda: real() + seconds)

    return by


def test_a_store_tells_its_own_time_or_none(store: Store, kind: str, tmp_path: Path) -> None:
    begun(store, tmp_path)
    with store.reading("birds") as view, store.reading("birds") as later:
        now, then = view.now(), later.now()
    with store.writing("birds") as writer:
        written = writer.now()
    if kind != "postgres":
        assert (now, then, written) == (None, None, None)
        return
    assert now <= then <= written
    assert abs(now / MICROSECONDS - time.time()) < 60  # the server runs on this machine


def test_a_client_that_is_ahead_gets_no_leases_of_others(store: Store, kind: str, tmp_path: Path, shifted) -> None:
    campaign = begun(store, tmp_path, rows=6, lease_seconds=7 * DAY)
    batch = campaign.ask(6, margins=margins(6))
    campaign.take("ann", 2)
    shifted(8 * DAY)
    ahead = ladle.Campaign.open(store, name="birds")
    if kind == "postgres":
        with pytest.raises(ArgumentError, match="6 are out for labelling"):
            ahead.ask(1, margins=margins(6))
        assert len(ahead.take("bob", 6)) == 4
        told = ahead.tell(batch.ids[:1], ["cat"], annotator="ann")
        assert told.accepted == 1
        at = ahead.labels()[0].told_at
        assert abs(at.timestamp() - (time.time() - 8 * DAY)) < 600
        time.sleep(1.1)  # the times of the notice are others a second later: it is told once all the same
        ahead.labels()
        (text,) = ahead.notices
        assert "the database's counts" in text
        assert f"{at:%Y-%m-%d}" in text  # both times are named
        assert time.strftime("%Y-%m-%d", time.gmtime(time.time())) in text
        return
    # Without a clock of the store, this cannot be told from eight days that have passed.
    assert len(ahead.ask(1, margins=margins(6))) == 1
    assert ahead.notices == ()


def test_a_clock_behind_the_last_change_is_noticed(store: Store, kind: str, tmp_path: Path, shifted) -> None:
    begun(store, tmp_path).tell(ids_of(1), ["cat"])
    shifted(-2 * 3600.0)
    behind = ladle.Campaign.open(store, name="birds")
    with gathered():
        behind.tell(ids_of(2)[1:], ["cat"])
        said = notices()
    (text,) = behind.notices
    assert said == (f"Warning: {text}",)
    assert ("the database's counts" in text) == (kind == "postgres")
    assert text.count("UTC") == 2


def test_a_small_difference_is_not_noticed(store: Store, tmp_path: Path, shifted) -> None:
    begun(store, tmp_path).tell(ids_of(1), ["cat"])
    for seconds in (-100.0, 100.0):
        shifted(seconds)
        again = ladle.Campaign.open(store, name="birds")
        again.tell(ids_of(1), ["dog"])
        assert again.notices == ()


def test_the_clock_of_the_caller_has_the_last_word(store: Store, tmp_path: Path) -> None:
    clock = Clock()
    campaign = begun(store, tmp_path, clock=clock, lease_seconds=DAY)
    batch = campaign.ask(3, margins=margins())
    assert batch.asked_at.timestamp() == clock.now
    campaign.tell(batch.ids[:1], ["cat"])
    assert campaign.labels()[0].told_at.timestamp() == clock.now
    clock.now += 2 * DAY
    assert campaign.ask(2, margins=margins()).passed_on == 2
    clock.now -= 30 * DAY
    campaign.tell(batch.ids[1:2], ["cat"])
    assert campaign.notices == ()


@pytest.mark.parametrize("wrong", [float("nan"), 0.0, -5.0, float("inf"), 1e13])
def test_a_clock_that_tells_no_time_is_refused(store: Store, tmp_path: Path, wrong: float) -> None:
    clock = Clock()
    campaign = begun(store, tmp_path, clock=clock)
    clock.now = wrong
    with pytest.raises(ArgumentError, match="seconds since 1970"):
        campaign.tell(ids_of(1), ["cat"])
