"""Choosing a batch: seconds and memory of every strategy, beside other implementations where they finish.

python -m benchmarks.strategies.peers [--pool 100000] [--size 10000] [--classes 10] [--turns 1] [--limit 900]
                                [--strategy coreset --strategy "NumPy coreset" ...] [--partitions falcun=10 ...]

The pool is `topics` (128 dimensions), its probabilities those of a random linear model, float16 in a memory-mapped
file, 1% of the rows are labelled, and the clusters are Ladle's at mean size 10. Every run is a process of its own whose
first call, on few rows, compiles what is compiled; it is not counted. Seconds are those of the query, scores included
where the strategy makes them; memory is the most the process held above what it held before the query, without the
pages of the mapped files. Other implementations: k-center greedy and k-means++ on factorised gradients (as in
LabelBench) written directly in NumPy, one product a pick; scikit-activeml where it is installed
(pip install scikit-activeml). One that needs more than 85% of the machine's memory or overruns the limit is a line that
says so.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from statistics import median

import numpy as np

import ladle
from benchmarks import isolated, record
from benchmarks.data import vectors
from benchmarks.strategies import implementations

TEMPERATURE = 6.0
BLOCK = 50_000
LABELLED = 100  # one row in so many


def prepare(folder: Path, rows: int, classes: int) -> None:
    """The pool's files: embeddings, probabilities, votes, clusters, labelled rows."""
    points = vectors.load("topics", rows)
    np.save(folder / "embeddings.npy", points, allow_pickle=False)
    random = np.random.default_rng(0)
    weights = random.normal(size=(points.shape[1], classes)).astype(np.float32) * TEMPERATURE
    shape = (rows, classes)
    path = folder / "probabilities.npy"
    probabilities = np.lib.format.open_memmap(path, mode="w+", dtype=np.float16, shape=shape)
    votes = np.empty((rows, 5), np.int16)
    for start in range(0, rows, BLOCK):
        logits = points[start : start + BLOCK] @ weights
        probabilities[start : start + BLOCK] = ladle.scores.softmax(logits)
        for turn in range(votes.shape[1]):
            noise = random.normal(size=logits.shape).astype(np.float32)
            votes[start : start + BLOCK, turn] = (logits + TEMPERATURE / 4 * noise).argmax(axis=1)
    probabilities.flush()
    np.save(folder / "votes.npy", votes, allow_pickle=False)
    np.save(folder / "labelled.npy", np.sort(random.choice(rows, rows // LABELLED, replace=False)), allow_pickle=False)
    clusters = ladle.cluster(points, mean_size=10, prototypes=False).cut()
    np.save(folder / "clusters.npy", clusters, allow_pickle=False)


def measure(name: str, folder: Path, options: argparse.Namespace, partitions: int) -> dict[str, float | int | str]:
    """Medians over the turns."""
    question = {"name": name, "folder": str(folder), "size": options.size, "partitions": partitions}
    taken = []
    for _ in range(options.turns):
        with isolated.Worker(implementations.__name__, options.threads) as worker:
            first = worker.ask(question | {"few": True}, 300)
            answer = worker.ask(question | {"few": False}, options.limit) if first["outcome"] == "done" else first
        if answer["outcome"] != "done":
            return {"outcome": answer["outcome"]}
        taken.append((answer["seconds"], answer["bytes"]))
    seconds, held = (median(column) for column in zip(*taken, strict=True))
    return {"outcome": "done", "seconds": seconds, "bytes": held}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pool", type=int, default=100_000)
    parser.add_argument("--size", type=int, default=10_000)
    parser.add_argument("--classes", type=int, default=10)
    parser.add_argument("--turns", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--limit", type=float, default=900, help="seconds a turn may take")
    parser.add_argument("--strategy", action="append", choices=implementations.names())
    parser.add_argument("--partitions", action="append", default=[], metavar="STRATEGY=PARTS")
    options = parser.parse_args()
    parts = {name: int(count) for name, count in (text.split("=") for text in options.partitions)}

    figures: dict[str, float | int | str] = {}
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder), options.pool, options.classes)
        print(f"{'':34}  seconds  MiB above the data", flush=True)
        for name in options.strategy or implementations.names():
            result = measure(name, Path(folder), options, parts.get(name, 1))
            label = f"{name} in {parts[name]} parts" if name in parts else name
            text = str(result["outcome"])
            if text == "done":
                text = f"{result['seconds']:8.2f} {float(result['bytes']) / 2**20:12,.0f}"
            print(f"{label:34} {text}", flush=True)
            figures |= {f"{label}, {key}": value for key, value in result.items()}
    sizes = {"name": "topics", "rows": options.pool, "dim": 128, "classes": options.classes, "size": options.size}
    record.append("strategies", sizes | {"turns": options.turns, "threads": options.threads}, figures)


if __name__ == "__main__":
    main()
