import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ladle.errors import ShapeError
from ladle.lab.measures.comparisons import (
    LEVEL,
    compare_paired,
    compare_unpaired,
    corrected,
    holm,
    outcome_of,
    paired_t,
    signed_rank,
)

seeds = st.integers(0, 10_000)


@given(seeds, st.integers(3, 12))
def test_the_paired_test_is_scipys(seed, trials):
    first, second = np.random.default_rng(seed).random((2, trials))
    found, truth = compare_paired("a", first, "b", second), stats.ttest_rel(first, second)
    assert found.p == pytest.approx(truth.pvalue)
    assert (found.low, found.high) == pytest.approx(tuple(truth.confidence_interval(0.95)))
    assert found.difference == pytest.approx((first - second).mean())


@given(seeds, st.integers(3, 12), st.integers(3, 12))
def test_the_unpaired_test_is_scipys(seed, trials, others):
    random = np.random.default_rng(seed)
    first, second = random.random(trials), random.random(others) / 3
    found, truth = compare_unpaired("a", first, "b", second), stats.ttest_ind(first, second, equal_var=False)
    assert found.p == pytest.approx(truth.pvalue)
    assert (found.low, found.high) == pytest.approx(tuple(truth.confidence_interval(0.95)))
    assert not found.paired
    assert found.signed_rank is None


@given(seeds, st.integers(3, 20))
def test_signed_ranks_without_ties_are_scipys(seed, trials):
    differences = np.random.default_rng(seed).normal(0.3, 1, trials)
    assert signed_rank(differences) == pytest.approx(stats.wilcoxon(differences, method="exact").pvalue)


@given(st.lists(st.integers(-3, 3), min_size=3, max_size=9))
def test_signed_ranks_with_ties_are_those_of_every_pattern_of_signs(steps):
    differences = np.array(steps, float)
    kept = differences[differences != 0]
    ranks = stats.rankdata(np.abs(kept))
    signs = np.array(np.meshgrid(*[[0, 1]] * len(kept))).reshape(len(kept), -1) if len(kept) else np.zeros((0, 1))
    sums, seen = ranks @ signs, ranks[kept > 0].sum()
    least = min(seen, ranks.sum() - seen)
    assert signed_rank(differences) == pytest.approx(min(1.0, 2 * (sums <= least + 1e-9).mean()))


def test_holm_by_hand():
    assert holm([0.01, None, 0.04, 0.03]) == pytest.approx([0.03, None, 0.06, 0.06], nan_ok=False)
    assert holm([0.6, 0.9]) == [1.0, 1.0]
    assert holm([None]) == [None]


def test_a_family_is_harder_to_please_than_one():
    better = compare_paired("a", np.array([0.01, 0.02, 0.03, 0.03, 0.02, -0.01]), "b", np.zeros(6))
    assert 0.02 < better.p < 0.05
    assert better.outcome == "win"
    assert [each.outcome for each in corrected([better, better, better])] == ["tie"] * 3


def test_worse_is_a_loss():
    found = compare_paired("a", np.array([0.1, 0.11, 0.12, 0.1]), "b", np.array([0.2, 0.22, 0.2, 0.21]))
    assert found.outcome == "loss"
    assert found.high < 0


def test_a_chance_at_the_level_is_a_tie():
    assert outcome_of(0.1, LEVEL) == "tie"
    assert outcome_of(0.1, np.nextafter(LEVEL, 0)) == "win"
    assert outcome_of(-0.1, np.nextafter(LEVEL, 0)) == "loss"


def test_the_same_seen_from_the_other_side():
    one, other = np.array([0.1, 0.11, 0.12, 0.1]), np.array([0.2, 0.22, 0.2, 0.21])
    found, expected = compare_paired("a", one, "b", other).mirrored(), compare_paired("b", other, "a", one)
    assert (found.strategy, found.against, found.outcome) == ("b", "a", "win")
    assert (found.difference, found.low, found.high) == pytest.approx(
        (expected.difference, expected.low, expected.high)
    )


@pytest.mark.parametrize("trials", [1, 2])
def test_few_trials_are_not_tested(trials):
    for found in (
        compare_paired("a", np.arange(1.0, trials + 1), "b", np.zeros(trials)),
        compare_unpaired("a", np.arange(1.0, trials + 1), "b", np.zeros(9)),
    ):
        assert found.outcome == "untested"
        assert (found.p, found.low, found.high, found.signed_rank) == (None,) * 4
        assert found.trials == trials


def test_differences_without_spread_claim_no_more_than_their_signs():
    always = compare_paired("a", np.full(4, 0.3), "b", np.full(4, 0.2))
    assert always.p == pytest.approx(1 / 8)
    assert compare_paired("a", np.full(4, 0.3), "b", np.full(4, 0.3)).p == 1
    assert compare_unpaired("a", np.full(3, 0.3), "b", np.full(3, 0.2)).p == pytest.approx(0.1)
    assert compare_unpaired("a", np.full(3, 0.3), "b", np.full(3, 0.3)).outcome == "tie"


def test_columns_are_tested_each_on_its_own():
    differences = np.random.default_rng(4).normal(0.2, 1, (7, 5))
    together = paired_t(differences)
    assert together == pytest.approx([float(paired_t(column[:, None])[0]) for column in differences.T])


def test_trials_that_do_not_pair_are_refused():
    with pytest.raises(ShapeError):
        compare_paired("a", np.zeros(3), "b", np.zeros(4))
    with pytest.raises(ShapeError):
        compare_unpaired("a", np.zeros(0), "b", np.zeros(4))
