"""`Idempotency-Key`: the same request twice is one.

A key belongs to its sender, and stands for one request: its route and its whole body. The key is written in the same
transaction as the change, so another request with the same key changes nothing, however close they come. For labels,
skips and batches it is also the key of the campaign's own log, which gives a repetition its answer. Other changes have
the same effect when they are repeated; their answers are kept beside the accounts.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Annotated, TypeVar
from urllib.parse import quote

from fastapi import Depends, Header, Request
from pydantic import BaseModel

from ladle.errors import ReusedKeyError, StoreBusyError
from ladle.service.config import ServiceConfig
from ladle.service.gate.identity import SignedIn
from ladle.store.accounts import AccountStore, Answered

Kind = TypeVar("Kind", bound=BaseModel)
KeyHeader = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="Identifies the change: the same request with the same key is done once.",
        examples=["7d0f2a6e-ask-3"],
    ),
]


def _as_it_is(change: Callable[[], Kind]) -> Kind:
    return change()


class Once:
    """The key of one request, if it has one."""

    def __init__(self, request: Request, name: str, key: str | None) -> None:
        self._request = request
        self._key = key
        self._own = None if key is None else own_key(name, key)
        self._kept: AccountStore = request.app.state.kept
        self._config: ServiceConfig = request.app.state.config

    @property
    def key(self) -> str | None:
        """For the log of the campaign: the key with the name of its sender."""
        return self._own

    @contextmanager
    def claimed(self, body: BaseModel) -> Iterator[None]:
        """A block that makes a change: the key stands for this request from the change on.

        One block of a key runs at a time in this process. Raises: ReusedKeyError; StoreBusyError.
        """
        if self._own is None:
            yield
            return
        with one_of_key(self._own, self._config.wait_seconds), self._kept.claiming(self._row(body), self._check(body)):
            yield

    def run(
        self,
        body: BaseModel,
        kind: type[Kind],
        change: Callable[[], Kind],
        *,
        within: Callable[[Callable[[], Kind]], Kind] = _as_it_is,
    ) -> Kind:
        """Make a change, or give the answer of the first time. Raises: ReusedKeyError; as `change` and `within`.

        within: makes the change, such as `Desk.change`: the answer is kept by the commit that stores it.
        """
        own = self._own
        if own is None:
            return within(change)
        with one_of_key(own, self._config.wait_seconds):
            return within(lambda: self._answer(own, body, kind, change))

    def _answer(self, own: str, body: BaseModel, kind: type[Kind], change: Callable[[], Kind]) -> Kind:
        row, check = self._row(body), self._check(body)
        for before in self._kept.find(Answered, key=own):
            check(before)
            if before.body:
                return kind.model_validate_json(before.body)
        with self._kept.claiming(row, check):
            answer = change()
        text = answer.model_dump_json()
        if not self._kept.change(Answered, {"key": own, "body": ""}, body=text):
            self._kept.add(replace(row, body=text))  # the change wrote nothing
        return answer

    def _row(self, body: BaseModel) -> Answered:
        asked = [self._request.method, self._request.url.path, body.model_dump(mode="json")]
        fingerprint = sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
        return Answered(str(self._own), fingerprint, "", int(self._config.clock()))

    def _check(self, body: BaseModel) -> Callable[[Answered], None]:
        fingerprint = self._row(body).fingerprint

        def check(before: Answered) -> None:
            if before.fingerprint != fingerprint:
                raise ReusedKeyError(
                    f"the key {self._key!r}",
                    wanted="stand for one request",
                    got="another request than before",
                    remedy="Repeat it as it was, or use a new key.",
                )

        return check


@dataclass(slots=True)
class _KeyLock:
    """The lock of a key, and how many hold it or wait for it."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    count: int = 0


_LOCKS: dict[str, _KeyLock] = {}
_COUNTING = threading.Lock()


@contextmanager
def one_of_key(key: str, wait_seconds: float) -> Iterator[None]:
    """A block that one request of a key is in at a time, in this process. Raises: StoreBusyError."""
    with _COUNTING:
        held = _LOCKS.setdefault(key, _KeyLock())
        held.count += 1
    try:
        if not held.lock.acquire(timeout=wait_seconds):
            raise StoreBusyError(
                "the key of this request",
                wanted=f"be free within {wait_seconds:g} seconds",
                got="the same key in a request that is not answered yet",
                remedy="Send it again.",
            )
        try:
            yield
        finally:
            held.lock.release()
    finally:
        with _COUNTING:
            held.count -= 1
            if held.count == 0:
                del _LOCKS[key]


def own_key(name: str, key: str) -> str:
    """A key with the name of its sender. No other name and key give the same: the name has no slash in it."""
    return f"{quote(name, safe=' ')}/{key}"


def _once(request: Request, identity: SignedIn, key: KeyHeader = None) -> Once:
    return Once(request, identity.name, key)


OneTime = Annotated[Once, Depends(_once)]
