"""How redundant a batch is, judged on the inputs themselves: by no model, and by no clustering a strategy was given.

Two examples are near-duplicates when the cosine distance between their raw inputs is below a limit, and the limit is
read off chance: in a uniformly drawn batch of the same size, one example in twenty has another that near. So a count
above a twentieth of the batch means more repetition than chance, a count below it less. (Cosine rather than Euclidean
distance, because the latter calls small and dark objects alike, whatever their shape.)

Of a large batch some rows are asked, each about the whole batch: a sample would hardly hold both of a pair.
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
ASKED_WHOLE = 5_000  # rows of a batch, up to which all of them are asked
ASKED = 1_000  # of a larger one: a share of 5% is then known to 0.7 points
Directions = npt.NDArray[np.float32]


def asked_rows(batch_size: int) -> int:
    """How many of a batch are asked whether they have a near-duplicate in it."""
    return batch_size if batch_size <= ASKED_WHOLE else ASKED


def near_limit(inputs: npt.NDArray[Any], batch_size: int, *, seed: int, share: float = CHANCE_SHARE) -> float:
    """The cosine distance below which `share` of a uniform batch has its nearest other member.

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
    """How many of the `asked_rows` of a batch have another of `rows` within `limit`: those asked for twice, so to say.

    seed: draws who is asked of a large batch.
    Cost: an (asked, b) product, in blocks: 0.1 s for 1,000 images of 784 pixels, one core. Repeats: set by all of them.
    """
    return int((_nearest_distances(inputs, rows, stream(seed, "near duplicates")) <= limit).sum())


def _nearest_distances(inputs: npt.NDArray[Any], rows: Rows, draw: np.random.Generator) -> Directions:
    """(asked,) cosine distance of each asked row to its nearest other; a blank one is at distance 1 from everything."""
    asked_pos = np.arange(len(rows))
    if asked_rows(len(rows)) < len(rows):
        asked_pos = np.sort(draw.choice(len(rows), asked_rows(len(rows)), replace=False))
    asked = _directions(inputs[rows[asked_pos]])
    nearest = np.full(len(asked), np.inf, np.float32)
    for block in row_blocks(len(rows), 4 * (len(asked) + asked.shape[1])):
        distances = 1 - asked @ _directions(inputs[rows[block]]).T
        own = np.flatnonzero((block.start <= asked_pos) & (asked_pos < block.stop))
        distances[own, asked_pos[own] - block.start] = np.inf
        np.minimum(nearest, distances.min(axis=1), out=nearest)
    return nearest


def _directions(inputs: npt.NDArray[Any]) -> Directions:
    features = as_features(inputs)
    norms = np.linalg.norm(features, axis=1, keepdims=True)
    return (features / np.where(norms > 0, norms, 1)).astype(np.float32, copy=False)
