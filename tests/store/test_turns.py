"""Transactions of one process on one file: readers together, a writer alone, the first is first."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ladle.errors import StoreBusyError
from ladle.store import SqlStore
from ladle.store import turns as turns_module
from ladle.store.engine import checked_url
from ladle.store.turns import Turns, turns_of


def begun(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def until(holds: Callable[[], bool]) -> None:
    """Wait for it. Raises: AssertionError when it does not come."""
    for _ in range(5_000):
        if holds():
            return
        time.sleep(0.001)
    raise AssertionError


def test_a_writer_is_alone_and_the_first_is_first() -> None:
    turns, order, reading = Turns("x"), [], threading.Event()
    may_end = threading.Event()

    def read_long() -> None:
        with turns.taken(writes=False):
            reading.set()
            may_end.wait(10)
            order.append("reader")

    def write() -> None:
        with turns.taken(writes=True):
            order.append("writer")

    def read_later() -> None:
        with turns.taken(writes=False):
            order.append("later reader")

    first = begun(read_long)
    assert reading.wait(10)
    second = begun(write)
    until(lambda: len(turns._queue) == 1)
    third = begun(read_later)
    until(lambda: len(turns._queue) == 2)
    assert order == []
    may_end.set()
    for each in (first, second, third):
        each.join(10)
    assert order == ["reader", "writer", "later reader"]


def test_readers_go_together() -> None:
    turns, both = Turns("x"), threading.Barrier(2)

    def read() -> None:
        with turns.taken(writes=False):
            both.wait(10)

    threads = [begun(read) for _ in range(2)]
    for each in threads:
        each.join(10)
    assert not both.broken


def test_a_turn_within_a_turn_is_the_same() -> None:
    turns = Turns("x")
    with turns.taken(writes=True), turns.taken(writes=False), turns.taken(writes=True):
        pass
    with turns.taken(writes=True):
        pass


def test_who_waits_too_long_leaves_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns_module, "WAIT_SECONDS", 0.02)
    turns, held, may_end = Turns("x"), threading.Event(), threading.Event()

    def write() -> None:
        with turns.taken(writes=True):
            held.set()
            may_end.wait(10)

    other = begun(write)
    assert held.wait(10)
    with pytest.raises(StoreBusyError), turns.taken(writes=False):
        raise AssertionError
    may_end.set()
    other.join(10)
    with turns.taken(writes=True):
        assert not turns._queue


def test_readers_go_on_while_a_writer_waits_for_another_process(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    with SqlStore.create(url) as made, made.founding("birds", "{}"):
        pass
    other = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    busy: list[StoreBusyError] = []
    with SqlStore.open(url, keeps_connections=True, wait_seconds=1.0) as store:

        def write() -> None:
            try:
                with store.writing("birds"):
                    pass
            except StoreBusyError as error:
                busy.append(error)

        start = time.monotonic()
        writer = begun(write)
        reads = 0
        while writer.is_alive():
            began = time.monotonic()
            with store.reading("birds"):
                reads += 1
            assert time.monotonic() - began < 0.7
        assert time.monotonic() - start < 10
        assert len(busy) == 1
        assert reads > 3
        other.execute("ROLLBACK")
        with store.writing("birds"):
            pass
    other.close()


def test_an_error_ends_a_turn() -> None:
    turns = Turns("x")
    with pytest.raises(ValueError, match="wrong"), turns.taken(writes=True):
        raise ValueError("wrong")
    with turns.taken(writes=True):
        pass


def test_threads_of_a_store_that_keeps_connections_lose_nothing(tmp_path: Path) -> None:
    """Many threads write at a time; each of their campaigns is there."""
    url = f"sqlite:///{tmp_path}/store.db"
    with SqlStore.create(url):
        pass
    assert turns_of(checked_url(url)) is turns_of(checked_url(url))
    with SqlStore.open(url, keeps_connections=True) as store:
        names = [f"campaign {number}" for number in range(16)]

        def found(name: str) -> None:
            with store.founding(name, "{}"):
                pass
            with store.reading(name) as view:
                assert view.settings == "{}"

        for each in [begun(lambda name=name: found(name)) for name in names]:  # type: ignore[misc]
            each.join(60)
        assert store.names() == sorted(names)
