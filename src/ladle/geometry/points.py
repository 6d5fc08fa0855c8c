"""Embeddings as points, whose plain Euclidean distance the representative strategies use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle import threads
from ladle.arrays import Embeddings, Rows, row_blocks
from ladle.metric import Metric
from ladle.numbers import number

FEW_ROWS = 5_000  # up to so many rows are kept, and compared with each other, in float64
BLOCK_BYTES = 4 << 20  # of rows read at once: about the size of a core's caches


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """m rows of a pool in one frame.

    points: (m, dim) float64 up to `FEW_ROWS` rows, float32 beyond; centred, inside the unit ball.
    scale: a distance between points is `scale` times that of their rows: a power of two, which rounds nothing.
    """

    points: npt.NDArray[np.floating[Any]]
    scale: float

    @classmethod
    def of(cls, embeddings: Embeddings, rows: Rows, metric: Metric) -> Points:
        """These rows (m,) of checked embeddings: as unit vectors under "cosine", unchanged under "sqeuclidean".

        Cost: two passes over them, one for the frame; m dim numbers kept.
        """
        from ladle.geometry.frame import frame_of
        from ladle.geometry.metric_space import in_metric

        dtype = np.dtype(np.float64 if len(rows) <= FEW_ROWS else np.float32)
        points = np.empty((len(rows), embeddings.shape[1]), dtype)
        # Far from the origin, float32 would keep the offset and lose the differences, so the offset is removed first.
        centre = 0.0 if metric == "cosine" else frame_of(embeddings, rows.astype(np.int32)).centre
        blocks = list(row_blocks(len(rows), 8 * embeddings.shape[1], BLOCK_BYTES))

        def place(block: slice) -> None:
            points[block] = in_metric(embeddings[rows[block]], metric, name="embeddings", first_row=0) - centre

        threads.run_each(place, blocks)
        frame = frame_of(points, np.arange(len(points), dtype=np.int32))

        def put(block: slice) -> None:
            points[block] = (points[block] - frame.centre) * frame.scale

        threads.run_each(put, blocks)
        return cls(points, frame.scale)


def check_distance(name: str, value: float | None) -> None:
    """Refuse a `value` that is neither None nor a distance above zero. Raises: ArgumentError."""
    if value is not None:
        number(value, f"`{name}`", above=0, wanted="be a number above 0, or None to be measured on the pool")


def check_placeable(embeddings: Embeddings, metric: Metric) -> None:
    """Refuse rows without a direction (cosine), or of too large norms; all rows are read, so that no sample decides.

    Raises: ZeroVectorError, DataError. Cost: one pass in blocks.
    """
    from ladle.geometry.metric_space import check_norms

    for block in row_blocks(len(embeddings), 8 * embeddings.shape[1]):
        part = embeddings[block]
        if metric == "cosine":
            norms = np.maximum(part.max(axis=1), -part.min(axis=1)).astype(np.float64)  # zero where the norm is
        else:
            with np.errstate(over="ignore"):
                norms = np.sqrt(np.einsum("ij,ij->i", part, part, dtype=np.float64))
        check_norms(norms, metric, name="embeddings", first_row=block.start)
