"""A campaign whose changes go through the real application, as a client of it would send them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from starlette.testclient import TestClient

import ladle
from ladle import errors
from ladle.service.app import create_app
from ladle.service.config import ServiceConfig
from ladle.service.gate.roles import Role
from tests.service.served import ADDRESS


class OverHttp:
    """Has the methods of `Campaign`. What `/v1` has goes there, in the name of a lead; the rest is called directly.

    campaign: the same one, in the same store. sent: how many requests each route got, which outlives this object.
    """

    def __init__(self, campaign: ladle.Campaign, clock: Any, sent: Counter[str], holders: dict[str, str]) -> None:
        self.direct = campaign
        self.sent = sent
        self.holders = holders  # by key: a key stands for the whole request
        config = ServiceConfig(
            database=campaign._session.store, name=campaign.name, campaign_clock=clock, requests_a_minute=10**9
        )
        app = create_app(config)
        token = app.state.accounts.add_token("lea", Role.LEAD)[0]
        headers = {"authorization": f"Bearer {token}"}
        self.client = TestClient(app, base_url=ADDRESS, headers=headers, raise_server_exceptions=True)
        self.client.__enter__()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.direct, name)

    def shut(self) -> None:
        self.client.__exit__(None, None, None)

    def post(self, path: str, key: str | None = None, **body: Any) -> dict[str, Any]:
        """The answer of a route. Raises: the error that its problem names."""
        self.sent[path] += 1
        headers = {"idempotency-key": written(key)} if key else {}
        answer = self.client.post(f"/v1/{path}", json=body, headers=headers)
        found: dict[str, Any] = answer.json()
        if answer.status_code != 200:
            kind = getattr(errors, found["title"])
            raise kind(found["subject"], wanted=found["wanted"], got=found["got"], remedy=found["remedy"])
        return found

    def progress_of_http(self) -> dict[str, Any]:
        found: dict[str, Any] = self.client.get("/v1/progress").json()
        return found

    def ask(self, size: int, *, key: str | None = None, gold: int = 0, holder: str = "") -> Any:
        holder = self.holders.setdefault(key, holder) if key else holder
        found = self.post("ask", key, size=size, gold=gold, holder=holder)
        batch = self.direct.batch(found["number"])
        listed = self.client.get(f"/v1/batches/{found['number']}/tasks", params={"limit": 1000}).json()["items"]
        assert [each["id"] for each in listed] == batch.ids.tolist()
        told = {name: found[name] for name in ("number", "renewed", "passed_on")}
        return SimpleNamespace(ids=batch.ids, rows=batch.rows, control=batch.control, **told)

    def tell(self, ids: list[Any], labels: list[Any], *, annotator: Any, key: str | None, told_at: list[Any]) -> Any:
        """One annotator a request; several, nobody and labels that are none are told directly, under the same key."""
        names = set(annotator)
        if len(names) != 1 or names == {""} or None in labels:
            own = None if key is None else f"lea/{written(key)}"
            return self.direct.tell(ids, labels, annotator=annotator, key=own, told_at=told_at)
        given = zip(ids, labels, told_at, strict=True)
        answers = [{"id": each, "label": label, "told_at": at} for each, label, at in given]
        found = self.post("tell", key, labels=answers, annotator=names.pop())
        return _Told(found, ("unasked", "answered"))

    def skip(self, ids: Sequence[Any], *, annotator: str, reason: str, told_at: float | None) -> Any:
        skips = [{"id": each, "reason": reason, "told_at": told_at} for each in ids]
        return _Told(self.post("skip", skips=skips, annotator=annotator), ("unasked", "answered"))

    def take(self, annotator: str, size: int, *, share: bool, disputed: bool) -> Any:
        found = self.post("take", annotator=annotator, size=size, share=share, disputed=disputed)
        return SimpleNamespace(ids=[each["id"] for each in found["tasks"]])

    def release(self, annotator: str) -> int:
        return self.changed("release", annotator=annotator)

    def adjudicate(self, ids: Sequence[Any], label: Any, *, reason: str = "") -> int:
        return self.changed("adjudicate", labels=[{"id": each, "label": label} for each in ids], reason=reason)

    def undo_adjudication(self, ids: Sequence[Any]) -> int:
        return self.changed("adjudicate/undo", ids=list(ids))

    def exclude(self, ids: Sequence[Any], *, reason: str) -> int:
        return self.changed("exclude", ids=list(ids), reason=reason)

    def include(self, ids: Sequence[Any]) -> int:
        return self.changed("include", ids=list(ids))

    def add_gold(self, ids: Sequence[Any], labels: Sequence[Any]) -> int:
        pairs = zip(ids, labels, strict=True)
        return self.changed("gold", gold=[{"id": each, "label": label} for each, label in pairs])

    def changed(self, path: str, **body: Any) -> int:
        count: int = self.post(path, **body)["changed"]
        return count


class _Told(SimpleNamespace):
    """The counts of an answer. Counts that it does not have are equal to any: another test compares them."""

    def __init__(self, found: dict[str, Any], absent: Sequence[str]) -> None:
        super().__init__(**found, **{name: _Any() for name in absent})


class _Any:
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


def written(key: str) -> str:
    """A key as a header can have it."""
    return key.replace(" ", "-")
