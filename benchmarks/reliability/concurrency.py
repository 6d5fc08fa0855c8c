"""Many processes on one campaign: is every label recorded exactly once, and no example in two batches?

python -m benchmarks.reliability.concurrency [--database sqlite|postgres] [--tellers 8] [--askers 4] [--labels 10000]
                                             [--record]

Each teller tells its labels in 20 uploads, half of them under keys that its neighbour uses too. Meanwhile askers ask
for batches, every key by two of them. Then the campaign is compared with a plain model (uploads.py), and verified.
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
    """What one process did. uploads: figures of its tells by key. batches: ids by key. busy: refusals."""

    uploads: dict[str, dict[str, int]] = field(default_factory=dict)
    batches: dict[str, list[int]] = field(default_factory=dict)
    busy: int = 0


def keys_of(teller: int) -> list[str]:
    """Every other one is its neighbour's too."""
    return [f"pair {teller // 2} day {day}" if day % 2 else f"teller {teller} day {day}" for day in range(UPLOADS)]


def tells(url: str, teller: int, size: int) -> Work:
    done = Work()
    with ladle.Campaign.open(url, name=uploads.NAME) as campaign:
        for key in keys_of(teller):
            each = uploads.upload(key, size)
            while key not in done.uploads:
                try:
                    answer = campaign.tell(each.ids, each.labels, annotator=each.annotator, key=key)
                    done.uploads[key] = {"accepted": answer.accepted, "again": int(answer.repeat_of_key)}
                except StoreBusyError:
                    done.busy += 1
    return done


def asks(url: str, asker: int) -> Work:
    done = Work()
    with ladle.Campaign.open(url, name=uploads.NAME) as campaign:
        for number in range(BATCHES):
            key = f"pair {asker // 2} batch {number}"
            while key not in done.batches:
                try:
                    done.batches[key] = campaign.ask(BATCH_SIZE, key=key).ids.tolist()
                except StoreBusyError:
                    done.busy += 1
    return done


def judged(url: str, done: list[Work], size: int) -> list[str]:
    """What went wrong."""
    keys = {key for work in done for key in work.uploads}
    with ladle.Campaign.open(url, name=uploads.NAME) as campaign:
        wrong = uploads.wrong(campaign, keys, size)
        labels = len(campaign.labels())
    first = [each["accepted"] for work in done for each in work.uploads.values() if not each["again"]]
    if len(first) != len(keys):
        wrong.append(f"{len(first)} tells acknowledged as the first of their key, of {len(keys)} keys")
    if sum(first) != labels:
        wrong.append(f"{sum(first)} labels acknowledged, {labels} there")
    batches: dict[str, list[int]] = {}
    for work in done:
        for key, ids in work.batches.items():
            if batches.setdefault(key, ids) != ids:
                wrong.append(f"two batches under {key}")
    examples = [example for ids in batches.values() for example in ids]
    if len(examples) != len(set(examples)):
        wrong.append(f"{len(examples) - len(set(examples))} examples in two batches")
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
            telling = [pool.apply_async(tells, (url, each, size)) for each in range(options.tellers)]
            asking = [pool.apply_async(asks, (url, each)) for each in range(options.askers)]
            done = [each.get() for each in (*telling, *asking)]
        seconds = time.perf_counter() - start
        wrong = judged(url, done, size)
    figures = {
        "labels told": sum(len(work.uploads) for work in done) * size,
        "uploads told": sum(len(work.uploads) for work in done),
        "uploads taken": len({key for work in done for key in work.uploads}),
        "labels accepted": sum(
            each["accepted"] for work in done for each in work.uploads.values() if not each["again"]
        ),
        "batches": len({key for work in done for key in work.batches}),
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
