"""One way to choose a batch each: Ladle's strategies, and others to compare with. Run by `peers`."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from benchmarks import isolated, memory
from ladle import strategies

FEW_ROWS, FEW_SIZE = 3_000, 300


@dataclass(frozen=True)
class Pool:
    embeddings: np.ndarray
    probabilities: np.ndarray
    votes: np.ndarray
    clusters: np.ndarray
    labelled: np.ndarray

    @classmethod
    def load(cls, folder: Path) -> Pool:
        mapped = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("embeddings", "probabilities")}
        held = {name: np.load(folder / f"{name}.npy") for name in ("votes", "clusters", "labelled")}
        return cls(**mapped, **held)

    def first(self, rows: int) -> Pool:
        arrays = (self.embeddings, self.probabilities, self.votes, self.clusters)
        return Pool(*(array[:rows] for array in arrays), self.labelled[self.labelled < rows])

    @property
    def unlabelled(self) -> np.ndarray:
        return np.setdiff1d(np.arange(len(self.embeddings)), self.labelled)


def ladles(name: str, pool: Pool, size: int, partitions: int) -> np.ndarray:
    strategy = strategies.create(name, tree=pool.clusters, partitions=partitions)
    given = {"probabilities": pool.probabilities, "embeddings": pool.embeddings, "votes": pool.votes}
    return strategy.query(size, labelled=pool.labelled, **given).rows


def numpy_coreset(pool: Pool, size: int) -> np.ndarray:
    """k-center greedy, one product with the whole pool a pick."""
    points = np.ascontiguousarray(pool.embeddings)
    squares = np.einsum("ij,ij->i", points, points)
    nearest = np.full(len(points), np.inf, np.float32)

    def lower(row: int) -> None:
        np.minimum(nearest, squares + squares[row] - 2 * (points @ points[row]), out=nearest)
        nearest[row] = -1

    for row in pool.labelled:
        lower(row)
    picked = np.empty(size, np.int64)
    for pick in range(size):
        picked[pick] = nearest.argmax()
        lower(picked[pick])
    return picked


def numpy_badge(pool: Pool, size: int) -> np.ndarray:
    """k-means++ on factorised gradients, two products with the whole pool a pick."""
    rows = pool.unlabelled
    random = np.random.default_rng(0)
    loss = pool.probabilities[rows].astype(np.float32)
    loss[np.arange(len(rows)), loss.argmax(axis=1)] -= 1
    points = pool.embeddings[rows]
    lengths = np.einsum("ij,ij->i", loss, loss) * np.einsum("ij,ij->i", points, points)
    picked = [int(lengths.argmax())]
    nearest = np.full(len(rows), np.inf, np.float32)
    while len(picked) < size:
        last = picked[-1]
        apart = lengths + lengths[last] - 2 * (loss @ loss[last]) * (points @ points[last])
        nearest = np.minimum(nearest, np.maximum(apart, 0))
        nearest[last] = 0
        chance = nearest.astype(np.float64)
        picked.append(int(random.choice(len(rows), p=chance / chance.sum())))
    return rows[picked]


def skactiveml(name: str, pool: Pool, size: int) -> np.ndarray:
    from skactiveml import pool as theirs
    from skactiveml.base import SkactivemlClassifier
    from sklearn.base import BaseEstimator

    known = np.asarray(pool.probabilities, np.float64)

    class Given(SkactivemlClassifier, BaseEstimator):
        """The given probabilities, for any request."""

        def fit(self, X, y, sample_weight=None):
            return self

        def predict_proba(self, X):
            return known if len(X) == len(known) else known[pool.unlabelled]

        def predict(self, X):
            return self.predict_proba(X).argmax(axis=1)

    points = np.asarray(pool.embeddings)
    labels = np.full(len(points), np.nan)
    labels[pool.labelled] = 0
    strategy = getattr(theirs, name)(missing_label=np.nan, random_state=0)
    needs_model = name in ("Badge", "Falcun")
    return strategy.query(
        points, labels, **({"clf": Given(), "fit_clf": False} if needs_model else {}), batch_size=size
    )


OTHERS: dict[str, Callable[[Pool, int], np.ndarray]] = {
    "NumPy coreset": numpy_coreset,
    "NumPy badge": numpy_badge,
    **{
        f"scikit-activeml {name}": (lambda pool, size, name=name: skactiveml(name, pool, size))
        for name in ("CoreSet", "Badge", "Falcun", "TypiClust", "ProbCover", "MaxHerding")
    },
}


def names() -> list[str]:
    return [*strategies.names(), *OTHERS]


@cache
def _pool(folder: str) -> Pool:
    return Pool.load(Path(folder))


def turn(question: isolated.Answer) -> isolated.Answer:
    """Seconds and memory of one batch."""
    pool, size, name = _pool(question["folder"]), question["size"], question["name"]
    if question["few"]:
        pool, size = pool.first(FEW_ROWS), FEW_SIZE
    gc.collect()
    start = time.perf_counter()
    with memory.peak_watched() as most:
        if name in OTHERS:
            rows = OTHERS[name](pool, size)
        else:
            rows = ladles(name, pool, size, 1 if question["few"] else question["partitions"])
    seconds = time.perf_counter() - start
    rows = np.asarray(rows)
    if len(np.unique(rows)) != size or np.isin(rows, pool.labelled).any():
        raise ValueError(f"{len(np.unique(rows))} distinct rows instead of {size}, or labelled ones")
    return {"seconds": seconds, "bytes": most[0]}


if __name__ == "__main__":
    isolated.serve(turn)
