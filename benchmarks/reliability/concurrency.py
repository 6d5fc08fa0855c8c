"""Many processes on one campaign: is everything told taken exactly once, and nothing asked twice?

python -m benchmarks.reliability.concurrency [--database sqlite|postgres] [--tellers 8] [--askers 4] [--labels 10000]
                                             [--record]

Each teller tells its labels in 20 uploads, half of them under keys that its neighbour uses too. Meanwhile askers ask
for batches, every key by two of them. Then the campaign is held against a plain model (uploads.py), and verified.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import ladle
from benchmarks import record
from benchmarks.reliability import databases, uploads
from ladle.errors import StoreBusyError

UPLOADS = 20  # of each teller
BATCHES, BATCH_SIZE = 20, 50  # of each pair of askers


@dataclass(slots=True)
class Work:
    """What one process did. told: figures of its tells by key. asked: ids of its batches by key. busy: refusals."""

    told: dict[str, dict[str, int]] = field(default_factory=dict)
    asked: dict[str, list[int]] = field(default_factory=dict)
    busy: int = 0


def keys_of(teller: int) -> list[str]:
    """Every other one is its neighbour's too."""
    return [f"pair {teller // 2} day {day}" if day % 2 else f"teller {teller} day {day}" for day in range(UPLOADS)]


def tells(url: str, teller: int, size: int) -> Work:
    done = Work()
    with ladle.Campaign.open(url, name=uploads.NAME) as campaign:
        for key in keys_of(teller):
            each = uploads.upload(key, size)
            while key not in done.told:
                try:
                    told = campaign.tell(each.ids, each.labels, annotator=each.annotator, key=key)
                    done.told[key] = {"accepted": told.accepted, "again": int(told.repeat_of_key)}
                except StoreBusyError:
                    done.busy += 1
    return done


def asks(url: str, asker: int) -> Work:
    done = Work()
    with ladle.Campaign.open(url, name=uploads.NAME) as campaign:
        for number in range(BATCHES):
            key = f"pair {asker // 2} batch {number}"
            while key not in done.asked:
                try:
                    done.asked[key] = campaign.ask(BATCH_SIZE, key=key).ids.tolist()
                except StoreBusyError:
                    done.busy += 1
    return done


def judged(url: str, done: list[Work], size: int) -> list[str]:
    """What went wrong."""
    keys = {key for work in done for key in work.told}
    with ladle.Campaign.open(url, name=uploads.NAME) as campaign:
        wrong = uploads.wrong(campaign, keys, size)
        labels = len(campaign.labels())
    first = [told["accepted"] for work in done for told in work.told.values() if not told["again"]]
    if len(first) != len(keys):
        wrong.append(f"{len(first)} tells acknowledged as the first of their key, of {len(keys)} keys")
    if sum(first) != labels:
        wrong.append(f"{sum(first)} labels acknowledged, {labels} there")
    batches: dict[str, list[int]] = {}
    for work in done:
        for key, ids in work.asked.items():
            if batches.setdefault(key, ids) != ids:
                wrong.append(f"two batches under {key}")
    asked = [example for ids in batches.values() for example in ids]
    if len(asked) != len(set(asked)):
        wrong.append(f"{len(asked) - len(set(asked))} examples in two batches")
    if any(len(ids) != BATCH_SIZE for ids in batches.values()):
        wrong.append("batches of another size")
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", choices=databases.KINDS, default="sqlite")
    parser.add_argument("--tellers", type=int, default=8)
    parser.add_argument("--askers", type=int, default=4)
    parser.add_argument("--labels", type=int, default=10_000, help="told by each teller")
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args()
    size = options.labels // UPLOADS
    with tempfile.TemporaryDirectory() as home, databases.database(options.database, Path(home)) as url:
        uploads.founded(url).close()
        start = time.perf_counter()
        with multiprocessing.get_context("spawn").Pool(options.tellers + options.askers) as pool:
            told = [pool.apply_async(tells, (url, each, size)) for each in range(options.tellers)]
            asked = [pool.apply_async(asks, (url, each)) for each in range(options.askers)]
            done = [each.get() for each in (*told, *asked)]
        seconds = time.perf_counter() - start
        wrong = judged(url, done, size)
    figures = {
        "labels told": sum(len(work.told) for work in done) * size,
        "uploads told": sum(len(work.told) for work in done),
        "uploads taken": len({key for work in done for key in work.told}),
        "labels accepted": sum(each["accepted"] for work in done for each in work.told.values() if not each["again"]),
        "batches": len({key for work in done for key in work.asked}),
        "busy": sum(work.busy for work in done),
        "wrong": len(wrong),
        "seconds": seconds,
    }
    print(json.dumps(figures | {"what": wrong}))
    if options.record:
        sizes = {name: getattr(options, name) for name in ("database", "tellers", "askers", "labels")}
        record.append("concurrency", sizes, figures)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
