"""Learners reach their error, ask where they say, and the samplers choose what brute force chooses."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ladle.errors import ArgumentError
from ladle.theory import LEARNERS, Disagreement, LabelCurve, VersionSpace, bits_bound, distribution, learn
from ladle.theory.kernels import cover_pairs
from ladle.theory.learners import Setting, _round_of
from ladle.theory.samplers import cluster_margin_batch, draw_pairs, greedy_batch, half_width


def version_space(dim: int, labels: int, seed: int = 0, walks: int = 256) -> tuple[VersionSpace, np.ndarray]:
    random = np.random.default_rng(seed)
    target = random.standard_normal(dim)
    target /= np.linalg.norm(target)
    points = random.standard_normal((labels, dim))
    space = VersionSpace(dim, seed=seed, walks=walks)
    space.add(points, points @ target > 0)
    return space, target


@pytest.mark.parametrize("learner", LEARNERS)
@pytest.mark.parametrize("name", ["gaussian", "laplace"])
def test_every_learner_reaches_its_error(learner: str, name: str) -> None:
    curve = learn(learner, distribution(name, 3), batch_size=8, error=0.02, seed=3, walks=64)
    assert curve.reached
    assert curve.errors[-1].value <= 0.02
    assert all(each.value > 0.02 for each in curve.errors[:-1])
    assert curve.labels == tuple(range(8, 8 * len(curve.labels) + 1, 8))
    reached = curve.labels_to(0.02)
    assert reached is not None
    assert curve.labels[-1] - 8 < reached <= curve.labels[-1]


def test_a_trial_is_repeated_to_the_bit() -> None:
    first, second = (learn("cluster-margin-v", distribution("ball", 3), batch_size=8, error=0.01) for _ in range(2))
    assert first == second
    assert first != learn("cluster-margin-v", distribution("ball", 3), batch_size=8, error=0.01, seed=1)


def test_a_learner_stops_at_its_labels() -> None:
    curve = learn("passive", distribution("gaussian", 5), batch_size=10, error=1e-6, most_labels=45)
    assert (curve.labels[-1], curve.reached) == (50, False)
    assert curve.labels_to(1e-6) is None


def test_labels_between_batches_are_interpolated_on_a_log_scale() -> None:
    def exact(value: float) -> Disagreement:
        return Disagreement(value, value, value, True)

    curve = LabelCurve((10, 20), (exact(0.1), exact(0.001)), True)
    assert curve.labels_to(0.01) == pytest.approx(15)
    assert curve.labels_to(0.1) == pytest.approx(10)
    assert curve.labels_to(0.0001) is None


def test_active_beats_passive_and_the_volume_sampler_beats_uniform_draws() -> None:
    means = {}
    for learner in ("passive", "uniform-in-band", "cluster-margin-v"):
        curves = [learn(learner, distribution("gaussian", 2), batch_size=4, error=2**-9, seed=s) for s in range(12)]
        means[learner] = np.mean([curve.labels_to(2**-9) for curve in curves])
    assert means["cluster-margin-v"] < means["uniform-in-band"] < means["passive"] / 2


def test_rounds_of_the_margin_based_schedule() -> None:
    setting = Setting(distribution("gaussian", 4), 10, 2**-10, 0)
    assert setting.rounds == 10
    # Round 1 of 10: 2 (4 + ln(10 / 0.1)) = 17.2 labels, two batches of 10.
    assert [_round_of(setting, batch) for batch in range(5)] == [0, 0, 1, 1, 2]
    assert _round_of(Setting(distribution("gaussian", 4), 1_000, 2**-10, 0), 7) == 7


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 12), st.integers(1, 12), st.integers(1, 12), st.integers(0, 999))
def test_the_greedy_cover_is_that_of_brute_force(examples: int, pairs: int, wanted: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    flags = (random.random((examples, pairs)) < 0.4).astype(np.uint8)
    weights = random.integers(0, 8, pairs) / 8.0
    chosen = np.full(wanted, -1)
    count = cover_pairs(flags, weights, np.zeros(pairs, np.uint8), chosen, wanted)
    left, expected = np.ones(pairs, bool), []
    while len(expected) < wanted:
        gains = [(flags[row].astype(bool) & left) @ weights for row in range(examples)]
        if max(gains) <= 0:
            break
        expected.append(int(np.argmax(gains)))
        left &= ~flags[expected[-1]].astype(bool)
    assert chosen[:count].tolist() == expected


@pytest.mark.parametrize("labels", [4, 60])
def test_weighted_pairs_stand_for_uniform_pairs(labels: int) -> None:
    """The share of pairs that random examples separate, by near and far pairs with weights, and by plain pairs."""
    space, _ = version_space(3, labels, walks=4_000)
    random = np.random.default_rng(1)
    examples = distribution("gaussian", 3).band(space.centre, half_width(space), 40, random)
    pairs = draw_pairs(space, 100_000, 1 / 64, random)
    shares = pairs.separated(examples) @ pairs.weights
    firsts, seconds = space.units[random.permutation(4_000)], space.units
    plain = ((examples @ firsts.T > 0) != (examples @ seconds.T > 0)).mean(axis=1)
    assert shares == pytest.approx(plain, abs=0.04)


def test_in_two_dimensions_the_volume_sampler_cuts_the_arc_evenly() -> None:
    space, _ = version_space(2, 30, walks=2_000)
    random = np.random.default_rng(0)
    across = np.array([-space.centre[1], space.centre[0]])
    examples = distribution("sphere", 2).band(space.centre, 4 * space.spread, 4_000, random)
    places = np.sort(space.units @ across)
    ends = places[0], places[-1]
    batch = greedy_batch(examples, space, 7, measure="volume", seed=0)
    cuts = np.sort(-(examples[batch] @ space.centre) / (examples[batch] @ across))
    gaps = np.diff([ends[0], *cuts, ends[1]]) / (ends[1] - ends[0])
    # The greedy halves first: seven cuts make eight parts, none of them more than twice the even share.
    assert len(gaps) == 8
    assert gaps.max() < 2 / 8
    assert gaps.min() > 0


@pytest.mark.parametrize("measure", ["volume", "diameter"])
def test_a_batch_has_different_rows(measure: str) -> None:
    space, _ = version_space(4, 20)
    examples = distribution("gaussian", 4).band(space.centre, half_width(space), 300, np.random.default_rng(0))
    batch = greedy_batch(examples, space, 290, measure=measure, seed=1, pairs=64)  # type: ignore[arg-type]
    assert sorted(set(batch.tolist())) == sorted(batch.tolist())
    assert len(batch) == 290
    assert 0 <= batch.min() <= batch.max() < 300


def test_cluster_margin_is_the_real_one() -> None:
    import ladle

    space, _ = version_space(4, 20)
    examples = distribution("gaussian", 4).band(space.centre, half_width(space), 120, np.random.default_rng(0))
    margins = np.abs(examples @ space.centre)
    clusters = ladle.cluster(examples, metric="cosine").cut()
    expected = ladle.cluster_margin(margins, clusters, 12, candidate_ratio=10, seed=5)
    assert cluster_margin_batch(examples, space, 12, seed=5).tolist() == expected.tolist()


def test_no_batch_tells_more_than_its_cells() -> None:
    """The mean of log2(volume before / after) over separators of the version space, in two dimensions, exactly."""
    space, _ = version_space(2, 10, walks=4_000)
    across = np.array([-space.centre[1], space.centre[0]])
    places = np.sort((space.units @ across) / (space.units @ space.centre))
    for size in (1, 3, 8, 20):
        examples = distribution("gaussian", 2).band(space.centre, 3 * space.spread, 400, np.random.default_rng(size))
        batch = greedy_batch(examples, space, size, measure="volume", seed=size)
        cuts = -(examples[batch] @ space.centre) / (examples[batch] @ across)
        counts = np.histogram(places, bins=np.concatenate([[-np.inf], np.sort(cuts), [np.inf]]))[0]
        chances = counts[counts > 0] / counts.sum()
        told = float(-(chances * np.log2(chances)).sum())
        assert told <= bits_bound(2, size) + 1e-9 == math.log2(size + 1) + 1e-9
        assert told > 0.8 * bits_bound(2, size)


@pytest.mark.parametrize(
    "wrong",
    [
        {"batch_size": 0},
        {"error": 0.5},
        {"error": 0},
        {"seed": -1},
        {"most_labels": 0},
        {"walks": 8},
        {"learner": "oracle"},
    ],
)
def test_wrong_arguments_are_refused(wrong: dict[str, object]) -> None:
    arguments = {"learner": "passive", "batch_size": 4, "error": 0.1} | wrong
    learner = arguments.pop("learner")
    with pytest.raises(ArgumentError):
        learn(learner, distribution("gaussian", 2), **arguments)  # type: ignore[arg-type]
