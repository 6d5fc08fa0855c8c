"""The share of the gap to an upper bound that a strategy closes, and its interval."""

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from ladle.errors import ShapeError
from ladle.lab.measures.gaps import gap_closed


def closed(values, low, high):
    return gap_closed("A", np.array(values), "U", np.array(low), "B", np.array(high))


def test_the_share_is_that_of_the_means():
    found = closed([0.5, 0.7, 0.6], [0.4, 0.4, 0.4], [0.8, 0.8, 0.8])
    assert found.share == pytest.approx(0.5)
    assert found.gap == pytest.approx(0.4)
    assert (found.strategy, found.baseline, found.bound, found.trials) == ("A", "U", "B", 3)


@pytest.mark.parametrize("seed", range(5))
def test_the_ends_are_where_the_paired_test_turns(seed):
    random = np.random.default_rng(seed)
    low = 0.5 + 0.01 * random.standard_normal(8)
    found = closed(low + 0.03 + 0.01 * random.standard_normal(8), low, low + 0.1 + 0.01 * random.standard_normal(8))
    random = np.random.default_rng(seed)
    low = 0.5 + 0.01 * random.standard_normal(8)
    gained, gap = 0.03 + 0.01 * random.standard_normal(8), 0.1 + 0.01 * random.standard_normal(8)
    assert found.low < found.share < found.high
    for end in (found.low, found.high):
        assert ttest_1samp(gained - end * gap, 0).pvalue == pytest.approx(0.05, abs=1e-9)


def test_the_interval_holds_the_truth_as_often_as_it_says():
    random = np.random.default_rng(0)
    held = 0
    for _ in range(1_000):
        low = random.normal(0.6, 0.02, 6)
        found = closed(low + random.normal(0.02, 0.01, 6), low, low + random.normal(0.06, 0.01, 6))
        held += found.low is None or found.low <= 1 / 3 <= found.high
    assert 0.93 <= held / 1_000 <= 0.97


def test_few_trials_and_a_gap_that_may_be_none_have_no_interval():
    two = closed([0.5, 0.6], [0.4, 0.4], [0.8, 0.8])
    assert (two.share is None, two.low, two.high) == (False, None, None)
    unclear = closed([0.5, 0.6, 0.7], [0.4, 0.9, 0.5], [0.8, 0.6, 0.6])
    assert unclear.gap > 0
    assert (unclear.low, unclear.high) == (None, None)


def test_a_bound_below_the_baseline_has_no_share():
    found = closed([0.5, 0.6, 0.7], [0.6, 0.6, 0.7], [0.5, 0.5, 0.6])
    assert (found.share, found.low) == (None, None)


def test_trials_that_differ_are_refused():
    with pytest.raises(ShapeError):
        closed([0.5, 0.6], [0.5], [0.6, 0.7])
