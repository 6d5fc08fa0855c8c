"""`ladle.sklearn.AverageLinkage` keeps the contract of scikit-learn, and finds its clusters."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.cluster import AgglomerativeClustering
from sklearn.exceptions import NotFittedError
from sklearn.metrics import adjusted_rand_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator

import ladle
from ladle.errors import ArgumentError, ZeroVectorError
from ladle.sklearn import AverageLinkage

ROWS = np.random.default_rng(3).normal(size=(300, 5))
# scikit-learn has no metric "sqeuclidean"; cosine is in both.
TWINS = [{"n_clusters": 2}, {"n_clusters": 17}, {"n_clusters": None, "distance_threshold": 0.4}]


# The checks set `n_clusters`, so an estimator with another level cannot take part. One of them is for arrays of other
# libraries, which scikit-learn leaves out itself unless an environment variable is set.
CHECKS = [
    (estimator, check)
    for made in (AverageLinkage(), AverageLinkage(3, exact=False))
    for estimator, check in estimator_checks_generator(made)
    if "array_api" not in str(check)
]


@pytest.mark.parametrize(
    ("estimator", "check"),
    CHECKS,
    ids=lambda each: getattr(getattr(each, "func", None), "__name__", str(each)),  # a partial's own text has an address
)
def test_the_contract_of_scikit_learn(estimator, check):
    check(estimator)


@pytest.mark.parametrize("options", TWINS)
@pytest.mark.parametrize("full", [True, False])
def test_equals_agglomerative_clustering(options, full):
    ours = AverageLinkage(**options, metric="cosine", compute_full_tree=full).fit(ROWS)
    theirs = AgglomerativeClustering(
        **options, metric="cosine", linkage="average", compute_full_tree=True, compute_distances=True
    ).fit(ROWS)
    assert adjusted_rand_score(ours.labels_, theirs.labels_) == 1
    assert ours.n_clusters_ == theirs.n_clusters_
    assert (ours.n_leaves_, ours.n_connected_components_) == (theirs.n_leaves_, theirs.n_connected_components_)
    merges = len(ours.children_)
    assert merges == 299 if full else 300 - ours.n_clusters_ <= merges
    np.testing.assert_allclose(ours.distances_, theirs.distances_[:merges], rtol=1e-9)
    assert np.array_equal(ours.children_, np.sort(theirs.children_[:merges], axis=1))


@pytest.mark.parametrize("full", [True, False])
def test_a_height_at_the_threshold_is_not_merged(full):
    """Heights 1, 1 and 9 under the threshold 1: scikit-learn merges what is below a threshold alone."""
    rows = np.array([[0.0], [1.0], [4.0], [5.0]])
    below = AverageLinkage(distance_threshold=1, compute_full_tree=full).fit(rows)
    above = AverageLinkage(distance_threshold=1.5, compute_full_tree=full).fit(rows)
    matrix = (rows - rows.T) ** 2
    theirs = AgglomerativeClustering(None, distance_threshold=1, metric="precomputed", linkage="average").fit(matrix)
    assert below.n_clusters_ == theirs.n_clusters_ == 4
    assert above.n_clusters_ == 2
    assert below.predict([[0.4], [4.9]]).tolist() == [below.labels_[0], below.labels_[3]]


@pytest.mark.parametrize("metric", ["cosine", "sqeuclidean"])
@pytest.mark.parametrize("level", [{"n_clusters": 9}, {"distance_threshold": 0.3}, {"mean_size": 3}, {}])
def test_predict_repeats_what_fit_found_and_takes_rows_from_afar(metric, level):
    model = AverageLinkage(**level, metric=metric).fit(ROWS)
    assert np.array_equal(model.predict(ROWS), model.labels_)
    assert model.predict(ROWS[:1] * 1.5 + 40).max() < model.n_clusters_


def test_predict_takes_the_cluster_of_smallest_average_linkage():
    model = AverageLinkage(6).fit(ROWS)
    new = np.random.default_rng(4).normal(size=(50, 5))
    squares = ((new[:, None] - ROWS[None]) ** 2).sum(2)
    linkages = np.stack([squares[:, model.labels_ == each].mean(1) for each in range(6)], axis=1)
    assert np.array_equal(model.predict(new), linkages.argmin(1))


def test_it_has_the_usual_habits_of_an_estimator():
    model = AverageLinkage(4, metric="cosine")
    assert clone(model).get_params() == model.get_params()
    assert np.array_equal(model.fit_predict(ROWS), model.labels_)
    assert repr(model) == "AverageLinkage(metric='cosine', n_clusters=4)"
    named = pd.DataFrame(ROWS, columns=list("abcde"))
    assert model.fit(named).feature_names_in_.tolist() == list("abcde")
    piped = make_pipeline(StandardScaler(), AverageLinkage(3)).fit(ROWS)
    assert set(piped[-1].labels_.tolist()) == {0, 1, 2}
    assert ladle.sklearn.AverageLinkage is AverageLinkage
    assert model.tree_.certified == 1


@pytest.mark.parametrize(
    ("model", "rows", "kind", "says"),
    [
        (AverageLinkage(2, mean_size=3), ROWS, ArgumentError, "one of"),
        (AverageLinkage(2, distance_threshold=3), ROWS, ArgumentError, "one of"),
        (AverageLinkage(301), ROWS, ArgumentError, "n_clusters"),
        (AverageLinkage(0), ROWS, ArgumentError, "n_clusters"),
        (AverageLinkage(2.0), ROWS, ArgumentError, "n_clusters"),
        (AverageLinkage(distance_threshold=-1), ROWS, ArgumentError, "distance_threshold"),
        (AverageLinkage(distance_threshold=np.nan), ROWS, ArgumentError, "distance_threshold"),
        (AverageLinkage(metric="euclidean"), ROWS, ArgumentError, "sqeuclidean"),
        (AverageLinkage(compute_full_tree="auto"), ROWS, ArgumentError, "compute_full_tree"),
        (AverageLinkage(random_state="a"), ROWS, ValueError, "seed"),
        (AverageLinkage(metric="cosine"), ROWS * 0, ZeroVectorError, "zero"),
        (AverageLinkage(), sparse.csr_matrix(ROWS), TypeError, "toarray"),
        (AverageLinkage(), ROWS * np.nan, ValueError, "NaN"),
    ],
)
def test_what_it_refuses(model, rows, kind, says):
    with pytest.raises(kind, match=says):
        model.fit(rows)


def test_predict_needs_fit_and_the_same_columns():
    with pytest.raises(NotFittedError):
        AverageLinkage().predict(ROWS)
    with pytest.raises(ValueError, match="features"):
        AverageLinkage().fit(ROWS).predict(ROWS[:, :3])
