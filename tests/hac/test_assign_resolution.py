"""An exact assignment is right wherever float64 can tell, and counts the newcomers where it cannot."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import ladle
from ladle.errors import ArgumentError
from ladle.hac.tree.prototypes import Prototypes

CLUSTERS, DIM, QUERIES = 60, 4, 200


def near_clusters(distance: float) -> tuple[np.ndarray, np.ndarray]:
    """Rows in clusters about 1e-5 apart at 500 and at -500, and newcomers among them."""
    random = np.random.default_rng(0)
    centres = 500 + 2e-5 * random.standard_normal((CLUSTERS, DIM))
    centres[CLUSTERS // 2 :] *= -1
    pool = np.repeat(centres, 5, axis=0) + 1e-8 * random.standard_normal((5 * CLUSTERS, DIM))
    new = centres[random.integers(0, CLUSTERS, QUERIES)] + 4e-6 * random.standard_normal((QUERIES, DIM))
    return pool, new + distance * random.standard_normal((QUERIES, DIM))


def true_linkages(pool: np.ndarray, labels: np.ndarray, new: np.ndarray) -> np.ndarray:
    """(q, m) means over all pairs of newcomer and member, in extended precision."""
    rows, points = pool.astype(np.longdouble), new.astype(np.longdouble)
    pairs = ((points[:, None] - rows[None]) ** 2).sum(axis=2)
    return np.stack([pairs[:, labels == label].mean(axis=1) for label in range(labels.max() + 1)], axis=1)


def float32_means(tree: ladle.Dendrogram) -> ladle.Dendrogram:
    """As an older Ladle's file has it."""
    carried = tree.prototypes
    assert isinstance(carried, Prototypes)
    rounded = carried.offsets.astype(np.float32).astype(np.float64)
    return replace(tree, prototypes=replace(carried, offsets=rounded, rounding=2.0**-24))


@pytest.mark.parametrize("distance", [0.0, 1e3, 1e6, 1e9, 1e13])
@pytest.mark.parametrize("through", ["memory", "file", "coarser cut"])
def test_clusters_that_lie_close_together_far_out(distance: float, through: str, tmp_path: Path) -> None:
    pool, new = near_clusters(distance)
    tree = ladle.cluster(pool, metric="sqeuclidean", n_clusters=CLUSTERS * (2 if through == "coarser cut" else 1))
    if through == "file":
        tree.save(tmp_path / "tree.npz")
        tree = ladle.Dendrogram.load(tmp_path / "tree.npz")
    linkages = true_linkages(pool, tree.cut(n_clusters=CLUSTERS), new)
    found = tree.assign(new, n_clusters=CLUSTERS, exact=True, new="nearest")
    wrong = int((found.labels != linkages.argmin(axis=1)).sum())
    assert wrong <= found.unresolved
    if distance <= 1e6:
        assert wrong == found.unresolved == 0
    if distance == 1e13:  # where float64 steps are larger than the clusters are apart
        assert found.unresolved == QUERIES


def test_ties_are_counted_and_go_to_the_first() -> None:
    tree = ladle.cluster([[0.0], [0.0], [2.0], [2.0]], metric="sqeuclidean", n_clusters=2)
    found = tree.assign([[1.0], [0.5]], exact=True, new="nearest")
    assert (found.labels.tolist(), found.unresolved) == ([0, 0], 1)


def test_rounded_means_prove_nothing_and_say_so() -> None:
    pool, new = near_clusters(0.0)
    tree = ladle.cluster(pool, metric="sqeuclidean", n_clusters=CLUSTERS)
    old = float32_means(tree)
    with pytest.raises(ArgumentError, match=r"older Ladle has rounded.*pool="):
        old.assign(new, exact=True, new="nearest")
    assert old.assign(new, new="nearest").unresolved > QUERIES // 2
    again = old.assign(new, exact=True, pool=pool, new="nearest")
    assert again.unresolved == 0
    assert np.array_equal(again.labels, tree.assign(new, new="nearest").labels)


def test_rounded_means_are_right_where_clusters_lie_apart() -> None:
    random = np.random.default_rng(1)
    pool, new = random.standard_normal((300, 8)), random.standard_normal((200, 8))
    tree = ladle.cluster(pool, metric="sqeuclidean", n_clusters=40)
    found = float32_means(tree).assign(new, exact=True, new="nearest")
    assert found.unresolved == 0
    assert np.array_equal(found.labels, tree.assign(new, new="nearest").labels)
