"""Figures are worked out once for each state, never wrong, and never waited for longer than asked."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from ladle.service.remembered import Remembered


@pytest.fixture
def remembered() -> Iterator[Remembered]:
    found = Remembered()
    yield found
    found.close()


def test_once_for_each_key(remembered: Remembered) -> None:
    calls: list[int] = []

    def work() -> int:
        calls.append(1)
        return len(calls)

    assert [remembered.get("a", 1, work) for _ in range(3)] == [1, 1, 1]
    assert remembered.get("a", 2, work) == 2
    assert remembered.get("b", 2, work) == 3
    assert remembered.known("a") == 2
    assert remembered.known("c") is None


def test_many_who_ask_at_once_share_the_work(remembered: Remembered) -> None:
    begun, go_on, calls = threading.Event(), threading.Event(), []

    def work() -> int:
        calls.append(1)
        begun.set()
        go_on.wait(20)
        return 7

    with ThreadPoolExecutor(8) as crowd:
        answers = [crowd.submit(remembered.get, "a", 1, work) for _ in range(8)]
        begun.wait(20)
        assert remembered.peek("a", 1, work, seconds=0.01) is None
        go_on.set()
        assert [each.result(20) for each in answers] == [7] * 8
    assert len(calls) == 1


def test_an_older_state_is_never_the_answer(remembered: Remembered) -> None:
    go_on = threading.Event()
    assert remembered.peek("a", 1, lambda: go_on.wait(20) and "old", seconds=0.01) is None
    assert remembered.peek("a", 2, lambda: "new", seconds=0.01) is None  # waits for the older work
    go_on.set()
    assert remembered.get("a", 2, lambda: "new") == "new"


def test_an_error_is_raised_and_tried_again(remembered: Remembered) -> None:
    with pytest.raises(ZeroDivisionError):
        remembered.get("a", 1, lambda: 1 // 0)
    assert remembered.known("a") is None
    assert remembered.get("a", 1, lambda: 5) == 5


def test_too_long(remembered: Remembered) -> None:
    go_on = threading.Event()
    with pytest.raises(TimeoutError):
        remembered.get("a", 1, lambda: go_on.wait(20), seconds=0.01)
    go_on.set()
