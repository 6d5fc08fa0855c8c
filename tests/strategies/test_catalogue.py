"""The catalogue, and the story a selection tells."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from typing import get_args

import numpy as np
import pytest

import ladle
from ladle import strategies
from ladle.errors import ArgumentError
from ladle.strategies import catalogue
from ladle.strategies.partitioned import Partitioned
from ladle.strategies.query.chooser import Asked, Choice, Chooser, Need
from ladle.strategies.scored.margin import Margin

EVERY_STRATEGY = pytest.mark.parametrize("name", strategies.names())
SIMPLEST_FIRST = ["uniform", "margin", "entropy", "least-confidence", "cluster-margin"]


def test_names() -> None:
    assert [name for name in strategies.names() if name in SIMPLEST_FIRST] == SIMPLEST_FIRST
    for name in strategies.names():
        assert strategies.create(name, tree=np.zeros(4, int)).name == name


def test_options_reach_the_strategy() -> None:
    strategy = strategies.create("cluster-margin", np.zeros(4, int), candidate_ratio=3, group_size="pool")
    assert isinstance(strategy, ladle.ClusterMargin)
    assert (strategy.candidate_ratio, strategy.group_size) == (3, "pool")


def test_unknown_names_and_options_name_the_valid_ones() -> None:
    with pytest.raises(ArgumentError, match=r"be one of uniform, margin, .*cluster-margin.*; got 'best'"):
        strategies.create("best")
    with pytest.raises(ArgumentError, match=r"be one of uniform, .*; got 'best'"):
        catalogue.describe("best")
    valid = r"mean_size, threshold, n_clusters, candidate_ratio, group_size, .*partitions, deal_labelled; got ratio"
    with pytest.raises(ArgumentError, match=valid):
        strategies.create("cluster-margin", np.zeros(4, int), ratio=3)
    with pytest.raises(ArgumentError, match="among partitions, deal_labelled; got candidate_ratio"):
        strategies.create("uniform", candidate_ratio=3)
    with pytest.raises(ArgumentError, match="`tree`; got none"):
        strategies.create("cluster-margin")


def test_partitions_wrap_any_strategy() -> None:
    assert isinstance(strategies.create("margin", partitions=1), Margin)
    strategy = strategies.create("cluster-margin", np.zeros(4, int), candidate_ratio=3, partitions=np.int64(4))
    assert isinstance(strategy, Partitioned)
    assert isinstance(strategy.strategy, ladle.ClusterMargin)
    assert (strategy.partitions, strategy.strategy.candidate_ratio, strategy.name) == (4, 3, "cluster-margin")
    for bad in (0, -1, 1.5, True, "2", None):
        with pytest.raises(ArgumentError, match="`partitions` must be a whole number, 1 or larger; got"):
            strategies.create("margin", partitions=bad)  # type: ignore[arg-type]
    dealing = strategies.create("margin", partitions=2, deal_labelled=True)
    assert isinstance(dealing, Partitioned)
    assert dealing.deal_labelled
    with pytest.raises(ArgumentError, match="`deal_labelled` must be true or false; got 'no'"):
        strategies.create("margin", partitions=2, deal_labelled="no")  # type: ignore[arg-type]


class Anything(Chooser):
    """Any rows; those of small clusters first. Not said: why."""

    name = "anything"
    cost = "no time; no memory."
    repeats = "always."
    source = "this test."

    def __init__(self, tree: object = None, *, depth: int = 2) -> None:
        self.tree, self.depth = tree, depth

    def choose(self, asked: Asked) -> Choice:
        rows = asked.unlabelled[: asked.request.size]
        return Choice(rows, np.zeros(len(rows), np.float32))


def test_one_entry_makes_a_strategy_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(catalogue._MAKERS, "anything", Anything)
    assert strategies.names()[-1] == "anything"
    assert catalogue.options("anything") == ["depth", "partitions", "deal_labelled"]
    assert catalogue.describe("anything").to_dict() == {
        "name": "anything",
        "summary": "Any rows; those of small clusters first.",
        "needs": [],
        "takes_tree": "optional",
        "options": {"depth": 2, "partitions": 1, "deal_labelled": False},
        "cost": "no time; no memory.",
        "repeats": "always.",
        "source": "this test.",
    }
    bare, given = strategies.create("anything"), strategies.create("anything", [0, 1], depth=5)
    assert isinstance(bare, Anything)
    assert isinstance(given, Anything)
    assert (bare.tree, bare.depth, given.tree, given.depth) == (None, 2, [0, 1], 5)


def test_a_summary_of_its_own_stands_before_the_docstring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Anything, "summary", "Whatever comes.")
    assert catalogue.describe(Anything).summary == "Whatever comes."
    monkeypatch.setattr(Anything, "summary", "")
    monkeypatch.setattr(Anything, "__doc__", None)
    assert catalogue.describe(Anything).summary == ""


def test_every_strategy_is_imported_by_its_class() -> None:
    exported = [getattr(strategies, name) for name in strategies.__all__]
    kinds = {kind for kind in exported if isinstance(kind, type) and issubclass(kind, Chooser)} - {Chooser, Partitioned}
    assert {kind.name: kind for kind in kinds} == catalogue._MAKERS
    assert {type(strategies.create(name, np.zeros(4, int))) for name in strategies.names()} == kinds


@pytest.mark.parametrize("kind", [*catalogue._MAKERS.values()], ids=lambda kind: kind.name)
def test_docstrings_and_facts_are_one_text(kind: type[Chooser]) -> None:
    text = " ".join((kind.__doc__ or "").split())
    assert text.startswith(kind.summary)
    for fact in (f"Cost: {kind.cost}", f"Repeatability: {kind.repeats}", kind.source):
        assert fact in text


def test_facts_do_not_come_from_docstrings() -> None:
    program = (
        "import json\nfrom ladle.strategies import Chooser, describe, names\n"
        "print(json.dumps([Chooser.__doc__, [describe(name).to_dict() for name in names()]]))"
    )
    done = subprocess.run([sys.executable, "-OO", "-c", program], capture_output=True, text=True, check=True)
    docstring, described = json.loads(done.stdout)
    assert docstring is None
    assert described == [catalogue.describe(name).to_dict() for name in strategies.names()]


def test_whether_a_tree_is_needed() -> None:
    assert catalogue.describe("cluster-margin").takes_tree == "yes"
    assert catalogue.describe("margin").takes_tree == "no"
    assert catalogue.describe("cluster-margin").options["candidate_ratio"] == 10


@EVERY_STRATEGY
def test_every_strategy_is_described(name: str) -> None:
    described = catalogue.describe(name)
    assert described.name == name
    assert set(described.needs) <= set(get_args(Need))
    for told in (described.summary, described.cost, described.repeats, described.source):
        assert told.endswith("."), (name, told)
        assert len(told) > 5
        assert "\n" not in told
    assert len(described.summary) <= 160
    # Had by its name and a tree alone, so every option has a default, and one that JSON and command lines can write.
    assert json.loads(json.dumps(described.to_dict())) == described.to_dict()
    strategies.create(name, tree=np.zeros(4, int), **{key: described.options[key] for key in described.options})


@EVERY_STRATEGY
def test_every_story_is_json_and_one_paragraph(name: str) -> None:
    P = np.random.default_rng(0).dirichlet(np.ones(3), 2000)
    strategy = strategies.create(name, tree=np.arange(2000) // 7)
    E = np.random.default_rng(1).standard_normal((2000, 4)).astype(np.float32)
    votes = P.argmax(axis=1)[:, None] * [1, 1, 0]
    selection = strategy.query(
        np.int64(100), probabilities=P, embeddings=E, votes=votes, labelled=[3, 4], seed=np.int64(9)
    )
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
