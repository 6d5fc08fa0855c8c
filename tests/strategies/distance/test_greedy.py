"""CoreSet, k-means++, BADGE and FALCUN against their formulas, written out."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from ladle import strategies
from ladle.errors import ArgumentError, DataError, MismatchError, NonFiniteError, ProbabilityError, ZeroVectorError
from ladle.strategies.distance import farthest, proportional
from ladle.strategies.distance.space import CityBlock, Euclidean, Gradient

GREEDY = ["coreset", "kmeans++", "badge", "falcun"]


def embedded(seed: int, n: int, dim: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, dim)).astype(np.float32)


def predicted(seed: int, n: int, classes: int) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.ones(classes), n).astype(np.float32)


def k_center_greedy(points: np.ndarray, labelled: list[int], size: int) -> list[int]:
    """Sener & Savarese 2018, algorithm 1, one row after another."""
    points = points.astype(np.float64)
    picked: list[int] = []
    if not labelled:
        picked = [int(np.argmax(((points - points.mean(axis=0)) ** 2).sum(axis=1)))]
    while len(picked) < size:
        centres = points[[*labelled, *picked]]
        nearest = ((points[:, None] - centres[None]) ** 2).sum(axis=2).min(axis=1)
        picked.append(int(np.argmax(nearest)))
    return picked


@given(seed=st.integers(0, 1000), n=st.integers(2, 80), dim=st.integers(1, 6), share=st.sampled_from([0, 0.1, 0.7]))
@settings(max_examples=60)
def test_coreset_is_k_center_greedy(seed: int, n: int, dim: int, share: float) -> None:
    points = embedded(seed, n, dim)
    labelled = np.flatnonzero(np.random.default_rng(seed).random(n) < share)[: n - 1].tolist()
    size = (n - len(labelled) + 1) // 2
    selection = strategies.create("coreset").query(size, embeddings=points, labelled=labelled)
    wanted = k_center_greedy(points, labelled, size)
    assert selection.rows.tolist() == wanted
    assert (np.diff(selection.scores[1:]) <= 1e-5).all()


@pytest.mark.parametrize(("front", "ahead", "first"), [(3, 1, 2), (20, 4, 5)])
def test_fronts_change_no_pick(front: int, ahead: int, first: int, monkeypatch: pytest.MonkeyPatch) -> None:
    points = embedded(7, 600, 3)
    labelled = list(range(0, 600, 29))
    wanted = k_center_greedy(points, labelled, 200)
    monkeypatch.setattr(farthest, "FRONT", front)
    monkeypatch.setattr(farthest, "AHEAD", ahead)
    monkeypatch.setattr(farthest, "FIRST_CENTRES", first)
    assert strategies.create("coreset").query(200, embeddings=points, labelled=labelled).rows.tolist() == wanted


def test_coreset_under_cosine_goes_by_angles() -> None:
    points = embedded(3, 200, 4)
    unit = points / np.linalg.norm(points, axis=1, keepdims=True)
    lengths = np.random.default_rng(0).uniform(0.1, 9, (200, 1)).astype(np.float32)
    selection = strategies.create("coreset", metric="cosine").query(40, embeddings=points * lengths, labelled=[0])
    assert selection.rows.tolist() == k_center_greedy(unit, [0], 40)
    assert selection.scores[0] == pytest.approx(1 - (unit @ unit[0]).min(), rel=1e-4)


def chances(weights_of: object, free: list[int], length: int) -> dict[tuple[int, ...], float]:
    """The probability of every sequence of picks, each drawn in proportion to weights_of(picks so far)[row]."""
    found = {}
    for picks in itertools.permutations(free, length):
        chance = 1.0
        for place in range(length):
            weights = weights_of(picks[:place])  # type: ignore[operator]
            total = sum(weights[row] for row in free if row not in picks[:place])
            chance *= weights[picks[place]] / total
        found[picks] = chance
    return found


def check_frequencies(
    name: str, wanted: dict[tuple[int, ...], float], options: dict[str, object] | None = None, **query: object
) -> None:
    draws = 2500
    length = len(next(iter(wanted)))
    strategy = strategies.create(name, **({"gamma": 3} if name == "falcun" else options or {}))
    seen = Counter(tuple(strategy.query(length, seed=seed, **query).rows.tolist()) for seed in range(draws))  # type: ignore[arg-type]
    assert set(seen) <= {picks for picks, chance in wanted.items() if chance > 0}
    # Rare sequences together, so that each count expected is large enough for the test.
    common = [picks for picks, chance in wanted.items() if chance * draws >= 5]
    counts = [seen[picks] for picks in common]
    expected = [wanted[picks] * draws for picks in common]
    rest = draws - sum(expected)
    if rest > 5:
        counts, expected = [*counts, draws - sum(counts)], [*expected, rest]
    expected = [value * sum(counts) / sum(expected) for value in expected]
    assert scipy.stats.chisquare(counts, expected).pvalue > 0.001


def squares(points: np.ndarray) -> np.ndarray:
    points = points.astype(np.float64)
    return ((points[:, None] - points[None]) ** 2).sum(axis=2)


def gradients(P: np.ndarray, E: np.ndarray) -> np.ndarray:
    loss = P.astype(np.float64) - np.eye(P.shape[1])[P.argmax(axis=1)]
    return (loss[:, :, None] * E[:, None, :]).reshape(len(P), -1)


@pytest.mark.parametrize("proposed", [1, 16])
def test_kmeans_plus_plus_draws_by_squared_distance(proposed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proportional, "LEAST_PROPOSED", proposed)
    apart = squares(points := embedded(1, 7, 2))
    wanted = chances(lambda picks: apart[[0, *picks]].min(axis=0), [1, 2, 3, 4, 5, 6], 3)
    check_frequencies("kmeans++", wanted, embeddings=points, labelled=[0])


def test_badge_draws_by_squared_distance_of_gradients_after_the_longest() -> None:
    P, E = predicted(2, 6, 3), embedded(2, 6, 2)
    full = gradients(P, E)
    longest = int(np.argmax((full**2).sum(axis=1)))
    apart = squares(full)

    def weights(picks: tuple[int, ...]) -> np.ndarray:
        return apart[list(picks)].min(axis=0) if picks else (np.arange(6) == longest).astype(float)

    wanted = {picks: chance for picks, chance in chances(weights, list(range(6)), 3).items() if picks[0] == longest}
    check_frequencies("badge", wanted, probabilities=P, embeddings=E)


def test_falcun_draws_by_relevance() -> None:
    P = predicted(4, 6, 3)
    ordered = np.sort(P.astype(np.float64), axis=1)
    unsure = 1 - (ordered[:, -1] - ordered[:, -2])
    apart = np.abs(P[:, None].astype(np.float64) - P[None]).sum(axis=2)

    def weights(picks: tuple[int, ...]) -> np.ndarray:
        return np.minimum(unsure, apart[list(picks)].min(axis=0) if picks else 9.0) ** 3

    check_frequencies("falcun", chances(weights, list(range(6)), 3), probabilities=P)


def test_bounds_brought_up_to_date_change_no_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proportional, "REFRESH_RATIO", 0.0)
    apart = squares(points := embedded(1, 7, 2))
    wanted = chances(lambda picks: apart[[0, *picks]].min(axis=0), [1, 2, 3, 4, 5, 6], 3)
    check_frequencies("kmeans++", wanted, embeddings=points, labelled=[0])


@given(seed=st.integers(0, 1000), n=st.integers(1, 40), dim=st.integers(1, 9))
@settings(max_examples=40)
def test_spaces_measure_what_they_say(seed: int, n: int, dim: int) -> None:
    P, E = predicted(seed, n, 4), embedded(seed, n, dim)
    rows = np.arange(n)
    for space, wanted in (
        (Euclidean(E, "sqeuclidean"), squares(E)),
        (Gradient(P, E), squares(gradients(P, E))),
        (CityBlock(P), np.abs(P[:, None].astype(float) - P[None]).sum(axis=2)),
    ):
        points = space.take(rows)
        found = space.apart(points, points)
        np.testing.assert_allclose(found, wanted, atol=1e-4 * max(1.0, wanted.max()))
        np.testing.assert_allclose(space.nearest(points, points), found.min(axis=1), atol=1e-6)
        assert (np.diag(found) == 0).all()  # a row is at no distance from itself, whatever the rounding


@pytest.mark.parametrize("name", GREEDY)
def test_every_row_is_chosen_in_the_end_though_all_are_equal(name: str) -> None:
    query = {"probabilities": np.full((70, 2), 0.5), "embeddings": np.ones((70, 3)), "labelled": [5]}
    rows = strategies.create(name).query(69, **query).rows
    assert sorted(rows.tolist()) == [row for row in range(70) if row != 5]


@pytest.mark.parametrize("name", GREEDY)
@pytest.mark.parametrize("threads", ["1", "4"])
def test_threads_do_not_matter(name: str, threads: str, monkeypatch: pytest.MonkeyPatch) -> None:
    query = {"probabilities": predicted(0, 5000, 6), "embeddings": embedded(0, 5000, 8), "labelled": [1, 2]}
    wanted = strategies.create(name).query(900, **query).rows
    monkeypatch.setenv("LADLE_THREADS", threads)
    np.testing.assert_array_equal(strategies.create(name).query(900, **query).rows, wanted)


def test_bad_input_is_refused_before_any_work() -> None:
    E, P = embedded(0, 9, 3), predicted(0, 9, 3)
    with pytest.raises(ArgumentError, match="give `embeddings`"):
        strategies.create("coreset").query(2, probabilities=P)
    with pytest.raises(ArgumentError, match="give `probabilities`"):
        strategies.create("badge").query(2, embeddings=E)
    with pytest.raises(MismatchError):
        strategies.create("badge").query(2, embeddings=E, probabilities=P[:5])
    with pytest.raises(NonFiniteError, match="row 4"):
        strategies.create("kmeans++").query(2, embeddings=np.where(np.arange(9)[:, None] == 4, np.nan, E))
    with pytest.raises(ZeroVectorError, match="row 0"):
        strategies.create("coreset", metric="cosine").query(2, embeddings=np.zeros((4, 2)))
    with pytest.raises(ProbabilityError):
        strategies.create("badge").query(2, embeddings=E, probabilities=P * 2)
    with pytest.raises(DataError, match="float32"):
        strategies.create("badge").query(2, embeddings=E.astype(float) * 1e25, probabilities=P)
    for options in ({"metric": "euclid"}, {"gamma": -1}):
        with pytest.raises(ArgumentError):
            strategies.create("coreset" if "metric" in options else "falcun", **options)


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value")
def test_badge_refuses_lengths_beyond_float32_even_of_rows_it_is_sure_of() -> None:
    embeddings = np.ones((4, 2), np.float32)
    embeddings[[1, 3]] = 1e30
    sure_of_row_1 = np.array([[0.5, 0.5], [1.0, 0.0], [0.5, 0.5], [0.5, 0.5]])
    with pytest.raises(DataError, match="row 1 beyond"):
        strategies.Badge().query(2, probabilities=sure_of_row_1, embeddings=embeddings)
