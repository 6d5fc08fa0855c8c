"""How long does a batch of a million out of ten million take, once the margins are known?

python -m benchmarks.strategies.selection [--rows 10000000] [--batch 1000000] [--clusters 1000000] [--ratio 10]
                                          [--rounds 7]
"""

from __future__ import annotations

import argparse

import numpy as np

import ladle
from benchmarks import record


def log_normal_clusters(rows: int, clusters: int) -> np.ndarray:
    """(rows,) int32: cluster sizes as uneven as those of real pools, rows of a cluster all over the pool."""
    rng = np.random.default_rng(0)
    ends = np.cumsum(rng.lognormal(0, 1, clusters))
    return np.searchsorted(ends, rng.random(rows) * ends[-1]).astype(np.int32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--batch", type=int, default=1_000_000)
    parser.add_argument("--clusters", type=int, default=1_000_000)
    parser.add_argument("--ratio", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    margins = np.random.default_rng(1).random(options.rows, np.float32)
    clusters = log_normal_clusters(options.rows, options.clusters)
    strategies = {
        "cluster-margin": ladle.ClusterMargin(clusters, candidate_ratio=options.ratio),
        "cluster-margin, pool order": ladle.ClusterMargin(clusters, candidate_ratio=options.ratio, group_size="pool"),
        "margin": ladle.Margin(),
        "uniform": ladle.Uniform(),
    }
    medians = record.table(
        record.interleaved(
            {
                name: lambda strategy=strategy: strategy.query(options.batch, margins=margins)
                for name, strategy in strategies.items()
            },
            options.rounds,
        )
    )
    print(strategies["cluster-margin"].query(options.batch, margins=margins).story)
    sizes = {name: getattr(options, name) for name in ("rows", "batch", "clusters", "ratio", "rounds")}
    record.append("selection", sizes, {f"{name}, seconds": value for name, value in medians.items()})


if __name__ == "__main__":
    main()
