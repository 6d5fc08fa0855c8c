"""A service in this process, without a network, and clients of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.testclient import TestClient

import ladle
from ladle.labelling import Store
from ladle.service.app import create_app
from ladle.service.config import ServiceConfig
from ladle.service.gate.accounts import Accounts
from ladle.service.gate.roles import Role
from tests.campaign.made import Clock, begun, margins

ADDRESS = "http://localhost:8765"
LABELS = ["cat", "dog"]


@dataclass
class Served:
    """A running application. campaign: its own, to look behind it. clock: of sessions, tokens and rates."""

    app: FastAPI
    campaign: ladle.Campaign
    clock: Clock
    tokens: dict[tuple[str, Role], str] = field(default_factory=dict)

    @property
    def accounts(self) -> Accounts:
        found: Accounts = self.app.state.accounts
        return found

    def client(self, name: str = "", role: Role = Role.LEAD, **options: Any) -> TestClient:
        """A program with a token of this person; without a name, one that is not signed in."""
        headers = {}
        if name:
            if (name, role) not in self.tokens:
                self.tokens[name, role] = self.accounts.add_token(name, role)[0]
            headers["authorization"] = f"Bearer {self.tokens[name, role]}"
        options = {"base_url": ADDRESS, "raise_server_exceptions": False, "follow_redirects": False} | options
        return TestClient(self.app, headers=headers, **options)

    @property
    def cookie(self) -> str:
        """The name of the cookie of a session."""
        found: str = self.app.state.cookie
        return found

    @property
    def lead(self) -> TestClient:
        return self.client("lea", Role.LEAD)

    @property
    def reader(self) -> TestClient:
        return self.client("ray", Role.READER)

    def annotator(self, name: str = "ann") -> TestClient:
        return self.client(name, Role.ANNOTATOR)

    def browser(self, name: str = "lea", role: Role = Role.LEAD) -> TestClient:
        """A client with the cookie of a session, which it got by a link."""
        client = self.client()
        answer = client.get("/sign-in/once", params={"token": self.accounts.add_link(name, role)})
        assert answer.status_code == 303, answer.text
        return client


@contextmanager
def serve(store: Store | str, folder: Path, *, rows: int = 40, asked: int = 10, **options: Any) -> Iterator[Served]:
    """A service over a new campaign. asked: how many examples are asked for at once. options: of ServiceConfig."""
    clock = Clock()
    settings = options.pop("settings", {})
    with begun(store, folder, rows=rows, labels=LABELS, **settings) as campaign:
        if asked:
            campaign.ask(asked, margins=margins(rows))
        config = ServiceConfig(database=store, name="birds", clock=clock, **options)
        app = create_app(config)
        with TestClient(app, base_url=ADDRESS):
            yield Served(app, campaign, clock)
