"""The hashed draws: the vectorised, the compiled and the plain-integer twins agree, and they are fair."""

from __future__ import annotations

import numpy as np
import scipy.stats
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ladle import draws
from ladle.compiled import kernel
from ladle.mixing import mix_word
from ladle.strategies.clustered import kernels
from tests.strategies import reference

WORDS = st.integers(0, 2**64 - 1)


@kernel
def mixed_by_a_kernel(word: np.uint64) -> np.uint64:
    return mix_word(word)


@settings(max_examples=200)
@given(WORDS, st.integers(0, 2**63 - 1))
def test_three_twins_mix_alike(key: int, name: int) -> None:
    wanted = reference.priority(key, name)
    assert int(draws.priorities(np.uint64(key), np.array([name]))[0]) == wanted
    assert int(mixed_by_a_kernel(np.uint64((key + reference.GAMMA * (name + 1)) % 2**64))) == wanted


@settings(max_examples=200)
@given(WORDS, st.integers(0, 2**63 - 1), st.integers(0, 2**40), st.integers(1, 2**64 - 1))
@example(7, 3, 0, 2**63 + 1)  # sizes so large that half of all words are rejected
@example(8, 3, 0, 2**63 + 1)
@example(9, 3, 0, 2**63 + 1)
@example(0, 0, 0, 1)
def test_draws_below_a_size(key: int, name: int, turn: int, size: int) -> None:
    got = int(kernels.below(np.uint64(key), np.uint64(name), np.uint64(turn), np.uint64(size)))
    assert got == reference.below(key, name, turn, size)
    assert 0 <= got < size


def test_draws_below_a_size_are_uniform_over_names_and_turns() -> None:
    key = draws.key(0, "test")
    for size in (2, 3, 7, 10):
        pairs = [(name, turn) for name in range(100) for turn in range(30)]
        got = [int(kernels.below(key, np.uint64(name), np.uint64(turn), np.uint64(size))) for name, turn in pairs]
        assert scipy.stats.chisquare(np.bincount(got, minlength=size)).pvalue > 0.01


def test_a_sample_is_distinct_uniform_and_nested() -> None:
    rows = np.arange(100, 150)
    counts = np.zeros(50)
    for seed in range(2000):
        key = draws.key(seed, "test")
        larger = draws.sample(key, rows, 20)
        assert len(set(larger)) == 20
        np.testing.assert_array_equal(draws.sample(key, rows, 5), larger[:5])
        counts[larger[:5] - 100] += 1
    assert scipy.stats.chisquare(counts).pvalue > 0.01
    assert sorted(draws.sample(key, rows, 50)) == rows.tolist()
