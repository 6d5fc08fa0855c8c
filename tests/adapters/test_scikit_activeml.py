"""Inside scikit-activeml's loops a strategy of Ladle chooses what its own `query` chooses."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression

import ladle
from ladle import strategies
from ladle.errors import ArgumentError, MismatchError

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its imports' own
    from skactiveml.classifier import SklearnClassifier
    from skactiveml.pool import SubSamplingWrapper, UncertaintySampling
    from skactiveml.utils import MISSING_LABEL, check_random_state

    from ladle.adapters.scikit_activeml import LadlePoolStrategy

X, TRUTH = load_digits(return_X_y=True)
X, TRUTH = X[:400] / 16, TRUTH[:400]
KNOWN = np.random.default_rng(0).permutation(400)[:40]
Y = np.full(400, MISSING_LABEL)
Y[KNOWN] = TRUTH[KNOWN]
TREE = ladle.cluster(X, metric="sqeuclidean")
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning")


def model():
    return SklearnClassifier(LogisticRegression(max_iter=2_000), classes=range(10), missing_label=MISSING_LABEL)


def seed_of(random_state):
    """Of a query with 360 unlabelled examples: scikit-activeml mixes in their number and one."""
    return int(check_random_state(random_state, 361).randint(2**31))


STRATEGIES = ["uniform", "margin", "entropy", "coreset", "badge", strategies.create("auto", tree=TREE)]
STRATEGIES += [ladle.ClusterMargin(TREE, candidate_ratio=3)]


@pytest.mark.parametrize("strategy", STRATEGIES, ids=str)
def test_the_choice_is_that_of_the_strategy(strategy):
    fitted = model().fit(X, Y)
    theirs = LadlePoolStrategy(strategy, random_state=5).query(X, Y, fitted, fit_clf=False, batch_size=25)
    own = strategies.create(strategy) if isinstance(strategy, str) else strategy
    query = own.query(25, probabilities=fitted.predict_proba(X), embeddings=X, labelled=KNOWN, seed=seed_of(5))
    assert theirs.tolist() == query.rows.tolist()


def test_one_example_at_a_time_is_their_margin_sampling():
    ours, theirs = (
        LadlePoolStrategy("margin", random_state=0),
        UncertaintySampling(method="margin_sampling", random_state=0),
    )
    ours_y, theirs_y = Y.copy(), Y.copy()
    for _ in range(8):
        for query, y in ((ours, ours_y), (theirs, theirs_y)):
            row = query.query(X, y, model(), batch_size=1)
            y[row] = TRUTH[row]
    assert np.array_equal(ours_y, theirs_y, equal_nan=True)


def test_a_loop_labels_the_whole_pool():
    y, rounds = Y.copy(), 0
    query = LadlePoolStrategy(ladle.ClusterMargin(TREE), random_state=1)
    while np.isnan(y).any():
        rows = query.query(X, y, model(), batch_size=min(90, int(np.isnan(y).sum())))
        assert np.isnan(y[rows]).all()
        assert len(set(rows.tolist())) == len(rows)
        y[rows] = TRUTH[rows]
        rounds += 1
    assert rounds == 4


def test_candidates_as_positions_alone_are_chosen():
    some = np.setdiff1d(np.arange(0, 400, 3), KNOWN)
    for strategy in ("margin", "coreset", "uniform", ladle.ClusterMargin(TREE)):
        rows = LadlePoolStrategy(strategy, random_state=0).query(X, Y, model(), candidates=some, batch_size=20)
        assert np.isin(rows, some).all()


def test_what_is_no_candidate_counts_as_no_label():
    """CoreSet keeps away from what is labelled; an unlabelled example that may not be chosen is not that."""
    some = np.setdiff1d(np.arange(0, 400, 3), KNOWN)
    rows = LadlePoolStrategy("coreset", random_state=0).query(X, Y, candidates=some, batch_size=20)
    pool = np.union1d(some, KNOWN)
    own = strategies.create("coreset").query(
        20, embeddings=X[pool], labelled=np.flatnonzero(np.isin(pool, KNOWN)), seed=seed_of(0)
    )
    assert rows.tolist() == pool[own.rows].tolist()


def test_candidates_as_examples_are_told_by_their_place():
    some = np.setdiff1d(np.arange(400), KNOWN)[:60]
    for strategy in ("margin", "coreset"):
        query = LadlePoolStrategy(strategy, random_state=0)
        by_example = query.query(X, Y, model(), candidates=X[some], batch_size=12)
        by_place = query.query(X, Y, model(), candidates=some, batch_size=12)
        assert some[by_example].tolist() == by_place.tolist()


def test_utilities_tell_the_order_of_choice():
    query = LadlePoolStrategy("margin", random_state=0)
    rows, utilities = query.query(X, Y, model(), batch_size=6, return_utilities=True)
    assert utilities.shape == (6, 400)
    assert np.nanargmax(utilities, axis=1).tolist() == rows.tolist()
    assert np.isnan(utilities[:, KNOWN]).all()
    for step in range(6):
        assert np.isnan(utilities[step, rows[:step]]).all()
        assert np.isfinite(utilities[step]).sum() == 360 - step


def test_their_wrappers_take_it():
    wrapped = SubSamplingWrapper(LadlePoolStrategy("margin", random_state=0), max_candidates=50, random_state=0)
    assert len(wrapped.query(X, Y, clf=model(), fit_clf=True, batch_size=10)) == 10
    assert clone(LadlePoolStrategy("badge", random_state=3)).get_params()["strategy"] == "badge"


def test_embeddings_stand_for_the_features():
    vectors = np.random.default_rng(1).normal(size=(400, 3))
    rows = LadlePoolStrategy("coreset", random_state=2).query(X, Y, batch_size=9, embeddings=vectors)
    own = strategies.create("coreset").query(9, embeddings=vectors, labelled=KNOWN, seed=seed_of(2))
    assert rows.tolist() == own.rows.tolist()


def test_text_labels_and_their_missing_label():
    y = np.full(400, "nan", dtype="<U9")
    y[KNOWN] = [f"digit {each}" for each in TRUTH[KNOWN]]
    texts = SklearnClassifier(LogisticRegression(max_iter=2_000), missing_label="nan")
    rows = LadlePoolStrategy("margin", missing_label="nan", random_state=0).query(X, y, texts, batch_size=7)
    assert not np.isin(rows, KNOWN).any()


@pytest.mark.parametrize(
    ("call", "kind", "says"),
    [
        (lambda: LadlePoolStrategy("margins").query(X, Y, model()), ArgumentError, "margin"),
        (lambda: LadlePoolStrategy(3).query(X, Y, model()), ArgumentError, "strategy"),
        (lambda: LadlePoolStrategy("falcun").query(X[:, :0], Y, model()), ValueError, "feature"),
        (lambda: LadlePoolStrategy("dropquery").query(X, Y, model()), ArgumentError, "votes"),
        (lambda: LadlePoolStrategy("margin").query(X, Y), TypeError, "clf"),
        (lambda: LadlePoolStrategy("margin").query(X, Y, model(), fit_clf=False), NotFittedError, "not fitted"),
        (lambda: LadlePoolStrategy(ladle.ClusterMargin(TREE)).query(X[:99], Y[:99], model()), MismatchError, "400"),
        (lambda: LadlePoolStrategy("coreset").query(X, Y, candidates=X[:9], embeddings=X), ArgumentError, "positions"),
        (lambda: LadlePoolStrategy("coreset").query(X, Y, embeddings=X[:9]), MismatchError, "400"),
    ],
)
def test_what_it_refuses(call, kind, says):
    with pytest.raises(kind, match=says):
        call()
