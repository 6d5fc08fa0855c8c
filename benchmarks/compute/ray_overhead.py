"""The exact clustering on a local Ray against the plain engine, in one run: seconds, bytes moved, memory of a worker.

python -m benchmarks.compute.ray_overhead --rows 100000 --dim 128 --repeats 3
"""

from __future__ import annotations

import argparse
import os
import statistics
import time

import numpy as np

import ladle
from benchmarks.compute.ray_kills import descendants, pool
from ladle.compute.ray_cluster import RayCluster
from ladle.hac.ray_plan import ray_plan
from ladle.neighbours.sharded import ShardedSearch
from ladle.threads import thread_count


def worker_peak_bytes() -> int:
    """The largest memory that a worker of this process's Ray has held, shared memory included."""
    peak = 0
    for process, line in descendants(os.getpid()).items():
        if line.startswith("ray::"):
            with open(f"/proc/{process}/status") as status:  # noqa: PTH123 - it may be gone
                held = [each for each in status if each.startswith("VmHWM")]
            peak = max([peak, *(1024 * int(each.split()[1]) for each in held)])
    return peak


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    vectors = pool(options.rows, options.dim)
    plan = ray_plan(options.rows, options.dim)
    moved = []
    close = ShardedSearch.close

    def noted(search: ShardedSearch) -> None:
        moved.append(search.moved_bytes)
        close(search)

    ShardedSearch.close = noted  # type: ignore[method-assign]
    ladle.cluster(vectors[:20_000], engine="brute", mean_size=10)  # compiles
    plain, on_ray = [], []
    workers = thread_count()
    with RayCluster("local", workers, store_bytes=max(1 << 30, plan.store_bytes(workers))):
        for _ in range(options.repeats):
            begun = time.perf_counter()
            one = ladle.cluster(vectors, engine="brute", mean_size=10)
            plain.append(time.perf_counter() - begun)
            begun = time.perf_counter()
            other = ladle.cluster(vectors, engine="ray", mean_size=10)
            on_ray.append(time.perf_counter() - begun)
            assert np.array_equal(one.merges, other.merges)
            assert np.array_equal(one.heights, other.heights)
        peak = worker_peak_bytes()
    ratio = statistics.median(b / a for a, b in zip(plain, on_ray, strict=True))
    print(
        f"{options.rows:,} x {options.dim}: plain {statistics.median(plain):.1f} s, "
        f"Ray {statistics.median(on_ray):.1f} s ({workers} workers), ratio {ratio:.2f}; "
        f"moved {moved[-1] / options.rows:,.0f} bytes a row "
        f"(first search planned: {(plan.shared_bytes + plan.returned_bytes) / options.rows:,.0f}); worker peak "
        f"{peak / 2**20:,.0f} MiB (planned {plan.worker_bytes / 2**20:,.0f} beside shared memory); load "
        f"{os.getloadavg()[0]:.1f}"
    )


if __name__ == "__main__":
    main()
