"""Why a row has no vector that can be used: one code for each reason, and its text."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.uint8]  # (b,) one a row: 0 for a row that can be used, else one of these
NULL, LENGTH, NULL_NUMBER, NOT_FINITE, ZERO = range(1, 6)
REASONS = {
    NULL: "no vector (null)",
    LENGTH: "a vector of another length",
    NULL_NUMBER: "a null among the numbers",
    NOT_FINITE: "NaN or infinity",
    ZERO: "all zeros, which has no direction under the cosine metric",
}
