"""Capped margin against the rule written out row by row; then its limits, where it is margin sampling."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ladle
from ladle import draws
from ladle.errors import ArgumentError, MismatchError
from ladle.strategies import CappedMargin, Margin
from ladle.strategies.clustered import capping
from ladle.strategies.scored.candidates import TIES

LEVELS = [0, 0.125, 0.25, 0.5, 1]


def by_hand(margins: np.ndarray, clusters: list[int], size: int, cap: int, labelled: list[int], seed: int) -> list[int]:
    """Go through the rows from the least sure on, again and again; each time take `cap` rows of each cluster."""
    draw = draws.priorities(draws.key(seed, TIES), np.arange(len(margins)))
    left = sorted(set(range(len(margins))) - set(labelled), key=lambda row: (margins[row], draw[row]))
    batch: list[int] = []
    while True:
        taken: Counter[int] = Counter()
        for row in list(left):
            if taken[clusters[row]] < cap:
                taken[clusters[row]] += 1
                left.remove(row)
                batch.append(row)
                if len(batch) == size:
                    return batch


@st.composite
def pools(draw: st.DrawFn) -> dict:
    n = draw(st.integers(1, 40))
    top = draw(st.sampled_from([0, 1, 3, n, 10**12]))
    labelled = draw(st.lists(st.integers(0, n - 1), unique=True, max_size=n - 1))
    return {
        "margins": np.array(
            draw(st.lists(st.sampled_from([0, 0.125, 0.25, 0.5, 1]), min_size=n, max_size=n)), np.float32
        ),
        "clusters": draw(st.lists(st.integers(0, top), min_size=n, max_size=n)),
        "size": draw(st.integers(1, n - len(labelled))),
        "cap": draw(st.integers(1, 4)),
        "labelled": labelled,
        "seed": draw(st.integers(0, 2**63 - 1)),
    }


def chosen(pool: dict) -> list[int]:
    strategy = CappedMargin(np.array(pool["clusters"]), cap=pool["cap"])
    given = {name: pool[name] for name in ("margins", "labelled", "seed")}
    return strategy.query(pool["size"], **given).rows.tolist()


@settings(max_examples=300)
@given(pools())
def test_is_the_rule_row_by_row(pool: dict) -> None:
    assert chosen(pool) == by_hand(**pool)


@settings(max_examples=100)
@given(pools())
def test_a_smaller_batch_begins_a_larger_one(pool: dict) -> None:
    assert chosen(pool)[: pool["size"] // 2] == chosen({**pool, "size": max(1, pool["size"] // 2)})[: pool["size"] // 2]


@settings(max_examples=100)
@given(pools(), st.booleans())
def test_is_margin_where_no_cluster_reaches_the_cap(pool: dict, alone: bool) -> None:
    pool = {**pool, "clusters": list(range(len(pool["margins"])))} if alone else {**pool, "cap": len(pool["margins"])}
    given = {name: pool[name] for name in ("margins", "labelled", "seed")}
    assert chosen(pool) == Margin().query(pool["size"], **given).rows.tolist()


def test_looks_further_until_the_batch_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    margins, clusters = rng.permutation(5000).astype(np.float32), np.zeros(5000, np.int64)
    clusters[margins >= 3000] = 1 + np.arange(2000)  # the least sure are of one cluster
    story = CappedMargin(clusters).query(100, margins=margins).story
    assert (story.candidate_rows, story.facts["passes"], story.facts["passed_over"]) == (5000, 1, 2999)
    monkeypatch.setattr(capping, "FIRST_LOOK", 30.5)
    assert CappedMargin(clusters).query(100, margins=margins).story.facts["margin_cutoff"] == 3098


def test_no_copy_is_taken_while_another_example_is_left() -> None:
    """A thousand originals of ten copies each, a batch of a fifth of the pool: every original twice."""
    rng = np.random.default_rng(1)
    originals = rng.permutation(np.repeat(np.arange(1000), 10))
    margins = rng.random(1000).astype(np.float32)[originals] + rng.random(10_000).astype(np.float32) / 10_000
    rows = CappedMargin(originals).query(2000, margins=margins).rows
    assert np.bincount(originals[rows]).tolist() == [2] * 1000
    assert len(np.unique(originals[Margin().query(2000, margins=margins).rows])) < 210


def test_the_tree_is_cut_tightly_unless_it_is_told() -> None:
    embeddings = np.random.default_rng(2).standard_normal((300, 4)).astype(np.float32)
    tree = ladle.cluster(embeddings, mean_size=10)
    assert CappedMargin(tree).clusters.count == 100
    assert CappedMargin(tree, mean_size=10).clusters.count == 30
    assert CappedMargin(tree, n_clusters=7).clusters.count == 7


def test_facts() -> None:
    margins = np.array([0.1, 0.2, 0.3, 0.4, 0.5], np.float32)
    story = CappedMargin(np.array([0, 0, 0, 1, 2])).query(3, margins=margins, labelled=[0]).story
    assert story.facts == {
        "cap": 1,
        "margin_cutoff": 0.5,
        "passed_over": 1,
        "passes": 1,
        "clusters_touched": 3,
        "largest_group": 1,
    }


@pytest.mark.parametrize("cap", [0, -1, 1.5, "one", None, True])
def test_the_cap_is_a_count(cap: object) -> None:
    with pytest.raises(ArgumentError, match="`cap`"):
        CappedMargin(np.zeros(3, np.int64), cap=cap)  # type: ignore[arg-type]


def test_clusters_of_another_pool() -> None:
    with pytest.raises(MismatchError):
        CappedMargin(np.zeros(3, np.int64)).query(1, margins=np.zeros(4))
