"""From a model's raw outputs (logits) to probabilities and margins."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ladle.arrays import Margins, Probabilities, as_matrix
from ladle.errors import NonFiniteError, ShapeError
from ladle.scores.blocks import each_block
from ladle.scores.simplex import tolerance_of


def softmax(logits: npt.ArrayLike) -> Probabilities:
    """Class probabilities of raw model outputs: (n, c) float16, float32 or float64 -> (n, c) float32.

    Raises: ShapeError when not two-dimensional; NonFiniteError naming the first row with NaN or infinity.
    Cost: one pass; one block a thread besides the output.
    Repeats: no randomness; same answer for any thread count and block size.
    """
    matrix = as_matrix(logits, "logits", axes=("n", "classes"))
    out = np.empty(matrix.shape, np.float32)

    def work(block: Probabilities, start: int) -> None:
        _softmax_block(block, start, out[start : start + len(block)])

    each_block(matrix, work)
    return out


def margin_from_logits(logits: npt.ArrayLike) -> Margins:
    """`margin(softmax(logits))` without holding the probabilities: (n, c) -> (n,) float32, small = unsure.

    Raises: ShapeError when not two-dimensional or of a single class; NonFiniteError naming the first bad row.
    Cost: one pass; one block a thread besides the output.
    Repeats: no randomness; same answer for any thread count and block size.
    """
    from ladle.scores.kernels import leading

    matrix = as_matrix(logits, "logits", axes=("n", "classes"))
    if matrix.shape[1] < 2:
        raise ShapeError(
            "`logits`", wanted="have a column for each of at least two classes", got=f"shape {matrix.shape}"
        )
    out = np.empty(len(matrix), np.float32)
    tolerance = tolerance_of(np.dtype(np.float32))

    def work(block: Probabilities, start: int) -> None:
        probabilities = np.empty(block.shape, np.float32)
        _softmax_block(block, start, probabilities)
        probabilities.flags.writeable = False  # the one type the kernel is compiled for, see each_block
        bad = leading(probabilities, 2.0, tolerance, True, out[start : start + len(block)])
        assert bad < 0, "a softmax of finite logits is a row of probabilities"

    each_block(matrix, work)
    return out


def _softmax_block(block: Probabilities, start: int, out: npt.NDArray[np.float32]) -> None:
    top = block.max(axis=1, keepdims=True)
    # The maximum passes NaN and +inf on; -inf is looked for below. Two finite float32 can lie further apart than
    # float32 reaches: the difference is then -inf, and its exponential 0, which is right.
    with np.errstate(over="ignore", invalid="ignore"):
        np.subtract(block, top, out=out, casting="same_kind")
    finite = np.isfinite(block).all(axis=1)
    if not finite.all():
        raise NonFiniteError(
            "`logits`",
            wanted="hold finite numbers only",
            got=f"NaN or infinity in row {start + int(np.argmin(finite)):,}",
            remedy="Find what produced it; for a class that is ruled out use a large negative number such as -1e4.",
        )
    np.exp(out, out=out)
    out /= out.sum(axis=1, keepdims=True)
