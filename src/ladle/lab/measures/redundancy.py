"""How redundant a batch is, judged by its inputs alone: no model and no clustering takes part.

Two examples are near-duplicates when the cosine distance of their raw inputs is at most a limit. The limit is set by
chance: in a uniform batch of the same size, one example in twenty has another within the limit. (Euclidean distance
would call small and dark objects alike, whatever their shape.)

Exact copies are always near-duplicates, so no limit is below `ROUNDING`. In a pool that holds many copies, more than a
twentieth of a uniform batch has another within that limit. Hence the share by chance is measured with the limit, and a
batch repeats itself more than by chance where its share is above the measured one.

In a large batch a sample of the rows is compared, each with the whole batch: a sample of both sides would rarely hold
both rows of a pair.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.arrays import Rows, row_blocks
from ladle.lab.data.datasets import as_features
from ladle.seeds import stream

CHANCE_SHARE = 0.05  # the share that sets the limit
CHANCE_BATCHES = 5
COMPARED_WHOLE = 5_000  # the largest batch of which all rows are compared
COMPARED = 1_000  # rows of a larger batch: a share of 5% then has a standard error of 0.7 points
# The least limit, a cosine distance. A sum of f products in float64 is off by at most f x 1.2e-16 of the lengths, so
# copies of up to 400,000 features are closer than this, multiples of one row included.
ROUNDING = 1e-10
Distances = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class NearLimit:
    """The cosine distance within which rows are near-duplicates, and the share of uniform batches that it makes so.

    Attributes
    ----------
    distance : float
        `ROUNDING` or larger.
    by_chance : float
        The share of the compared rows of uniform batches that have another row of their batch within `distance`.
    """

    distance: float
    by_chance: float


def compared_rows(batch_size: int) -> int:
    """How many rows of a batch are compared with the rest of it."""
    return batch_size if batch_size <= COMPARED_WHOLE else COMPARED


def near_limit(inputs: npt.NDArray[Any], batch_size: int, *, seed: int, share: float = CHANCE_SHARE) -> NearLimit:
    """The cosine distance within which `share` of a uniform batch has its nearest other member; `ROUNDING` at least.

    The quantile is taken over `CHANCE_BATCHES` seeded batches together, and the share by chance is counted in them.
    Cost: as `CHANCE_BATCHES` calls of `near_duplicates`. Repeats: set by the arguments.
    """
    batches = []
    for number in range(CHANCE_BATCHES):
        draw = stream(seed, "near limit", number)
        rows = draw.choice(len(inputs), min(batch_size, len(inputs)), replace=False)
        batches.append(_nearest_distances(inputs, rows, draw))
    nearest = np.concatenate(batches)
    others = nearest[np.isfinite(nearest)]  # none in batches of one
    distance = max(float(np.quantile(others, share)), ROUNDING) if len(others) else ROUNDING
    return NearLimit(distance, float((nearest <= distance).mean()))


def near_duplicates(inputs: npt.NDArray[Any], rows: Rows, limit: float, *, seed: int = 0) -> int:
    """How many of the compared rows of a batch (b,) have another row of it within `limit`; copies always count.

    seed: of the sample of rows that are compared in a large batch.
    Cost: a (compared, b) product in float64, in blocks: 0.1 s for 1,000 images of 784 pixels, one core. Repeats: set by
    all of them.
    """
    nearest = _nearest_distances(inputs, rows, stream(seed, "near duplicates"))
    return int((nearest <= max(limit, ROUNDING)).sum())


def _nearest_distances(inputs: npt.NDArray[Any], rows: Rows, draw: np.random.Generator) -> Distances:
    """(compared,) cosine distance of each compared row to its nearest other, 0 or larger; infinite in a batch of one.

    Rows of zeros have no direction: they are copies of each other, and at distance 1 from all others.
    """
    compared_pos = np.arange(len(rows))
    if compared_rows(len(rows)) < len(rows):
        compared_pos = np.sort(draw.choice(len(rows), compared_rows(len(rows)), replace=False))
    compared = _directions(inputs[rows[compared_pos]])
    nearest = np.full(len(compared), np.inf)
    for block in row_blocks(len(rows), 8 * (len(compared) + compared.shape[1])):
        distances = 1 - compared @ _directions(inputs[rows[block]]).T
        own_pos = np.flatnonzero((block.start <= compared_pos) & (compared_pos < block.stop))
        distances[own_pos, compared_pos[own_pos] - block.start] = np.inf
        np.minimum(nearest, distances.min(axis=1), out=nearest)
    np.maximum(nearest, 0, out=nearest)  # the product of a row with its copy may be more than 1
    return nearest


def _directions(inputs: npt.NDArray[Any]) -> Distances:
    """(rows, features + 1) unit vectors; the last column is 1 for rows of zeros and 0 for all others."""
    features = as_features(inputs).astype(np.float64)
    largest = np.abs(features).max(axis=1, initial=0.0, keepdims=True)
    is_zero = largest == 0
    features /= np.where(is_zero, 1, largest)  # squares of what is very large or small would leave the range of numbers
    features /= np.where(is_zero, 1, np.linalg.norm(features, axis=1, keepdims=True))
    return np.hstack([features, is_zero.astype(np.float64)])
