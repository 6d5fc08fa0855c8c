"""Inside small-text's loop a strategy of Ladle chooses what its own `query` chooses."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

import ladle
from ladle import strategies
from ladle.errors import ArgumentError, MismatchError

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its imports' own
    from small_text import (
        BreakingTies,
        ConfidenceEnhancedLinearSVC,
        PoolBasedActiveLearner,
        SklearnClassifierFactory,
        SklearnDataset,
    )
    from small_text.query_strategies import EmptyPoolException, PoolExhaustedException

    from ladle.adapters.small_text import LadleQueryStrategy

WORDS = [["red", "apple", "pear", "fruit"], ["bus", "train", "road", "wheel"], ["rain", "sun", "wind", "cloud"]]
RANDOM = np.random.default_rng(0)
TRUTH = np.arange(150) % 3
TEXTS = [" ".join(RANDOM.choice([*WORDS[each], "the", "a", "of"], 6)) for each in TRUTH]
FEATURES = TfidfVectorizer().fit_transform(TEXTS)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it calls what it has deprecated itself
    DATA = SklearnDataset(FEATURES, TRUTH, target_labels=np.arange(3))
VECTORS = FEATURES.toarray().astype(np.float32)
KNOWN = np.array([0, 1, 2, 6, 13, 20])
FACTORY = SklearnClassifierFactory(ConfidenceEnhancedLinearSVC(), 3)
pytestmark = pytest.mark.filterwarnings("ignore")


def learner(strategy):
    started = PoolBasedActiveLearner(FACTORY, strategy, DATA)
    started.initialize_data(KNOWN, TRUTH[KNOWN])
    return started


@pytest.mark.parametrize("name", ["uniform", "margin", "entropy", "coreset", "badge", "cluster-margin", "auto"])
def test_the_choice_is_that_of_the_strategy(name):
    tree = ladle.cluster(VECTORS, metric="sqeuclidean")
    strategy = strategies.create(name, tree=tree)
    loop = learner(LadleQueryStrategy(strategy, embeddings=VECTORS, seed=4))
    rows = loop.query(num_samples=12)
    likely = np.full((150, 3), np.nan)
    free = np.setdiff1d(np.arange(150), KNOWN)
    likely[free] = loop.classifier.predict_proba(DATA[free])
    own = strategy.query(12, probabilities=likely, embeddings=VECTORS, labelled=KNOWN, seed=4)
    assert rows.tolist() == own.rows.tolist()


def test_a_loop_runs_until_the_pool_is_labelled():
    loop = learner(LadleQueryStrategy("margin"))
    for _ in range(3):
        rows = loop.query(num_samples=48)
        loop.update(TRUTH[rows])
    assert len(loop.indices_labeled) == 150
    assert (loop.classifier.predict(DATA) == TRUTH).mean() > 0.9
    with pytest.raises((EmptyPoolException, PoolExhaustedException)):
        loop.query(num_samples=1)


def test_the_margins_are_those_of_breaking_ties():
    ours, theirs = learner(LadleQueryStrategy("margin")), learner(BreakingTies())
    assert sorted(ours.query(num_samples=10).tolist()) == sorted(theirs.query(num_samples=10).tolist())


def test_ignored_examples_are_neither_chosen_nor_taken_for_labelled():
    ignored = np.arange(100, 150)
    free = np.setdiff1d(np.arange(100), KNOWN)
    query = LadleQueryStrategy("coreset", embeddings=VECTORS)
    rows = query.query(None, DATA, free, KNOWN, TRUTH[KNOWN], n=15)
    assert not np.isin(rows, ignored).any()
    own = strategies.create("coreset").query(15, embeddings=VECTORS[:100], labelled=KNOWN)
    assert rows.tolist() == own.rows.tolist()


@pytest.mark.parametrize(
    ("call", "kind", "says"),
    [
        (lambda: LadleQueryStrategy("margins"), ArgumentError, "margin"),
        (lambda: LadleQueryStrategy("dropquery"), ArgumentError, "votes"),
        (lambda: LadleQueryStrategy("margin", seed=-1), ArgumentError, "seed"),
        (lambda: learner(LadleQueryStrategy("coreset", embeddings=VECTORS[:9])).query(5), MismatchError, "150"),
        (lambda: learner(LadleQueryStrategy("margin")).query(145), PoolExhaustedException, "144"),
    ],
)
def test_what_it_refuses(call, kind, says):
    with pytest.raises(kind, match=says):
        call()


def test_it_names_its_strategy():
    assert str(LadleQueryStrategy("margin")) == "LadleQueryStrategy(margin)"
