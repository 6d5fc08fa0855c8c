from __future__ import annotations

import pytest

from ladle import seeds
from ladle.errors import ArgumentError


def test_streams_are_named_and_apart() -> None:
    draws = {
        seeds.stream(seed, *path).integers(0, 2**62).item()
        for seed in (0, 1)
        for path in [(), ("a",), ("b",), ("a", 1), ("a", "1", ""), ("a1",)]
    }
    assert len(draws) == 12
    assert seeds.stream(7, "a").random() == seeds.stream(7, "a").random()


def test_a_release_does_not_change_the_draws() -> None:
    assert seeds.child_seed(0, "cells", 1) == 13237040992282446177


@pytest.mark.parametrize("seed", [-1, 2**63, 1.0, True, "1", None])
def test_impossible_seeds(seed: object) -> None:
    with pytest.raises(ArgumentError, match="`seed`"):
        seeds.check_seed(seed)  # type: ignore[arg-type]
