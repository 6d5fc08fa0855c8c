"""The catalogue, and the story a selection tells."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest

import ladle
from ladle import strategies
from ladle.errors import ArgumentError


def test_names() -> None:
    assert strategies.names() == ["uniform", "margin", "entropy", "least-confidence", "cluster-margin"]
    for name in strategies.names():
        assert strategies.create(name, tree=np.zeros(4, int)).name == name


def test_options_reach_the_strategy() -> None:
    strategy = strategies.create("cluster-margin", np.zeros(4, int), candidate_ratio=3, group_size="pool")
    assert isinstance(strategy, ladle.ClusterMargin)
    assert (strategy.candidate_ratio, strategy.group_size) == (3, "pool")


def test_unknown_names_and_options_name_the_valid_ones() -> None:
    with pytest.raises(ArgumentError, match="uniform, margin, entropy, least-confidence, cluster-margin; got 'badge'"):
        strategies.create("badge")
    valid = "mean_size, threshold, n_clusters, candidate_ratio, group_size; got ratio"
    with pytest.raises(ArgumentError, match=valid):
        strategies.create("cluster-margin", np.zeros(4, int), ratio=3)
    with pytest.raises(ArgumentError, match="takes none; got candidate_ratio"):
        strategies.create("uniform", candidate_ratio=3)
    with pytest.raises(ArgumentError, match="`tree`; got none"):
        strategies.create("cluster-margin")


@pytest.mark.parametrize("name", ["uniform", "margin", "entropy", "least-confidence", "cluster-margin"])
def test_every_story_is_json_and_one_paragraph(name: str) -> None:
    P = np.random.default_rng(0).dirichlet(np.ones(3), 2000)
    strategy = strategies.create(name, tree=np.arange(2000) // 7)
    selection = strategy.query(np.int64(100), probabilities=P, labelled=[3, 4], seed=np.int64(9))
    told = json.loads(json.dumps(selection.story.to_dict()))
    assert told == selection.story.to_dict()
    assert (told["strategy"], told["size"], told["seed"]) == (name, 100, 9)
    assert (told["pool_rows"], told["labelled_rows"]) == (2000, 2)
    text = str(selection.story)
    assert "\n" not in text
    assert text.startswith(f"{name} chose 100 rows of a pool of 2,000 (2 labelled already)")
    assert text.endswith(".")
    assert len(selection) == 100
    copy = pickle.loads(pickle.dumps(selection))  # noqa: S301 - process pools send selections this way
    np.testing.assert_array_equal(copy.rows, selection.rows)
    assert copy.story == selection.story
