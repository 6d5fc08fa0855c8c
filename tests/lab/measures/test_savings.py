import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_rel

from ladle.errors import ArgumentError, LadleError, ShapeError
from ladle.lab.measures import savings as measures
from ladle.lab.measures.savings import (
    area_under_curve,
    curve_interval,
    label_savings,
    labels_to_reach,
    mean_and_error,
    saved_share,
)
from ladle.seeds import stream

LABELS = (100, 200, 300)


def test_mean_and_standard_error():
    mean, error = mean_and_error(np.array([[0.1, 0.4], [0.3, 0.6]]))
    np.testing.assert_allclose(mean, [0.2, 0.5])
    np.testing.assert_allclose(error, [0.1, 0.1])
    assert mean_and_error(np.array([[0.1, 0.4]]))[1] is None


@pytest.mark.parametrize(
    ("target", "labels"),
    [(0.5, 100), (0.4, 100), (0.55, 150), (0.6, 200), (0.75, 275), (0.8, 300), (0.81, math.inf)],
)
def test_labels_to_reach_is_linear_between_points(target, labels):
    assert labels_to_reach(LABELS, [0.5, 0.6, 0.8], target) == pytest.approx(labels)


def test_the_first_crossing_counts_on_a_curve_that_falls_back():
    assert labels_to_reach(LABELS, [0.5, 0.7, 0.6], 0.6) == pytest.approx(150)


def test_savings_by_hand():
    # B ends at .8 with 300 labels; A is at .8 halfway between 100 and 200: 1 - 150/300.
    assert saved_share(LABELS, [0.7, 0.9, 0.9], [0.5, 0.6, 0.8]) == pytest.approx(0.5)
    assert saved_share(LABELS, [0.5, 0.6, 0.7], [0.5, 0.6, 0.8]) == -math.inf


@given(st.lists(st.floats(0, 1), min_size=3, max_size=3))
def test_no_strategy_saves_against_itself(curve):
    assert saved_share(LABELS, curve, curve) == 0


@given(st.lists(st.floats(0, 1), min_size=6, max_size=6))
def test_savings_stay_below_one(values):
    assert saved_share(LABELS, values[:3], values[3:]) < 1


def savings(first, second, **options):
    return label_savings(LABELS, np.array(first), np.array(second), strategy="a", against="b", **options)


def test_equal_trials_leave_no_doubt():
    found = savings([[0.7, 0.9, 0.9]] * 3, [[0.5, 0.6, 0.8]] * 3)
    assert (found.saved, found.low, found.high) == pytest.approx((0.5, 0.5, 0.5))
    assert (found.labels_needed, found.labels_against, found.target) == pytest.approx((150, 300, 0.8))
    assert found.clear
    assert found.reached == 1


def test_pairs_are_kept_together():
    # The trials differ wildly, but within each the two strategies agree: nothing can tell them apart.
    trials = [[0.1, 0.2, 0.3], [0.5, 0.6, 0.7], [0.7, 0.8, 0.9]]
    found = savings(trials, trials)
    assert (found.low, found.high) == (0, 0)
    assert not found.clear


def test_never_reaching_is_said_and_not_averaged():
    for trials, clear in ((2, False), (3, True), (5, True)):  # three that never got there are clearly worse
        found = savings([[0.1, 0.2, 0.3]] * trials, [[0.5, 0.6, 0.8]] * trials)
        assert found.saved is None
        assert (found.labels_needed, found.low, found.high, found.reached) == (None, None, None, 0)
        assert found.clear == clear


def test_a_bound_that_never_got_there_is_open_and_not_clear():
    found = savings([[0.1, 0.2, 0.3], [0.7, 0.9, 0.9]], [[0.5, 0.6, 0.8], [0.5, 0.6, 0.8]])
    assert found.low is None
    assert found.high == pytest.approx(2 / 3)  # two trials that differ so much leave all open
    assert not found.clear
    assert 0 < found.reached < 1


def test_the_resamples_repeat_and_follow_the_seed():
    random = np.random.default_rng(0)
    first, second = random.random((2, 5, 3)) + np.array([0, 0.5, 1])
    assert savings(first, second, seed=3) == savings(first, second, seed=3)
    assert savings(first, second, seed=3).reached != savings(first, second, seed=4).reached


