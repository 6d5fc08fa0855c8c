"""Arrays of probabilities and logits: their shape, and the errors for numbers that are no probabilities."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from ladle.arrays import Probabilities, as_numbers
from ladle.errors import ArgumentError, NonFiniteError, ProbabilityError, ShapeError
from ladle.numbers import switch

# Remedies in the words of the library; `ladle.cli.pool.score_words` translates them to the options of the command line.
SOFTMAX = "Logits need a softmax first: ladle.scores.softmax(logits)."
NO_SUM = (
    f"{SOFTMAX} Rows that are off by more than their own rounding, and weights: normalise=True. Independent labels "
    'need a multi-label margin: ladle.margin(probabilities, multilabel="min").'
)
ONE_NUMBER = (
    "One number a row can be read in two ways. If it is the probability of one of two classes, say binary=True (its "
    "margin is |2p - 1|). If it is a margin already (0 where the model is least sure), give it as `margins`."
)
NEGATIVE = (
    "A signed score of two classes is unsure where it is near 0. For a logit take ladle.scores.margin_from_logits(z, "
    "binary=True), for a probability ladle.margin(p, binary=True), for another score its absolute value."
)
NOT_DROPPED = "Find what produced it; Ladle never drops rows silently. Only rows named in `labelled` may lack a score."


def significant_bits(dtype: np.dtype[Any]) -> int:
    """Significant bits of a float dtype: 11, 24 or 53."""
    return int(np.finfo(dtype).nmant) + 1


def as_probabilities(value: npt.ArrayLike, *, binary: bool = False, multilabel: bool = False) -> Probabilities:
    """`value` as a float matrix (n, c), or (n, 1) with `binary`; the numbers are not checked.

    multilabel: one column is enough, because each class is a question of its own.
    Raises: ShapeError for another shape, and for one number a row without `binary` or `multilabel`; ArgumentError.
    """
    return _as_classes(value, "probabilities", ONE_NUMBER, binary=binary, multilabel=multilabel)


def as_logits(value: npt.ArrayLike, *, binary: bool = False) -> Probabilities:
    """`value` as a float matrix of logits: as `as_probabilities`."""
    remedy = (
        "If it is the logit of one of two classes, say binary=True: it stands for the probability 1 / (1 + exp(-z))."
    )
    return _as_classes(value, "logits", remedy, binary=binary, multilabel=False)


def _as_classes(value: npt.ArrayLike, name: str, remedy: str, *, binary: bool, multilabel: bool) -> Probabilities:
    binary = switch(binary, "`binary`")
    if binary and multilabel:
        raise ArgumentError(f"`{name}`", wanted="be `binary` or `multilabel`", got="both")
    array = as_numbers(value, name)
    if 0 in array.shape or array.ndim not in (1, 2):
        wanted = "have shape (n,)" if binary else "have shape (n, classes)"
        raise ShapeError(f"`{name}`", wanted=f"{wanted}, with at least one row", got=f"shape {array.shape}")
    single = array.ndim == 1 or array.shape[1] == 1
    if binary and not single:
        raise ShapeError(f"`{name}`", wanted="have shape (n,) or (n, 1) for binary=True", got=f"shape {array.shape}")
    if single and not binary and not (multilabel and array.ndim == 2):
        raise ShapeError(
            f"`{name}`",
            wanted="have a column for each of at least two classes",
            got=f"shape {array.shape}",
            remedy=remedy,
        )
    return array.reshape(-1, 1) if array.ndim == 1 else array


def refuse_row(values: npt.NDArray[np.floating[Any]], row: int, *, bits: int, free_sum: bool = False) -> NoReturn:
    """Raise the error for `values` (c,), the numbers of pool row `row`, which a kernel has refused.

    bits: those of the matrix, which may be fewer than those of `values`; see `ladle.scores.kernels`.
    Raises: NonFiniteError or ProbabilityError, always.
    """
    from ladle.scores.kernels import allowance

    finite = np.isfinite(values)
    if not finite.all():
        column = int(np.argmin(finite))
        raise NonFiniteError(
            "`probabilities`",
            wanted="hold finite numbers only",
            got=f"{values[column]} in row {row:,}, class {column}",
            remedy=NOT_DROPPED,
        )
    edge, tolerance = allowance(values, bits)
    wide = values.astype(np.float64)
    outside = (wide < -edge) | (wide > 1.0 + edge)
    if outside.any() or free_sum:
        column = int(np.argmax(outside))
        raise ProbabilityError(
            "`probabilities`",
            wanted="lie between 0 and 1",
            got=f"{float(values[column]):.6g} in row {row:,}, class {column}",
            remedy=SOFTMAX if free_sum or wide.min() < -edge else f"{SOFTMAX} Weights: normalise=True.",
        )
    raise ProbabilityError(
        "each row of `probabilities`",
        wanted=f"sum to 1 within {tolerance:.2g}",
        got=f"a sum of {float(wide.sum()):.6g} in row {row:,}",
        remedy=NO_SUM,
    )
