"""The one border for plain values from outside: whole numbers, numbers, switches, names of choices, and texts.

A value that passes is a plain Python `int`, `float`, `bool` or `str`. A number may be given as Python's, as NumPy's, or
as an array or tensor of no axes. A whole number has an integer type: 5.0 is refused, because the next value might be
5.5. A switch is not a number, a number is not a switch, text is neither, and NaN is refused everywhere.

Every error is an `ArgumentError` that names the argument, states the range, and shows the value:
"`k` must be a whole number from 1 to 5; got 'a'."
"""

from __future__ import annotations

import math
import os
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from ladle.errors import ArgumentError, FileError, did_you_mean

LARGEST = 2**63 - 1  # the largest whole number where nothing else limits it: it has to fit int64
LONGEST_PATH, LONGEST_FILE_NAME = 4_095, 255  # bytes, in the systems of today
_SHOWN_CHARACTERS = 80  # of a value in an error


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

    Parameters
    ----------
    value
        What the caller gave.
    subject
        The name of the argument in the error, such as "`seed`".
    least, most
        The limits; None for none beyond int64.
    wanted, remedy
        Texts of the error in place of the usual ones.

    Raises
    ------
    ArgumentError
        For another type, a switch, or a number out of range.
    """
    wanted = wanted or _describe_whole(least, most)
    plain = _as_plain(value)
    if not isinstance(plain, int) or isinstance(plain, bool):
        raise ArgumentError(subject, wanted=wanted, got=_show(value), remedy="A whole number is given as an int.")
    if (least is not None and plain < least) or plain > (LARGEST if most is None else most) or plain < -LARGEST:
        raise ArgumentError(subject, wanted=wanted, got=_show_int(plain), remedy=remedy)
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

    `subject`, `wanted` and `remedy` are as in `whole`.

    Raises
    ------
    ArgumentError
        For another type, a switch, NaN, infinity, or a number out of range.
    """
    plain = _as_plain(value)
    good = isinstance(plain, (int, float)) and not isinstance(plain, bool) and _is_finite(plain)
    if not (
        good
        and (least is None or plain >= least)
        and (above is None or plain > above)
        and (most is None or plain <= most)
        and (below is None or plain < below)
    ):
        raise ArgumentError(
            subject, wanted=wanted or _describe_number(least, above, most, below), got=_show(value), remedy=remedy
        )
    return plain  # type: ignore[no-any-return]  # an int or a float, by the test above


def switch(value: object, subject: str, *, undecided: bool = False) -> Any:
    """`value` as True or False, or None where that is allowed (`undecided`). Raises: ArgumentError."""
    plain = _as_plain(value)
    if isinstance(plain, bool) or (undecided and plain is None):
        return plain
    wanted = "be True, False or None" if undecided else "be true or false"
    raise ArgumentError(subject, wanted=wanted, got=_show(value))


def choice(value: object, subject: str, choices: Collection[str], *, undecided: bool = False, wanted: str = "") -> Any:
    """`value` if it is one of these names, or None where that is allowed (`undecided`).

    Raises: ArgumentError, which lists the choices and suggests the one that looks like `value`.
    """
    if isinstance(value, str) and value in choices:
        return str(value)
    if undecided and value is None:
        return None
    wanted = wanted or f"be {'None or ' if undecided else ''}one of {', '.join(choices)}"
    remedy = did_you_mean(value, choices) if isinstance(value, str) and len(value) <= _SHOWN_CHARACTERS else ""
    raise ArgumentError(subject, wanted=wanted, got=_show(value), remedy=remedy)


def text(value: object, subject: str, *, undecided: bool = False, wanted: str = "be a text") -> Any:
    """`value` as a plain str, or None where that is allowed (`undecided`). Raises: ArgumentError."""
    if isinstance(value, str):
        return str(value)
    if undecided and value is None:
        return None
    raise ArgumentError(subject, wanted=wanted, got=_show(value))


def path_of(value: object, subject: str, *, undecided: bool = False) -> Any:
    """`value` if it is the path of a file or a folder, or None where that is allowed.

    Raises: ArgumentError; FileError for a path that no system has: one with a NUL, or of a very long name.
    """
    if undecided and value is None:
        return value
    if not isinstance(value, (str, os.PathLike)):
        raise ArgumentError(subject, wanted=f"be a path{' or None' if undecided else ''}", got=_show(value))
    try:
        octets = os.fsencode(value)
    except UnicodeEncodeError:
        octets = b"\x00"
    too_long = len(octets) > LONGEST_PATH or max(map(len, octets.split(b"/"))) > LONGEST_FILE_NAME
    if b"\x00" in octets or too_long:
        wanted = f"be a path without NUL, of {LONGEST_PATH:,} bytes and {LONGEST_FILE_NAME} a name at most"
        got = "a name that is too long" if too_long else "a null byte in it"
        raise FileError(subject, wanted=wanted, got=f"{got}: {_show(os.fspath(value))}")
    return value


def shown(value: object) -> str:
    """What a caller gave, for an error: its `repr`, or what it is where it has none.

    Python writes no int of more than 4,300 digits, and no list that is nested thousands deep.
    """
    plain = _as_plain(value)
    if isinstance(plain, int) and not -LARGEST <= plain <= LARGEST:
        return _show_int(plain)
    try:
        return repr(value)
    except Exception:  # of any kind: it may be an object with a method of its own
        return f"a {type(value).__name__} that cannot be written"


def mapping(value: object, subject: str, *, wanted: str = "be a mapping of names to values") -> dict[str, Any]:
    """`value` as a dict with names for keys; an empty one for None. Raises: ArgumentError."""
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise ArgumentError(subject, wanted=wanted, got=_show(value))
    return dict(value)


def _as_plain(value: Any) -> Any:
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


def _describe_whole(least: int | None, most: int | None) -> str:
    if least is not None and most is not None:
        return f"be a whole number from {least:,} to {most:,}"
    if least is not None:
        return f"be a whole number, {least:,} or larger"
    return "be a whole number" if most is None else f"be a whole number, {most:,} at most"


def _describe_number(least: float | None, above: float | None, most: float | None, below: float | None) -> str:
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
    limits = " and ".join(part for part in parts if part)
    return f"be a number, {limits}" if limits else "be a finite number"


def _show_int(plain: int) -> str:
    return f"{plain:,}" if abs(plain) <= LARGEST else f"a number of {plain.bit_length():,} bits"


def _show(value: object) -> str:
    """The value in an error, of at most `_SHOWN_CHARACTERS` characters."""
    plain = _as_plain(value)
    if isinstance(plain, int) and not isinstance(plain, bool):
        return _show_int(plain)
    if isinstance(plain, (bool, float, str, bytes)) or plain is None:
        shown = repr(plain)
        return shown if len(shown) <= _SHOWN_CHARACTERS else f"{shown[: _SHOWN_CHARACTERS - 3]}..."
    return f"a {type(value).__name__}"
