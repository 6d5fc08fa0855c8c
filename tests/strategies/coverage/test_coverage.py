"""ProbCover, Herding and UncertaintyHerding against their formula, written out over all pairs."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import scipy.spatial
import scipy.stats

from ladle.errors import ArgumentError, DataError, NonFiniteError, ZeroVectorError
from ladle.neighbours import effort
from ladle.strategies.coverage import greedy_cover
from ladle.strategies.coverage.herding import Herding, UncertaintyHerding
from ladle.strategies.coverage.probcover import ProbCover

EVERY = [ProbCover, Herding, UncertaintyHerding]


def pool(n: int, dim: int = 5, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    centres = 3 * random.normal(size=(max(1, n // 40), dim))
    return centres[random.integers(0, len(centres), n)] + random.normal(size=(n, dim)) * random.uniform(0.2, 1, (n, 1))


def distances(E: np.ndarray, metric: str) -> np.ndarray:
    E = E.astype(np.float64)
    if metric == "cosine":
        E = E / np.linalg.norm(E, axis=1, keepdims=True)
    return scipy.spatial.distance.cdist(E, E)


def gaussian(E: np.ndarray, bandwidth: float, metric: str = "cosine") -> np.ndarray:
    return np.exp(-((distances(E, metric) / bandwidth) ** 2))


def replayed(
    W: np.ndarray, worth: np.ndarray, labelled: list[int], rows: np.ndarray
) -> tuple[list[float], list[float]]:
    """What each of `rows` gained, and the most that any unlabelled row could have gained in its place."""
    cover = W[labelled].max(axis=0, initial=0)
    free = np.setdiff1d(np.arange(len(W)), labelled)
    gained, best = [], []
    for row in rows:
        gains = (np.maximum(W - cover, 0) * worth).sum(axis=1)
        gained.append(gains[row])
        best.append(gains[np.setdiff1d(free, rows[: len(gained) - 1])].max())
        cover = np.maximum(cover, W[row])
    return gained, best, cover


def objective(W: np.ndarray, rows: np.ndarray) -> float:
    return float(W[rows].max(axis=0).sum())


@pytest.mark.parametrize("metric", ["cosine", "sqeuclidean"])
@pytest.mark.parametrize("labelled", [[], [3, 77, 200, 5]])
def test_herding_is_the_formula(metric: str, labelled: list[int]) -> None:
    E = pool(300)
    margins = np.random.default_rng(1).uniform(size=300).astype(np.float32)
    for strategy, worth in ((Herding, np.ones(300)), (UncertaintyHerding, 1.0 - margins)):
        asked = {"embeddings": E, "margins": margins, "labelled": labelled}
        measured = strategy(metric=metric).query(40, **asked)
        bandwidth = measured.story.facts["bandwidth"]
        given = strategy(metric=metric, bandwidth=bandwidth).query(40, **asked)
        np.testing.assert_array_equal(given.rows, measured.rows)
        for chosen in (given, strategy(bandwidth=0.3, metric=metric).query(40, **asked)):
            W = gaussian(E, chosen.story.facts["bandwidth"], metric)
            gained, best, after = replayed(W, worth, labelled, chosen.rows)
            np.testing.assert_allclose(gained, best, rtol=1e-6)  # two rows far from all others tie
            np.testing.assert_allclose(chosen.scores, gained, rtol=1e-5)
            assert chosen.story.facts["covered_share"] == pytest.approx(worth @ after / worth.sum(), rel=1e-5)


def test_without_ties_the_picks_are_those_of_the_formula() -> None:
    E = np.random.default_rng(6).normal(size=(250, 3))
    margins = np.random.default_rng(7).uniform(size=250).astype(np.float32)
    W = gaussian(E, 0.4)
    cover = np.zeros(250)
    rows = []
    for _ in range(100):
        gains = (np.maximum(W - cover, 0) * (1.0 - margins)).sum(axis=1)
        gains[rows] = -1
        rows.append(int(gains.argmax()))
        cover = np.maximum(cover, W[rows[-1]])
    assert UncertaintyHerding(bandwidth=0.4).query(100, embeddings=E, margins=margins).rows.tolist() == rows


@pytest.mark.parametrize("metric", ["cosine", "sqeuclidean"])
@pytest.mark.parametrize("labelled", [[], [3, 77, 200, 5]])
def test_probcover_takes_a_fullest_ball_each_time(metric: str, labelled: list[int]) -> None:
    E = pool(300)
    for radius in (None, 0.4):
        chosen = ProbCover(radius=radius, metric=metric).query(60, embeddings=E, labelled=labelled, seed=2)
        W = (distances(E, metric) <= chosen.story.facts["radius"] * (1 + 1e-6)).astype(float)
        gained, best, _ = replayed(W, np.ones(300), labelled, chosen.rows)
        assert gained == best
        assert chosen.scores.tolist() == gained
        assert chosen.story.facts["drawn_by_lot"] == gained.count(0)


def test_a_row_at_the_radius_is_covered() -> None:
    line = np.arange(9.0)[:, None] + 1000
    chosen = ProbCover(radius=1, metric="sqeuclidean").query(3, embeddings=line)
    assert chosen.scores.tolist()[0] == 3
    assert ProbCover(radius=0.99, metric="sqeuclidean").query(3, embeddings=line).scores.tolist() == [1, 1, 1]


def test_the_measured_radius_holds_its_share() -> None:
    E = pool(800)
    labelled = list(range(20))
    radius = ProbCover().query(30, embeddings=E, labelled=labelled).story.facts["radius"]
    held = (distances(E, "cosine") <= radius * (1 + 1e-6)).sum(axis=1).mean()
    assert held == pytest.approx(800 / 50, rel=0.01)


def test_unsure_rows_come_first() -> None:
    E = pool(400)
    margins = np.ones(400, np.float32)
    margins[:40] = 0.2
    chosen = UncertaintyHerding(bandwidth=0.001).query(60, embeddings=E, margins=margins)
    assert sorted(chosen.rows[:40]) == list(range(40))
    assert not chosen.scores[40:].any()
    P = np.random.default_rng(3).dirichlet(np.ones(4), 400)
    np.testing.assert_array_equal(
        UncertaintyHerding().query(50, embeddings=E, probabilities=P).rows,
        UncertaintyHerding().query(50, embeddings=E, margins=-np.diff(np.sort(P)[:, -2:][:, ::-1])[:, 0]).rows,
    )


@pytest.mark.parametrize("strategy", EVERY)
@pytest.mark.parametrize(
    ("n", "dim", "labelled", "size"), [(1, 3, 0, 1), (2, 1, 1, 1), (3, 2, 0, 3), (500, 2, 60, 440)]
)
def test_exact_size_without_repeats(strategy: type, n: int, dim: int, labelled: int, size: int) -> None:
    E = pool(n, dim)
    left_out = np.random.default_rng(4).permutation(n)[:labelled]
    chosen = strategy().query(size, embeddings=E, margins=np.zeros(n), labelled=left_out, seed=5)
    assert chosen.rows.dtype == np.int64
    assert len(set(chosen.rows.tolist())) == size == len(chosen.scores)
    assert not set(chosen.rows.tolist()) & set(left_out.tolist())


@pytest.mark.parametrize("strategy", EVERY)
def test_equal_rows_are_told_apart_by_the_seed(strategy: type) -> None:
    first, anywhere = Counter(), Counter()
    for seed in range(600):
        chosen = strategy().query(3, embeddings=np.ones((8, 2)), margins=np.zeros(8), labelled=[2, 6], seed=seed)
        assert not chosen.scores.any()
        anywhere.update(chosen.rows.tolist())
        chosen = strategy().query(3, embeddings=np.ones((8, 2)), margins=np.zeros(8), seed=seed)
        assert chosen.scores.tolist() == [8, 0, 0]
        first[int(chosen.rows[0])] += 1
    assert set(anywhere) == {0, 1, 3, 4, 5, 7}
    assert scipy.stats.chisquare(list(anywhere.values())).pvalue > 0.01
    assert len(first) == 8
    assert scipy.stats.chisquare(list(first.values())).pvalue > 0.01


@pytest.mark.parametrize("strategy", EVERY)
def test_duplicates_gain_nothing_more(strategy: type) -> None:
    E = np.repeat(pool(30), 10, axis=0)
    chosen = strategy(**{distance_of(strategy): 0.01}).query(35, embeddings=E, margins=np.zeros(300))
    assert len(set((chosen.rows[:30] // 10).tolist())) == 30
    np.testing.assert_allclose(chosen.scores, [10] * 30 + [0] * 5, rtol=1e-2)


def distance_of(strategy: type) -> str:
    return "radius" if strategy is ProbCover else "bandwidth"


@pytest.mark.parametrize("strategy", EVERY)
def test_threads_and_dtype_change_nothing(strategy: type, monkeypatch: pytest.MonkeyPatch) -> None:
    E = pool(1500).astype(np.float16)
    margins = np.random.default_rng(1).uniform(size=1500)
    monkeypatch.setattr(greedy_cover, "FEW_ROWS", 400)
    answers = []
    for threads, dtype in (("1", np.float16), ("3", np.float64)):
        monkeypatch.setenv("LADLE_THREADS", threads)
        answers.append(strategy().query(200, embeddings=E.astype(dtype), margins=margins, labelled=[1, 2]))
    np.testing.assert_array_equal(answers[0].rows, answers[1].rows)
    np.testing.assert_array_equal(answers[0].scores, answers[1].scores)
    assert answers[0].story == answers[1].story


@pytest.mark.parametrize("brute_rows", [100_000, 1_000])
@pytest.mark.parametrize("strategy", [ProbCover, Herding])
def test_lists_of_neighbours_do_nearly_as_well(
    strategy: type, brute_rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    E = pool(3000, 16)
    whole = strategy().query(300, embeddings=E)
    assert whole.story.facts["neighbours"] == "every pair"
    distance = whole.story.facts[distance_of(strategy)]
    W = distances(E, "cosine") <= distance if strategy is ProbCover else gaussian(E, distance)
    monkeypatch.setattr(greedy_cover, "FEW_ROWS", 400)
    monkeypatch.setattr(greedy_cover, "BRUTE_ROWS", brute_rows)
    monkeypatch.setattr(effort, "HARD_COST", 0)  # what is left to cells stays with them
    monkeypatch.setattr(effort, "BRUTE_COST", 0.0)
    listed = strategy().query(300, embeddings=E)
    assert (listed.story.facts["neighbours"], listed.story.facts["considered_rows"]) == (32, 3000)
    assert objective(W, listed.rows) >= 0.95 * objective(W, whole.rows)
    assert listed.story.facts[distance_of(strategy)] == pytest.approx(distance, rel=0.1)


def test_a_small_batch_considers_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    E = pool(2000)
    monkeypatch.setattr(greedy_cover, "FEW_ROWS", 200)
    monkeypatch.setattr(greedy_cover, "SAMPLE_ROWS", 600)
    chosen = Herding().query(20, embeddings=E)
    assert (chosen.story.facts["considered_rows"], chosen.story.candidate_rows) == (320, 320)  # 16 a choice
    chosen = Herding().query(2, embeddings=E)
    assert (chosen.story.facts["considered_rows"], chosen.story.facts["neighbours"]) == (200, "every pair")
    chosen = Herding().query(2, embeddings=E, labelled=np.arange(1000))
    assert (chosen.story.facts["considered_rows"], chosen.story.candidate_rows) == (1200, 600)
    assert chosen.rows.min() >= 1000
    drawn = Counter(int(row) // 500 for seed in range(20) for row in Herding().query(20, embeddings=E, seed=seed).rows)
    assert scipy.stats.chisquare([drawn[part] for part in range(4)]).pvalue > 0.001


def test_bad_options_and_embeddings() -> None:
    for distance in (0, -1, np.nan, np.inf, "wide", True):
        with pytest.raises(ArgumentError, match="`radius`"):
            ProbCover(radius=distance)
        with pytest.raises(ArgumentError, match="`bandwidth`"):
            UncertaintyHerding(bandwidth=distance)
    with pytest.raises(ArgumentError, match="`neighbours`"):
        Herding(neighbours=3)
    with pytest.raises(ArgumentError, match="`metric`"):
        Herding(metric="euclidean")
    E = pool(30)
    with pytest.raises(ArgumentError, match="give `embeddings`"):
        ProbCover().query(1, margins=np.zeros(30))
    with pytest.raises(ArgumentError, match="`margins` or the `probabilities`"):
        UncertaintyHerding().query(1, embeddings=E)
    E[17] = 0
    with pytest.raises(ZeroVectorError, match="row 17"):
        ProbCover().query(1, embeddings=E)
    assert len(ProbCover(metric="sqeuclidean").query(1, embeddings=E)) == 1
    with pytest.raises(DataError, match="norm"):
        ProbCover(metric="sqeuclidean").query(1, embeddings=E * 1e30)
    E[3, 2] = np.nan
    with pytest.raises(NonFiniteError, match="row 3"):
        Herding().query(1, embeddings=E)


@pytest.mark.parametrize("distance", [1e-300, 1e300])
@pytest.mark.parametrize("strategy", EVERY)
def test_extreme_distances(strategy: type, distance: float) -> None:
    chosen = strategy(**{distance_of(strategy): distance}).query(5, embeddings=pool(50), margins=np.zeros(50))
    assert chosen.scores.tolist() == ([1] * 5 if distance < 1 else [50, 0, 0, 0, 0])
