"""From a model's raw outputs (logits) to probabilities and margins."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ladle.arrays import Margins, Probabilities
from ladle.errors import NonFiniteError
from ladle.scores.blocks import each_block
from ladle.scores.simplex import as_logits

BITS = 24  # significant ones of float32, in which a softmax is taken


def softmax(logits: npt.ArrayLike, *, binary: bool = False, labelled: npt.ArrayLike | None = None) -> Probabilities:
    """Class probabilities of raw model outputs: (n, c) float16, float32, float64 or bfloat16 -> (n, c) float32.

    binary: they are (n,) or (n, 1), the logit of the second of two classes (its probability is 1 / (1 + exp(-z))); the
        answer is (n, 2).
    labelled: rows that may hold NaN, see `ladle.margin`; such rows are put wholly in class 0.
    Raises: ShapeError when not two-dimensional or, without `binary`, of a single class; NonFiniteError naming the first
        row with NaN or infinity; ArgumentError.
    Cost: one pass; one block a thread besides the output.
    Repeats: no randomness; same answer for any thread count and block size.
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
    """`margin(softmax(logits))` without holding the probabilities: (n, c) -> (n,) float32, small = unsure.

    binary, labelled: as in `softmax`; labelled rows without a score count as sure (1).
    Raises: ShapeError when not two-dimensional or, without `binary`, of a single class; NonFiniteError naming the first
        bad row; ArgumentError.
    Cost: one pass; one block a thread besides the output.
    Repeats: no randomness; same answer for any thread count and block size.
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
    # The maximum passes NaN and +inf on; -inf is looked for below. Two finite float32 can lie further apart than
    # float32 reaches: the difference is then -inf, and its exponential 0, which is right.
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
                remedy="Find what produced it; for a class that is ruled out use a large negative number such as -1e4.",
            )
        out[~finite] = -np.inf
        out[~finite, 0] = 0.0
    np.exp(out, out=out)
    out /= out.sum(axis=1, keepdims=True)
