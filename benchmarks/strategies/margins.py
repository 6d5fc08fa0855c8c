"""How fast are margins? Against one NumPy pass that only reads, and against the margin one would write in NumPy.

python -m benchmarks.strategies.margins [--rows 10000000] [--classes 10] [--dtype float32] [--rounds 7]
"""

from __future__ import annotations

import argparse

import numpy as np

import ladle
from benchmarks import record


def probabilities(rows: int, classes: int, dtype: str) -> np.ndarray:
    rng = np.random.default_rng(0)
    P = np.empty((rows, classes), dtype)
    for start in range(0, rows, 1_000_000):
        block = rng.random((min(1_000_000, rows - start), classes), np.float32)
        P[start : start + len(block)] = block / block.sum(axis=1, keepdims=True)
    return P


def partition_margin(P: np.ndarray) -> np.ndarray:
    """In blocks that fit the cache, so that it is not slowed by a copy of the pool."""
    out = np.empty(len(P), np.float32)
    step = max(1, 1_000_000 // P.shape[1])
    for start in range(0, len(P), step):
        two = np.partition(P[start : start + step], P.shape[1] - 2, axis=1)[:, -2:]
        out[start : start + len(two)] = two[:, 1] - two[:, 0]
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--classes", type=int, default=10)
    parser.add_argument("--dtype", choices=["float16", "float32", "float64"], default="float32")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    P = probabilities(options.rows, options.classes, options.dtype)
    if options.dtype == "float32":
        np.testing.assert_array_equal(ladle.margin(P[:100_000]), partition_margin(P[:100_000]))
    medians = record.table(
        record.interleaved(
            {
                "ladle.margin": lambda: ladle.margin(P),
                "P.max(axis=1)": lambda: P.max(axis=1),
                "np.partition margin": lambda: partition_margin(P),
            },
            options.rounds,
        )
    )
    ours = medians["ladle.margin"]
    ratios = {
        "times_max": ours / medians["P.max(axis=1)"],
        "partition_times_ours": medians["np.partition margin"] / ours,
        "gigabytes_per_second": P.nbytes / ours / 1e9,
    }
    print("  ".join(f"{name} {value:.2f}" for name, value in ratios.items()))
    sizes = {"rows": options.rows, "classes": options.classes, "dtype": options.dtype, "rounds": options.rounds}
    record.append("margins", sizes, {f"{name}, seconds": value for name, value in medians.items()} | ratios)


if __name__ == "__main__":
    main()
