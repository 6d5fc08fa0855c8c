"""Clustering of pools made to be hard: processor seconds, what the rounds did, and how the seconds grow with the rows.

python -m benchmarks.clustering.hard_pools [--pools star,line] [--rows 2000,4000,8000] [--engine brute|cells]
                                           [--limit 60]

A full tree each, on squared Euclidean distances. Seconds are processor time of all threads, which a busy machine
changes less than the clock. `own` is the time outside the neighbour search: the rounds, their bookkeeping and the dense
end. A pool's sizes go up while a run takes less than half of --limit seconds. The exponents are least-squares slopes of
log seconds against log rows, over the sizes from 8,000 up (below, fixed costs rule).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np

from benchmarks import record
from ladle.geometry.collapse import distinct_rows
from ladle.hac.compile_kernels import prepare_kernels
from ladle.hac.engine.merges import StopRule
from ladle.hac.engine.rounds import Rounds
from ladle.neighbours import BruteSearch, Candidates, CellSearch, NeighbourSearch
from ladle.progress import SILENT

Pool = Callable[[int, np.random.Generator], np.ndarray]
DIM = 32
SIZES = "2000,4000,8000,16000,32000,64000"
FIT_FROM = 8_000


def mixture(n: int, random: np.random.Generator, dim: int = DIM) -> np.ndarray:
    """Clusters of ten: the easy pool the others are compared with."""
    centres = random.normal(size=(max(2, n // 10), dim))
    return centres[random.integers(0, len(centres), n)] + 0.3 * random.normal(size=(n, dim))


def duplicates(n: int, random: np.random.Generator) -> np.ndarray:
    """Half of the rows are copies of others."""
    points = mixture(n, random)
    points[n // 2 :] = points[random.integers(0, n // 2, n - n // 2)]
    return points


def near_duplicates(n: int, random: np.random.Generator) -> np.ndarray:
    """Half of the rows are copies of a fiftieth of the others, but for noise of 1e-6."""
    points = mixture(n, random)
    copies = n - n // 2
    points[n // 2 :] = points[random.integers(0, max(1, n // 100), copies)] + 1e-6 * random.normal(size=(copies, DIM))
    return points


def giant(n: int, random: np.random.Generator) -> np.ndarray:
    """One cluster holds three rows of ten."""
    points = mixture(n, random)
    members = int(0.3 * n)
    points[:members] = 0.2 * random.normal(size=(members, DIM))
    return points


def equal(n: int, random: np.random.Generator) -> np.ndarray:
    """All rows equal."""
    return np.ones((n, DIM))


def cauchy(n: int, random: np.random.Generator) -> np.ndarray:
    """Heavy-tailed norms: Cauchy radii in random directions."""
    return directions(n, random) * np.abs(random.standard_cauchy((n, 1)))


def plane(n: int, random: np.random.Generator) -> np.ndarray:
    """Two dimensions, no structure."""
    return random.random((n, 2))


def wide(n: int, random: np.random.Generator) -> np.ndarray:
    """2,048 dimensions."""
    return mixture(n, random, 2048)


def star(n: int, random: np.random.Generator) -> np.ndarray:
    """A hub, and satellites whose distances grow a little from each to the next: it takes them one by one."""
    return directions(n, random, 64) * np.exp(7 * np.arange(n) / n)[:, None]


def many_stars(n: int, random: np.random.Generator) -> np.ndarray:
    """Stars of 500."""
    far = 1e4 * random.normal(size=(n // 500 + 1, 64))
    place = np.arange(n)
    return far[place // 500] + directions(n, random, 64) * np.exp(7 * (place % 500) / 500)[:, None]


def absorber(n: int, random: np.random.Generator) -> np.ndarray:
    """Half of the rows a tight cluster, half satellites of it in widening orbits."""
    points = directions(n, random, 64) * np.exp(4 * np.arange(n) / n)[:, None]
    points[: n // 2] = 0.01 * random.normal(size=(n // 2, 64))
    return points


def simplex(n: int, random: np.random.Generator) -> np.ndarray:
    """Every distance equal."""
    return np.eye(n)


def growing_line(n: int, random: np.random.Generator) -> np.ndarray:
    """A line with growing gaps: one reciprocal pair at a time."""
    return (np.arange(n, dtype=np.float64) ** 2 / n)[:, None]


def equal_line(n: int, random: np.random.Generator) -> np.ndarray:
    """A line with equal gaps: nothing but ties."""
    return np.arange(n, dtype=np.float64)[:, None]


def spiral(n: int, random: np.random.Generator) -> np.ndarray:
    """A spiral whose steps widen along the arm and whose turns part."""
    angle = np.sqrt(np.arange(n) + 1.0)
    return (angle**1.5)[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])


def directions(n: int, random: np.random.Generator, dim: int = DIM) -> np.ndarray:
    """(n, dim) unit vectors."""
    points = random.normal(size=(n, dim))
    return points / np.linalg.norm(points, axis=1, keepdims=True)


POOLS: list[Pool] = [
    mixture,
    duplicates,
    near_duplicates,
    giant,
    equal,
    cauchy,
    plane,
    wide,
    star,
    many_stars,
    absorber,
    simplex,
    growing_line,
    equal_line,
    spiral,
]
MOST_ROWS = {"wide": 16_000, "simplex": 4_000}  # 2,048 dimensions and n dimensions: larger ones measure the search


@dataclass(slots=True)
class TimedSearch:
    """A neighbour search that adds up the seconds spent in it."""

    inner: NeighbourSearch
    seconds: float = 0.0

    def nearest(self, *clusters: np.ndarray, **question: object) -> Candidates:
        """See `NeighbourSearch.nearest`."""
        start = time.process_time()
        answer = self.inner.nearest(*clusters, **question)  # type: ignore[arg-type]
        self.seconds += time.process_time() - start
        return answer


def measure(pool: Pool, n: int, engine: str) -> dict[str, float | int]:
    points = pool(n, np.random.default_rng(n))
    search = TimedSearch(BruteSearch() if engine == "brute" else CellSearch(0))
    start = time.process_time()
    distinct = distinct_rows(points)
    rounds = Rounds(points[distinct.rows].astype(np.float64), distinct.sizes, search)
    merges = rounds.run(StopRule())
    seconds = time.process_time() - start
    assert len(merges.pairs) == len(distinct.rows) - 1
    tally = asdict(merges.tally)
    tally["searched"] = tally["searched"] / n
    return {"seconds": seconds, "own": seconds - search.seconds, "distinct": len(distinct.rows), **tally}


def exponent(sizes: list[int], seconds: list[float]) -> float:
    """Slope of log seconds against log rows; NaN with fewer than two sizes."""
    fitted = [(size, taken) for size, taken in zip(sizes, seconds, strict=True) if size >= FIT_FROM]
    if len(fitted) < 2:
        return float("nan")
    logs = np.log(np.array(fitted))
    return float(np.polyfit(logs[:, 0], logs[:, 1], 1)[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pools", default=",".join(pool.__name__ for pool in POOLS))
    parser.add_argument("--rows", default=SIZES)
    parser.add_argument("--engine", choices=["brute", "cells"], default="brute")
    parser.add_argument("--limit", type=float, default=60.0)
    options = parser.parse_args()
    prepare_kernels(SILENT)
    by_name = {pool.__name__: pool for pool in POOLS}
    for n in (1, 2, 3):
        measure(mixture, n, options.engine)
    print(f"{'pool':16}{'rows':>9}{'seconds':>9}{'own':>9}  what the rounds did")
    for name in options.pools.split(","):
        sizes: list[int] = []
        figures: list[dict[str, float | int]] = []
        for n in map(int, options.rows.split(",")):
            if n > MOST_ROWS.get(name, n) or (figures and figures[-1]["seconds"] > options.limit / 2):
                break
            sizes.append(n)
            figures.append(measure(by_name[name], n, options.engine))
            done = "  ".join(
                f"{key} {value:.2f}" if isinstance(value, float) else f"{key} {value:,}"
                for key, value in figures[-1].items()
                if key not in ("seconds", "own")
            )
            print(f"{name:16}{n:>9,}{figures[-1]['seconds']:>9.2f}{figures[-1]['own']:>9.2f}  {done}", flush=True)
        if not sizes:
            continue  # `rows` has larger ones than it has
        exponents = {key: exponent(sizes, [float(figure[key]) for figure in figures]) for key in ("seconds", "own")}
        print(f"{'':16}{'exponent':>9}{exponents['seconds']:>9.2f}{exponents['own']:>9.2f}")
        record.append(
            "hard_pools",
            {"pool": name, "rows": sizes[-1], "engine": options.engine},
            {**figures[-1], **{f"exponent_{key}": slope for key, slope in exponents.items() if slope == slope}},
        )


if __name__ == "__main__":
    main()
