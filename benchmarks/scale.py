"""Clustering to mean size 10 at scale: seconds, memory above the data, and the recall the search measured.

python benchmarks/scale.py [--rows 1000000] [--dim 128] [--exact | --approximate] [--quality high]

One run in one process: repeat it for a spread. Kernels are compiled before the clock starts.
"""

from __future__ import annotations

import argparse
import time

import ladle
import record
from clustering import mixture, peak_of_this_process


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument("--exact", action=argparse.BooleanOptionalAction, default=None)
    parser.add_argument("--quality", choices=["default", "high"], default="default")
    options = parser.parse_args()
    embeddings = mixture(options.rows, options.dim)
    ladle.cluster(embeddings[:6_000])
    before = peak_of_this_process()
    start = time.perf_counter()
    tree = ladle.cluster(embeddings, mean_size=10, exact=options.exact, quality=options.quality)
    seconds = time.perf_counter() - start
    above = peak_of_this_process() - before
    recall = "exact" if tree.recall is None else round(tree.recall, 4)
    print(
        f"{options.rows:,} x {options.dim}: {seconds:.1f} s, {above / 2**20:,.0f} MiB above the data, recall {recall}"
    )
    record.append(
        "scale",
        {"rows": options.rows, "dim": options.dim, "exact": str(options.exact), "quality": options.quality},
        {"seconds": seconds, "bytes_above_data": above, "certified": tree.certified, "recall": recall},
    )


if __name__ == "__main__":
    main()
