"""Every rule: its arithmetic by an independent truth, its border, and when it would end a real campaign."""

from __future__ import annotations

import itertools
import json
import math
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from ladle.errors import ArgumentError, NonFiniteError, ShapeError
from ladle.stopping import (
    ClassificationChange,
    GainPlateau,
    OverallUncertainty,
    StablePredictions,
    StoppingRule,
    Verdict,
    cohen_kappa,
)
from ladle.stopping.plateau import inversions, slope_and_bound
from tests.stopping.campaign import Campaign, digits

RULES: list[StoppingRule] = [
    ClassificationChange(),
    OverallUncertainty(),
    StablePredictions(),
    GainPlateau(least_gain=0.01),
]


def after(rule: StoppingRule, told: Campaign, rounds: int) -> Verdict:
    """The verdict after so many rounds; every rule is told everything, predictions of the rows still unlabelled."""
    left = told.left[rounds - 1]
    return rule.verdict(
        predictions=[predicted[left] for predicted in told.predictions[:rounds]],
        uncertainties=told.uncertainties[rounds - 1],
        labels=told.labels[:rounds],
        accuracies=told.accuracies[:rounds],
    )


class TestARealCampaign:
    @pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
    def test_stops_neither_early_nor_never(self, rule: StoppingRule) -> None:
        told = digits()
        verdicts = [after(rule, told, rounds) for rounds in range(1, len(told.labels) + 1)]
        assert {verdict.rule for verdict in verdicts} == {rule.name}
        stopped = next(place for place, verdict in enumerate(verdicts) if verdict.stop)
        final = float(np.mean(told.accuracies[-5:]))
        assert stopped >= 4
        assert told.accuracies[3] < final - 0.02  # in the first rounds there is much to learn yet
        assert told.accuracies[stopped] > final - 0.01  # the stated loss: one point
        assert stopped < len(told.labels) - 2

    def test_stable_predictions_on_a_stop_set_kept_throughout(self) -> None:
        told = digits()
        stops = [
            StablePredictions().verdict(predictions=told.predictions[:rounds]).stop
            for rounds in range(1, len(told.labels) + 1)
        ]
        stopped = stops.index(True)
        assert all(stops[stopped:])
        assert told.accuracies[stopped] > np.mean(told.accuracies[-5:]) - 0.01

    def test_looser_options_stop_no_later(self) -> None:
        told = digits()

        def first(rule: StoppingRule) -> int:
            return next(rounds for rounds in range(1, 15) if after(rule, told, rounds).stop)

        assert first(ClassificationChange(most=0.05)) < first(ClassificationChange())
        assert first(OverallUncertainty(below=0.1)) < first(OverallUncertainty())
        assert first(StablePredictions(agreement=0.9)) < first(StablePredictions())
        assert first(GainPlateau(least_gain=0.05)) < first(GainPlateau(least_gain=0.01))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
class TestEveryRule:
    def test_tells_a_verdict_that_json_can_carry(self, rule: StoppingRule) -> None:
        told = digits()
        for rounds in (1, len(told.labels)):
            verdict = after(rule, told, rounds)
            again = json.loads(json.dumps(verdict.to_dict(), allow_nan=False))
            assert (again["stop"], again["rule"], again["told"]) == (verdict.stop, rule.name, str(verdict))
            assert type(verdict.stop) is bool
            assert type(verdict.value) is float
            assert (again["value"] is None) == math.isnan(verdict.value)

    def test_has_no_memory(self, rule: StoppingRule) -> None:
        told = digits()
        last = after(rule, told, len(told.labels))
        after(rule, told, 2)
        assert after(rule, told, len(told.labels)) == last

    def test_needs_what_it_goes_by(self, rule: StoppingRule) -> None:
        with pytest.raises(ArgumentError, match=f"a verdict of {rule.name} must be given"):
            rule.verdict()


PREDICTIONS: list[Callable[[int], Any]] = [
    lambda size: st.lists(st.integers(0, 3), min_size=size, max_size=size),
    lambda size: st.lists(st.sampled_from(["cat", "a dog"]), min_size=size, max_size=size),
    lambda size: st.lists(st.booleans(), min_size=size, max_size=size),
]


@st.composite
def pairs(draw: st.DrawFn) -> tuple[list[Any], list[Any]]:
    labels = draw(st.sampled_from(PREDICTIONS))
    size = draw(st.integers(1, 40))
    return draw(labels(size)), draw(labels(size))


