"""How many hypotheses k labels can tell apart: the cells of k hyperplanes, and the bits of one batch."""

from __future__ import annotations

import math

from ladle.numbers import number, whole


def cells(dim: int, batch_size: int) -> int:
    """The most cells into which a batch of examples cuts the version space of homogeneous separators.

    Parameters
    ----------
    dim : int
        Of the examples, 1 or larger.
    batch_size : int
        Examples in the batch, 0 or larger.

    Returns
    -------
    int
        The sum of binomial(batch_size, i) for i from 0 to dim - 1.

    Raises
    ------
    ArgumentError
        For another type, or a number out of range.

    Notes
    -----
    An example x cuts the hypotheses by the hyperplane through 0 that is orthogonal to x. Within a half-space of
    hypotheses, k such hyperplanes are k affine hyperplanes of dimension dim - 1. Cost: O(dim).

    References
    ----------
    Buck 1943, "Partition of space": the number of cells of affine hyperplanes in general position.
    """
    dim, batch_size = whole(dim, "`dim`", least=1), whole(batch_size, "`batch_size`", least=0)
    return sum(math.comb(batch_size, order) for order in range(min(dim - 1, batch_size) + 1))


def bits_bound(dim: int, batch_size: int) -> float:
    """The most bits that a batch tells of a separator, on average over separators drawn from the version space.

    Parameters
    ----------
    dim, batch_size : int
        As in `cells`.

    Returns
    -------
    float
        log2 of `cells`: at most (dim - 1) log2(batch_size) + O(dim), and never more than batch_size.

    Raises
    ------
    ArgumentError
        As `cells`.

    Notes
    -----
    The mean of log2(volume before / volume after) is the entropy of the cell that holds the separator, and the entropy
    of one of so many cells is at most log2 of their number. No way to choose the batch exceeds it.
    """
    return math.log2(cells(dim, batch_size))


def labels_bound(dim: int, batch_size: int, error: float) -> float:
    """The least mean number of labels with which any learner in batches comes to an error that is an angle over pi.

    Parameters
    ----------
    dim : int
        Of the examples, 2 or larger.
    batch_size : int
        Labels of each batch, 1 or larger.
    error : float
        Larger than 0 and at most 1/4.

    Returns
    -------
    float
        The mean over separators that are uniform on the sphere, in whole batches.

    Raises
    ------
    ArgumentError
        For another type, or a number out of range.

    Notes
    -----
    A batch has A = 2 cells(dim, batch_size - 1) answers at most, so after t batches a learner has one of A^t
    hypotheses. Each is right, to this error, in a cap of angle pi error, at most the share sin(pi error)^(dim - 1) / 2
    of the sphere. So the chance to have been right after one of t batches is at most that share times A + ... + A^t,
    even for a learner that is told when to stop. The bound sums what these chances leave of 1. An error is an angle
    over pi for rotation-invariant distributions. Cost: O(dim + batches).
    """
    dim, batch_size = whole(dim, "`dim`", least=2), whole(batch_size, "`batch_size`", least=1)
    error = number(error, "`error`", above=0, most=0.25)
    cap = (dim - 1) * math.log2(math.sin(math.pi * error)) - 1  # here and below: logarithms to base 2
    answers = 1 + bits_bound(dim, batch_size - 1)
    labels, batches = float(batch_size), 1  # no learner stops before its first batch
    while (right := cap + answers * batches - math.log2(1 - 2.0**-answers)) < 0:
        labels += batch_size * (1 - 2.0**right)
        batches += 1
    return labels
