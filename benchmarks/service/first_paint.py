"""How long until each page of the dashboard comes, for a campaign of a million tasks from a pool of five million?

python -m benchmarks.service.first_paint [--rows 5000000] [--tasks 1000000] [--keep FOLDER] [--browser]

The campaign is that of `benchmarks.campaign.pages`, in SQLite, made once in FOLDER where that is named. Each page is
asked for over HTTP: as the first request of its kind, and the median of five more after a label was told each time.
`whole` is the time until the tasks of all batches are counted, which a person asks for. With `--browser`: the time of
Chromium's first paint.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import threading
import time
from pathlib import Path

import httpx2 as httpx
import uvicorn

import ladle
from benchmarks.campaign.pages import NAME, make, pool_of
from ladle.service.app import create_app
from ladle.service.config import ServiceConfig

PAGES = (
    *("/overview", "/batches", "/batches/3", "/tasks", "/tasks?state=disputed", "/tasks?annotator=person%2007"),
    *("/clusters", "/people", "/audit", "/quarantine"),
)
LATER = {"/batches": "/batches?wait=true"}
TIMES = 5


def serve(folder: Path, pool: ladle.Pool) -> tuple[uvicorn.Server, str, str]:
    """A running service: the server, its address, and a token that signs the lead in."""
    app = create_app(ServiceConfig(database=f"sqlite:///{folder}/pages.db", name=NAME, pool=pool, port=0))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error"))
    threading.Thread(target=server.run, daemon=True).start()
    while not server.started:
        time.sleep(0.01)
    address = f"http://localhost:{server.servers[0].sockets[0].getsockname()[1]}"
    return server, address, app.state.accounts.add_link()


def measure(address: str, token: str, campaign: ladle.Campaign) -> None:
    """Print the time of each page."""
    client = httpx.Client(base_url=address, headers={"accept": "text/html"}, timeout=300)
    client.get("/sign-in/once", params={"token": token})
    waiting = iter(campaign.task_page(state="open", batch=10, limit=1_000).rows["id"].tolist())

    def seconds(path: str) -> float:
        begun = time.perf_counter()
        client.get(path).raise_for_status()
        return time.perf_counter() - begun

    example = f"/examples/{next(waiting).replace('/', '%2F')}"
    for path in (*PAGES, example):
        first, rest = seconds(path), []
        for _ in range(TIMES):
            campaign.tell([next(waiting)], ["cat"], annotator="person 01")
            rest.append(seconds(path))
        whole = f"{seconds(LATER[path]):8.2f} s whole" if path in LATER else ""
        print(
            f"{path.split('%2F')[0]:36} {first * 1000:8.0f} ms first {statistics.median(rest) * 1000:8.0f} ms {whole}",
            flush=True,
        )


def paint(address: str, token: str) -> None:
    """Print Chromium's first contentful paint of each page."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(f"{address}/sign-in/once?token={token}")
        for path in PAGES:
            page.goto(address + path, wait_until="load")
            page.wait_for_timeout(300)
            at = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime")
            print(f"{path:36} {at:8.0f} ms first paint", flush=True)
        browser.close()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=5_000_000)
    options.add_argument("--tasks", type=int, default=1_000_000)
    options.add_argument("--keep", default="")
    options.add_argument("--browser", action="store_true")
    given = options.parse_args()
    pool = pool_of(given.rows)
    with tempfile.TemporaryDirectory() as scratch:
        kept = Path(given.keep or scratch) / "made"
        if not (kept / "pages.db").exists():
            kept.mkdir(parents=True, exist_ok=True)
            make(f"sqlite:///{kept}/pages.db", kept, pool, given.tasks)
        folder = Path(scratch) / "used"
        folder.mkdir()
        shutil.copy(kept / "pages.db", folder / "pages.db")
        server, address, token = serve(folder, pool)
        with ladle.Campaign.open(f"sqlite:///{folder}/pages.db", name=NAME, pool=pool) as campaign:
            measure(address, token, campaign)
        if given.browser:
            again = create_app(ServiceConfig(database=f"sqlite:///{folder}/pages.db", name=NAME, pool=pool, port=0))
            paint(address, again.state.accounts.add_link())
        server.should_exit = True


if __name__ == "__main__":
    main()
