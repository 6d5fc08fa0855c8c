"""The full average-linkage tree: Ladle's engine against SciPy's linkage(pdist), and how its memory grows.

python -m benchmarks.clustering.full_tree [--rows 20000] [--dim 128] [--rounds 3] [--memory-rows 10000,20000,40000]

Peak memory is that of a fresh process for each size, less that of one that only makes the data.
"""

from __future__ import annotations

import argparse
import subprocess
import sys

import numpy as np

import ladle
from benchmarks import record
from benchmarks.data.vectors import mixture
from benchmarks.memory import peak_of_this_process


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--memory-rows", default="10000,20000,40000")
    parser.add_argument("--peak", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--baseline", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peak:
        print(peak_bytes(options.peak, options.dim, cluster=not options.baseline))
        return
    figures = against_scipy(options.rows, options.dim, options.rounds)
    figures |= memory([int(text) for text in options.memory_rows.split(",") if text], options.dim)
    record.append("clustering", {"rows": options.rows, "dim": options.dim, "rounds": options.rounds}, figures)


def against_scipy(rows: int, dim: int, rounds: int) -> dict[str, float]:
    from scipy.cluster.hierarchy import linkage
    from scipy.spatial.distance import pdist

    embeddings = mixture(rows, dim)
    wide = embeddings.astype(np.float64)
    trees = {}

    def ours() -> None:
        trees["ours"] = ladle.cluster(embeddings, metric="sqeuclidean")

    def theirs() -> None:
        trees["theirs"] = linkage(pdist(wide, "sqeuclidean"), "average")

    medians = record.table(
        record.interleaved({"ladle.cluster, full tree": ours, "scipy linkage(pdist)": theirs}, rounds)
    )
    seconds, scipy_seconds = medians.values()
    error = np.max(np.abs(trees["ours"].heights / trees["theirs"][:, 2] - 1))
    print(f"{scipy_seconds / seconds:.1f} times faster; heights differ by at most {error:.1e}")
    return {
        "seconds": seconds,
        "scipy_seconds": scipy_seconds,
        "times_faster": scipy_seconds / seconds,
        "largest_height_error": float(error),
    }


def memory(sizes: list[int], dim: int) -> dict[str, float]:
    figures = {}
    for rows in sizes:
        command = [sys.executable, "-m", "benchmarks.clustering.full_tree", "--peak", str(rows), "--dim", str(dim)]
        peaks = [int(subprocess.check_output([*command, *more])) for more in ([], ["--baseline"])]
        figures[f"peak_bytes_per_row_{rows}"] = (peaks[0] - peaks[1]) / rows
        above = peaks[0] - peaks[1]
        print(f"{rows:>9,} rows: {above / 2**20:8.1f} MiB above the data, {above / rows:,.0f} bytes a row")
    return figures


def peak_bytes(rows: int, dim: int, *, cluster: bool) -> int:
    embeddings = mixture(rows, dim)
    ladle.cluster(embeddings[:5_000], metric="sqeuclidean")
    if cluster:
        ladle.cluster(embeddings, metric="sqeuclidean")
    return peak_of_this_process()


if __name__ == "__main__":
    main()
