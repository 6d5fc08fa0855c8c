"""How long until the map of ten million examples is seen, and how long does its layout take?

python -m benchmarks.service.first_view [--rows 10000000] [--dim 16] [--browser]

The pool is a file of float16. The layout is made by one process, which reports its time and peak memory. Another one
starts the service, signs in and opens the map: the page, then the sixteen tiles of a window of 1280 by 800, six at a
time as a browser asks for them. With `--browser` Chromium does so too, without a GPU, and the time is that from the
beginning of the navigation to the last tile.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

import ladle

NAME = "wide"


def make(folder: Path, rows: int, dim: int) -> None:
    """A pool of 100 clouds in a file, and a campaign over it."""
    random = np.random.default_rng(0)
    centres = random.normal(size=(100, dim)) * 3
    pool = np.lib.format.open_memmap(folder / "pool.npy", mode="w+", dtype=np.float16, shape=(rows, dim))
    for start in range(0, rows, 500_000):
        part = pool[start : start + 500_000]
        part[:] = centres[random.integers(0, 100, len(part))] + random.normal(size=part.shape)
    pool.flush()
    with ladle.Campaign.create(
        folder / "wide.db", name=NAME, pool=ladle.open_pool(folder / "pool.npy"), strategy="uniform", labels=["a", "b"]
    ) as campaign:
        batch = campaign.ask(10_000)
        campaign.tell(batch.ids[:5_000], ["a"] * 5_000, annotator="ann")


def layout(folder: Path) -> dict[str, float]:
    """Make and keep the layout: seconds, and peak memory of this process."""
    with ladle.Campaign.open(folder / "wide.db") as campaign:
        begun = time.perf_counter()
        campaign.map.layout()
        seconds = time.perf_counter() - begun
    return {"layout, seconds": seconds, "layout, peak MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def view(folder: Path, *, with_browser: bool) -> dict[str, float]:
    """Start the service and open the map once as the first one, and once more."""
    import threading

    import httpx2 as httpx
    import uvicorn

    from ladle.service.app import create_app
    from ladle.service.config import ServiceConfig

    begun = time.perf_counter()
    app = create_app(ServiceConfig(database=f"sqlite:///{folder}/wide.db", port=0))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    figures = {"start, seconds": time.perf_counter() - begun}
    address = f"http://localhost:{server.servers[0].sockets[0].getsockname()[1]}"
    client = httpx.Client(base_url=address, headers={"accept": "text/html"}, timeout=60)
    client.get("/sign-in/once", params={"token": app.state.accounts.add_link()})
    tiles = [f"/map/tiles/2/{x}/{y}.png?v=1" for x in range(4) for y in range(4)]
    for which in ("first", "second"):
        begun = time.perf_counter()
        page = client.get("/map").text
        while "map-facts" not in page:  # a browser waits for /map/ready, and loads the page again
            client.get("/map/ready")
            page = client.get("/map").text
        figures[f"{which} page, seconds"] = time.perf_counter() - begun
        with ThreadPoolExecutor(6) as lanes:
            list(lanes.map(lambda tile: client.get(tile).raise_for_status(), tiles))
        figures[f"{which} view, seconds"] = time.perf_counter() - begun
    if with_browser:
        figures |= browse(address, app.state.accounts.add_link())
    server.should_exit = True
    thread.join(10)
    return figures


def browse(address: str, token: str) -> dict[str, float]:
    """The same in Chromium: to the last tile, and to the coloured points."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(f"{address}/sign-in/once?token={token}")
        page.goto(f"{address}/map")
        page.wait_for_load_state("networkidle")
        ends = page.evaluate(
            "performance.getEntriesByType('resource').filter(each => each.name.includes('/map/tiles/'))"
            ".map(each => each.responseEnd)"
        )
        points = page.evaluate(
            "performance.getEntriesByType('resource').filter(each => each.name.includes('/map/points/'))"
            ".map(each => each.responseEnd)"
        )
        browser.close()
    return {"browser, last tile, seconds": max(ends) / 1000, "browser, points, seconds": max(points) / 1000}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=10_000_000)
    options.add_argument("--dim", type=int, default=16)
    options.add_argument("--browser", action="store_true")
    options.add_argument("--part", default="")
    options.add_argument("--folder", default="")
    given = options.parse_args()
    if given.part:
        work = layout if given.part == "layout" else lambda folder: view(folder, with_browser=given.browser)
        print(json.dumps(work(Path(given.folder))))
        return
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder), given.rows, given.dim)
        figures: dict[str, float] = {}
        for part in ("layout", "view"):
            command = [sys.executable, "-m", "benchmarks.service.first_view", "--part", part, "--folder", folder]
            command += ["--browser"] if given.browser else []
            figures |= json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        for name, value in figures.items():
            print(f"{name:32} {value:10.3f}")


if __name__ == "__main__":
    main()
