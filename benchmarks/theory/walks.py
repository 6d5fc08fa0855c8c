"""What does the compiled walk gain over the same walk in NumPy?

    python -m benchmarks.theory.walks [--dim 20] [--borders 200]

Both move 256 points by the same number of steps with the same constraints, in turns. NumPy moves all points at once,
one step after the other.
"""

from __future__ import annotations

import argparse

import numpy as np

from benchmarks.record import append, interleaved, table
from ladle.theory.kernels import walk_cone

WALKS = 256


def numpy_walk(points: np.ndarray, slacks: np.ndarray, directions: np.ndarray, rises: np.ndarray, steps: int) -> None:
    random = np.random.default_rng(0)
    for _ in range(steps):
        kinds = random.integers(len(directions), size=len(points))
        step, rise = directions[kinds], rises[kinds]
        across, square = (points * step).sum(axis=1), (step**2).sum(axis=1)
        root = np.sqrt(across**2 + square * (1 - (points**2).sum(axis=1)))
        ends = -slacks / rise
        low = np.maximum((-across - root) / square, np.where(rise > 0, ends, -np.inf).max(axis=1))
        high = np.minimum((-across + root) / square, np.where(rise < 0, ends, np.inf).min(axis=1))
        length = (low + (high - low) * random.random(len(points)))[:, None]
        points += length * step
        slacks += length * rise


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dim", type=int, default=20)
    parser.add_argument("--borders", type=int, default=200)
    given = parser.parse_args()
    random = np.random.default_rng(1)
    target = random.standard_normal(given.dim)
    target /= np.linalg.norm(target)
    borders = random.standard_normal((given.borders, given.dim))
    borders *= np.sign(borders @ target)[:, None]
    directions = random.standard_normal((8 * given.dim, given.dim))
    rises, steps = directions @ borders.T, 4 * given.dim + 16

    def start() -> tuple[np.ndarray, np.ndarray]:
        points = np.repeat(0.5 * target[None], WALKS, axis=0)
        return points, points @ borders.T

    def compiled() -> None:
        walk_cone(np.uint64(1), *start(), directions, rises, steps)

    seconds = table(
        interleaved({"compiled": compiled, "NumPy": lambda: numpy_walk(*start(), directions, rises, steps)}, 9)
    )
    sizes = {"dim": given.dim, "borders": given.borders, "walks": WALKS, "steps": steps}
    append("theory_walks", sizes, seconds | {"ratio": seconds["NumPy"] / seconds["compiled"]})


if __name__ == "__main__":
    _main()
