"""Inside modAL's loop a strategy of Ladle chooses what its own `query` chooses."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

import ladle
from ladle import strategies
from ladle.adapters.modal import query_strategy
from ladle.errors import ArgumentError, MismatchError, ShapeError

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its imports' own
    from modAL.models import ActiveLearner
    from modAL.uncertainty import margin_sampling

X, TRUTH = load_digits(return_X_y=True)
X, TRUTH = X[:300] / 16, TRUTH[:300]
TREE = ladle.cluster(X, metric="sqeuclidean")
FIRST = np.arange(30)


def learner(query):
    return ActiveLearner(LogisticRegression(max_iter=2_000), query, X[FIRST], TRUTH[FIRST])


@pytest.mark.parametrize("size", [1, 2, 17])
@pytest.mark.parametrize("name", ["uniform", "margin", "entropy", "coreset", "badge"])
def test_the_choice_is_that_of_the_strategy(name, size):
    loop = learner(query_strategy(name, seed=6))
    pool = X[30:]
    rows, examples, values = loop.query(pool, n_instances=size, return_metrics=True)
    own = strategies.create(name).query(size, probabilities=loop.predict_proba(pool), embeddings=pool, seed=6)
    assert rows.tolist() == own.rows.tolist()
    assert np.array_equal(examples, pool[own.rows])
    assert np.array_equal(values, own.scores)


def test_the_margins_are_theirs():
    pool = X[30:]
    ours, _ = learner(query_strategy("margin")).query(pool, n_instances=20)
    theirs, _ = learner(margin_sampling).query(pool, n_instances=20)
    assert sorted(ours.tolist()) == sorted(theirs.tolist())


@pytest.mark.parametrize("strategy", [ladle.ClusterMargin(TREE), strategies.create("auto", tree=TREE)], ids=str)
def test_a_loop_over_a_shrinking_pool_keeps_the_clusters_of_the_whole(strategy):
    left = np.arange(30, 300)
    while len(left):
        size, done = min(90, len(left)), np.setdiff1d(np.arange(300), left)
        # (modAL's `teach` fails with the scikit-learn of today, so each round has a learner of its own.)
        loop = ActiveLearner(LogisticRegression(max_iter=2_000), query_strategy(strategy, seed=1), X[done], TRUTH[done])
        chosen, _ = loop.query(X[left], n_instances=size, rows=left)
        own = strategy.restricted(left).query(size, probabilities=loop.predict_proba(X[left]), seed=1)
        assert chosen.tolist() == own.rows.tolist()
        left = np.delete(left, chosen)


def test_embeddings_stand_for_the_features():
    vectors = np.random.default_rng(0).normal(size=(270, 4))
    rows, _ = learner(query_strategy("coreset")).query(X[30:], n_instances=8, embeddings=vectors)
    assert rows.tolist() == strategies.create("coreset").query(8, embeddings=vectors).rows.tolist()


@pytest.mark.parametrize(
    ("call", "kind", "says"),
    [
        (lambda: query_strategy("margins"), ArgumentError, "margin"),
        (lambda: query_strategy("dropquery"), ArgumentError, "votes"),
        (lambda: query_strategy("margin", seed=0.5), ArgumentError, "seed"),
        (lambda: learner(query_strategy(ladle.ClusterMargin(TREE))).query(X[30:]), MismatchError, "300"),
        (lambda: learner(query_strategy(ladle.ClusterMargin(TREE))).query(X[30:], rows=[3]), ShapeError, "270"),
        (
            lambda: learner(query_strategy(ladle.ClusterMargin(TREE))).query(X[30:], rows=np.arange(31, 301)),
            MismatchError,
            "300",
        ),
        (lambda: learner(query_strategy("margin")).query(X[30:], n_instances=271), ArgumentError, "270"),
    ],
)
def test_what_it_refuses(call, kind, says):
    with pytest.raises(kind, match=says):
        call()