class TestKappa:
    @given(pairs())
    def test_is_scikit_learns(self, both: tuple[list[Any], list[Any]]) -> None:
        metrics = pytest.importorskip("sklearn.metrics")
        first, second = both
        if len(set(first + second)) == 1:
            assert math.isnan(cohen_kappa(first, second))  # as scikit-learn has it, with a warning
        else:
            assert cohen_kappa(first, second) == pytest.approx(metrics.cohen_kappa_score(first, second), abs=1e-12)
            assert cohen_kappa(first, second) == cohen_kappa(second, first)
            assert cohen_kappa(first, first) == 1 or len(set(first)) == 1

    def test_of_many_classes_makes_no_matrix_of_them(self) -> None:
        rng = np.random.default_rng(0)
        first = rng.permutation(300_000)
        assert cohen_kappa(first, first) == 1
        assert cohen_kappa(first, rng.permutation(300_000)) == pytest.approx(0, abs=0.001)

    def test_models_that_know_one_class_are_not_stable(self) -> None:
        verdict = StablePredictions().verdict(predictions=[np.zeros(50, int)] * 8)
        assert not verdict.stop
        assert "single class" in verdict.told

    def test_is_averaged_over_the_window_only(self) -> None:
        rng = np.random.default_rng(0)
        rounds = [rng.integers(0, 3, 60) for _ in range(6)]
        verdict = StablePredictions(window=2).verdict(predictions=rounds)
        wanted = (cohen_kappa(rounds[3], rounds[4]) + cohen_kappa(rounds[4], rounds[5])) / 2
        assert verdict.value == pytest.approx(wanted)
        same = StablePredictions(window=3, agreement=1).verdict(predictions=[*rounds, rounds[5], rounds[5], rounds[5]])
        assert (same.stop, same.value) == (True, 1)
        early = StablePredictions().verdict(predictions=rounds[:3])
        assert (early.stop, math.isnan(early.value)) == (False, True)
        assert "predictions of 4 rounds are needed, and there are 3" in early.told


class TestChange:
    @given(pairs(), st.floats(0, 1))
    def test_counts(self, both: tuple[list[Any], list[Any]], most: float) -> None:
        first, second = both
        changed = sum(a != b for a, b in zip(first, second, strict=True))
        verdict = ClassificationChange(most=most).verdict(predictions=[second, first, second])
        assert verdict.value == changed / len(first)
        assert verdict.stop == (changed / len(first) <= most)

    def test_text_of_any_width(self) -> None:
        wide = np.array(["a", "b"], object)
        assert ClassificationChange().verdict(predictions=[np.array(["a", "b"]), wide]).stop


class TestUncertainty:
    def test_takes_scores_or_their_mean(self) -> None:
        entropies = np.random.default_rng(0).random(1000).astype(np.float32) / 50
        rule = OverallUncertainty(below=0.02)
        verdict = rule.verdict(uncertainties=entropies)
        assert verdict.value == pytest.approx(float(entropies.astype(float).mean()))
        assert verdict == rule.verdict(uncertainties=verdict.value)
        assert verdict.stop
        assert not OverallUncertainty(below=verdict.value).verdict(uncertainties=entropies).stop

    def test_nothing_left(self) -> None:
        verdict = OverallUncertainty().verdict(uncertainties=[])
        assert (verdict.stop, verdict.value) == (True, 0)


