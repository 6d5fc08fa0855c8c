"""Auto: which level it caps at, on pools with copies, without any, and with clusters that are not tight."""

from __future__ import annotations

from dataclasses import replace
from math import ceil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ladle
from ladle.errors import ArgumentError, MismatchError
from ladle.hac.tree.level import Level
from ladle.strategies import Auto, CappedMargin, Margin, Partitioned
from ladle.strategies.clustered.tight_levels import MEAN_SIZES, TightLevels

RNG = np.random.default_rng(0)
E = RNG.standard_normal((2000, 16)).astype(np.float32)
M = RNG.random(2000).astype(np.float32)
TREE = ladle.cluster(E, mean_size=20)
WIDE = 10.0  # every level of every tree here is narrower


def stopped(merges: int) -> ladle.Dendrogram:
    """The tree of E, had the clustering stopped after so many merges."""
    heights = TREE.heights[:merges]
    return replace(
        TREE, merges=TREE.merges[:merges], heights=heights, known_below=TREE.heights[merges], level=Level(1.1)
    )


def with_copies(jitter: float, copies: int = 10, *, mean_size: float = 10) -> tuple[ladle.Dendrogram, np.ndarray]:
    """A tree of 200 originals with so many copies of each, and the original of each row."""
    originals = RNG.permutation(np.repeat(np.arange(200), copies))
    noise = jitter * RNG.standard_normal((len(originals), 16))
    return ladle.cluster((E[originals] + noise).astype(np.float32), mean_size=mean_size), originals


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 150), st.sampled_from([1.0, 1.2, 1.5, 3.0]))
def test_is_the_coarsest_level_within_reach(seed: int, size: int, reach: float) -> None:
    rng = np.random.default_rng(seed)
    margins = rng.random(2000).astype(np.float32)
    labelled = rng.choice(2000, rng.integers(0, 500), replace=False)
    left = np.setdiff1d(np.arange(2000), labelled)
    within = left[np.argsort(margins[left])][: ceil(reach * size)]
    fits = [each for each in MEAN_SIZES if len(np.unique(TREE.cut(mean_size=each)[within])) >= size]
    known = {"margins": margins, "labelled": labelled, "seed": seed}
    rows = Auto(TREE, reach=reach, alike=0, widest=WIDE).query(size, **known).rows
    wanted = CappedMargin(TREE, mean_size=max(fits)) if fits else Margin()
    assert rows.tolist() == wanted.query(size, **known).rows.tolist()
    assert set(rows) <= set(within.tolist())


@pytest.mark.parametrize("copies", [2, 10])
@pytest.mark.parametrize("mean_size", [1.5, 2, 10])
@pytest.mark.parametrize("share", [0.005, 0.02, 0.2, 0.5])
def test_copies_are_passed_over_whatever_the_share_of_the_batch(copies: int, mean_size: float, share: float) -> None:
    if mean_size > copies:
        return
    tree, originals = with_copies(0.01, copies, mean_size=mean_size)
    margins = M[:200][originals] + 0.001 * RNG.random(len(originals)).astype(np.float32)
    size = ceil(share * len(originals))
    selection = Auto(tree).query(size, margins=margins)
    assert selection.story.facts["why"] == "near-copies" or copies == 2 or mean_size < copies
    if mean_size == copies:
        assert len(np.unique(originals[selection.rows])) == min(size, 200)


@pytest.mark.parametrize("copies", [10, 30])
@pytest.mark.parametrize("share", [0.002, 0.2])
def test_a_tree_that_stops_among_exact_copies(copies: int, share: float) -> None:
    full, originals = with_copies(0.0, copies)
    rows, merges = len(originals), len(originals) * 2 // 3
    level = Level(3.0)
    tree = replace(full, merges=full.merges[:merges], heights=full.heights[:merges], known_below=0.0, level=level)
    size = ceil(share * rows)
    selection = Auto(tree).query(size, margins=M[:200][originals])
    assert selection.story.facts["why"] == "near-copies"
    assert len(np.unique(tree.cut(n_clusters=rows - merges)[selection.rows])) == size


