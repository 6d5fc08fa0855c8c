"""Checksums of a source: the same content passes, another one is refused."""

from __future__ import annotations

import numpy as np
import pytest

from ladle.errors import MismatchError
from ladle.pool.fingerprints import Fingerprints


def test_content_that_differs_from_the_first_pass_is_refused():
    vectors = np.random.default_rng(0).standard_normal((20, 3))
    seen = Fingerprints("a store")
    for _ in range(2):
        for start in (0, 10):
            seen.check(start, vectors[start : start + 10].view(np.uint8))
    with pytest.raises(
        MismatchError, match=r"a store must stay as it was when the pool was opened.*Open the pool again"
    ):
        seen.check(10, np.nextafter(vectors[10:], 9).view(np.uint8))
    seen.check(20, b"a piece that no pass has read before")
