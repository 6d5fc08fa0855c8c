"""Do samples of a version space have the exact distribution in cones that are narrow one way and wide in the others?

python -m benchmarks.theory.mixing [--dims 5,20,50] [--cones 6] [--walks 512]

A cone is a wedge of two coordinates times positive ones, rotated, and given as labels all at once. The angle in the
wedge is uniform, and the square of each other coordinate of a unit vector has a beta distribution. A line has the
dimension and the width; the mean over cones and coordinates of the squared deviation of the coordinate's mean rank, as
a multiple of what independent draws have; the smallest p-value of the angles over the cones; and the processor time of
a cone.
"""

from __future__ import annotations

import argparse
import math
import time

import numpy as np
from scipy.stats import beta, kstest, ortho_group

from ladle.theory import VersionSpace

WIDTHS = (1.0, 1e-3, 1e-6)


def deviation(dim: int, width: float, seed: int, walks: int) -> tuple[float, float]:
    """(squared deviation of the coordinates' mean ranks over that of independent draws, p-value of the angle)."""
    cone = np.eye(dim)
    cone[:2, :2] = [[0, 1], [math.sin(width), -math.cos(width)]]
    rotation = ortho_group.rvs(dim, random_state=seed)
    signs = np.random.default_rng(seed).random(dim) < 0.5
    space = VersionSpace(dim, seed=seed, walks=walks)
    turned = cone @ rotation.T
    space.add(np.where(signs[:, None], turned, -turned), signs)
    units = space.units @ rotation
    ranks = beta(0.5, (dim - 1) / 2).cdf(units[:, 2:] ** 2)
    squares = 12 * walks * (ranks.mean(axis=0) - 0.5) ** 2
    angles = np.arctan2(units[:, 1], units[:, 0]) / width
    return float(squares.mean()), float(kstest(angles, "uniform").pvalue)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dims", default="5,20,50")
    parser.add_argument("--cones", type=int, default=6)
    parser.add_argument("--walks", type=int, default=512)
    options = parser.parse_args()
    for dim in map(int, options.dims.split(",")):
        for width in WIDTHS:
            begun = time.process_time()
            made = [deviation(dim, width, seed, options.walks) for seed in range(options.cones)]
            seconds = (time.process_time() - begun) / options.cones
            squares, chances = zip(*made, strict=True)
            print(f"{dim:3} {width:8g} {np.mean(squares):9.2f} {min(chances):.3f} {seconds:6.2f} s", flush=True)


if __name__ == "__main__":
    main()
