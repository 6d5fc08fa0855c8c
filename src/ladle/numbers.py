"""The one border for numbers and words from outside: sizes, ratios, seeds, thresholds, switches, names of choices.

What passes is a plain Python `int`, `float`, `bool` or `str`. A number may come as Python's, as NumPy's, or as an array
or tensor of no axes. A whole number is of an integer type: 5.0 is refused, for nothing says that the next one will not
be 5.5. A switch is no number, a number is no switch, text is neither, and NaN is nothing.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

import numpy as np

from ladle.errors import ArgumentError

LARGEST = 2**63 - 1  # what a whole number may be at most, where nothing else limits it: it has to fit int64


def whole(
    value: object,
    subject: str,
    *,
    least: int | None = None,
    most: int | None = None,
    wanted: str = "",
    remedy: str = "",
) -> int:
    """`value` as an int from `least` to `most`, both included.

    subject: what it is, for the error, such as "`seed`". wanted, remedy: said there in place of the usual.
    Raises: ArgumentError for another type, a switch, or a number out of range.
    """
    wanted = wanted or _whole_wanted(least, most)
    plain = _plain(value)
    if not isinstance(plain, int) or isinstance(plain, bool):
        raise ArgumentError(subject, wanted=wanted, got=_shown(value), remedy="A whole number is given as an int.")
    if (least is not None and plain < least) or plain > (LARGEST if most is None else most) or plain < -LARGEST:
        raise ArgumentError(subject, wanted=wanted, got=_counted(plain), remedy=remedy)
    return plain


def number(
    value: object,
    subject: str,
    *,
    least: float | None = None,
    above: float | None = None,
    most: float | None = None,
    below: float | None = None,
    wanted: str = "",
    remedy: str = "",
) -> float:
    """`value` as a finite int or float: `least` or larger, larger than `above`, at most `most`, smaller than `below`.

    Raises: ArgumentError for another type, a switch, NaN, infinity, or a number out of range.
    """
    plain = _plain(value)
    good = isinstance(plain, (int, float)) and not isinstance(plain, bool) and _is_finite(plain)
    if not (
        good
        and (least is None or plain >= least)
        and (above is None or plain > above)
        and (most is None or plain <= most)
        and (below is None or plain < below)
    ):
        raise ArgumentError(
            subject, wanted=wanted or _number_wanted(least, above, most, below), got=_shown(value), remedy=remedy
        )
    return plain  # type: ignore[no-any-return]  # an int or a float, as was just seen


def switch(value: object, subject: str, *, undecided: bool = False) -> Any:
    """`value` as True or False, or None where that is allowed (`undecided`). Raises: ArgumentError."""
    plain = _plain(value)
    if isinstance(plain, bool) or (undecided and plain is None):
        return plain
    raise ArgumentError(
        subject, wanted="be True, False or None" if undecided else "be true or false", got=_shown(value)
    )


def choice(value: object, subject: str, choices: Collection[str], *, wanted: str = "") -> str:
    """`value` if it is one of these words. Raises: ArgumentError, which names them."""
    if isinstance(value, str) and value in choices:
        return str(value)
    raise ArgumentError(subject, wanted=wanted or f"be one of {', '.join(choices)}", got=_shown(value))


def _plain(value: Any) -> Any:
    """The Python object in a NumPy scalar, or in an array or a tensor of no axes; anything else as it is."""
    if isinstance(value, np.longdouble):
        return float(value)
    if isinstance(value, (np.generic, np.ndarray)):
        return value.item() if value.ndim == 0 and value.dtype.kind in "biuf" else value
    if getattr(value, "ndim", None) == 0 and callable(getattr(value, "item", None)):
        return value.item()
    return value


def _is_finite(plain: float) -> bool:
    try:
        return math.isfinite(plain)
    except OverflowError:  # an int beyond all floats
        return False


def _whole_wanted(least: int | None, most: int | None) -> str:
    if least is not None and most is not None:
        return f"be a whole number from {least:,} to {most:,}"
    if least is not None:
        return f"be a whole number, {least:,} or larger"
    return "be a whole number" if most is None else f"be a whole number, {most:,} at most"


def _number_wanted(least: float | None, above: float | None, most: float | None, below: float | None) -> str:
    if least is not None and most is not None:
        return f"be a number from {least:g} to {most:g}"
    if above is not None and below is not None:
        return f"be a number between {above:g} and {below:g}, neither of them"
    parts = [
        "" if least is None else f"{least:g} or larger",
        "" if above is None else f"larger than {above:g}",
        "" if most is None else f"{most:g} at most",
        "" if below is None else f"below {below:g}",
    ]
    said = " and ".join(part for part in parts if part)
    return f"be a number, {said}" if said else "be a finite number"


def _counted(plain: int) -> str:
    return f"{plain:,}" if abs(plain) <= LARGEST else f"a number of {plain.bit_length():,} bits"


def _shown(value: object) -> str:
    """A value for an error, short whatever it is."""
    plain = _plain(value)
    if isinstance(plain, int) and not isinstance(plain, bool):
        return _counted(plain)
    if isinstance(plain, (bool, float, str, bytes)) or plain is None:
        text = repr(plain)
        return text if len(text) <= 80 else f"{text[:77]}..."
    return f"a {type(value).__name__}"
