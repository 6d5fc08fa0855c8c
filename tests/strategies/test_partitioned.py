"""Partitioned: any strategy in random parts of the pool, against asking it part by part by hand."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

import ladle
from ladle import draws, strategies
from ladle.errors import ArgumentError, MismatchError, NonFiniteError, ProbabilityError, ZeroVectorError
from ladle.progress import SILENT
from ladle.seeds import MAX_SEED, child_seed
from ladle.strategies.partitioned import Partitioned
from ladle.strategies.query.chooser import Asked, Choice, Chooser

LAW = settings(max_examples=60)
PLAIN = ("uniform", "margin", "entropy", "least-confidence", "cluster-margin")


@st.composite
def pools(draw: st.DrawFn) -> dict:
    n = draw(st.integers(1, 60))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    weights = rng.integers(1, draw(st.sampled_from([3, 1000])), (n, 3))  # 3: ties abound
    labelled = rng.permutation(np.flatnonzero(rng.random(n) < draw(st.sampled_from([0, 0.3, 0.9])))[: n - 1])
    size = draw(st.one_of(st.just(n - len(labelled)), st.integers(1, n - len(labelled))))
    return {
        "P": weights / weights.sum(axis=1, keepdims=True),
        "E": rng.standard_normal((n, 4)).astype(np.float32),
        "labelled": labelled,
        "size": size,
        "partitions": draw(st.integers(1, size)),
        "deal_labelled": draw(st.booleans()),
        "clusters": rng.integers(0, draw(st.sampled_from([1, 4, n])), n),
        "seed": draw(st.integers(0, MAX_SEED)),
    }


def ask(name: str, pool: dict, **changes) -> ladle.Selection:
    pool = pool | changes
    strategy = strategies.create(
        name, tree=pool["clusters"], partitions=pool["partitions"], deal_labelled=pool.get("deal_labelled", False)
    )
    return strategy.query(
        pool["size"],
        probabilities=pool["P"],
        embeddings=pool["E"],
        votes=pool.get("votes"),
        labelled=pool["labelled"],
        seed=pool["seed"],
    )


@pytest.mark.parametrize("name", PLAIN)
@LAW
@given(pools())
def test_a_batch_like_any_other(name: str, pool: dict) -> None:
    before = {key: np.array(value) for key, value in pool.items()}
    selection = ask(name, pool)
    assert (selection.rows.dtype, selection.rows.shape) == (np.int64, (pool["size"],))
    assert (selection.scores.dtype, selection.scores.shape) == (np.float32, (pool["size"],))
    rows = set(selection.rows.tolist())
    assert len(rows) == pool["size"]
    assert rows <= set(range(len(pool["P"]))) - set(pool["labelled"].tolist())
    for key, value in before.items():
        np.testing.assert_array_equal(pool[key], value)  # read, never written
    story = selection.story
    assert (story.strategy, story.seed, story.size) == (name, pool["seed"], pool["size"])
    assert story.labelled_rows == len(pool["labelled"])
    assert pool["size"] <= story.candidate_rows <= story.pool_rows - story.labelled_rows
    assert story.facts.get("partitions", 1) == pool["partitions"]
    assert json.loads(json.dumps(story.to_dict())) == story.to_dict()


@pytest.mark.parametrize("name", PLAIN)
@LAW
@given(pools())
def test_every_part_is_a_query_of_its_own(name: str, pool: dict) -> None:
    """By hand: parts dealt out from one shuffle, with all labelled rows or their share, picks taken in turn."""
    labelled, count, seed = pool["labelled"], pool["partitions"], pool["seed"]
    dealt = labelled[np.argsort(draws.priorities(draws.key(seed, "labelled partitions"), labelled))]
    selection = ask(name, pool)
    if count == 1:
        return
    unlabelled = np.setdiff1d(np.arange(len(pool["P"])), labelled)
    shuffled = unlabelled[np.argsort(draws.priorities(draws.key(seed, "partitions"), unlabelled))]
    lengths, sizes = [], []
    for part in range(count):
        mine = shuffled[part::count]
        known = dealt[part::count] if pool["deal_labelled"] else labelled
        rows = np.union1d(mine, known)
        picks = selection.rows[part::count]
        lengths.append(len(mine))
        sizes.append(len(picks))
        alone = strategies.create(name, tree=pool["clusters"][rows]).query(
            len(picks),
            probabilities=pool["P"][rows],
            embeddings=pool["E"][rows],
            labelled=np.flatnonzero(np.isin(rows, known)),
            seed=child_seed(seed, "partition", part) & MAX_SEED,
        )
        np.testing.assert_array_equal(picks, rows[alone.rows])
        np.testing.assert_array_equal(selection.scores[part::count], alone.scores)
    assert (sum(lengths), sum(sizes)) == (len(unlabelled), pool["size"])
    assert max(lengths) - min(lengths) <= 1
    assert max(sizes) - min(sizes) <= 1


def test_dealt_labelled_rows_cover_their_own_part_only() -> None:
    """Two labelled rows, one in each place where the pool lies: each part takes the place that it knows nothing of."""
    E = np.repeat([[0.0, 0.0], [9.0, 9.0]], 50, axis=0)
    labelled = np.array([0, 50])
    strategy = strategies.create("coreset", partitions=2, deal_labelled=True)
    selection = strategy.query(2, embeddings=E, labelled=labelled)
    assert selection.scores.min() > 12
    assert {bool(row >= 50) for row in selection.rows} == {True, False}
    assert selection.story.facts["partition_labelled_rows"] == 1
    all_known = strategies.create("coreset", partitions=2).query(2, embeddings=E, labelled=labelled)
    assert all_known.scores.max() == 0
    assert "partition_labelled_rows" not in all_known.story.facts


@pytest.mark.parametrize("name", PLAIN)
@LAW
@given(pools())
def test_one_partition_is_the_strategy_itself(name: str, pool: dict) -> None:
    strategy = strategies.create(name, tree=pool["clusters"])
    given_arrays = {"probabilities": pool["P"], "labelled": pool["labelled"], "seed": pool["seed"]}
    wanted = strategy.query(pool["size"], **given_arrays)
    found = Partitioned(strategy, 1).query(pool["size"], **given_arrays)
    np.testing.assert_array_equal(found.rows, wanted.rows)
    np.testing.assert_array_equal(found.scores, wanted.scores)
    assert found.story == wanted.story


@pytest.mark.parametrize("name", strategies.names())
def test_any_strategy_whatever_the_threads_and_the_form_of_the_labelled(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    labelled = rng.choice(500, 60, replace=False)
    mask = np.isin(np.arange(500), labelled)
    pool = {
        "P": rng.dirichlet(np.ones(4), 500),
        "E": rng.standard_normal((500, 6)).astype(np.float32),
        "votes": rng.integers(0, 4, (500, 5)),
        "labelled": labelled,
        "size": 101,
        "partitions": 7,
        "clusters": rng.integers(0, 40, 500),
        "seed": 3,
    }
    wanted = ask(name, pool).rows
    assert len(set(wanted.tolist()) - set(labelled.tolist())) == 101
    for threads in (1, 2, 5):
        monkeypatch.setenv("LADLE_THREADS", str(threads))
        np.testing.assert_array_equal(ask(name, pool).rows, wanted)
        np.testing.assert_array_equal(ask(name, pool, labelled=mask, P=np.asfortranarray(pool["P"])).rows, wanted)
    assert set(ask(name, pool, size=440).rows.tolist()) == set(np.flatnonzero(~mask).tolist())


def test_name_needs_and_restriction_are_those_of_the_strategy() -> None:
    strategy = Partitioned(ladle.ClusterMargin(np.arange(12) // 2), 3)
    assert (strategy.name, strategy.needs) == ("cluster-margin", ("scores",))
    within = strategy.restricted(np.array([1, 5, 6, 7]))
    assert within.partitions == 3
    assert len(within.query(4, margins=np.zeros(4)).rows) == 4
    margins = np.random.default_rng(0).random(12)
    facts = strategy.query(6, margins=margins).story.facts
    assert (facts["partitions"], facts["partition_rows"], facts["candidate_ratio"]) == (3, 4, 10.0)
    assert 0 < facts["margin_cutoff_least"] < facts["margin_cutoff_most"] == pytest.approx(margins.max())
    assert "margin_cutoff" not in facts


def test_parts_and_their_picks_are_drawn_uniformly() -> None:
    first, together = Counter(), 0
    for seed in range(3000):
        rows = Partitioned(ladle.Uniform(), 2).query(2, margins=np.zeros(8), seed=seed).rows.tolist()
        first[rows[0]] += 1
        together += set(rows) == {0, 1}
    assert scipy.stats.chisquare([first[row] for row in range(8)]).pvalue > 0.01
    # Two given rows are in different parts with chance 4/7, and then chosen with chance 1/16.
    assert scipy.stats.binomtest(together, 3000, 4 / 7 / 16).pvalue > 0.01


class Remembering(Chooser):
    """Notes what it was asked with; chooses the first rows."""

    name = "remembering"
    needs = ("embeddings",)

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []
        self.labelled: list[np.ndarray] = []

    def choose(self, asked: Asked) -> Choice:
        E = asked.embeddings()
        if (E == 0).all(axis=1).any():
            raise ZeroVectorError("it", wanted="have no zeros", got=f"some in row {np.argmin(E.any(axis=1))}")
        self.shapes.append(E.shape)
        self.labelled.append(E[asked.request.labelled, 0])
        rows = asked.unlabelled[: asked.request.size]
        return Choice(rows, E[rows, 0])


def test_arrays_are_cut_to_each_part_and_labelled_rows_come_along() -> None:
    E = np.arange(1, 22, dtype=np.float32).reshape(21, 1)
    labelled = np.array([20, 3, 11])
    strategy = Remembering()
    found = Partitioned(strategy, 4).query(10, embeddings=E, margins=np.full(21, np.nan), labelled=labelled)
    assert strategy.shapes == [(8, 1), (8, 1), (7, 1), (7, 1)]  # 18 rows dealt to four, and 3 labelled in each
    for values in strategy.labelled:
        assert sorted(values.tolist()) == [4, 12, 21]
    np.testing.assert_array_equal(found.scores, E[found.rows, 0])  # scores stay with their rows


def test_bad_input_is_named_by_its_row_in_the_pool() -> None:
    P = np.full((40, 2), 0.5)
    P[33] = (0.9, 0.9)
    E = np.ones((40, 2))
    for name in ("entropy", "margin"):
        with pytest.raises(ProbabilityError, match=r"1\.8 in row 33\b"):
            strategies.create(name, partitions=4).query(8, probabilities=P)
    yes_or_no = strategies.create("margin", multilabel="min", partitions=4).query(8, probabilities=P)
    assert len(yes_or_no.rows) == 8  # rows that sum to anything
    with pytest.raises(NonFiniteError, match="row 39"):
        strategies.create("margin", partitions=4).query(8, margins=np.append(np.zeros(39), np.nan))
    with pytest.raises(NonFiniteError, match="row 17"):
        Partitioned(Remembering(), 4).query(8, embeddings=np.where(np.arange(40)[:, None] == 17, np.inf, E))
    # What only the strategy itself can tell, it tells of the part it was given.
    with pytest.raises(ZeroVectorError, match=r"row \d+ \(counting within partition [1-4] of 4\)"):
        Partitioned(Remembering(), 4).query(8, embeddings=np.where(np.arange(40)[:, None] == 17, 0, E))


def test_what_is_missing_or_does_not_fit() -> None:
    with pytest.raises(ArgumentError, match=r"`partitions` must be at most the size of the batch \(5\); got 6"):
        strategies.create("uniform", partitions=6).query(5, margins=np.zeros(50))
    with pytest.raises(ArgumentError, match="`strategy` must be one of"):
        Partitioned("margin", 2)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="give `embeddings`; got none"):
        Partitioned(Remembering(), 2).query(4, margins=np.zeros(9))
    with pytest.raises(ArgumentError, match="`margins` or the `probabilities`"):
        strategies.create("margin", partitions=2).query(4, embeddings=np.zeros((9, 2)))
    tree = ladle.cluster(np.random.default_rng(0).standard_normal((12, 3)), mean_size=3)
    strategy = strategies.TypiClust(tree)
    with pytest.raises(MismatchError, match="the 12 rows that were clustered; got 10"):
        Partitioned(strategy, 2).query(4, embeddings=np.ones((10, 2)))
    for clustered in (8, 12):
        with pytest.raises(MismatchError, match=f"the {clustered} rows that were clustered; got 10"):
            strategies.create("cluster-margin", np.zeros(clustered, int), partitions=2).query(4, margins=np.zeros(10))


def test_progress_tells_the_parts() -> None:
    told: list[tuple[str, float | None]] = []

    class Noting:
        def task(self, title: str, total: float | None = None):
            told.append((title, total))
            return SILENT.task(title, total)

    Partitioned(ladle.Uniform(), 3).query(9, margins=np.zeros(30), progress=Noting())
    assert told == [("Choosing, part by part", 3)]
