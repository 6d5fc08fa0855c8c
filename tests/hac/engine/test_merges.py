"""Passes over finished merges, against the same in plain Python."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ladle.hac.engine.merges import lift


@given(st.integers(2, 30), st.randoms(use_true_random=False))
def test_a_merge_is_no_lower_than_either_of_the_two_it_stands_on(n: int, random: object) -> None:
    alive, pairs = list(range(n)), []
    while len(alive) > 1:
        kept, gone = random.sample(alive, 2)  # type: ignore[attr-defined]
        alive.remove(gone)
        pairs.append((kept, gone))
    heights = np.array([float(random.randint(0, 9)) for _ in pairs])  # type: ignore[attr-defined]
    expected, below, raised = [], dict.fromkeys(range(n), 0.0), 0
    for (kept, gone), height in zip(pairs, heights.tolist(), strict=True):
        floor = max(below[kept], below[gone])
        raised += height < floor * (1 - 1e-6)
        below[kept] = max(height, floor)
        expected.append(below[kept])
    assert lift(np.array(pairs), heights, n) == raised
    assert heights.tolist() == expected