def test_a_single_trial_has_no_interval():
    found = savings([[0.7, 0.9, 0.9]], [[0.5, 0.6, 0.8]])
    assert (found.saved, found.low, found.high, found.clear) == (pytest.approx(0.5), None, None, False)


def test_savings_go_by_the_final_value_of_the_other_even_where_it_was_higher_before():
    # B is at .8 with 200 labels and ends at .7, where it first is with 150; A is at .7 with 125.
    first, second = [[0.5, 0.75, 0.6], [0.5, 0.75, 0.6], [0.5, 0.75, 0.6]], [[0.6, 0.8, 0.7]] * 3
    for found in (savings(first, second), savings(first[:1], second[:1])):
        assert found.target == pytest.approx(0.7)
        assert (found.labels_needed, found.labels_against) == pytest.approx((180, 150))
        assert found.saved == pytest.approx(1 - 180 / 150)
    assert savings(first, second).reached == 1
    assert (savings(first, second).low, savings(first, second).high) == pytest.approx((1 - 180 / 150,) * 2)
    assert saved_share(LABELS, first[0], second[0]) == pytest.approx(1 - 180 / 150)


def test_the_interval_is_where_a_paired_test_cannot_tell():
    first = np.array([[0.5, 0.7, 0.9], [0.5, 0.72, 0.88], [0.5, 0.69, 0.92], [0.5, 0.71, 0.89]])
    second = np.array([[0.5, 0.6, 0.8], [0.5, 0.63, 0.79], [0.5, 0.6, 0.83], [0.5, 0.62, 0.80]])
    found = savings(first, second)
    for end in (found.low, found.high):
        needed = (1 - end) * found.labels_against
        there = np.array([np.interp(needed, LABELS, curve) for curve in first])
        # scipy's own paired test: at the ends of a 95% interval its p is 5%.
        assert ttest_rel(there, second[:, -1]).pvalue == pytest.approx(0.05, rel=0.02)
    assert found.low < found.saved < found.high


CROSSING = ([0.5, 0.62, 0.70, 0.75, 0.78], [0.5, 0.58, 0.64, 0.69, 0.72])  # steep where they cross
EQUAL = ([0.78, 0.82, 0.84, 0.85, 0.855],) * 2
FLAT = ([0.78, 0.83, 0.855, 0.857, 0.858], [0.78, 0.82, 0.848, 0.85, 0.851])  # hardly rising at the end
FALLING = ([0.78, 0.83, 0.85, 0.86, 0.858], [0.78, 0.82, 0.84, 0.86, 0.85])


@pytest.mark.parametrize(
    ("curves", "noise", "trials", "most"),
    [
        *((CROSSING, 0.006, trials, 0.98) for trials in (3, 4, 5, 6, 7, 8)),
        *((EQUAL, 0.003, trials, 0.98) for trials in (3, 4, 5, 6, 7, 8)),
        *((FLAT, 0.003, trials, 0.98) for trials in (3, 6)),
        *((FALLING, 0.002, trials, 1.0) for trials in (3, 6)),
    ],
)
def test_the_interval_covers_the_truth_as_often_as_it_says(monkeypatch, curves, noise, trials, most):
    """Resampled trials covered 92% of five, and two equal strategies of three looked different in 28% of runs."""
    monkeypatch.setattr(measures, "DRAWS", 1)
    labels, runs = (100, 200, 300, 400, 500), 400
    truth, random = saved_share(labels, *curves), np.random.default_rng(trials)
    held = 0
    for _ in range(runs):
        luck = random.normal(0, 0.01, (trials, 1))
        first, second = (curve + luck + random.normal(0, noise, (trials, 5)) for curve in np.array(curves))
        found = label_savings(labels, first, second, strategy="a", against="b")
        low = -math.inf if found.low is None else found.low
        high = -math.inf if found.high is None else found.high
        held += low - 1e-12 <= truth <= high + 1e-12
    assert 0.93 <= held / runs <= most


def test_arrays_that_do_not_fit_are_refused():
    with pytest.raises(ShapeError, match="trials"):
        savings([[0.1, 0.2, 0.3]], [[0.1, 0.2, 0.3]] * 2)
    with pytest.raises(ShapeError):
        savings([[0.1, 0.2]], [[0.1, 0.2]])
    with pytest.raises(ArgumentError, match="confidence"):
        savings([[0.1, 0.2, 0.3]], [[0.1, 0.2, 0.3]], confidence=1.0)


