"""How redundant a batch is, judged by its inputs alone: no model and no clustering takes part.

Two examples are near-duplicates when the cosine distance of their raw inputs is below a limit. The limit is set by
chance: in a uniform batch of the same size, one example in twenty has another within the limit. A count above a
twentieth of the batch thus means more repetition than by chance, a count below it less. (Euclidean distance would call
small and dark objects alike, whatever their shape.)

In a large batch a sample of the rows is compared, each with the whole batch: a sample of both sides would rarely hold
both rows of a pair.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.arrays import Rows, row_blocks
from ladle.lab.data.datasets import as_features
from ladle.seeds import stream

CHANCE_SHARE = 0.05
CHANCE_BATCHES = 5
COMPARED_WHOLE = 5_000  # the largest batch of which all rows are compared
COMPARED = 1_000  # rows of a larger batch: a share of 5% then has a standard error of 0.7 points
Directions = npt.NDArray[np.float32]


def compared_rows(batch_size: int) -> int:
    """How many rows of a batch are compared with the rest of it."""
    return batch_size if batch_size <= COMPARED_WHOLE else COMPARED


def near_limit(inputs: npt.NDArray[Any], batch_size: int, *, seed: int, share: float = CHANCE_SHARE) -> float:
    """The cosine distance within which `share` of a uniform batch has its nearest other member.

    The quantile is taken over `CHANCE_BATCHES` seeded batches together.
    Cost: as `CHANCE_BATCHES` calls of `near_duplicates`. Repeats: set by the arguments.
    """
    nearest = []
    for number in range(CHANCE_BATCHES):
        draw = stream(seed, "near limit", number)
        rows = draw.choice(len(inputs), min(batch_size, len(inputs)), replace=False)
        nearest.append(_nearest_distances(inputs, rows, draw))
    return float(np.quantile(np.concatenate(nearest), share))


def near_duplicates(inputs: npt.NDArray[Any], rows: Rows, limit: float, *, seed: int = 0) -> int:
    """How many of the compared rows of a batch (b,) have another row of it within `limit`.

    seed: of the sample of rows that are compared in a large batch.
    Cost: a (compared, b) product, in blocks: 0.1 s for 1,000 images of 784 pixels, one core. Repeats: set by all of
    them.
    """
    return int((_nearest_distances(inputs, rows, stream(seed, "near duplicates")) <= limit).sum())


def _nearest_distances(inputs: npt.NDArray[Any], rows: Rows, draw: np.random.Generator) -> Directions:
    """(compared,) cosine distance of each compared row to its nearest other; zero rows are at distance 1 from all."""
    compared_pos = np.arange(len(rows))
    if compared_rows(len(rows)) < len(rows):
        compared_pos = np.sort(draw.choice(len(rows), compared_rows(len(rows)), replace=False))
    compared = _directions(inputs[rows[compared_pos]])
    nearest = np.full(len(compared), np.inf, np.float32)
    for block in row_blocks(len(rows), 4 * (len(compared) + compared.shape[1])):
        distances = 1 - compared @ _directions(inputs[rows[block]]).T
        own_pos = np.flatnonzero((block.start <= compared_pos) & (compared_pos < block.stop))
        distances[own_pos, compared_pos[own_pos] - block.start] = np.inf
        np.minimum(nearest, distances.min(axis=1), out=nearest)
    return nearest


def _directions(inputs: npt.NDArray[Any]) -> Directions:
    features = as_features(inputs)
    norms = np.linalg.norm(features, axis=1, keepdims=True)
    return (features / np.where(norms > 0, norms, 1)).astype(np.float32, copy=False)
