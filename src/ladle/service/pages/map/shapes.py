"""Shapes that were drawn on the map, as text in addresses and forms."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from ladle.errors import ArgumentError

MOST_CORNERS = 400
_SHAPE = re.compile(r"-?[0-9]{1,6},-?[0-9]{1,6}(;-?[0-9]{1,6},-?[0-9]{1,6})*", re.ASCII)


def read_shape(text: str) -> npt.NDArray[np.float64]:
    """(c, 2) the corners of a shape such as "0,0;900,0;900,700", in cells of the layout. Raises: ArgumentError."""
    corners = text.split(";") if _SHAPE.fullmatch(text) else []
    if not 3 <= len(corners) <= MOST_CORNERS:
        raise ArgumentError(
            "the shape", wanted=f"have 3 to {MOST_CORNERS} corners such as 0,0;900,0;900,700", got=repr(text[:80])
        )
    return np.array([[int(number) for number in corner.split(",")] for corner in corners], np.float64)
