"""What counts as a row of probabilities, how much rounding is forgiven, and what is said of a row that is not one."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from ladle.errors import NonFiniteError, ProbabilityError

# How far a row's sum may be off 1. Rounding c numbers that sum to 1 to float16 moves the sum by at most 2**-12 or
# so plus c * 2**-25 of underflow, and models run in bfloat16 (2**-9) often store float32: loose enough for those
# in their own format, tight enough that logits and independent sigmoids are refused.
SUM_TOLERANCE = {2: 1e-2, 4: 1e-3, 8: 1e-4}


def tolerance_of(dtype: np.dtype[Any]) -> float:
    """How far the sum of a row held in `dtype` may be off 1."""
    return SUM_TOLERANCE[dtype.itemsize]


def highest_of(dtype: np.dtype[Any]) -> float:
    """The largest value accepted as a probability: 1 and four steps of rounding above it. The least is 0 exactly."""
    return 1.0 + 4.0 * float(np.finfo(dtype).eps)


def refuse_row(values: npt.NDArray[np.floating[Any]], row: int, *, highest: float, tolerance: float) -> NoReturn:
    """Raise what is wrong with `values`, the (c,) contents of pool row `row`; the caller knows that something is.

    `highest` and `tolerance` are those of the matrix, which may be narrower than the converted `values`.
    Raises: NonFiniteError or ProbabilityError, always.
    """
    finite = np.isfinite(values)
    if not finite.all():
        column = int(np.argmin(finite))
        raise NonFiniteError(
            "`probabilities`",
            wanted="hold finite numbers only",
            got=f"{values[column]} in row {row:,}, class {column}",
            remedy="Find what produced it; Ladle never drops rows silently.",
        )
    outside = (values < 0) | (values > highest)
    if outside.any():
        column = int(np.argmax(outside))
        raise ProbabilityError(
            "`probabilities`",
            wanted="lie between 0 and 1",
            got=f"{float(values[column]):.6g} in row {row:,}, class {column}",
            remedy="Logits need a softmax first: ladle.scores.softmax(logits).",
        )
    total = float(np.sum(values, dtype=np.float64))
    raise ProbabilityError(
        "each row of `probabilities`",
        wanted=f"sum to 1 within {tolerance:g}",
        got=f"a sum of {total:.6g} in row {row:,}",
        remedy="Logits need a softmax first: ladle.scores.softmax(logits). Independent labels need a multi-label "
        'margin: ladle.margin(probabilities, multilabel="min").',
    )
