"""Estimates from the control: exact cases, and how often the intervals cover what they are of."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from ladle.labelling.control_figures import ControlEstimate
from ladle.labelling.measures.control_estimates import (
    NEVER,
    ControlEnd,
    ControlFacts,
    mean_of,
    model_tests,
    share_of,
    share_with,
)
from ladle.labelling.rules.control import plan_control
from ladle.proposals.audit import wilson

POOL, ROUNDS, SIZE, QUOTA = 2_000, 6, 100, 20


def test_a_share_is_wilsons_and_narrows_as_the_sample_becomes_the_population() -> None:
    plain = share_of(30, 100)
    low, high = wilson(0.3, 100, 1.959963984540054)
    assert (plain.value, plain.low, plain.high, plain.count) == (0.3, pytest.approx(low), pytest.approx(high), 100)
    widths = [found.high - found.low for found in (share_of(30, 100, population) for population in (10**9, 400, 120))]
    assert widths[0] == pytest.approx(plain.high - plain.low, abs=1e-6)
    assert widths == sorted(widths, reverse=True)
    whole = share_of(30, 100, 100)
    assert whole.low == whole.value == whole.high


def simulated(seed: int, keen: bool) -> tuple[ControlFacts, np.ndarray]:
    """A campaign whose strategy takes what it likes: nearly all of a rare class first (keen), or by chance."""
    random = np.random.default_rng(seed)
    has = np.arange(POOL) < POOL // 20
    words = random.permutation(POOL).astype(np.uint64) + np.uint64(1)
    first, members, ends = np.full(POOL, NEVER), np.empty(0, np.int64), []
    for number in range(1, ROUNDS + 1):
        done = first < NEVER
        plan = plan_control(words, QUOTA, members, free=~done, excluded=np.zeros(POOL, bool), labelled=done)
        members = np.concatenate([members, plan.joined])
        ends.append(ControlEnd(number, 2 * number, int(words[members].max())))
        taste = random.random(POOL) - 0.8 * has * keen
        taste[done] = 2
        taste[plan.drawn] = 2
        first[plan.drawn] = first[np.argsort(taste)[: SIZE - len(plan.drawn)]] = 2 * number + 1
    return ControlFacts(words, first < NEVER, first, ends), has


@pytest.mark.parametrize("keen", [True, False])
def test_class_shares_are_unbiased_and_covered_whatever_the_strategy_likes(keen: bool) -> None:
    values, covered, by_all = [], [], []
    for seed in range(400):
        facts, has = simulated(seed, keen)
        found, is_of_all = share_with(facts, has & facts.labelled, facts.last_end)
        values.append(found.value)
        covered.append(found.low <= has.mean() <= found.high)
        by_all.append(is_of_all)
    assert np.mean(values) == pytest.approx(0.05, abs=0.003)
    assert np.mean(covered) >= 0.92
    assert np.mean(by_all) > 0.9 or not keen, "the strategy has found nearly all: the labels tell more than the control"


def test_the_control_is_a_uniform_sample_where_draws_from_what_is_left_are_not() -> None:
    inside, drawn = [], []
    for seed in range(100):
        facts, has = simulated(seed, keen=True)
        members = facts.members(facts.last_end)
        inside.append(has[members].mean())
        fresh = np.zeros(POOL, bool)
        for place in range(ROUNDS):
            fresh |= facts.tests(place)
        drawn.append(has[fresh].mean())
    assert np.mean(inside) == pytest.approx(0.05, abs=0.005)
    assert np.mean(drawn) < 0.03


def test_what_a_model_may_have_learnt_is_no_test_of_it() -> None:
    words = np.arange(1, 11, dtype=np.uint64)
    first = np.array([3, 3, 1, 5, 0, 5, NEVER, NEVER, NEVER, NEVER])
    ends = [ControlEnd(1, 2, 3), ControlEnd(2, 4, 6)]
    facts = ControlFacts(words, first < NEVER, first, ends)
    assert np.flatnonzero(facts.tests(0)).tolist() == [0, 1], "row 2 had its label at the ask"
    assert np.flatnonzero(facts.tests(1)).tolist() == [3, 5], "row 4 is gold"
    assert np.flatnonzero(facts.tests(0, 1)).tolist() == [0, 1, 3, 5]
    predicted, label = np.array([1, 1, 1, 0, 0, 0, -1, -1, -1, -1]), np.array([1, 0, 0, 0, 0, 1, -1, -1, -1, -1])
    one, two = model_tests(facts, predicted, label)
    assert (one.batch, one.tests, one.waiting) == (1, 2, 0)
    assert one.accuracy is not None
    assert one.accuracy.value == 0.5
    assert two.accuracy is not None
    assert two.accuracy.value == 0.5


def test_nothing_is_told_until_nearly_all_members_have_a_label() -> None:
    words, first = np.arange(1, 101, dtype=np.uint64), np.full(100, NEVER)
    ends = [ControlEnd(1, 2, 20), ControlEnd(2, 4, 40)]
    first[:20] = 3
    assert ControlFacts(words, first < NEVER, first, ends).last_end == 0
    first[20:38] = 5
    assert ControlFacts(words, first < NEVER, first, ends).last_end == 1
    first[:3] = NEVER
    assert ControlFacts(words, first < NEVER, first, ends).last_end == -1
    assert ControlFacts(words, first < NEVER, first, []).last_end == -1


@pytest.mark.parametrize("count", [1, 9, 10, 33])
def test_an_interval_holds_its_estimate(count: int) -> None:
    for right in (0, count):
        found = share_of(right, count)
        assert found.low <= found.value <= found.high


@pytest.mark.parametrize("kind", ["normal", "uniform", "exponential"])
def test_the_interval_of_a_mean_covers_it_as_often_as_it_says(kind: str) -> None:
    random = np.random.default_rng(5)
    values = {"normal": random.normal, "uniform": random.random, "exponential": random.exponential}[kind](size=300)
    for count, least in ((30, 0.91), (150, 0.93)):
        found = [mean_of(random.choice(values, count, replace=False), 300) for _ in range(1500)]
        covers = np.mean([each is not None and each.low <= values.mean() <= each.high for each in found])
        assert least <= covers <= 0.975, (count, covers)


def test_the_mean_of_few_or_of_equal_numbers_is_not_told() -> None:
    assert mean_of([], 10) is None
    assert mean_of(np.arange(29.0), 100) is None
    assert mean_of(np.ones(40), 100) is None
    assert mean_of(np.arange(5.0), 5) == ControlEstimate(2.0, 2.0, 2.0, 5)
    found = mean_of(np.arange(30.0))
    assert found is not None
    reach = scipy.stats.t.ppf(0.975, 29) * scipy.stats.sem(np.arange(30.0))
    assert (found.value, found.low, found.high) == pytest.approx((14.5, 14.5 - reach, 14.5 + reach))
