"""Make tree files of this Ladle; run it once for each version of the format.

python tests/golden/make_trees.py VERSION        writes tree-VERSION-NAME.npz and tree-VERSION.json beside this file

They are never made again: later Ladles must load the files and say what the JSON says.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

import ladle

HERE = Path(__file__).parent
ROWS, DIM = 120, 3


def points_of(seed: int, rows: int = ROWS) -> np.ndarray[Any, Any]:
    """Made rows, the last three equal to the first three."""
    points = np.random.default_rng(seed).standard_normal((rows, DIM)).astype(np.float32)
    points[-3:] = points[:3]
    return points


def trees() -> dict[str, ladle.Dendrogram]:
    """One tree of each kind: complete and stopped, with prototypes and without, of an array and of a pool with ids."""
    pool = ladle.open_pool(points_of(1), ids=[f"bild-{row}" for row in range(ROWS)])
    return {
        "complete": ladle.cluster(points_of(0), metric="sqeuclidean", prototypes=False),
        "carrying": ladle.cluster(pool, metric="cosine", mean_size=4),
        "stopped": ladle.cluster(points_of(2, 5_200), metric="sqeuclidean", threshold=0.0007, prototypes=False),
    }


def said_by(tree: ladle.Dendrogram) -> dict[str, Any]:
    """What a tree says, as JSON can carry it."""
    middles = (tree.heights[1:].astype(float) + tree.heights[:-1].astype(float)) / 2
    at = [float(height) for height in middles[:: max(1, len(middles) // 8)]]
    said: dict[str, Any] = {
        "n": tree.n,
        "merges": tree.merges.tolist(),
        "heights": tree.heights.astype(float).tolist(),
        "cuts": [[height, int(tree.cut(threshold=height).max()) + 1] for height in at],
        "labels": tree.cut(n_clusters=tree.n - len(tree.merges) // 2).tolist()[:200],
        "known_below": None if np.isinf(tree.known_below) else tree.known_below,
        "pool_digest": tree.pool_digest,
    }
    if tree.prototypes is not None:
        found = tree.assign(points_of(9), new="mark")
        said |= {"assigned": found.labels.tolist(), "clusters": len(tree.prototypes)}
    return said


def main(version: str) -> None:
    said = {}
    for name, tree in trees().items():
        tree.save(HERE / f"tree-{version}-{name}.npz")
        said[name] = said_by(tree)
    (HERE / f"tree-{version}.json").write_text(json.dumps(said) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
