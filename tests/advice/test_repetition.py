"""How much a pool repeats itself: exact where copies are counted, and the same in any unit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ladle
from ladle.advice.repetition import repetition
from ladle.errors import ArgumentError

E = np.random.default_rng(0).standard_normal((300, 8)).astype(np.float32)


def tree_of(counts: list[int], scale: float = 1.0) -> tuple[ladle.Dendrogram, np.ndarray]:
    """A tree of so many copies of each of the first rows, and the original of each row."""
    originals = np.repeat(np.arange(len(counts)), counts)
    return ladle.cluster(scale * E[originals], metric="sqeuclidean"), originals


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 12), min_size=20, max_size=60), st.floats(1e-3, 1e3), st.data())
def test_copies_are_counted_in_any_unit(counts: list[int], scale: float, data: st.DataObject) -> None:
    tree, originals = tree_of(counts, scale)
    rows = len(originals)
    batch = np.array(data.draw(st.lists(st.integers(0, rows - 1), min_size=1, max_size=rows, unique=True)))
    found = repetition(tree, batch)
    assert found.share == len(batch) / rows
    assert found.copies == pytest.approx(1 - len(counts) / rows)
    assert found.batch_copies == pytest.approx(1 - len(np.unique(originals[batch])) / len(batch))


def test_width_tells_relatives_from_strangers() -> None:
    tight = np.repeat(E[:80], 3, axis=0) + 0.2 * np.tile(E[80:83], (80, 1))
    strangers, relatives, copies = (
        repetition(ladle.cluster(each, metric="sqeuclidean"), np.arange(5)).width
        for each in (E, tight, np.repeat(E[:80], 3, axis=0))
    )
    assert strangers > 0.3 > 0.1 > relatives > copies == 0


def test_what_it_refuses() -> None:
    tree, _ = tree_of([2] * 50)
    with pytest.raises(ArgumentError, match="a tree of an older Ladle"):
        repetition(replace(tree, typical_distance=None), np.arange(3))
    short = replace(tree, merges=tree.merges[:40], heights=tree.heights[:40], known_below=tree.heights[40])
    with pytest.raises(ArgumentError, match="mean size 3 or larger"):
        repetition(short, np.arange(3))
