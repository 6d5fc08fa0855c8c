"""How long does a page wait for a campaign of a million tasks from a pool of five million?

python -m benchmarks.campaign.pages [--rows 5000000] [--tasks 1000000] [--keep FOLDER] [--url URL] [--times 7]
                                    [--profile OPERATION] [--quick]

Half of the tasks have labels: two thirds of these by two of fifty people, of whom one in ten disagrees. The campaign is
made once, in FOLDER where that is named, and each run works on a copy. Each figure is the median of several calls: the
seconds, and those of a processor, because a disk differs from day to day. `--profile` prints where the time of one
operation goes; `--quick` leaves out the calls that read all rows.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import ladle
from benchmarks import record

PEOPLE = [f"person {number:02}" for number in range(50)]
CLASSES = ["cat", "dog", "bird", "horse", "ship"]
NAME = "pages"


def pool_of(rows: int) -> ladle.Pool:
    """Of tiny embeddings and text ids."""
    numbers = np.random.default_rng(2).permutation(rows) + 10_000_000
    return ladle.open_pool(np.zeros((rows, 1), np.float32), ids=np.char.add("images/", numbers.astype(str)).tolist())


def make(url: str, folder: Path, pool: ladle.Pool, tasks: int) -> None:
    """The campaign: ten batches, and labels of half of the tasks."""
    campaign = ladle.Campaign.create(
        url,
        name=NAME,
        pool=pool,
        strategy="uniform",
        labels=CLASSES,
        annotators_per_task=2,
        files=str(folder / "files"),
    )
    random = np.random.default_rng(5)
    for _ in range(10):
        batch = campaign.ask(tasks // 10)
        half = batch.ids[: len(batch.ids) // 2]
        truth = random.integers(0, len(CLASSES), len(half))
        people = random.integers(0, len(PEOPLE), len(half))
        other = (people + random.integers(1, len(PEOPLE), len(half))) % len(PEOPLE)
        second = np.where(random.random(len(half)) < 0.1, (truth + 1) % len(CLASSES), truth)
        words, names = np.array(CLASSES), np.array(PEOPLE)
        campaign.tell(half, words[truth], annotator=names[people].tolist())
        more = len(half) * 2 // 3
        campaign.tell(half[:more], words[second[:more]], annotator=names[other[:more]].tolist())
    campaign.add_gold(pool.ids.slice(0, 200).to_pylist(), ["cat"] * 200)
    campaign.close()


def measure(campaign: ladle.Campaign, times: int, profiled: str, *, whole: bool) -> dict[str, float]:
    """whole: also the calls that read all rows."""
    figures: dict[str, float] = {}

    def timed(name: str, work: Callable[[], object], count: int = times) -> None:
        if profiled and profiled not in name:
            return
        if not profiled and count > 1:
            work()  # what a service has read already
        walls, busy = [], []
        profile = cProfile.Profile(time.process_time) if profiled else None
        for _ in range(count):
            wall, processor = time.perf_counter(), time.process_time()
            if profile:
                profile.runcall(work)
            else:
                work()
            walls.append(time.perf_counter() - wall)
            busy.append(time.process_time() - processor)
        if profile:
            pstats.Stats(profile).sort_stats("cumulative").print_stats(45)
        figures[f"{name}, seconds"] = statistics.median(walls)
        figures[f"{name}, processor seconds"] = statistics.median(busy)
        wall, processor = statistics.median(walls) * 1000, statistics.median(busy) * 1000
        print(f"{name:32} {wall:9.1f} ms {processor:9.1f} ms of a processor", flush=True)

    waiting = iter(campaign.task_page(state="open", batch=10, limit=10_000).rows["id"].tolist()[2_000:])
    timed("tell 1", lambda: campaign.tell([next(waiting)], ["cat"], annotator="person 01"), 3 * times)
    timed("tell 20", lambda: campaign.tell([next(waiting) for _ in range(20)], ["cat"] * 20, annotator="person 02"))
    timed("skip 1", lambda: campaign.skip([next(waiting)], annotator="person 03", reason="dark"))
    timed("take 20", lambda: campaign.take("person 04", 20))
    timed("release", lambda: campaign.release("person 04"))
    timed("take 20 anew and release", lambda: (campaign.take("person 05", 20), campaign.release("person 05")))
    timed("figures", campaign.figures)
    filters = {
        "all": {}, "open": {"state": "open"}, "labelled": {"state": "labelled"}, "disputed": {"state": "disputed"},
        "excluded": {"state": "excluded"}, "batch": {"batch": 5}, "annotator": {"annotator": "person 07"},
        "label": {"label": "bird"}, "disputed of batch": {"state": "disputed", "batch": 7},
        "disputed of annotator": {"state": "disputed", "annotator": "person 09"},
        "assigned": {"assigned_to": "person 10"}, "label of annotator": {"annotator": "person 11", "label": "ship"},
    }  # fmt: skip
    for name, given in filters.items():
        timed(f"page of {name}", lambda given=given: campaign.task_page(**given))  # type: ignore[misc]
        after = campaign.task_page(**given, limit=5_000).next if not profiled else None
        if after:
            timed(f"page far on of {name}", lambda given=given, after=after: campaign.task_page(**given, after=after))  # type: ignore[misc]
    timed("page of the audit", campaign.audit_page)
    timed("page of the quarantine", campaign.quarantine_page)
    timed("10,000 labels", campaign.label_page)
    for name in ("progress", "labels", "resolved", "verify") if whole else ():
        timed(name, getattr(campaign, name), 1)
    timed("ask 100,000", lambda: campaign.ask(100_000), 1)
    batch = campaign.batch()
    halves = iter(np.array_split(batch.ids, 2))
    timed("tell 50,000", lambda: campaign.tell(half := next(halves), ["dog"] * len(half), annotator="person 13"), 1)
    later = iter([campaign.ask(100_000).ids, campaign.ask(100_000).ids])
    timed("tell 100,000", lambda: campaign.tell(ids := next(later), ["dog"] * len(ids), annotator="person 14"), 1)
    return figures


def measured(options: argparse.Namespace, keep: Path) -> dict[str, float]:
    """The figures of one run on a copy of the campaign in `keep`, which is made there first."""
    pool, made = pool_of(options.rows), keep / f"{options.tasks}-of-{options.rows}.db"
    if options.url:
        if NAME not in _names(options.url):
            make(options.url, keep, pool, options.tasks)
        with ladle.Campaign.open(options.url, name=NAME, pool=pool) as campaign:
            return measure(campaign, options.times, options.profile, whole=not options.quick)
    if not made.exists():
        start = time.perf_counter()
        make(f"sqlite:///{made}", keep, pool, options.tasks)
        print(f"made in {time.perf_counter() - start:.0f} s, {made.stat().st_size:,} bytes", flush=True)
    with tempfile.TemporaryDirectory(prefix="ladle-pages-", dir=keep) as folder:
        shutil.copy(made, f"{folder}/copy.db")
        with ladle.Campaign.open(f"sqlite:///{folder}/copy.db", name=NAME, pool=pool) as campaign:
            return measure(campaign, options.times, options.profile, whole=not options.quick)


def _names(url: str) -> list[str]:
    try:
        return ladle.Campaign.names(url)
    except ladle.errors.LadleError:
        return []


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--tasks", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=7)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--url", default="")
    parser.add_argument("--profile", default="")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ladle-pages-") as folder:
        figures = measured(options, options.keep or Path(folder))
    if not options.profile:
        sizes = {name: getattr(options, name) for name in ("rows", "tasks", "times")}
        record.append("campaign", sizes | {"store": options.url.partition(":")[0] or "sqlite"}, dict(figures))


if __name__ == "__main__":
    main()
