"""Fan-out against a slow reading of its own docstring, its laws, and whether its confidences can be believed."""

from __future__ import annotations

import math
import statistics
from collections import Counter, defaultdict
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

import ladle
from ladle.errors import ArgumentError, ShapeError
from ladle.proposals.audit import wilson
from ladle.proposals.spreading import ALIKE, Spread, spread

Z95 = statistics.NormalDist().inv_cdf(0.95)


def slowly(labels: dict[int, Any], clusters: list[int]) -> dict[int, tuple[Any, float]]:
    """row -> (label, confidence), one cluster at a time."""
    members = defaultdict(list)
    for row, cluster in enumerate(clusters):
        members[cluster].append(row)
    votes = {cluster: Counter(labels[row] for row in rows if row in labels) for cluster, rows in members.items()}

    octaves: dict[int, list[Fraction]] = defaultdict(list)
    for cluster, rows in members.items():
        t = votes[cluster].total()
        if t >= 2:
            alike = sum(count * (count - 1) for count in votes[cluster].values())
            octaves[len(rows).bit_length()].append(Fraction(alike, t * (t - 1)))
    groups: list[list[Fraction]] = [[]]
    group_of = {}
    for octave in range(64):
        rest = sum(len(found) for size, found in octaves.items() if size >= octave)
        if len(groups[-1]) >= ALIKE and rest >= ALIKE:
            groups.append([])
        groups[-1] += octaves.get(octave, [])
        group_of[octave] = len(groups) - 1

    def bound(found: list[Fraction]) -> float:
        n = len(found)
        if n == 0:
            return 0.0
        p = float(sum(found) / n)
        return (p + Z95**2 / (2 * n) - Z95 * math.sqrt(p * (1 - p) / n + Z95**2 / (4 * n * n))) / (1 + Z95**2 / n)

    proposals = {}
    for cluster, rows in members.items():
        ranked = votes[cluster].most_common()
        if not ranked or (len(ranked) > 1 and ranked[0][1] == ranked[1][1]):
            continue
        label, m = ranked[0]
        pooled = bound(groups[group_of[len(rows).bit_length()]])
        confidence = (m - 1 + 2 * pooled) / (votes[cluster].total() - 1 + 2)
        proposals |= {row: (label, confidence) for row in rows if row not in labels}
    return proposals


def told(result: Spread) -> dict[int, tuple[Any, float]]:
    return {
        row: (label, confidence)
        for row, label, confidence in zip(
            result.rows.tolist(), result.labels.tolist(), result.confidences.tolist(), strict=True
        )
    }


def check(labels: dict[int, Any], clusters: list[int], seed: int = 0) -> Spread:
    result = spread((list(labels), list(labels.values())), np.array(clusters), seed=seed)
    got, wanted = told(result), slowly(labels, clusters)
    assert {row: label for row, (label, _) in got.items()} == {row: label for row, (label, _) in wanted.items()}
    for row, (_, confidence) in wanted.items():
        assert got[row][1] == pytest.approx(confidence, abs=1e-6)
    return result


@st.composite
def worlds(draw: st.DrawFn) -> tuple[dict[int, Any], list[int]]:
    n = draw(st.integers(1, 60))
    clusters = draw(st.lists(st.sampled_from([0, 1, 2, 3, 7, 1000]), min_size=n, max_size=n))
    rows = draw(st.lists(st.integers(0, n - 1), min_size=1, unique=True))
    kinds = [st.integers(-3, 2), st.sampled_from(["cat", "dog", "a much longer name"]), st.booleans()]
    names = draw(st.lists(draw(st.sampled_from(kinds)), min_size=len(rows), max_size=len(rows)))
    return dict(zip(rows, names, strict=True)), clusters


@settings(max_examples=150)
@given(worlds(), st.integers(0, 2**63 - 1), st.integers(0, 70))
def test_it_is_the_slow_one(world: tuple[dict[int, Any], list[int]], seed: int, audit: int) -> None:
    labels, clusters = world
    result = check(labels, clusters, seed)
    assert result.rows.dtype == np.int64
    assert result.confidences.dtype == np.float32
    assert result.clusters.tolist() == [clusters[row] for row in result.rows]
    assert not set(result.rows.tolist()) & set(labels)
    assert (np.diff(result.rows) > 0).all()
    assert (result.confidences >= 0).all() and (result.confidences <= 1).all()  # noqa: PT018
    facts = result.facts
    free = len(clusters) - len(labels)
    assert facts["proposed"] == len(result) and facts["labelled"] == len(labels)  # noqa: PT018
    assert facts["coverage"] == (len(result) / free if free else 0)
    assert facts["clusters"] == len(set(clusters))
    lit = {clusters[row] for row in labels}
    assert facts["labelled_clusters"] == len(lit)
    dark = sum(cluster not in lit for cluster in clusters)
    assert len(labels) + len(result) + facts["tied_rows"] + dark == len(clusters)
    assert facts["tied_clusters"] <= facts["conflicted_clusters"] <= facts["tested_clusters"]

    checked = spread((list(labels), list(labels.values())), np.array(clusters), seed=seed, audit=audit).audit
    assert len(checked) == min(audit, len(result))
    assert set(checked.tolist()) <= set(result.rows.tolist())
    assert len(set(checked.tolist())) == len(checked)
    np.testing.assert_array_equal(checked, result.audit[:audit])  # 300 is all of them here


