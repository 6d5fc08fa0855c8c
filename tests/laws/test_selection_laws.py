"""Laws every strategy of the catalogue keeps, over pools made by Hypothesis."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ladle
from ladle import strategies
from ladle.scores import blocks

LAW = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
WITHOUT_CHANCE = ["coreset"]  # but for ties
EVERY_STRATEGY = pytest.mark.parametrize("name", strategies.names())


@st.composite
def pools(draw: st.DrawFn) -> dict:
    n = draw(st.integers(1, 60))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    weights = rng.integers(1, draw(st.sampled_from([3, 5, 1000])), (n, draw(st.integers(2, 5))))  # 3: ties abound
    P = (weights / weights.sum(axis=1, keepdims=True)).astype(draw(st.sampled_from([np.float16, np.float32, float])))
    labelled = np.flatnonzero(rng.random(n) < draw(st.sampled_from([0, 0.3, 0.9])))[: n - 1]
    size = draw(st.integers(1, n - len(labelled)))
    clusters = rng.integers(0, draw(st.sampled_from([1, 4, n])), n)
    spots = rng.normal(size=(draw(st.sampled_from([2, n])), draw(st.integers(1, 4))))  # 2: many equal embeddings
    return {
        "P": P,
        "E": spots[rng.integers(0, len(spots), n)],
        "votes": rng.integers(0, P.shape[1], (n, 3)),
        "labelled": labelled,
        "size": size,
        "clusters": clusters,
        "seed": draw(st.integers(0, 2**63 - 1)),
    }


def ask(name: str, pool: dict, **changes) -> ladle.Selection:
    pool = pool | changes
    strategy = strategies.create(name, tree=pool["clusters"])
    given = {"probabilities": pool["P"], "embeddings": pool["E"], "votes": pool["votes"]}
    return strategy.query(pool["size"], labelled=pool["labelled"], seed=pool["seed"], **given)


@EVERY_STRATEGY
@LAW
@given(pools())
def test_exactly_size_distinct_unlabelled_rows_of_the_pool(name: str, pool: dict) -> None:
    before = {key: np.array(value) for key, value in pool.items()}
    selection = ask(name, pool)
    assert selection.rows.dtype == np.int64
    assert selection.rows.shape == (pool["size"],)
    assert selection.scores.dtype == np.float32
    assert selection.scores.shape == (pool["size"],)
    assert np.isfinite(selection.scores).all()
    rows = set(selection.rows.tolist())
    assert len(rows) == pool["size"]
    assert rows <= set(range(len(pool["P"]))) - set(pool["labelled"].tolist())
    for key, value in before.items():
        np.testing.assert_array_equal(pool[key], value)  # read, never written


@EVERY_STRATEGY
@LAW
@given(pool=pools())
def test_set_by_arguments_and_seed_whatever_threads_blocks_and_layout(
    name: str, pool: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = ask(name, pool).rows
    mask = np.zeros(len(pool["P"]), bool)
    mask[pool["labelled"]] = True
    for threads, block_bytes in ((1, 2 << 20), (2, 1), (5, 100)):
        monkeypatch.setenv("LADLE_THREADS", str(threads))
        monkeypatch.setattr(blocks, "BLOCK_BYTES", block_bytes)
        columnwise = {"P": np.asfortranarray(pool["P"]), "E": np.asfortranarray(pool["E"])}
        np.testing.assert_array_equal(ask(name, pool, **columnwise).rows, wanted)
        np.testing.assert_array_equal(ask(name, pool, labelled=mask).rows, wanted)
        np.testing.assert_array_equal(ask(name, pool, labelled=pool["labelled"][::-1]).rows, wanted)


@EVERY_STRATEGY
@LAW
@given(pools())
def test_the_same_numbers_in_a_wider_dtype_are_the_same_pool(name: str, pool: dict) -> None:
    eighths = np.round(pool["P"].astype(float) * 8) / 8  # exact in float16
    eighths[:, 0] += 1 - eighths.sum(axis=1)
    P = np.where(eighths.min(axis=1, keepdims=True) < 0, 1.0 * (np.arange(eighths.shape[1]) == 0), eighths)
    E = pool["E"].astype(np.float16)
    wanted = ask(name, pool, P=P.astype(np.float16), E=E).rows
    for dtype in (np.float32, np.float64):
        np.testing.assert_array_equal(ask(name, pool, P=P.astype(dtype), E=E.astype(dtype)).rows, wanted)


@EVERY_STRATEGY
def test_other_seeds_break_ties_otherwise(name: str) -> None:
    pool = {"P": np.full((200, 2), 0.5), "labelled": [], "size": 20, "clusters": np.arange(200) // 10}
    pool |= {"E": np.ones((200, 3)), "votes": np.ones((200, 2), int)}
    batches = {tuple(ask(name, pool | {"seed": seed}).rows.tolist()) for seed in range(20)}
    assert len(batches) == 20


@LAW
@given(pools(), st.integers(0, 2**32 - 1))
def test_moving_rows_about_moves_the_choice_with_them_but_for_ties(pool: dict, shuffle: int) -> None:
    """Scores chosen by the ranking strategies are the same multiset, whatever the order of the pool's rows."""
    n = len(pool["P"])
    order = np.random.default_rng(shuffle).permutation(n)  # new row -> old row
    new_row = np.argsort(order)
    for name in ("margin", "entropy", "least-confidence"):
        wanted = ask(name, pool)
        moved = ask(name, pool, P=pool["P"][order], labelled=new_row[pool["labelled"]])
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
def test_candidates_follow_moved_rows_but_for_ties(pool: dict, shuffle: int) -> None:
    """Batch and candidates of one size, so the batch shows the candidates: the same rows when no margins tie."""
    n = len(pool["P"])
    margins = np.random.default_rng(shuffle).permutation(n).astype(np.float32)
    order = np.random.default_rng(shuffle + 1).permutation(n)
    new_row = np.argsort(order)
    wanted = ladle.cluster_margin(margins, pool["clusters"], pool["size"], candidate_ratio=1, labelled=pool["labelled"])
    moved = ladle.cluster_margin(
        margins[order], pool["clusters"][order], pool["size"], candidate_ratio=1, labelled=new_row[pool["labelled"]]
    )
    assert set(order[moved].tolist()) == set(wanted.tolist())


@LAW
@given(pools())
def test_with_ratio_one_cluster_margin_takes_what_margin_takes(pool: dict) -> None:
    margins = ladle.margin(pool["P"])
    rest = {"labelled": pool["labelled"], "seed": pool["seed"]}
    batch = ladle.cluster_margin(margins, pool["clusters"], pool["size"], candidate_ratio=1, **rest)
    assert set(batch.tolist()) == set(ladle.Margin().query(pool["size"], margins=margins, **rest).rows.tolist())


def test_a_cluster_has_its_second_turn_after_every_other_has_had_its_first() -> None:
    rng = np.random.default_rng(0)
    clusters = rng.integers(0, 60, 2000)
    batch = ladle.cluster_margin(rng.random(2000), clusters, 200)
    turns = np.array([np.sum(clusters[batch[:pos]] == clusters[batch[pos]]) for pos in range(200)])
    assert (np.diff(turns) >= 0).all()
