"""The spaces in which the greedy strategies measure distances between rows."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ladle.arrays import Embeddings, Probabilities, Rows, row_blocks
from ladle.metric import Metric, check_metric

Floats = npt.NDArray[np.float32]
Points = tuple[Floats, ...]  # parallel arrays, one entry a row

BLOCK = 1024  # columns of products at a time: with as many rows, 4 MiB
AT_ONCE = 256  # columns of sums at a time: they stay in the first-level cache
MEAN_BYTES = 4 << 20
# A squared distance below this share of the squared length is taken as 0: rounding alone makes as much.
ROUNDING = np.float32(2e-6)


class Space(Protocol):
    """Distances between the rows of a pool. All methods may be called from several threads."""

    def take(self, rows: Rows) -> Points:
        """The points of these rows (r,), a copy."""
        ...

    def apart(self, one: Points, other: Points) -> Floats:
        """(a, b) float32, the distances of the points of `one` from the points of `other`, 0 or larger."""
        ...

    def nearest(self, one: Points, other: Points) -> Floats:
        """(a,) float32, the least of `apart` over `other`; infinite when `other` is empty."""
        ...


class Euclidean:
    """Squared Euclidean distance of embeddings (n, dim), or of their unit vectors: twice the cosine distance.

    Points are relative to the pool's mean, so that a far-off origin costs no digits.
    Raises: ArgumentError for another metric; NonFiniteError, ZeroVectorError (cosine), DataError.
    Cost: a b dim multiply-adds; nothing of the pool is held.
    """

    def __init__(self, embeddings: Embeddings, metric: Metric) -> None:
        from ladle.geometry.metric_space import UNITS, in_metric

        check_metric(metric)
        self.unit = np.float32(UNITS[metric])  # the metric's distance, for a squared distance of 1
        self._embeddings = np.asarray(embeddings)
        self._metric = metric
        total = np.zeros(embeddings.shape[1])
        for block in row_blocks(len(embeddings), 8 * embeddings.shape[1], MEAN_BYTES):
            total += in_metric(self._embeddings[block], metric, name="embeddings", first_row=block.start).sum(axis=0)
        self._centre = total / len(embeddings)

    def take(self, rows: Rows) -> Points:
        """See `Space.take`."""
        from ladle.geometry.metric_space import in_metric

        placed = in_metric(self._embeddings[rows], self._metric, name="embeddings", first_row=0)
        points = (placed - self._centre).astype(np.float32)
        return points, _square_lengths(points)

    def apart(self, one: Points, other: Points) -> Floats:
        """See `Space.apart`."""
        return _squares(one[0] @ other[0].T, one[1], other[1])

    def nearest(self, one: Points, other: Points) -> Floats:
        """See `Space.nearest`."""
        return _nearest(lambda part: one[0] @ other[0][part].T, one[1], other[1])


class Gradient:
    """Squared distance of gradient embeddings (p - y) x h, whose (n, classes dim) numbers are never computed.

    p: probabilities (n, classes); y: the most likely label, (n, classes) of 0 and 1; h: embeddings (n, dim). The dot
    product of two gradient embeddings is the dot product of the first factors times that of the second factors.

    With softmax outputs y has a single 1, at the most likely class. With sigmoid outputs (`multilabel`) the classes are
    independent, so the most likely label has a 1 wherever p > 1/2. In both cases the loss is the negative logarithm of
    the label's probability, and its gradient by the outputs before softmax or sigmoid is p - y.
    Cost: a b (classes + dim) multiply-adds; nothing of the pool is held.
    Source: Ash et al. 2020 (BADGE), section 3; the factors as in LabelBench. The gradient for independent classes:
    Bishop 2006, "Pattern Recognition and Machine Learning", section 5.2.
    """

    def __init__(self, probabilities: Probabilities, embeddings: Embeddings, *, multilabel: bool = False) -> None:
        self._probabilities = np.asarray(probabilities)
        self._embeddings = np.asarray(embeddings)
        self._multilabel = multilabel

    def take(self, rows: Rows) -> Points:
        """See `Space.take`."""
        loss = _likely(self._probabilities[rows])
        if self._multilabel:
            loss -= loss > 0.5
        else:
            loss[np.arange(len(loss)), loss.argmax(axis=1)] -= 1
        embedded = np.ascontiguousarray(self._embeddings[rows], np.float32)
        return loss, embedded, _square_lengths(loss) * _square_lengths(embedded)

    def apart(self, one: Points, other: Points) -> Floats:
        """See `Space.apart`."""
        return _squares((one[0] @ other[0].T) * (one[1] @ other[1].T), one[2], other[2])

    def nearest(self, one: Points, other: Points) -> Floats:
        """See `Space.nearest`."""

        def products(part: slice) -> Floats:
            both: Floats = one[0] @ other[0][part].T
            both *= one[1] @ other[1][part].T
            return both

        return _nearest(products, one[2], other[2])


class CityBlock:
    """Sum of absolute differences of probabilities (n, classes).

    Cost: a b classes subtractions, which no matrix product can replace; nothing of the pool is held.
    """

    def __init__(self, probabilities: Probabilities) -> None:
        self._probabilities = np.asarray(probabilities)

    def take(self, rows: Rows) -> Points:
        """See `Space.take`."""
        return (_likely(self._probabilities[rows]),)

    def apart(self, one: Points, other: Points) -> Floats:
        """See `Space.apart`."""
        from ladle.strategies.distance.space_kernels import city_block

        out = np.empty((len(one[0]), len(other[0])), np.float32)
        for start in range(0, len(other[0]), AT_ONCE):
            part = slice(start, start + AT_ONCE)
            block = np.empty((len(out), len(other[0][part])), np.float32)
            city_block(one[0], np.ascontiguousarray(other[0][part].T), block)
            out[:, part] = block
        return out

    def nearest(self, one: Points, other: Points) -> Floats:
        """See `Space.nearest`."""
        from ladle.strategies.distance.space_kernels import city_block_nearest

        out = np.full(len(one[0]), np.inf, np.float32)
        for start in range(0, len(other[0]), AT_ONCE):
            city_block_nearest(one[0], np.ascontiguousarray(other[0][start : start + AT_ONCE].T), out)
        return out


def _likely(probabilities: Probabilities) -> Floats:
    """A block of them as float32, clipped to [0, 1]: `ladle.margin` allows for rounding outside."""
    return np.ascontiguousarray(np.clip(probabilities, 0, 1), np.float32)


def _square_lengths(points: Floats) -> Floats:
    lengths: Floats = np.einsum("ij,ij->i", points, points)
    return lengths


def _squares(products: Floats, one: Floats, other: Floats) -> Floats:
    """Squared distances by `products` (a, b), overwritten, and the squared lengths (a,) and (b,)."""
    products *= -2
    products += one[:, None]
    products += other
    products[products < ROUNDING * one[:, None]] = 0
    return products


def _nearest(products_of: Any, one: Floats, other: Floats) -> Floats:
    """The least squared distance of each point, by blocks of products with `other`."""
    from ladle.strategies.distance.space_kernels import nearest

    out = np.full(len(one), np.inf, np.float32)
    for start in range(0, len(other), BLOCK):
        part = slice(start, start + BLOCK)
        nearest(products_of(part), one, other[part], ROUNDING, out)
    return out
