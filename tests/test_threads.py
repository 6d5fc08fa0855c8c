from __future__ import annotations

import threading
import time

import pytest

from ladle import threads
from ladle.errors import ArgumentError


@pytest.mark.parametrize("count", ["1", "2", "7"])
def test_every_item_once(count: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LADLE_THREADS", count)
    seen: list[int] = []
    threads.run_each(seen.append, range(1000))
    assert sorted(seen) == list(range(1000))
    threads.run_each(seen.append, [])


def test_the_first_error_stops_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LADLE_THREADS", "2")
    begun: list[int] = []

    def work(item: int) -> None:
        begun.append(item)
        if item == 3:
            raise KeyError("three")
        time.sleep(0.001)

    with pytest.raises(KeyError, match="three"):
        threads.run_each(work, range(10_000))
    assert len(begun) < 100
    assert not any(thread.name.startswith("ladle") for thread in threading.enumerate())


def test_the_error_is_that_of_the_first_item_however_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LADLE_THREADS", "4")
    later_failed = threading.Event()

    def work(item: int) -> None:
        if item == 1:
            assert later_failed.wait(30)
        if item == 3:
            later_failed.set()
        if item % 2:
            raise KeyError(item)

    with pytest.raises(KeyError, match="1"):
        threads.run_each(work, range(4))


def test_ranges_cover_all() -> None:
    assert threads.ranges(7, 3) == [(0, 3), (3, 6), (6, 7)]
    assert threads.ranges(0, 3) == []


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5"])
def test_an_impossible_number_of_threads(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LADLE_THREADS", text)
    with pytest.raises(ArgumentError, match="LADLE_THREADS"):
        threads.thread_count()