@settings(max_examples=50)
@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_of_rows_and_the_names_of_clusters_do_not_matter(
    world: tuple[dict[int, Any], list[int]], random: Any
) -> None:
    labels, clusters = world
    place = list(range(len(clusters)))
    random.shuffle(place)  # row -> its new place
    moved = [0] * len(clusters)
    for row, cluster in enumerate(clusters):
        moved[place[row]] = 1000 - cluster
    shuffled = list(labels.items())
    random.shuffle(shuffled)
    before = told(spread((list(labels), list(labels.values())), np.array(clusters)))
    after = told(spread(([place[row] for row, _ in shuffled], [label for _, label in shuffled]), np.array(moved)))
    assert {place[row]: label for row, (label, _) in before.items()} == {r: label for r, (label, _) in after.items()}
    for row, (_, confidence) in before.items():
        assert after[place[row]][1] == pytest.approx(confidence, abs=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_sizes_are_pooled_with_their_like(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sizes = np.concatenate([np.full(300, 2), np.full(200, 5), np.full(60, 20), np.full(9, 130)])
    clusters = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    own = rng.integers(0, 5, len(sizes))
    labels = np.where(rng.random(len(clusters)) < 0.15, rng.integers(0, 5, len(clusters)), own[clusters])
    labelled = rng.permutation(len(clusters))[: len(clusters) // 3]
    result = check(dict(zip(labelled.tolist(), labels[labelled].tolist(), strict=True)), clusters.tolist())
    assert len(np.unique(result.confidences)) > 10


def test_one_label_is_trusted_as_far_as_labels_were_found_to_agree() -> None:
    # 40 clusters of three with two labels that agree, 10 where they do not, and one with a single label.
    clusters = np.repeat(np.arange(51), 3)
    rows = [row for cluster in range(50) for row in (3 * cluster, 3 * cluster + 1)]
    names = [name for cluster in range(50) for name in ("cat", "cat" if cluster < 40 else "dog")]
    result = spread(([*rows, 150], [*names, "cow"]), clusters)
    low = scipy.stats.binomtest(40, 50, alternative="greater").proportion_ci(0.95, method="wilson").low
    by_row = told(result)
    assert by_row[151] == by_row[152] == ("cow", pytest.approx(low))
    assert by_row[2] == ("cat", pytest.approx((1 + 2 * low) / 3))
    assert all(3 * cluster + 2 not in by_row for cluster in range(40, 50))
    assert result.facts["agreement"] == 0.8
    assert (result.facts["tied_clusters"], result.facts["tied_rows"]) == (10, 10)
    # Where no two labels share a cluster nothing is known, and the confidence says so.
    alone = spread(([0, 3], [1, 2]), clusters)
    assert told(alone) == {1: (1, 0), 2: (1, 0), 4: (2, 0), 5: (2, 0)}
    assert "agreement" not in alone.facts


@pytest.mark.parametrize("given", ["int8", "uint64", "<U3", "S2", "bool", object])
def test_labels_keep_their_dtype(given: Any) -> None:
    names = np.array(["b", "a"], given) if given in ("<U3", "S2", object) else np.array([1, 0], given)
    result = spread(([0, 2], names), [0, 0, 1, 1])
    assert result.labels.dtype == names.dtype
    assert result.labels.tolist() == names.tolist()


def test_a_dendrogram_is_cut_at_any_dial_or_its_own_level() -> None:
    X = np.random.default_rng(0).standard_normal((200, 8))
    tree = ladle.cluster(X, mean_size=20)
    pair = (np.arange(0, 200, 4), np.arange(50) % 3)
    for dial in ({}, {"mean_size": 5}, {"n_clusters": 60}, {"threshold": float(tree.heights[80])}):
        by_tree = spread(pair, tree, **dial)  # type: ignore[arg-type]
        by_cut = spread(pair, tree.cut(**dial))  # type: ignore[arg-type]
        assert told(by_tree) == told(by_cut)
        assert by_tree.facts == by_cut.facts


def test_the_audit_is_a_fair_sample() -> None:
    seen: Counter[int] = Counter()
    for seed in range(3000):
        seen.update(spread(([0], [1]), np.zeros(11, int), audit=3, seed=seed).audit.tolist())
    assert scipy.stats.chisquare([seen[row] for row in range(1, 11)]).pvalue > 0.01


def test_precision_is_wilsons() -> None:
    truth = np.array(["cat"] * 300 + ["dog"] * 100)
    result = spread(([0], ["cat"]), np.zeros(400, int), audit=120)
    precision = result.precision(truth[result.audit])
    right = int((truth[result.audit] == "cat").sum())
    wanted = scipy.stats.binomtest(right, 120).proportion_ci(0.95, method="wilson")
    assert (precision.checked, precision.right, precision.share) == (120, right, right / 120)
    assert (precision.low, precision.high) == (pytest.approx(wanted.low), pytest.approx(wanted.high))
    assert f"{right} of 120" in str(precision)
    # A part of the audit will do, another confidence too, and a label nobody proposed is simply wrong.
    assert result.precision(["a cow we never heard of"], confidence=0.8).right == 0
    assert result.precision(truth[result.audit], confidence=0.8).low > precision.low


@given(st.integers(0, 50), st.integers(1, 50))
def test_wilson_is_scipys(right: int, checked: int) -> None:
    right = min(right, checked)
    low, high = wilson(right / checked, checked, statistics.NormalDist().inv_cdf(0.975))
    wanted = scipy.stats.binomtest(right, checked).proportion_ci(0.95, method="wilson")
    assert (float(low), float(high)) == (pytest.approx(wanted.low, abs=1e-9), pytest.approx(wanted.high, abs=1e-9))


def test_wilson_of_no_trials_knows_nothing() -> None:
    assert wilson(0.0, 0, 1.96) == (0, 1)


def test_digits_proposals_are_as_right_as_they_say() -> None:
    """Confidences are cautious on average, for single labels and for several, and better where they say better."""
    datasets = pytest.importorskip("sklearn.datasets")
    X, y = datasets.load_digits(return_X_y=True)
    tree = ladle.cluster(X, mean_size=6)
    shares, claims = [], []
    for seed in range(10):
        labelled = np.random.default_rng(seed).choice(len(y), 300, replace=False)
        result = spread((labelled, y[labelled]), tree, seed=seed)
        right = result.labels == y[result.rows]
        shares.append(right.mean())
        claims.append(result.confidences.mean())
        assert right.mean() > 0.9
        assert result.facts["coverage"] > 0.5
        assert abs(result.precision(y[result.audit]).share - right.mean()) < 0.06
    assert np.mean(claims) < np.mean(shares) < np.mean(claims) + 0.12


def test_what_does_not_fit_is_refused() -> None:
    clusters = np.arange(6) // 2
    refused: list[tuple[Any, str]] = [
        ({0: 1}, r"pair of arrays \(rows, labels\); got a dict. Of a mapping, give"),
        (([], []), "hold a label to spread; got none"),
        (([0, 6], [1, 1]), "hold rows 0 to 5; got row 6"),
        (([-1], [1]), "got row -1"),
        (([0.0], [1]), "row numbers; got dtype float64"),
        (([True], [1]), "row numbers; got dtype bool"),
        (([0], [0.5]), "whole numbers, booleans or text; got dtype float64. Leave out rows without"),
        (([0, 1], ["a", None]), "got dtype object"),
        (([0, 4, 0], ["a", "b", "c"]), "give each row one label; got 'a' and 'c' for row 0. Settle"),
    ]
    for labels, message in refused:
        with pytest.raises(ArgumentError, match=message):
            spread(labels, clusters)
    with pytest.raises(ShapeError, match=r"one length; got shapes \(2,\) and \(1,\)"):
        spread(([0, 1], [1]), clusters)
    with pytest.raises(ShapeError, match="one label a row"):
        spread(([0], [[1]]), clusters)
    pair = ([0], [1])
    with pytest.raises(ArgumentError, match="`threshold` must come with a dendrogram"):
        spread(pair, clusters, threshold=0.1)
    for audit in (-1, 2.5, True):
        with pytest.raises(ArgumentError, match="`audit`"):
            spread(pair, clusters, audit=audit)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="`seed`"):
        spread(pair, clusters, seed=-1)
    result = spread(pair, clusters)
    for truth, message in (([], "label 1 to 1 rows"), ([1, 1], "got 2 labels"), (["a"], "as those proposed")):
        with pytest.raises(ArgumentError, match=message):
            result.precision(truth)
    with pytest.raises(ArgumentError, match="`confidence`"):
        result.precision([1], confidence=1)


def test_a_row_named_twice_with_one_label_counts_once() -> None:
    assert told(spread(([0, 0, 1], [5, 5, 6]), [0, 0, 0])) == {}  # one against one
    assert told(spread(([0, 0], [5, 5]), [0, 0, 1])) == told(spread(([0], [5]), [0, 0, 1]))


def test_nothing_to_propose() -> None:
    result = spread(([0, 1], [1, 2]), [0, 0, 1])
    assert len(result) == 0
    assert result.facts["coverage"] == 0
    assert result.labels.dtype == np.int64
    everything = spread(([0], [1]), [0])
    assert len(everything.audit) == 0
