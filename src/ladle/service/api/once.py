"""`Idempotency-Key`: the same request twice is one.

A key belongs to its sender. For labels, skips and batches it is the key of the campaign's own log, which is written in
the same transaction as the change. Other changes have the same effect when they are repeated; their answers are kept
beside the accounts, so that a repetition is answered as the first time. A key with another request is refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from typing import Annotated, TypeVar
from urllib.parse import quote

from fastapi import Depends, Header, Request
from pydantic import BaseModel

from ladle.errors import ReusedKeyError
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


class Once:
    """The key of one request, if it has one."""

    def __init__(self, request: Request, name: str, key: str | None) -> None:
        self._request = request
        self._key = key
        self._own = None if key is None else own_key(name, key)

    @property
    def key(self) -> str | None:
        """For the log of the campaign: the key with the name of its sender."""
        return self._own

    def run(self, body: BaseModel, kind: type[Kind], change: Callable[[], Kind]) -> Kind:
        """Make a change, or give the answer of the first time. Raises: ReusedKeyError; as `change`."""
        if self._own is None:
            return change()
        kept: AccountStore = self._request.app.state.kept
        now = int(self._request.app.state.config.clock())
        asked = [self._request.method, self._request.url.path, body.model_dump(mode="json")]
        fingerprint = sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
        before = kept.find(Answered, key=self._own)
        if not before:
            answer = change()
            if kept.add(Answered(self._own, fingerprint, answer.model_dump_json(), now)):
                return answer
            before = kept.find(Answered, key=self._own)  # the same request came twice at a time
        if before[0].fingerprint != fingerprint:
            raise ReusedKeyError(
                f"the key {self._key!r}",
                wanted="stand for one request",
                got="another request than before",
                remedy="Repeat it as it was, or use a new key.",
            )
        return kind.model_validate_json(before[0].body)


def own_key(name: str, key: str) -> str:
    """A key with the name of its sender. No other name and key give the same: the name has no slash in it."""
    return f"{quote(name, safe=' ')}/{key}"


def _once(request: Request, identity: SignedIn, key: KeyHeader = None) -> Once:
    return Once(request, identity.name, key)


OneTime = Annotated[Once, Depends(_once)]
