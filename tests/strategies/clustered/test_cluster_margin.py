"""Cluster-Margin against a slow reference: draw by draw, and in distribution; then its edges and errors."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import scipy.stats
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.strategies import reference

import ladle
from ladle.errors import ArgumentError, MismatchError, NonFiniteError, ShapeError


@st.composite
def pools(draw: st.DrawFn) -> dict:
    """Small pools rich in ties, with few or many clusters, labelled rows, and batches up to everything unlabelled."""
    n = draw(st.integers(1, 40))
    margins = draw(st.lists(st.sampled_from([0.0, 0.125, 0.25, 0.5, 1.0]), min_size=n, max_size=n))
    top = draw(st.sampled_from([0, 1, 3, n, 10**12]))
    clusters = draw(st.lists(st.integers(0, top), min_size=n, max_size=n))
    if draw(st.booleans()):
        clusters = list(range(n))  # all singletons
    labelled = draw(st.lists(st.integers(0, n - 1), unique=True, max_size=n - 1))
    batch_size = draw(st.integers(1, n - len(labelled)))
    if draw(st.integers(0, 4)) == 0:
        batch_size = n - len(labelled)
    return {
        "margins": margins,
        "clusters": clusters,
        "batch_size": batch_size,
        "candidate_ratio": draw(st.sampled_from([1, 1.25, 2, 3.7, 10, 1e9])),
        "labelled": labelled,
        "group_size": draw(st.sampled_from(["candidates", "pool"])),
    }


def chosen(pool: dict, seed: int) -> list[int]:
    rest = {name: pool[name] for name in ("candidate_ratio", "labelled", "group_size")}
    return ladle.cluster_margin(pool["margins"], pool["clusters"], pool["batch_size"], seed=seed, **rest).tolist()


ONE_CLUSTER = {
    "margins": [0.5] * 6,
    "clusters": [7] * 6,
    "batch_size": 6,
    "candidate_ratio": 1,
    "labelled": [],
    "group_size": "pool",
}


@settings(max_examples=300)
@given(pools(), st.integers(0, 2**63 - 1))
@example(ONE_CLUSTER, 0)
def test_agrees_with_the_reference_draw_by_draw(pool: dict, seed: int) -> None:
    assert chosen(pool, seed) == reference.cluster_margin(**pool, chance=reference.Hashed(seed))


DISTRIBUTIONS = {
    "members of two groups": ([0.1] * 6, [0, 0, 1, 1, 1, 1], 3, 2, [], "candidates"),
    "ties at the cutoff": ([0.0, 0.5, 0.5, 0.5, 0.5], [0, 0, 0, 1, 1], 2, 1.5, [], "candidates"),
    "groups of one size": ([0.0] * 5, [0, 1, 2, 3, 3], 2, 10, [], "candidates"),
    "an order of the pool": ([0.0, 0.0, 0.0, 0.9, 0.9, 0.9], [0, 1, 1, 0, 0, 0], 2, 1.5, [], "pool"),
    "labelled rows": ([0.1] * 7, [0, 0, 0, 1, 1, 2, 2], 3, 2, [0, 6], "candidates"),
}


@pytest.mark.parametrize("case", DISTRIBUTIONS, ids=str)
def test_agrees_with_an_independent_generator_in_distribution(case: str) -> None:
    names = ("margins", "clusters", "batch_size", "candidate_ratio", "labelled", "group_size")
    pool = dict(zip(names, DISTRIBUTIONS[case], strict=True))
    trials = 4000  # seeds are fixed, so the verdict is too
    ours = Counter(tuple(chosen(pool, seed)) for seed in range(trials))
    theirs = Counter(
        tuple(reference.cluster_margin(**pool, chance=reference.Independent(seed))) for seed in range(trials)
    )
    outcomes = sorted(set(ours) | set(theirs))
    assert len(outcomes) > 1
    table = [[ours[outcome] for outcome in outcomes], [theirs[outcome] for outcome in outcomes]]
    assert scipy.stats.chi2_contingency(table).pvalue > 0.01


def test_each_member_of_a_group_is_equally_likely() -> None:
    counts = Counter(chosen({**ONE_CLUSTER, "batch_size": 1, "candidate_ratio": 6}, seed)[0] for seed in range(6000))
    assert scipy.stats.chisquare([counts[row] for row in range(6)]).pvalue > 0.01


def test_small_groups_first_and_round_after_round() -> None:
    clusters = np.repeat([5, 3, 9], [1, 2, 4])
    batch = ladle.cluster_margin(np.zeros(7), clusters, 7)
    assert clusters[batch].tolist() == [5, 3, 9, 3, 9, 9, 9]
    assert clusters[ladle.cluster_margin(np.zeros(7), clusters, 4)].tolist() == [5, 3, 9, 3]


def test_size_in_the_pool_orders_groups_that_run_dry_early() -> None:
    # Cluster 0 is the largest of the pool but has one candidate; cluster 1 the smallest but has two.
    clusters = np.array([0, 1, 1, 0, 0, 0])
    margins = np.array([0.1, 0.1, 0.1, 0.9, 0.9, 0.9])
    by_pool = ladle.cluster_margin(margins, clusters, 3, candidate_ratio=1, group_size="pool")
    by_candidates = ladle.cluster_margin(margins, clusters, 3, candidate_ratio=1)
    assert clusters[by_pool].tolist() == [1, 0, 1]
    assert clusters[by_candidates].tolist() == [0, 1, 1]


def test_candidates_only_are_chosen() -> None:
    rng = np.random.default_rng(0)
    margins, clusters = rng.random(5000), rng.integers(0, 40, 5000)
    batch = ladle.cluster_margin(margins, clusters, 100, candidate_ratio=3)
    assert set(batch) <= set(np.argsort(margins)[:300])


def test_labels_of_any_integer_kind_and_spacing_are_the_same_clusters() -> None:
    rng = np.random.default_rng(0)
    margins, clusters = rng.random(500), rng.integers(0, 40, 500)
    wanted = ladle.cluster_margin(margins, clusters, 100)
    for dtype in (np.int32, np.uint8, np.uint64):
        np.testing.assert_array_equal(ladle.cluster_margin(margins, clusters.astype(dtype), 100), wanted)
    sparse = clusters * 10**15
    np.testing.assert_array_equal(
        ladle.cluster_margin(margins, sparse, 100),
        reference.cluster_margin(
            np.float32(margins).tolist(), sparse.tolist(), 100, 10, [], "candidates", reference.Hashed(0)
        ),
    )


class Tree:
    """As much of a dendrogram as the strategy uses; remembers how it was cut."""

    def __init__(self, clusters: np.ndarray) -> None:
        self.clusters = clusters
        self.cuts: list[dict] = []

    def cut(self, *, mean_size=None, threshold=None, n_clusters=None) -> np.ndarray:
        self.cuts.append({"mean_size": mean_size, "threshold": threshold, "n_clusters": n_clusters})
        return self.clusters


def test_the_strategy_is_the_function_with_a_story() -> None:
    rng = np.random.default_rng(0)
    P = rng.dirichlet(np.ones(4), 600).astype(np.float32)
    tree = Tree(rng.integers(0, 50, 600).astype(np.int32))
    strategy = ladle.ClusterMargin(tree, candidate_ratio=4)
    labelled = np.arange(100)
    for seed in range(3):
        selection = strategy.query(60, probabilities=P, labelled=labelled, seed=seed)
        batch = ladle.cluster_margin(
            ladle.margin(P), tree.clusters, batch_size=60, candidate_ratio=4, labelled=labelled, seed=seed
        )
        np.testing.assert_array_equal(selection.rows, batch)
        np.testing.assert_array_equal(selection.scores, ladle.margin(P)[batch])
    assert tree.cuts == [{"mean_size": None, "threshold": None, "n_clusters": None}]  # the tree's own level, once
    facts = selection.story.facts
    assert selection.story.candidate_rows == 240
    assert facts["clusters_touched"] == len(set(tree.clusters[selection.rows]))
    assert facts["visits"] == max(Counter(tree.clusters[selection.rows].tolist()).values())
    assert facts["margin_cutoff"] == pytest.approx(np.sort(ladle.margin(P)[100:])[239])
    groups = Counter(tree.clusters[100:][np.argsort(ladle.margin(P)[100:])[:240]].tolist())
    assert (facts["groups"], facts["smallest_group"], facts["largest_group"]) == (
        len(groups),
        min(groups.values()),
        max(groups.values()),
    )


@pytest.mark.parametrize("dial", [{"mean_size": 3}, {"threshold": 0.5}, {"n_clusters": 7}])
def test_one_dial_reaches_the_cut(dial: dict) -> None:
    tree = Tree(np.zeros(5, np.int32))
    ladle.ClusterMargin(tree, **dial)
    assert tree.cuts == [{"mean_size": None, "threshold": None, "n_clusters": None} | dial]
    with pytest.raises(ArgumentError, match="dendrogram"):
        ladle.ClusterMargin(tree.clusters, **dial)


def test_a_real_tree_is_cut_where_it_was_made_to_be_cut() -> None:
    embeddings = np.random.default_rng(0).normal(size=(300, 4)).astype(np.float32)
    margins = np.random.default_rng(1).random(300)
    tree = ladle.cluster(embeddings, mean_size=6)
    for dial in ({}, {"n_clusters": 100}):
        batch = ladle.ClusterMargin(tree, **dial).query(40, margins=margins).rows
        np.testing.assert_array_equal(batch, ladle.cluster_margin(margins, tree.cut(**dial), 40))


def test_several_dials_are_refused() -> None:
    with pytest.raises(ArgumentError, match="mean_size and n_clusters"):
        ladle.ClusterMargin(Tree(np.zeros(5, np.int32)), mean_size=3, n_clusters=2)


def refused(error: type[Exception], words: str, **changes) -> None:
    arguments = {"margins": np.linspace(0, 1, 8), "clusters": np.zeros(8, int), "batch_size": 2} | changes
    margins, clusters, batch_size = (arguments.pop(name) for name in ("margins", "clusters", "batch_size"))
    with pytest.raises(error, match=words):
        ladle.cluster_margin(margins, clusters, batch_size, **arguments)


@pytest.mark.parametrize("batch_size", [0, -1, 9, 100_000])
def test_batch_size_must_fit_the_unlabelled_pool(batch_size: int) -> None:
    words = rf"`batch_size` must be between 1 and the unlabelled pool \(8 rows\); got {batch_size:,}\. Lower it"
    refused(ArgumentError, words, batch_size=batch_size)


def test_errors() -> None:
    refused(ArgumentError, r"\(3 rows\); got 4", labelled=[0, 1, 2, 3, 4], batch_size=4)
    refused(ArgumentError, r"\(0 rows\)", labelled=np.ones(8, bool), batch_size=1)
    for odd in (2.0, True, "2", None):
        refused(ArgumentError, "whole number", batch_size=odd)
    for value in (np.nan, np.inf, -np.inf):
        margins = np.linspace(0, 1, 8)
        margins[5] = value
        refused(NonFiniteError, "row 5", margins=margins)
        if not np.isnan(value):  # NaN is no score, which a labelled row needs not have
            refused(NonFiniteError, "row 5", margins=margins, labelled=[5])
    refused(NonFiniteError, "row 0", margins=np.full(8, 1e300))
    refused(ShapeError, "shape", margins=np.zeros((8, 1)))
    refused(ShapeError, "shape", clusters=np.zeros((8, 1), int))
    refused(ArgumentError, "numbers", margins=np.array(["a"] * 8))
    refused(MismatchError, "8 and 7 rows", clusters=np.zeros(7, int))
    refused(ArgumentError, "-1 in row 3", clusters=np.array([0, 0, 0, -1, 0, 0, 0, 0]))
    refused(ArgumentError, "whole numbers", clusters=np.zeros(8))
    refused(ArgumentError, "64-bit", clusters=np.full(8, 2**63, np.uint64))
    for ratio in (0.5, 0, -1, np.nan, np.inf, "10", True):
        refused(ArgumentError, "candidate_ratio", candidate_ratio=ratio)
    refused(ArgumentError, '"candidates" or "pool"', group_size="largest")
    refused(ArgumentError, "once", labelled=[1, 1])
    refused(ArgumentError, "rows 0 to 7", labelled=[8])
    refused(ArgumentError, "seed", seed=-1)


def test_another_pool_than_the_one_clustered_is_refused() -> None:
    with pytest.raises(MismatchError, match="8 rows that were clustered"):
        ladle.ClusterMargin(np.zeros(8, int)).query(1, margins=np.zeros(9))
    with pytest.raises(ArgumentError, match="`margins` or the `probabilities`"):
        ladle.ClusterMargin(np.zeros(8, int)).query(1, embeddings=np.zeros((8, 2)))
