"""Changes that wait for each other in the service: one commit, and an answer or an error of its own for each."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from ladle.errors import StoreBusyError, StoreError
from ladle.service.desk import Desk
from tests.campaign.made import ids_of
from tests.service.served import Served, serve


def until(holds: Callable[[], bool]) -> None:
    """Wait for it. Raises: AssertionError when it does not come."""
    for _ in range(10_000):
        if holds():
            return
        time.sleep(0.001)
    raise AssertionError


class Several:
    """Work in threads of its own, and what became of each."""

    def __init__(self) -> None:
        self.outcome: dict[int, Any] = {}
        self._threads: list[threading.Thread] = []

    def begin(self, work: Callable[[], Any]) -> None:
        number = len(self._threads)

        def run() -> None:
            try:
                self.outcome[number] = work()
            except Exception as error:
                self.outcome[number] = error

        self._threads.append(threading.Thread(target=run, daemon=True))
        self._threads[-1].start()

    def end(self) -> list[Any]:
        for each in self._threads:
            each.join(30)
            assert not each.is_alive()
        return [self.outcome[number] for number in range(len(self._threads))]


@contextmanager
def held(desk: Desk, waiting: int, several: Several, *work: Callable[[], Any]) -> Iterator[None]:
    """A block after which this work, begun in its order, waits together."""
    with desk.one_writer():
        for place, each in enumerate(work):
            several.begin(each)
            until(lambda place=place: len(desk._queue) == place + 1)  # type: ignore[misc]
        assert desk.waiting == waiting
        yield


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serve(f"sqlite:///{tmp_path}/birds.db", tmp_path) as made:
        yield made


def commits_of(desk: Desk) -> list[int]:
    found: list[int] = []
    sa.event.listen(desk._store._engine, "commit", lambda _: found.append(1))  # type: ignore[attr-defined]
    return found


def test_labels_that_wait_are_stored_by_one_commit_and_refused_alone(served: Served) -> None:
    """One of them is not the sender's own, and one repeats a key: neither changes what becomes of the others."""
    desk: Desk = served.app.state.desk
    client = served.annotator()
    ids = [task["id"] for task in client.post("/v1/take", json={"size": 3}).json()["tasks"]]
    stranger = next(each for each in ids_of(40) if each not in ids)
    several = Several()

    def told(example: Any, key: str) -> Callable[[], Any]:
        body = {"labels": [{"id": example, "label": "cat"}]}
        return lambda: served.annotator().post("/v1/tell", json=body, headers={"Idempotency-Key": key})

    assert client.post(
        "/v1/tell", json={"labels": [{"id": ids[0], "label": "dog"}]}, headers={"Idempotency-Key": "old"}
    )
    commits = commits_of(desk)
    work = [told(ids[0], "a"), told(stranger, "b"), told(ids[1], "c"), told(ids[1], "old"), told(ids[2], "d")]
    with held(desk, 6, several, *work):
        assert served.campaign.label_page().rows["id"].tolist() == [ids[0]]
    statuses = [answer.status_code for answer in several.end()]
    assert statuses == [200, 404, 200, 422, 200]
    assert len(commits) == 1
    assert set(served.campaign.label_page().rows["id"]) == set(ids)
    assert desk.waiting == 0
    assert served.campaign.verify()
    again = told(ids[2], "d")().json()
    assert again["repeat_of_key"] is True
    assert told(stranger, "b")().status_code == 404, "a key of a refused request is free"


def test_when_the_commit_fails_no_change_is_acknowledged(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    desk: Desk = served.app.state.desk
    several, store = Several(), desk._store
    own = type(store).together

    @contextmanager
    def fails(campaign: str) -> Iterator[None]:
        with own(store, campaign):
            yield
            raise StoreError("the database", wanted="work", got="a full disk")

    def refused() -> None:
        raise KeyError("its own")

    monkeypatch.setattr(store, "together", fails)
    campaign = desk.acting("ann")
    work: list[Callable[[], Any]] = [lambda: campaign.take("ann", 2), refused, lambda: 3]
    with held(desk, 4, several, *(lambda each=each: desk.change(each) for each in work)):
        pass
    assert [type(each) for each in several.end()] == [StoreError, KeyError, StoreError]
    monkeypatch.undo()
    assert not served.campaign.has_taken("ann", ids_of(40)).any()
    assert desk.waiting == 0


def test_a_block_that_writes_alone_keeps_its_place(served: Served) -> None:
    desk: Desk = served.app.state.desk
    order: list[str] = []
    several = Several()

    def alone() -> None:
        with desk.one_writer():
            order.append("alone")

    def named(name: str) -> Callable[[], Any]:
        return lambda: desk.change(lambda: order.append(name))

    with held(desk, 5, several, named("first"), named("second"), alone, named("last")):
        assert order == []
    several.end()
    assert order == ["first", "second", "alone", "last"]


def test_who_waits_too_long_changes_nothing_and_lets_others_pass(tmp_path: Path) -> None:
    with serve(f"sqlite:///{tmp_path}/birds.db", tmp_path, wait_seconds=0.2) as served:
        desk: Desk = served.app.state.desk
        made: list[int] = []
        with desk.one_writer(), pytest.raises(StoreBusyError):
            desk.change(lambda: made.append(1))
        assert (made, desk.waiting) == ([], 0)
        assert desk.change(lambda: 7) == 7


def test_who_waits_for_a_change_being_made_gets_its_answer(tmp_path: Path) -> None:
    """However long it takes: "nothing was changed" would not be true."""
    with serve(f"sqlite:///{tmp_path}/birds.db", tmp_path, wait_seconds=0.2) as served:
        desk: Desk = served.app.state.desk
        several, go_on = Several(), threading.Event()
        with held(desk, 3, several, lambda: desk.change(lambda: go_on.wait(20)), lambda: desk.change(lambda: 5)):
            pass
        until(lambda: desk._is_held and not desk._queue)
        time.sleep(0.5)
        go_on.set()
        assert several.end() == [True, 5]
