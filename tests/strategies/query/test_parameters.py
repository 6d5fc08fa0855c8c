"""Strategies as scikit-learn sees them, and as they print."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone

import ladle
from ladle import strategies
from ladle.errors import ArgumentError
from ladle.strategies import Asked, Choice, Chooser, ClusterMargin, Margin, Partitioned, TypiClust
from ladle.strategies.query.contract import Selection

N = 60
TREE = np.arange(N) // 5
ARRAYS: dict[str, Any] = {
    "probabilities": np.random.default_rng(0).dirichlet(np.ones(3), N),
    "embeddings": np.random.default_rng(2).standard_normal((N, 4)),
    "votes": np.random.default_rng(3).integers(0, 3, (N, 5)),
}
OTHER = {  # an option of each strategy, away from its default
    "margin": {"noise": "power", "beta": 2.0},
    "entropy": {"noise": "softmax"},
    "least-confidence": {"noise": "softrank"},
    "coreset": {"metric": "cosine"},
    "kmeans++": {"metric": "cosine"},
    "falcun": {"gamma": np.float32(3)},
    "dropquery": {"disagreement": 0.25},
    "typiclust": {"metric": "sqeuclidean"},
    "probcover": {"radius": 0.5, "neighbours": np.int64(8)},
    "herding": {"bandwidth": 0.5},
    "uncertainty-herding": {"bandwidth": 2},
    "auto": {"reach": 2, "alike": 0.1},
    "capped-margin": {"cap": np.int64(2)},
    "cluster-margin": {"candidate_ratio": np.int64(3), "group_size": "pool"},
}


class Mine(Chooser):
    """A strategy of somebody's own, which keeps its arguments as attributes."""

    name = "mine"

    def __init__(self, tree: Any = None, *, depth: int = 2) -> None:
        self.tree, self.depth = tree, depth

    def choose(self, asked: Asked) -> Choice:
        rows = asked.unlabelled[: asked.request.size]
        return Choice(rows, np.zeros(len(rows), np.float32))


def made() -> list[Chooser]:
    plain = [strategies.create(name, TREE) for name in strategies.names()]
    changed = [strategies.create(name, TREE, **options) for name, options in OTHER.items()]
    parts = [strategies.create(name, TREE, partitions=np.int64(2)) for name in strategies.names()]  # type: ignore[arg-type]
    own = [Mine(), Mine(TREE, depth=5), TypiClust(), Partitioned(Margin(), 2, np.True_)]  # type: ignore[arg-type]
    return plain + changed + parts + own


@pytest.mark.parametrize("strategy", made(), ids=repr)
class TestEveryStrategy:
    def test_a_clone_chooses_the_same(self, strategy: Chooser) -> None:
        copy = clone(strategy)
        assert type(copy) is type(strategy)
        assert copy is not strategy
        assert repr(copy) == repr(strategy)
        assert copy.get_params().keys() == strategy.get_params().keys()
        one, other = (each.query(10, labelled=[1, 2], seed=5, **ARRAYS) for each in (strategy, copy))
        np.testing.assert_array_equal(one.rows, other.rows)

    def test_parameters_are_those_of_the_class(self, strategy: Chooser) -> None:
        assert list(strategy.get_params(deep=False)) == list(inspect.signature(type(strategy)).parameters)
        again = type(strategy)(**strategy.get_params(deep=False))
        assert repr(again.set_params(**strategy.get_params())) == repr(strategy)
        with pytest.raises(ArgumentError, match=f"the parameters of {type(strategy).__name__} must be .*; got absent"):
            strategy.set_params(absent=1)

    def test_it_prints_on_one_line(self, strategy: Chooser) -> None:
        assert repr(strategy).startswith(type(strategy).__name__ + "(")
        assert "\n" not in repr(strategy)
        assert " at 0x" not in repr(strategy)
        assert len(repr(strategy)) <= 160


def test_parameters_are_set_in_place_or_not_at_all() -> None:
    strategy = ClusterMargin(TREE, candidate_ratio=3)
    assert strategy.set_params(candidate_ratio="auto", group_size="pool") is strategy
    assert (strategy.candidate_ratio, strategy.group_size) == ("auto", "pool")
    with pytest.raises(ArgumentError, match="`candidate_ratio`"):
        strategy.set_params(candidate_ratio=0, group_size="candidates")
    assert (strategy.candidate_ratio, strategy.group_size) == ("auto", "pool")
    assert strategy.clusters.count == 12
    assert strategy.set_params(tree=np.arange(N) // 10).clusters.count == 6
    tree = ladle.cluster(ARRAYS["embeddings"])
    assert ClusterMargin(tree, mean_size=20).set_params(mean_size=5).clusters.count == 12


def test_parameters_of_a_part() -> None:
    margin = Margin()
    strategy = Partitioned(margin, 2)
    assert strategy.get_params()["strategy__beta"] == 1
    strategy.set_params(strategy__noise="power", strategy__beta=2, partitions=3)
    assert (strategy.partitions, strategy.strategy) == (3, Margin("power", 2))
    assert margin == Margin()  # somebody else may use it
    with pytest.raises(ArgumentError, match=r"the parameters of Margin must be among noise, .*; got gamma"):
        strategy.set_params(strategy__gamma=1)
    with pytest.raises(ArgumentError, match="`partitions` must have parameters of its own; got each"):
        strategy.set_params(partitions__each=1)


def test_what_prints() -> None:
    assert repr(ClusterMargin(TREE, candidate_ratio=3)) == (
        "ClusterMargin(tree=<int64 array of shape (60,)>, candidate_ratio=3)"
    )
    assert repr(ClusterMargin([0, 1])) == "ClusterMargin(tree=[0, 1])"
    tree = ladle.cluster(np.random.default_rng(4).standard_normal((1_200, 16)))
    assert repr(ClusterMargin(tree)) == "ClusterMargin(tree=<Dendrogram of 1,200 rows of dim 16>)"
    assert repr(Mine(object())) == "Mine(tree=<object>)"
    assert repr(Mine(depth=3)) == "Mine(depth=3)"
    selection = strategies.Uniform().query(2, pool_rows=1_000, seed=7)
    assert repr(selection) == "<Selection: 2 of 1,000 rows, by uniform with seed 7>"
    assert repr(ClusterMargin(TREE).clusters) == "<PoolClusters: 60 rows, labels below 12>"


def signatures() -> list[Any]:
    kinds = [getattr(strategies, name) for name in strategies.__all__]
    rooms = [ladle.strategies, ladle.stopping, ladle]
    public = [getattr(room, name) for room in rooms for name in room.__all__ if name[0] != "_"]
    methods = [value for kind in [*kinds, Selection] for _, value in inspect.getmembers(kind, inspect.isfunction)]
    return [each for each in [*public, *methods] if callable(each)]


def test_no_signature_holds_an_address() -> None:
    shown = []
    for each in signatures():
        try:
            shown.append(str(inspect.signature(each)))
        except ValueError:  # a class with none, such as a protocol's
            continue
    assert len(shown) > 100
    assert [text for text in shown if "0x" in text] == []
    assert any("SILENT" in text for text in shown)
