"""How long is it from a key to the next task in a browser, while others label too?

python -m benchmarks.service.key_to_next [--annotators 20] [--tasks 1000000] [--labels 300] [--think 1.0] [--record]

The service is a process of its own over SQLite. The other annotators take and tell over HTTP, each with a time to think
around `think` seconds (`benchmarks.service.load`). In Chromium one more person presses a key after every half of that
time. Counted is the time in the page from the key until the frame with the next task was painted (`ladleTimes`), for
every key while a task is on the screen; `dry` is how often no task was there. At the end every key is a label.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import socket
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import expect, sync_playwright

import ladle
from benchmarks import record
from benchmarks.service.load import Annotator, Service, label, percentiles, prepared
from ladle.service.app import open_accounts
from ladle.service.config import ServiceConfig
from ladle.service.gate.roles import Role

SAVED = "All answers are saved."


def browse(address: str, token: str, labels: int, think: float) -> tuple[list[float], int]:
    """The milliseconds from each key to the next task, and how often no task was there."""
    dry = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(f"{address}/sign-in/once?token={token}&next=/label")
        expect(page.locator("#work")).to_be_visible(timeout=120_000)
        for number in range(labels):
            time.sleep(think / 2)
            dry += not page.locator("#work").is_visible()
            expect(page.locator("#work")).to_be_visible(timeout=120_000)
            page.keyboard.press("12"[number % 2])
        expect(page.locator("#saved")).to_have_text(SAVED, timeout=120_000)
        times = page.evaluate("ladleTimes")
        browser.close()
    return times, dry


def measured(folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """The figures of one run."""
    url = f"sqlite:///{folder}/birds.db"
    others = prepared(url, folder, arguments)
    with ladle.Campaign.open(url) as campaign, open_accounts(campaign, ServiceConfig(database=url)) as accounts:
        link = accounts.add_link("reader of keys", Role.ANNOTATOR)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    service = Service(url, port, 1, folder / "log")
    service.start()
    until = time.perf_counter() + 3600.0
    crowd = threading.Thread(target=lambda: asyncio.run(work(others, port, until, arguments.think)), daemon=True)
    crowd.start()
    times, dry = browse(f"http://localhost:{port}", link, arguments.labels, arguments.think)
    load = os.getloadavg()[0]
    service.stop()
    with ladle.Campaign.open(url) as campaign:
        stored = campaign.figures().annotators.get("reader of keys", 0)
    told = np.array([wait for each in others for wait in each.wait_seconds["tell"]])
    return {
        **{name: getattr(arguments, name) for name in ("annotators", "tasks", "labels", "think")},
        "key to next task ms": percentiles(np.array(times) / 1000),
        "dry": dry,
        "stored": stored,
        "tell ms of the others": percentiles(told),
        "load": round(load, 1),
    }


async def work(people: list[Annotator], port: int, until: float, think: float) -> None:
    """Let the others label."""
    await asyncio.gather(*(label(each, port, until, think) for each in people))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--annotators", type=int, default=20)
    parser.add_argument("--tasks", type=int, default=1_000_000)
    parser.add_argument("--labels", type=int, default=300)
    parser.add_argument("--think", type=float, default=1.0)
    parser.add_argument("--record", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        facts = measured(Path(folder), arguments)
    print(json.dumps(facts, indent=1))
    if arguments.record:
        flat = {name: json.dumps(value) if isinstance(value, dict) else value for name, value in facts.items()}
        sizes = {name: flat.pop(name) for name in ("annotators", "tasks", "labels", "think")}
        record.append("key_to_next", sizes, flat)


if __name__ == "__main__":
    main()