@pytest.mark.parametrize(
    "labels", [[30, 20, 10], [10, 10, 10], [-1, 0, 1], [1, 2, np.nan], ["a", "b", "c"], 3, None, []]
)
def test_labels_that_do_not_ascend_are_refused(labels):
    curves = np.array([[0.1, 0.2, 0.3]] * 2)
    with pytest.raises(LadleError, match="labels"):
        label_savings(labels, curves, curves, strategy="s", against="t")


@pytest.mark.parametrize("curves", [np.full((2, 3), np.nan), np.zeros((0, 3)), None, 3, [["a", "b", "c"]]])
def test_curves_that_are_no_numbers_are_refused(curves):
    with pytest.raises(LadleError, match="accurac"):
        label_savings([1, 2, 3], curves, curves, strategy="s", against="t")


def test_resamples_computed_together_are_those_computed_one_by_one(monkeypatch):
    monkeypatch.setattr(measures, "DRAWS", 300)
    first, second = np.random.default_rng(5).random((2, 6, 3)) + np.array([0, 0.3, 0.6])
    found = savings(first, second, seed=2)
    draws = stream(2, "label savings", "a", "b").integers(6, size=(300, 6))
    told = [saved_share(LABELS, first[draw].mean(axis=0), second[draw].mean(axis=0)) for draw in draws]
    assert found.reached == np.isfinite(told).mean()
    assert 0 < found.reached < 1


class TestCurveInterval:
    def test_it_holds_the_mean_and_widens_with_the_spread(self):
        random = np.random.default_rng(1)
        noise = random.normal(0, 1, (8, 3))
        narrow, wide = 0.5 + 0.001 * noise, 0.5 + 0.01 * noise
        (low, high), (lower, higher) = curve_interval(narrow), curve_interval(wide)
        assert np.all((low < narrow.mean(axis=0)) & (narrow.mean(axis=0) < high))
        np.testing.assert_allclose(higher - lower, 10 * (high - low), rtol=1e-6)

    def test_it_repeats_and_is_none_of_few_trials(self):
        trials = np.random.default_rng(2).random((5, 4))
        np.testing.assert_array_equal(curve_interval(trials, seed=4), curve_interval(trials, seed=4))
        assert curve_interval(trials[:2]) is None
        with pytest.raises(ArgumentError, match="confidence"):
            curve_interval(trials, confidence=0)

    @pytest.mark.parametrize("trials", [3, 4, 5, 6, 7, 8, 10, 20])
    @pytest.mark.parametrize("confidence", [0.8, 0.95])
    def test_it_covers_the_truth_as_often_as_it_says(self, trials, confidence):
        # Each point is a run of its own. Resampled trials covered 91.7% of five, 93.4% of six and seven.
        runs = np.random.default_rng(trials).normal(0.8, 0.01, (trials, 40_000))
        low, high = curve_interval(runs, confidence=confidence)
        assert np.mean((low < 0.8) & (high > 0.8)) == pytest.approx(confidence, abs=0.005)

    def test_it_holds_for_measures_that_are_no_bell(self):
        # Shares of 200 examples, most of them right: skewed and in steps.
        runs = np.random.default_rng(1).binomial(200, 0.93, (5, 40_000)) / 200
        low, high = curve_interval(runs)
        assert 0.94 <= np.mean((low < 0.93) & (high > 0.93)) <= 0.96


class TestArea:
    def test_by_hand(self):
        # 100 labels at a mean of .6, 200 at .75, of 300.
        np.testing.assert_allclose(area_under_curve((0, 100, 300), [[0.5, 0.7, 0.8]]), [0.7])
        np.testing.assert_allclose(area_under_curve((50, 150, 350), [[0.5, 0.7, 0.8]]), [0.7])

    def test_a_level_curve_is_its_own_area(self):
        np.testing.assert_allclose(area_under_curve(LABELS, [[0.4] * 3, [0.9] * 3]), [0.4, 0.9])
        np.testing.assert_allclose(area_under_curve((100,), [[0.4]]), [0.4])
