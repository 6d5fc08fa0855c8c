"""Assigning newcomers against clustering everything again: how alike the clusters are, and the seconds of both.

python -m benchmarks.clustering.assign [--data topics,glove] [--rows 50000] [--held 0.1,0.3]
python -m benchmarks.clustering.assign --scale 1000000 [--dim 64]

With --scale there are as many newcomers as the tree has rows, and only seconds and memory are measured.

A share of the rows is held out at random, the rest clustered at mean size 10, and the held-out ones assigned. Adjusted
Rand index and V-measure compare that with clustering all rows: at mean size 10, and at the height at which newcomers
were assigned (with more rows, mean size 10 is lower). "kept rows" compares the two on the rows that both clusterings
saw: how far clustering again moves what was there.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np
from sklearn.metrics import adjusted_rand_score, v_measure_score

import ladle
from benchmarks import record
from benchmarks.data import vectors
from benchmarks.memory import peak_of_this_process

Result = TypeVar("Result")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="topics,glove")
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--held", default="0.1,0.3")
    parser.add_argument("--scale", type=int)
    parser.add_argument("--dim", type=int, default=64)
    options = parser.parse_args()
    warm_up()
    if options.scale:
        scale(options.scale, options.dim)
        return
    for name in options.data.split(","):
        embeddings = vectors.load(name, options.rows)
        _, seconds = timed(lambda: ladle.cluster(embeddings, mean_size=10))  # noqa: B023
        print(f"{name}: clustering all {len(embeddings):,} rows takes {seconds:.1f} s")
        whole = ladle.cluster(embeddings)  # not timed: to be cut at any height
        for share in map(float, options.held.split(",")):
            figures = against_clustering(embeddings, whole, share)
            sizes = {"data": name, "rows": options.rows, "held": share, "digest": vectors.digest(name)}
            record.append("assign", sizes, {"cluster all, seconds": seconds, **figures})


def against_clustering(embeddings: np.ndarray, whole: ladle.Dendrogram, share: float) -> dict[str, float | int]:
    held = np.random.default_rng(0).random(len(embeddings)) < share
    rest, new = embeddings[~held], embeddings[held]
    tree, cluster_seconds = timed(lambda: ladle.cluster(rest, mean_size=10))
    tree, prototype_seconds = timed(lambda: tree.with_prototypes(rest))
    assignment, assign_seconds = timed(lambda: tree.assign(new))
    labels = np.empty(len(embeddings), np.int32)
    labels[~held], labels[held] = tree.cut(), assignment.labels
    figures: dict[str, float | int] = {
        "cluster the rest, seconds": cluster_seconds,
        "prototypes, seconds": prototype_seconds,
        "assign, seconds": assign_seconds,
        "newcomers": len(new),
        "joined": float(np.mean(assignment.labels < assignment.known)),
        "clusters": assignment.known + assignment.founded,
        "founded": assignment.founded,
    }
    for title, again in (
        ("mean size 10", whole.cut(mean_size=10)),
        ("the same height", whole.cut(threshold=assignment.limit)),
    ):
        figures[f"clusters of all at {title}"] = int(again.max()) + 1
        for rows_title, rows in (("all rows", held | ~held), ("held-out rows", held), ("kept rows", ~held)):
            figures[f"ARI, {title}, {rows_title}"] = adjusted_rand_score(again[rows], labels[rows])
            figures[f"V, {title}, {rows_title}"] = v_measure_score(again[rows], labels[rows])
    print(f"held out {share:.0%}:")
    for key, value in figures.items():
        print(f"    {key:45} {value:.4g}" if isinstance(value, float) else f"    {key:45} {value:,}")
    return figures


def scale(rows: int, dim: int) -> None:
    """As many newcomers as the tree has rows, of the same made set."""
    embeddings = vectors.topics(2 * rows, dim)
    old = np.random.default_rng(0).random(2 * rows) < 0.5
    new = embeddings[~old]
    embeddings = embeddings[old]
    tree, cluster_seconds = timed(lambda: ladle.cluster(embeddings, mean_size=10))
    tree, prototype_seconds = timed(lambda: tree.with_prototypes(embeddings))
    before = peak_of_this_process()
    assignment, seconds = timed(lambda: tree.assign(new))
    above = peak_of_this_process() - before
    founded_share = np.mean(assignment.labels >= assignment.known)
    print(
        f"{len(new):,} newcomers, {assignment.known:,} clusters, dim {dim}: {seconds:.1f} s "
        f"(cluster {cluster_seconds:.1f}, prototypes {prototype_seconds:.1f}); "
        f"peak {above / 2**20:,.0f} MiB above that of clustering; "
        f"recall {assignment.recall}; {assignment.founded:,} founded by {founded_share:.1%}"
    )
    record.append(
        "assign",
        {"data": "topics", "rows": rows, "newcomers": len(new), "dim": dim},
        {
            "cluster, seconds": cluster_seconds,
            "prototypes, seconds": prototype_seconds,
            "assign, seconds": seconds,
            "peak bytes above that of clustering": above,
            "clusters": assignment.known,
            "recall": "exact" if assignment.recall is None else assignment.recall,
            "joined": float(np.mean(assignment.labels < assignment.known)),
        },
    )


def warm_up() -> None:
    """Compile every kernel before the clock starts."""
    embeddings = vectors.topics(7_000, 16)
    tree = ladle.cluster(embeddings[:6_000], mean_size=10).with_prototypes(embeddings[:6_000])
    for exact in (True, False):
        tree.assign(embeddings[6_000:], exact=exact)


def timed(work: Callable[[], Result]) -> tuple[Result, float]:
    start = time.perf_counter()
    result = work()
    return result, time.perf_counter() - start


if __name__ == "__main__":
    main()
