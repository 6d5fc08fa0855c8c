"""Laws every strategy of the catalogue keeps, over pools made by Hypothesis."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ladle
from ladle import strategies
from ladle.testing.strategy_contract import PoolSample, check_dtypes, check_layout, check_rows, check_ties

LAW = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
WITHOUT_CHANCE = ["coreset"]  # but for ties
EVERY_STRATEGY = pytest.mark.parametrize("name", strategies.names())


@st.composite
def pools(draw: st.DrawFn) -> PoolSample:
    n = draw(st.integers(1, 60))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    weights = rng.integers(1, draw(st.sampled_from([3, 5, 1000])), (n, draw(st.integers(2, 5))))  # 3: ties abound
    P = (weights / weights.sum(axis=1, keepdims=True)).astype(draw(st.sampled_from([np.float16, np.float32, float])))
    labelled = np.flatnonzero(rng.random(n) < draw(st.sampled_from([0, 0.3, 0.9])))[: n - 1]
    spots = rng.normal(size=(draw(st.sampled_from([2, n])), draw(st.integers(1, 4))))  # 2: many equal embeddings
    return PoolSample(
        probabilities=P,
        embeddings=spots[rng.integers(0, len(spots), n)],
        votes=rng.integers(0, P.shape[1], (n, 3)),
        clusters=rng.integers(0, draw(st.sampled_from([1, 4, n])), n).astype(np.int32),
        labelled=labelled,
        size=draw(st.integers(1, n - len(labelled))),
        seed=draw(st.integers(0, 2**63 - 1)),
    )


@EVERY_STRATEGY
@LAW
@given(pools())
def test_exactly_size_distinct_unlabelled_rows_of_the_pool(name: str, pool: PoolSample) -> None:
    check_rows(strategies.create(name, pool.clusters), pool)


@EVERY_STRATEGY
@LAW
@given(pool=pools())
def test_set_by_arguments_and_seed_whatever_threads_blocks_and_layout(
    name: str, pool: PoolSample, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_layout(strategies.create(name, pool.clusters), pool, monkeypatch)


@EVERY_STRATEGY
@LAW
@given(pools())
def test_the_same_numbers_in_a_wider_dtype_are_the_same_pool(name: str, pool: PoolSample) -> None:
    check_dtypes(strategies.create(name, pool.clusters), pool)


@EVERY_STRATEGY
def test_other_seeds_break_ties_otherwise(name: str) -> None:
    check_ties(strategies.create(name, np.arange(200) // 10), np.arange(200) // 10)


@LAW
@given(pools(), st.integers(0, 2**32 - 1))
def test_moving_rows_about_moves_the_choice_with_them_but_for_ties(pool: PoolSample, shuffle: int) -> None:
    """Scores chosen by the ranking strategies are the same multiset, whatever the order of the pool's rows."""
    order = np.random.default_rng(shuffle).permutation(len(pool.probabilities))  # new row -> old row
    new_row = np.argsort(order)
    for name in ("margin", "entropy", "least-confidence"):
        strategy = strategies.create(name)
        wanted = pool.query(strategy)
        moved = replace(pool, probabilities=pool.probabilities[order], labelled=new_row[pool.labelled]).query(strategy)
        np.testing.assert_array_equal(moved.scores, wanted.scores)
        if len(set(wanted.scores.tolist())) == len(wanted.scores):
            # Without ties but perhaps at the cut, where only the last may differ.
            assert order[moved.rows[:-1]].tolist() == wanted.rows[:-1].tolist()


@LAW
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(3, 60), share=st.sampled_from([0, 0.3]))
def test_moving_rows_about_moves_the_choice_of_strategies_without_chance(seed: int, n: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    E, P = rng.normal(size=(n, 4)), rng.dirichlet(np.ones(3), n)
    labelled = np.flatnonzero(rng.random(n) < share)[: n - 2]
    size = (n - len(labelled)) // 2
    order = rng.permutation(n)
    new_row = np.argsort(order)
    for name in WITHOUT_CHANCE:
        wanted = strategies.create(name).query(size, embeddings=E, probabilities=P, labelled=labelled)
        moved = strategies.create(name).query(
            size, embeddings=E[order], probabilities=P[order], labelled=new_row[labelled]
        )
        assert order[moved.rows].tolist() == wanted.rows.tolist(), name


@LAW
@given(pools(), st.integers(0, 2**32 - 1))
def test_candidates_follow_moved_rows_but_for_ties(pool: PoolSample, shuffle: int) -> None:
    """Batch and candidates of one size, so the batch shows the candidates: the same rows when no margins tie."""
    n = len(pool.probabilities)
    margins = np.random.default_rng(shuffle).permutation(n).astype(np.float32)
    order = np.random.default_rng(shuffle + 1).permutation(n)
    new_row = np.argsort(order)
    wanted = ladle.cluster_margin(margins, pool.clusters, pool.size, candidate_ratio=1, labelled=pool.labelled)
    moved = ladle.cluster_margin(
        margins[order], pool.clusters[order], pool.size, candidate_ratio=1, labelled=new_row[pool.labelled]
    )
    assert set(order[moved].tolist()) == set(wanted.tolist())


@LAW
@given(pools())
def test_with_ratio_one_cluster_margin_takes_what_margin_takes(pool: PoolSample) -> None:
    margins = ladle.margin(pool.probabilities)
    rest = {"labelled": pool.labelled, "seed": pool.seed}
    batch = ladle.cluster_margin(margins, pool.clusters, pool.size, candidate_ratio=1, **rest)
    assert set(batch.tolist()) == set(ladle.Margin().query(pool.size, margins=margins, **rest).rows.tolist())


def test_a_cluster_has_its_second_turn_after_every_other_has_had_its_first() -> None:
    rng = np.random.default_rng(0)
    clusters = rng.integers(0, 60, 2000)
    batch = ladle.cluster_margin(rng.random(2000), clusters, 200)
    turns = np.array([np.sum(clusters[batch[:pos]] == clusters[batch[pos]]) for pos in range(200)])
    assert (np.diff(turns) >= 0).all()
