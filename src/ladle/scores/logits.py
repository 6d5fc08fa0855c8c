"""Probabilities and margins from the raw outputs (logits) of a model."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ladle.arrays import Margins, Probabilities
from ladle.errors import NonFiniteError
from ladle.scores.blocks import each_block
from ladle.scores.simplex import as_logits

BITS = 24  # significant bits of float32, in which a softmax is computed


def softmax(logits: npt.ArrayLike, *, binary: bool = False, labelled: npt.ArrayLike | None = None) -> Probabilities:
    """Class probabilities from the raw outputs (logits) of a model.

    Parameters
    ----------
    logits : array_like, (n, c) float16, float32, float64 or bfloat16
        One logit per class. With `binary` (n,) or (n, 1).
    binary : bool, default False
        `logits` are those of the second of two classes, whose probability is 1 / (1 + exp(-z)).
    labelled : array_like, optional
        Rows that may hold NaN, as in `ladle.margin`. Such a row gets the probability 1 for class 0.

    Returns
    -------
    ndarray, (n, c) float32
        Rows that sum to 1; (n, 2) with `binary`.

    Raises
    ------
    ShapeError
        If `logits` is not two-dimensional or, without `binary`, has a single class.
    NonFiniteError
        For the first row with NaN or infinity.
    ArgumentError
        For a wrong option.

    Notes
    -----
    Cost: one pass; one block per thread besides the output. There is no randomness: the result does not depend on the
    number of threads or the block size.
    """
    from ladle.scores.reading import as_waived

    matrix = as_logits(logits, binary=binary)
    waived = as_waived(labelled, len(matrix))
    out = np.empty((len(matrix), 2 if binary else matrix.shape[1]), np.float32)

    def work(block: Probabilities, start: int) -> None:
        rows = slice(start, start + len(block))
        _softmax_block(_of_classes(block, binary), start, waived[rows], out[rows])

    each_block(matrix, work)
    return out


def margin_from_logits(
    logits: npt.ArrayLike, *, binary: bool = False, labelled: npt.ArrayLike | None = None
) -> Margins:
    """`margin(softmax(logits))` without an array of all probabilities; a small margin means an unsure model.

    Parameters
    ----------
    logits, binary, labelled
        As in `softmax`. A labelled row without a score gets the largest margin, 1.

    Returns
    -------
    ndarray, (n,) float32
        Margins in [0, 1].

    Raises
    ------
    ShapeError, NonFiniteError, ArgumentError
        As `softmax`.

    Notes
    -----
    Cost: one pass; one block per thread besides the output. There is no randomness: the result does not depend on the
    number of threads or the block size.
    """
    from ladle.scores.kernels import leading
    from ladle.scores.reading import NONE_WAIVED, as_waived

    matrix = as_logits(logits, binary=binary)
    waived = as_waived(labelled, len(matrix))
    out = np.empty(len(matrix), np.float32)

    def work(block: Probabilities, start: int) -> None:
        rows = slice(start, start + len(block))
        block = _of_classes(block, binary)
        probabilities = np.empty(block.shape, np.float32)
        _softmax_block(block, start, waived[rows], probabilities)
        probabilities.flags.writeable = False  # the one type the kernel is compiled for, see each_block
        bad = leading(probabilities, BITS, True, NONE_WAIVED, out[rows])
        assert bad < 0, "a softmax of finite logits is a row of probabilities"

    each_block(matrix, work)
    return out


def _of_classes(block: Probabilities, binary: bool) -> Probabilities:
    return np.concatenate([np.zeros_like(block), block], axis=1) if binary else block


def _softmax_block(
    block: Probabilities, start: int, waived: npt.NDArray[np.bool_], out: npt.NDArray[np.float32]
) -> None:
    top = block.max(axis=1, keepdims=True)
    # The maximum propagates NaN and +inf; -inf is tested below. The difference of two finite float32 can exceed the
    # range of float32: it is then -inf and its exponential 0, which is right.
    with np.errstate(over="ignore", invalid="ignore"):
        np.subtract(block, top, out=out, casting="same_kind")
    finite = np.isfinite(block).all(axis=1)
    if not finite.all():
        bad = ~finite
        if waived.size:
            bad &= ~(waived & np.isnan(block).any(axis=1))
        if bad.any():
            raise NonFiniteError(
                "`logits`",
                wanted="hold finite numbers only",
                got=f"NaN or infinity in row {start + int(np.argmax(bad)):,}",
                remedy="Find what produced it; for an impossible class use a large negative number such as -1e4.",
            )
        out[~finite] = -np.inf
        out[~finite, 0] = 0.0
    np.exp(out, out=out)
    out /= out.sum(axis=1, keepdims=True)
