"""Tree files of every version there ever was load, and say what they said when they were written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ladle
from ladle.hac.tree import file
from tests.golden.make_trees import points_of, trees

GOLDEN = Path(__file__).parents[2] / "golden"
SAID: dict[str, dict[str, Any]] = {
    path.stem.removeprefix("tree-"): json.loads(path.read_text("utf-8")) for path in GOLDEN.glob("tree-*.json")
}
FILES = [(version, name) for version in sorted(SAID) for name in sorted(SAID[version])]


def test_there_are_files_of_every_version() -> None:
    assert sorted(SAID) == [str(version) for version in range(1, file.FORMAT_VERSION + 1)]


@pytest.mark.parametrize(("version", "name"), FILES)
def test_a_tree_says_what_it_said(version: str, name: str) -> None:
    tree, said = ladle.Dendrogram.load(GOLDEN / f"tree-{version}-{name}.npz"), SAID[version][name]
    assert tree.heights.dtype == np.float64
    assert (tree.n, tree.merges.tolist(), tree.heights.tolist()) == (said["n"], said["merges"], said["heights"])
    assert tree.known_below == (np.inf if said["known_below"] is None else said["known_below"])
    assert tree.pool_digest == said["pool_digest"]
    for height, clusters in said["cuts"]:
        assert tree.cut(threshold=height).max() + 1 == clusters
    assert tree.cut(n_clusters=tree.n - len(tree.merges) // 2).tolist()[:200] == said["labels"]
    if "assigned" in said:
        assert tree.prototypes is not None
        assert len(tree.prototypes) == said["clusters"]
        assert tree.assign(points_of(9), new="mark").labels.tolist() == said["assigned"]


def test_a_tree_of_float32_is_cut_at_the_heights_it_was_rounded_from() -> None:
    old = ladle.Dendrogram.load(GOLDEN / "tree-1-complete.npz")
    new = trees()["complete"]
    for height in new.heights:
        assert np.array_equal(old.cut(threshold=float(height)), new.cut(threshold=float(height)))


def test_an_old_tree_that_is_saved_again_keeps_its_rounding(tmp_path: Path) -> None:
    old = ladle.Dendrogram.load(GOLDEN / "tree-1-carrying.npz")
    old.save(tmp_path / "tree.npz")
    assert ladle.Dendrogram.load(tmp_path / "tree.npz").rounding == old.rounding > 1e-8