class TestPlateau:
    @pytest.mark.parametrize("points", range(1, 8))
    def test_inversions_by_counting_them(self, points: int) -> None:
        counted = Counter(
            sum(order[i] > order[j] for i in range(points) for j in range(i + 1, points))
            for order in itertools.permutations(range(points))
        )
        assert inversions(points) == [counted[number] for number in range(points * (points - 1) // 2 + 1)]

    @given(st.lists(st.floats(0, 1), min_size=3, max_size=15), st.data())
    def test_the_median_slope_is_scipys(self, heights: list[float], data: st.DataObject) -> None:
        at = sorted(data.draw(st.lists(st.integers(1, 500), min_size=len(heights), max_size=len(heights), unique=True)))
        middle, upper = slope_and_bound(np.array(at, float), np.array(heights), 0.95)
        assert middle == pytest.approx(scipy.stats.theilslopes(heights, at).slope, abs=1e-12)
        assert upper >= middle
        assert (upper == math.inf) == (len(at) == 3)  # one order of six is not rare enough

    @pytest.mark.parametrize(("points", "confidence"), [(4, 0.95), (6, 0.95), (6, 0.8), (12, 0.9)])
    def test_the_bound_holds_as_often_as_it_says(self, points: int, confidence: float) -> None:
        rng = np.random.default_rng(points)
        at = np.cumsum(rng.integers(1, 9, points)).astype(float)
        held = [slope_and_bound(at, 0.3 * at + rng.standard_t(3, points), confidence)[1] >= 0.3 for _ in range(3000)]
        tails = np.cumsum(inversions(points)[::-1]) / math.factorial(points)
        exact = 1 - tails[tails <= 1 - confidence].max()  # the rank is a whole number, so it is a little more
        assert confidence <= exact
        assert abs(np.mean(held) - exact) < 4 * math.sqrt(exact * (1 - exact) / 3000)

    def test_a_line_is_read_exactly(self) -> None:
        labels = [100, 200, 300, 400, 500, 600]
        accuracies = [0.5, 0.52, 0.54, 0.56, 0.58, 0.6]
        for batch_size, gain in ((None, 0.02), (50, 0.01), (1000, 0.2)):
            rule = GainPlateau(least_gain=0.015, batch_size=batch_size)
            verdict = rule.verdict(labels=labels, accuracies=accuracies)
            assert verdict.value == pytest.approx(gain)
            assert verdict.stop == (gain < 0.015)
        longer = GainPlateau(least_gain=0.015).verdict(labels=[1, 2, *labels], accuracies=[0, 0.4, *accuracies])
        assert longer.value == pytest.approx(0.02)  # the window forgets the steep beginning
        assert "6 models are needed, and there are 5" in (
            GainPlateau(least_gain=0.01).verdict(labels=labels[:5], accuracies=accuracies[:5]).told
        )


class TestTheBorder:
    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (lambda: ClassificationChange(most=1.5), "`most` must be a number from 0 to 1; got 1.5"),
            (lambda: ClassificationChange(most=math.nan), "`most`"),
            (lambda: OverallUncertainty(below=0), "`below`"),
            (lambda: StablePredictions(agreement=True), "`agreement`"),
            (lambda: StablePredictions(window=0), "`window` must be a whole number, 1 or larger; got 0"),
            (lambda: GainPlateau(least_gain=0), "`least_gain`"),
            (lambda: GainPlateau(least_gain=0.1, batch_size=0), "`batch_size`"),
            (lambda: GainPlateau(least_gain=0.1, window=3), "bound at confidence 0.95; got 3. Widen the window"),
            (lambda: GainPlateau(least_gain=0.1, window=51), "at most 50 rounds"),
            (lambda: GainPlateau(least_gain=0.1, confidence=0.5), "`confidence`"),
        ],
    )
    def test_options(self, make: Callable[[], StoppingRule], message: str) -> None:
        with pytest.raises(ArgumentError, match=message):
            make()

    @pytest.mark.parametrize("rule", [ClassificationChange(), StablePredictions()], ids=lambda rule: rule.name)
    def test_predictions(self, rule: StoppingRule) -> None:
        with pytest.raises(ShapeError, match="same rows in all rounds; got 3 and 2 rows"):
            rule.verdict(predictions=[[1, 2, 3], [1, 2]])
        with pytest.raises(ShapeError, match=r"shape \(2, 2\)"):
            rule.verdict(predictions=np.zeros((3, 2, 2), int))  # type: ignore[arg-type]
        with pytest.raises(ArgumentError, match=r"got dtype float64.*give the most likely class"):
            rule.verdict(predictions=[[0.5], [0.2]])
        with pytest.raises(ArgumentError, match="of one kind in all rounds"):
            rule.verdict(predictions=[["1"], [1]])
        assert not rule.verdict(predictions=[]).stop

    def test_numbers(self) -> None:
        with pytest.raises(ArgumentError, match="`uncertainties` must be 0 or larger; got -1 in row 1"):
            OverallUncertainty().verdict(uncertainties=[0.5, -1])
        with pytest.raises(NonFiniteError, match="row 0"):
            OverallUncertainty().verdict(uncertainties=[math.nan])
        with pytest.raises(ShapeError, match="`uncertainties`"):
            OverallUncertainty().verdict(uncertainties=[[0.5]])
        with pytest.raises(ArgumentError, match="hold numbers; got dtype <U1"):
            OverallUncertainty().verdict(uncertainties=["a"])
        plateau = GainPlateau(least_gain=0.1)
        with pytest.raises(ShapeError, match="one entry a round; got 3 and 2"):
            plateau.verdict(labels=[1, 2, 3], accuracies=[1, 2])
        for labels in ([1, 1], [2, 1], [-1, 1]):
            with pytest.raises(ArgumentError, match="grow from round to round"):
                plateau.verdict(labels=labels, accuracies=[1, 2])
