"""Which k examples of a band a batch takes: by expected volume, by expected diameter, or by Cluster-Margin.

Volume and diameter are one greedy cover. Draw pairs of hypotheses from the version space. The expected volume that a
batch leaves is the share of pairs that none of its examples separates; weighed by the angles of the pairs, it is the
average diameter that is left. The weight that a batch separates is submodular, so that the greedy batch separates at
least 1 - 1/e of what the best one does.

Pairs that are as far apart as the version space is wide are separated by a few examples. What is left then are near
pairs, which uniform draws hardly contain. So the distance of a pair is drawn evenly on a log scale, and its weight
makes up for it: the weighted share estimates the same volume.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from ladle.arrays import Rows
from ladle.seeds import stream
from ladle.theory.version_space import VersionSpace

Vectors = npt.NDArray[np.float64]
Measure = Literal["volume", "diameter"]

MOST_PAIRS = 2_048
MOST_REFRESHES = 4  # sets of pairs for one batch; then the rest is drawn at random
NEAREST = 1 / 8  # of 1 / k: how near the nearest pairs are, as a share of the way to the border
FARTHEST = 1_000.0
FLAT = 0.9  # cosines of all samples with the centre, above which the sphere is taken as flat


@dataclass(frozen=True, slots=True, eq=False)
class HypothesisPairs:
    """Pairs of hypotheses of a version space.

    base: (dim,) a hypothesis that all are near, or zeros; first: (p, dim), base + first is the first of each pair;
    step: (p, dim), from the first to the second; weights: (p,) with sum 1, by which the pairs stand for pairs that are
    uniform in the version space.
    """

    base: Vectors
    first: Vectors
    step: Vectors
    weights: Vectors

    def separated(self, examples: Vectors) -> npt.NDArray[np.bool_]:
        """(n, p) whether each example gives the two hypotheses of each pair different labels.

        Products are taken in float32, in units of the width of the version space. Cost: O(n p dim).
        """
        scale = float(np.abs(self.step).max())
        thin = examples.astype(np.float32)
        heights = (examples @ self.base / scale).astype(np.float32)[:, None]
        heights = heights + thin @ (self.first / scale).astype(np.float32).T
        moved = heights + thin @ (self.step / scale).astype(np.float32).T
        return np.asarray((heights > 0) != (moved > 0))


def greedy_batch(
    examples: Vectors, space: VersionSpace, batch_size: int, *, measure: Measure, seed: int, pairs: int = MOST_PAIRS
) -> Rows:
    """The rows of `batch_size` of `examples` (n, dim) that are expected to shrink `measure` most, in order of choice.

    Cost: O(n pairs dim) time and n pairs bytes, up to four times. Repeatability: set by the samples and the seed.
    Source: Tosh & Dasgupta 2017, "Diameter-based active learning", for pairs as the measure of a query; the batch and
    the draw of pairs are this project's.
    """
    from ladle.theory.kernels import cover_pairs

    random = stream(seed, "pairs")
    chosen: Rows = np.empty(0, np.int64)
    remaining: Rows = np.arange(len(examples))
    for _ in range(MOST_REFRESHES):
        drawn = draw_pairs(space, pairs, NEAREST / batch_size, random)
        weights = drawn.weights * (_angles(drawn) if measure == "diameter" else 1.0)
        covered = drawn.separated(examples[chosen]).any(axis=0).astype(np.uint8)
        flags = drawn.separated(examples[remaining]).view(np.uint8)
        picks = np.empty(batch_size - len(chosen), np.int64)
        count = cover_pairs(flags, weights, covered, picks, len(picks))
        chosen = np.concatenate([chosen, remaining[picks[:count]]])
        if len(chosen) == batch_size:
            return chosen
        remaining = np.setdiff1d(remaining, chosen)
    rest = random.choice(remaining, batch_size - len(chosen), replace=False)
    return np.concatenate([chosen, rest])


def draw_pairs(space: VersionSpace, count: int, nearest: float, random: np.random.Generator) -> HypothesisPairs:
    """Draw `count` weighted pairs. nearest: the least distance, as a share of the way to the border.

    From a point of a convex body of dimension D, another uniform point lies at a share t of the way to the border with
    density D t^(D - 1). Its direction is drawn as that of another sample, t evenly on a log scale; so the weight of a
    pair is t^D. A wide version space is taken as the cone in the ball. A narrow one is taken in the plane that touches
    the sphere at the centre, where the length of a hypothesis, which no label tells, is left out.
    """
    units, centre = space.units, space.centre
    cosines = units @ centre
    is_narrow = bool(cosines.min() > FLAT)
    points = units / cosines[:, None] if is_narrow else space.samples
    base = centre if is_narrow else np.zeros(space.dim)
    starts = random.integers(len(points), size=count)
    ends = (starts + random.integers(1, len(points), size=count)) % len(points)
    step = points[ends] - points[starts]
    reach = _reach(points[starts], step, space.borders, in_ball=not is_narrow)
    shares = nearest ** random.random(count)
    weights = shares ** (space.dim - 1 if is_narrow else space.dim)
    return HypothesisPairs(base, points[starts] - base, step * (reach * shares)[:, None], weights / weights.sum())


def _reach(points: Vectors, steps: Vectors, borders: Vectors, *, in_ball: bool) -> Vectors:
    """(p,) how many of its steps (p, dim) lead each point (p, dim) to the border: 1 or more, `FARTHEST` at most."""
    rise, room = steps @ borders.T, points @ borders.T
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = np.where(rise < 0, -room / rise, np.inf).min(axis=1, initial=FARTHEST)
    if in_ball:
        square, across = (steps**2).sum(axis=1), (points * steps).sum(axis=1)
        root = np.sqrt(np.maximum(0, across**2 + square * (1 - (points**2).sum(axis=1))))
        reach = np.minimum(reach, (root - across) / square)
    return np.asarray(np.maximum(reach, 1.0))


def _angles(pairs: HypothesisPairs) -> Vectors:
    """(p,) the angle of the two hypotheses of each pair, in radians."""
    first, second = pairs.base + pairs.first, pairs.base + pairs.first + pairs.step
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    second /= np.linalg.norm(second, axis=1, keepdims=True)
    return np.asarray(2 * np.arcsin(np.minimum(1.0, np.linalg.norm(first - second, axis=1) / 2)))


def cluster_margin_batch(examples: Vectors, space: VersionSpace, batch_size: int, *, seed: int) -> Rows:
    """The rows that Cluster-Margin chooses, in order: all `examples` (n, dim) are candidates, clustered by cosine.

    The margin of an example is its distance from the plane of the centre. Clusters have a mean size of 10, and there
    are 10 candidates for each place, as in the paper. The examples of each round are new, so each round clusters its
    own. Source: Citovsky et al. 2021, algorithm 1.
    """
    from ladle.hac import cluster
    from ladle.strategies import ClusterMargin

    tree = cluster(examples, metric="cosine")
    strategy = ClusterMargin(tree, candidate_ratio=len(examples) / batch_size)
    margins = np.abs(examples @ space.centre)
    return strategy.query(batch_size, margins=margins, seed=seed).rows


def candidate_count(batch_size: int) -> int:
    """How many examples of the band a batch is chosen from: four for each place, and 256 at least."""
    return max(256, 4 * batch_size)


def cluster_margin_count(batch_size: int) -> int:
    """How many examples of the band Cluster-Margin clusters: ten for each place, the ratio of the paper."""
    return 10 * batch_size


def half_width(space: VersionSpace) -> float:
    """Half the width of a band that holds the examples on which the version space disagrees most: 1.5 spreads."""
    return 1.5 * space.spread
