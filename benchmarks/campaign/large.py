"""How long does a campaign take over a batch of a million from a pool of five million, and over its labels?

python -m benchmarks.campaign.large [--rows 5000000] [--batch 1000000] [--labels 100000] [--ids text|integer]
                                    [--url URL]

The database is a SQLite file in a temporary folder, or the one at URL. Every figure includes the commit: what is timed
is on disk. A file written and synced just so large is timed beside it, for disks differ.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import ladle
from benchmarks import record
from benchmarks.strategies.selection import log_normal_clusters


def timed(figures: dict[str, float | int | str], name: str, work: Callable[[], object]) -> object:
    """What `work` returns; its seconds are printed and kept, and those of a processor, which others cannot lengthen."""
    start, processor = time.perf_counter(), time.process_time()
    result = work()
    seconds, busy = time.perf_counter() - start, time.process_time() - processor
    figures |= {f"{name}, seconds": seconds, f"{name}, processor seconds": busy}
    print(f"{name:30} {seconds:9.3f} s {busy:9.3f} s of a processor", flush=True)
    return result


def written(folder: Path, size: int) -> None:
    """So many bytes, in a file and on the disk."""
    with (folder / "plain").open("wb") as file:
        file.write(os.urandom(1 << 20) * (size >> 20))
        file.flush()
        os.fsync(file.fileno())


def pool_of(rows: int, kind: str) -> ladle.Pool:
    """A pool of tiny embeddings; its ids are numbers in no order, or text."""
    embeddings = np.zeros((rows, 1), np.float32)
    numbers = np.random.default_rng(2).permutation(rows) + 10_000_000
    ids = numbers if kind == "integer" else np.char.add("images/", numbers.astype(str)).tolist()
    return ladle.open_pool(embeddings, ids=ids)


def measure(options: argparse.Namespace, folder: Path) -> dict[str, float | int | str]:
    figures: dict[str, float | int | str] = {}
    margins = np.random.default_rng(1).random(options.rows, np.float32)
    clusters = log_normal_clusters(options.rows, options.rows // 10)
    pool = pool_of(options.rows, options.ids)
    ladle.cluster_margin(margins[:1000], clusters[:1000], 10)  # compiled
    url = options.url or f"sqlite:///{folder}/campaign.db"
    settings = {"name": f"benchmark-{time.time_ns()}", "strategy": "cluster-margin", "files": str(folder / "files")}
    campaign = timed(figures, "create", lambda: ladle.Campaign.create(url, pool=pool, tree=clusters, **settings))
    assert isinstance(campaign, ladle.Campaign)
    batch = timed(figures, f"ask {options.batch:,}", lambda: campaign.ask(options.batch, margins=margins, key="1"))
    timed(figures, "the same ask again", lambda: campaign.ask(options.batch, margins=margins, key="1"))
    labelled = batch.ids[: options.labels]
    words = np.array(["cat", "dog", "bird", "horse", "ship"])[np.arange(len(labelled)) % 5]
    timed(figures, f"tell {len(labelled):,}", lambda: campaign.tell(labelled, words, annotator="ann", key="first"))
    timed(figures, "the same tell again", lambda: campaign.tell(labelled, words, annotator="ann", key="first"))
    others = np.roll(words, 1)
    timed(figures, f"tell {len(labelled):,} new versions", lambda: campaign.tell(labelled, others, annotator="ann"))
    timed(figures, "tell 1", lambda: campaign.tell(batch.ids[-1:], ["cat"], annotator="ann"))
    timed(figures, "take 100", lambda: campaign.take("bob", 100))
    timed(figures, "progress", campaign.progress)
    timed(figures, "labels", campaign.labels)
    timed(figures, "resolved", campaign.resolved)
    timed(figures, "second ask of 100,000", lambda: campaign.ask(options.rows // 50, margins=margins))
    timed(figures, "backup", lambda: campaign.backup(folder / "campaign.zip"))
    verdict = timed(figures, "verify", campaign.verify)
    assert verdict.ok, verdict
    if not options.url:
        figures["database, bytes"] = (folder / "campaign.db").stat().st_size
        timed(figures, "a plain file of that size", lambda: written(folder, int(figures["database, bytes"])))
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--batch", type=int, default=1_000_000)
    parser.add_argument("--labels", type=int, default=100_000)
    parser.add_argument("--ids", choices=("text", "integer"), default="text")
    parser.add_argument("--url", default="")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ladle-campaign-") as folder:
        figures = measure(options, Path(folder))
    sizes = {name: getattr(options, name) for name in ("rows", "batch", "labels", "ids")}
    record.append("campaign", sizes | {"store": options.url.partition(":")[0] or "sqlite"}, figures)


if __name__ == "__main__":
    main()
