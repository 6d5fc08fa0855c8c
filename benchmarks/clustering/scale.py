"""Clustering to mean size 10 at scale: seconds, by the clock and of the processors, memory above the data, recall.

python -m benchmarks.clustering.scale [--name topics] [--rows 1000000] [--dim 128] [--float16] [--exact | --no-exact]
                           [--quality high]

--name takes a set of benchmarks/data/vectors.py ("topics", "mixture", "words" ...); --float16 clusters a memory-mapped
float16 file of it. One run in one process: repeat it for a spread. Kernels are compiled before the clock starts.
LADLE_THREADS says how many threads, else as many as there are cores.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

import ladle
from benchmarks import memory, record
from benchmarks.data import vectors
from ladle import threads

WARM_ROWS = 6_000


class Stages:
    """Progress that adds up the seconds of each stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def task(self, title: str, total: float | None = None) -> Iterator[object]:
        start = time.perf_counter()
        yield lambda units: None
        self.seconds[title] = self.seconds.get(title, 0.0) + time.perf_counter() - start


def half_on_disk(embeddings: np.ndarray, folder: str) -> np.ndarray:
    """The same as a memory-mapped float16 file."""
    path = Path(folder) / "embeddings.npy"
    file = np.lib.format.open_memmap(path, "w+", np.float16, embeddings.shape)
    for start in range(0, len(embeddings), 500_000):
        file[start : start + 500_000] = embeddings[start : start + 500_000]
    file.flush()
    return np.load(path, mmap_mode="r")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--name", default="topics")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--dim", type=int, default=128, help="of the sets that are made")
    parser.add_argument("--float16", action="store_true")
    parser.add_argument("--exact", action=argparse.BooleanOptionalAction, default=None)
    parser.add_argument("--quality", choices=["default", "high"], default="default")
    options = parser.parse_args()
    made = options.name == "topics" and options.dim != vectors.DIM
    embeddings = vectors.topics(options.rows, options.dim) if made else vectors.load(options.name, options.rows)
    for exact in (True, False):
        ladle.cluster(embeddings[:WARM_ROWS].copy(), mean_size=10, exact=exact)
    with tempfile.TemporaryDirectory() as folder:
        if options.float16:
            embeddings = half_on_disk(embeddings, folder)
        stages = Stages()
        with memory.peak_watched() as peak:
            start, worked = time.perf_counter(), time.process_time()
            tree = ladle.cluster(
                embeddings, mean_size=10, exact=options.exact, quality=options.quality, progress=stages
            )
            seconds, worked = time.perf_counter() - start, time.process_time() - worked
    rows, dim = embeddings.shape
    recall = "exact" if tree.recall is None else round(tree.recall, 4)
    summary = f"{seconds:.1f} s, {worked:.1f} of processors, {peak[0] / 2**20:,.0f} MiB above, recall {recall}"
    print(f"{options.name} {rows:,} x {dim}: {summary}")
    for title, taken in stages.seconds.items():
        print(f"  {taken:8.1f} s  {title}")
    record.append(
        "scale",
        {
            "name": options.name,
            "rows": rows,
            "dim": dim,
            "dtype": embeddings.dtype.name,
            "exact": str(options.exact),
            "quality": options.quality,
            "threads": threads.thread_count(),
        },
        {
            "seconds": seconds,
            "processor_seconds": worked,
            "bytes_above_data": peak[0],
            "certified": tree.certified,
            "recall": recall,
        },
    )


if __name__ == "__main__":
    main()
