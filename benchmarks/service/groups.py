"""Labels an hour with groups of near-duplicates and without, on a pool with copies.

python -m benchmarks.service.groups [--seconds 60] [--think 1.0] [--look 0.1] [--originals 400] [--copies 8] [--record]

The pool has `originals` examples with about `copies` near-equal copies each (a geometric number, 1 at least), and as
many examples without copies. Batches of 40 are asked with random margins. A scripted annotator sits at the real page in
Chromium. It knows the true class, so it never errs. For each task on the screen it thinks `think` seconds, and `look`
seconds more for every near-duplicate beside it; then it presses one key. Counted are the labels that the campaign has
at the end, divided by the time from the first task on the screen to the last answer saved. `keys` are the answers
given. The audit of the groups is counted as it comes: each of its examples costs a key, as any single task does.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, expect, sync_playwright
from tests.service.browser.site import CLASSES, site

import ladle
from benchmarks import record

SIZES = ("seconds", "think", "look", "originals", "copies")


def pool_of(originals: int, copies: int) -> tuple[np.ndarray, list[str]]:
    """Vectors, and ids that begin with the true class: (n, 8), n."""
    random = np.random.default_rng(3)
    places = 10 * random.standard_normal((2 * originals, 8))
    counts = np.concatenate([random.geometric(1 / copies, originals), np.ones(originals, int)])
    rows = random.permutation(np.repeat(np.arange(2 * originals), counts))
    vectors = places[rows] + 0.001 * random.standard_normal((len(rows), 8))
    ids = [f"{CLASSES[original % len(CLASSES)]}-{original}-{number}" for number, original in enumerate(rows.tolist())]
    return vectors.astype(np.float32), ids


def hour(browser: Browser, arguments: argparse.Namespace, *, groups: bool) -> dict[str, Any]:
    """The figures of one annotator's time."""
    vectors, ids = pool_of(arguments.originals, arguments.copies)
    tree = ladle.cluster(ladle.open_pool(vectors, ids=ids), metric="sqeuclidean", mean_size=10)
    options = {"strategy": "cluster-margin", "tree": tree, "vectors": vectors, "ids": ids, "groups": groups, "asked": 1}
    margins = np.random.default_rng(4).random(len(ids), np.float32)
    with tempfile.TemporaryDirectory() as folder, site(Path(folder), browser, rows=len(ids), **options) as shop:
        for _ in range(25):
            shop.campaign.ask(40, margins=margins)
        page = shop.page("ann")
        expect(page.locator("#work")).to_be_visible(timeout=60_000)
        begun, keys = time.perf_counter(), 0
        while time.perf_counter() < begun + arguments.seconds:
            expect(page.locator("#work")).to_be_visible(timeout=60_000)
            members = page.locator(".group button").count()
            time.sleep(arguments.think + arguments.look * members)
            page.keyboard.press(str(CLASSES.index(page.locator("#task-id").inner_text().split("-")[0]) + 1))
            keys += 1
        expect(page.locator("#saved")).to_have_text("All answers are saved.", timeout=60_000)
        seconds = time.perf_counter() - begun
        labels = shop.labels()
        wrong = sum(label != example.split("-")[0] for example, label in labels.items())
        audit = shop.campaign.group_audit()
    checked = 0 if audit.precision is None else audit.precision.checked
    return {
        "labels": len(labels),
        "keys": keys,
        "wrong": wrong,
        "audited": checked,
        "labels an hour": round(3600 * len(labels) / seconds),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--think", type=float, default=1.0)
    parser.add_argument("--look", type=float, default=0.1)
    parser.add_argument("--originals", type=int, default=400)
    parser.add_argument("--copies", type=int, default=8)
    parser.add_argument("--record", action="store_true")
    arguments = parser.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        found = {words: hour(browser, arguments, groups=words == "groups") for words in ("single", "groups")}
        browser.close()
    facts = {**{name: getattr(arguments, name) for name in SIZES}, **found, "load": round(os.getloadavg()[0], 1)}
    facts["times as many"] = round(found["groups"]["labels an hour"] / found["single"]["labels an hour"], 2)
    print(json.dumps(facts, indent=1))
    if arguments.record:
        flat = {name: json.dumps(value) if isinstance(value, dict) else value for name, value in facts.items()}
        record.append("groups", {name: flat.pop(name) for name in SIZES}, flat)


if __name__ == "__main__":
    main()
