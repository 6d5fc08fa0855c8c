"""The border of every verdict: the facts of the rounds, checked before any work."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set

import numpy as np
import numpy.typing as npt

from ladle.arraylikes import as_array
from ladle.arrays import Labels, as_labels, check_finite
from ladle.errors import ArgumentError, ShapeError
from ladle.numbers import number


def as_predictions(value: Sequence[npt.ArrayLike] | None, rule: str, *, last: int) -> list[Labels]:
    """The predictions of the last `last` rounds (all, if fewer), each (s,).

    Raises: ArgumentError for none, and for labels of two kinds; ShapeError for rounds of different lengths.
    """
    if value is None:
        raise ArgumentError(f"a verdict of {rule}", wanted="be given `predictions`, one array a round", got="none")
    if isinstance(value, (str, bytes, Mapping, Set)) or not isinstance(value, Iterable):
        wanted, got = "be a list with one array for each round", f"a {type(value).__name__}"
        raise ArgumentError("`predictions`", wanted=wanted, got=got)
    rounds = [as_labels(labels, "predictions") for labels in list(value)[-last:]]
    for labels in rounds:
        if labels.size == 0:
            raise ShapeError("`predictions`", wanted="hold one array (s,) for each round", got="a round of no rows")
        if len(labels) != len(rounds[0]):
            raise ShapeError(
                "`predictions`",
                wanted="be of the same rows in all rounds",
                got=f"{len(rounds[0]):,} and {len(labels):,} rows",
                remedy="Predict for one stop set, chosen once.",
            )
        if (labels.dtype.kind in "iub") != (rounds[0].dtype.kind in "iub"):
            raise ArgumentError(
                "`predictions`",
                wanted="be of one kind in all rounds",
                got=f"dtypes {rounds[0].dtype} and {labels.dtype}",
            )
    return rounds


def as_numbers(value: npt.ArrayLike | None, name: str, rule: str) -> npt.NDArray[np.float64]:
    """`value` as (k,) float64, finite. Raises: ArgumentError, ShapeError, NonFiniteError."""
    if value is None:
        raise ArgumentError(f"a verdict of {rule}", wanted=f"be given `{name}`", got="none")
    array = as_array(value, name, by_index=False)
    if array.ndim != 1:
        raise ShapeError(f"`{name}`", wanted="have shape (k,)", got=f"shape {array.shape}")
    if array.size and array.dtype.kind not in "fiu":
        raise ArgumentError(f"`{name}`", wanted="hold numbers", got=f"dtype {array.dtype}")
    numbers = array.astype(np.float64)
    check_finite(numbers, name)
    return numbers


def check_share(value: float, name: str) -> None:
    """Refuse an option that is not a number from 0 to 1. Raises: ArgumentError."""
    number(value, f"`{name}`", least=0, most=1)
