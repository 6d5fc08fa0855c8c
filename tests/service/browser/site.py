"""A service on a port of this machine, in a thread, and pages of a real browser that is signed in."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page

import ladle
from ladle.service.app import create_app
from ladle.service.config import ServiceConfig
from ladle.service.content import ContentSources
from ladle.service.gate.accounts import Accounts
from ladle.service.gate.roles import Role
from tests.campaign.made import margins

CLASSES = ["boot", "coat", "dress", "shirt"]


@dataclass
class Site:
    """A running service. campaign: to look behind it."""

    campaign: ladle.Campaign
    accounts: Accounts
    address: str
    browser: Browser

    def context(self, name: str = "ann", role: Role = Role.ANNOTATOR, **options: Any) -> BrowserContext:
        """A browser of its own, in which this person is signed in."""
        context = self.browser.new_context(**options)
        page = context.new_page()
        page.goto(f"{self.address}/sign-in/once?token={self.accounts.add_link(name, role)}")
        page.close()
        return context

    def page(self, name: str = "ann", role: Role = Role.ANNOTATOR, path: str = "/label", **options: Any) -> Page:
        """A page at this path. What goes wrong in its script fails the test at its end (`errors`)."""
        page = self.context(name, role, **options).new_page()
        page.goto(self.address + path)
        return page

    def labels(self) -> dict[str, Any]:
        """The current label of each example, by its id."""
        table = self.campaign.labels()
        return {str(row["id"]): row["label"] for row in table.to_pylist() if row["status"] == "current"}


def images_of(rows: int) -> np.ndarray:
    """(rows, 28, 28) grey images, all of them different."""
    across = np.arange(28)
    return np.stack([(across[:, None] * (row % 17) + across * (row % 23) + row) % 256 for row in range(rows)]).astype(
        "u1"
    )


@contextmanager
def site(folder: Path, browser: Browser, *, rows: int = 40, asked: int | None = None, **options: Any) -> Iterator[Site]:
    """A service over a new campaign in SQLite with images. options: of its settings or its config."""
    content = options.pop("content", None)
    config_names = {"groups", "task_seconds", "session_seconds", "requests_a_minute"}
    config_options = {name: options.pop(name) for name in config_names & set(options)}
    ids = options.pop("ids", [f"image-{row:04}" for row in range(rows)])
    if content is None:
        np.save(folder / "images.npy", images_of(rows))
        (folder / "guide.md").write_text("# What to do\n\nName the **garment**.\n\n- One class for each image.\n")
        content = ContentSources(table=folder / "images.npy", guidelines=folder / "guide.md")
    database = f"sqlite:///{folder}/site.db"
    vectors = options.pop("vectors", np.arange(rows * 2, dtype=np.float32).reshape(rows, 2))
    settings = {"strategy": "margin", "name": "garments", "labels": CLASSES, "files": str(folder / "files")} | options
    pool = ladle.open_pool(vectors, ids=ids)
    with ladle.Campaign.create(database, pool=pool, **settings) as campaign:
        campaign.ask(rows if asked is None else asked, margins=margins(rows))
        config = ServiceConfig(database=database, pool=pool, port=0, content=content, **config_options)
        app = create_app(config)
        server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", lifespan="on"))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        try:
            yield Site(campaign, app.state.accounts, f"http://localhost:{port}", browser)
        finally:
            server.should_exit = True
            thread.join(10)