def test_heavy_tails_of_copies() -> None:
    counts = np.minimum(300, np.ceil(RNG.pareto(1, 200))).astype(int)
    originals = RNG.permutation(np.repeat(np.arange(200), counts))
    tree = ladle.cluster(E[originals], threshold=0.2)
    selection = Auto(tree).query(150, margins=M[:200][originals])
    assert len(np.unique(originals[selection.rows])) == 150


def test_rows_as_far_apart_as_others_are_no_copies() -> None:
    tree, originals = with_copies(2.0)
    story = Auto(tree, reach=1, widest=WIDE).query(500, margins=M[:200][originals]).story
    assert story.facts["why"] == "margin"


def test_the_levels_grow_coarser_and_end_where_the_tree_does() -> None:
    counts = [level.clusters.count for level in TightLevels(TREE, 0.03, WIDE)]
    assert counts == sorted(counts, reverse=True)
    assert counts[-1] == 100
    for merges, counts in ((1400, [1333, 1000, 666, 600]), (700, [1333, 1300]), (300, [1700])):
        assert [level.clusters.count for level in TightLevels(stopped(merges), 0.0, WIDE)] == counts
    assert [level.clusters.count for level in TightLevels(np.arange(2000) // 4, 0.03, 0.15)] == [500]


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 150), st.floats(0.1, 1.5))
def test_no_level_is_wider_than_it_may_be(seed: int, size: int, widest: float) -> None:
    margins = np.random.default_rng(seed).random(2000).astype(np.float32)
    levels = list(TightLevels(TREE, 0.0, widest))
    narrow = TREE.cut(threshold=widest * TREE.typical_distance)
    if len(np.unique(narrow)) < 100:
        narrow = TREE.cut(mean_size=MEAN_SIZES[-1])
    assert levels[-1].clusters.labels.tolist() == narrow.tolist()
    for level in levels:  # each lies within the widest: one of its clusters lies in one of theirs
        pairs = np.unique(np.stack([level.clusters.labels, narrow]), axis=1)
        assert len(np.unique(level.clusters.labels)) == pairs.shape[1]
    rows = Auto(TREE, reach=20, widest=widest).query(size, margins=margins).rows
    assert len(np.unique(narrow[rows])) == size or len(np.unique(narrow)) < size


def test_where_nothing_is_near_the_batch_is_margins() -> None:
    selection = Auto(TREE, widest=0.01, reach=20).query(300, margins=M, seed=3)
    assert selection.story.facts["why"] == "margin"
    assert selection.rows.tolist() == Margin().query(300, margins=M, seed=3).rows.tolist()


def test_a_tree_of_an_older_ladle_knows_no_near_copies(tmp_path) -> None:
    tree, originals = with_copies(0.01)
    old = replace(tree, typical_distance=None)
    assert Auto(old, reach=1).query(500, margins=M[:200][originals]).story.facts["why"] == "margin"
    tree.save(tmp_path / "tree.npz")
    assert ladle.Dendrogram.load(tmp_path / "tree.npz").typical_distance == tree.typical_distance
    assert tree.typical_distance is not None


def test_in_parts() -> None:
    tree, originals = with_copies(0.01)
    margins = M[:200][originals]
    rows = Partitioned(Auto(tree), 3).query(150, margins=margins, seed=4).rows
    assert len(np.unique(rows)) == 150
    assert np.bincount(originals[rows]).max() <= 3  # one in each part


def test_what_it_refuses() -> None:
    for wrong in (0.5, np.nan, "far", None):
        with pytest.raises(ArgumentError, match="`reach`"):
            Auto(TREE, reach=wrong)  # type: ignore[arg-type]
    for wrong in (-0.1, 1, np.nan, "near", None):
        with pytest.raises(ArgumentError, match="`alike`"):
            Auto(TREE, alike=wrong)  # type: ignore[arg-type]
    for wrong in (-0.1, np.nan, "wide", None):
        with pytest.raises(ArgumentError, match="`widest`"):
            Auto(TREE, widest=wrong)  # type: ignore[arg-type]
    with pytest.raises(MismatchError):
        Auto(TREE).query(3, margins=M[:100])
    with pytest.raises(MismatchError, match="auto reads no embeddings"):
        Auto(TREE).query(3, margins=M, embeddings=ladle.open_pool(E + 1))
