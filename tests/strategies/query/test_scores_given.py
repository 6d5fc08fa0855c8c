"""What every strategy makes of scores: labelled rows without one, one probability a row, weights, and wrong ones."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest

import ladle
from ladle.errors import ArgumentError, DataError, NonFiniteError, ShapeError
from ladle.strategies import describe

ROWS = 60
RNG = np.random.default_rng(4)
P = RNG.dirichlet(np.ones(3), ROWS)
E = RNG.standard_normal((ROWS, 4))
VOTES = RNG.integers(0, 3, (ROWS, 5))
CLUSTERS = np.arange(ROWS) % 7
LABELLED = np.array([3, 20, 41])
NAMES = [name for name in ladle.strategies.names() if describe(name).needs]
SCORED = [name for name in NAMES if {"scores", "probabilities"} & set(describe(name).needs)]
BY_MARGINS = [name for name in SCORED if "probabilities" not in describe(name).needs]


def asked(name, probabilities=P, *, labelled=LABELLED, partitions=1, votes=VOTES, **more):
    strategy = ladle.strategies.create(name, tree=CLUSTERS, partitions=partitions)
    return strategy.query(
        12, probabilities=probabilities, embeddings=E, votes=votes, labelled=labelled, seed=2, **more
    ).rows.tolist()


def holed(values):
    found = np.array(values, float)
    found[LABELLED] = np.nan
    return found


@pytest.mark.parametrize("partitions", [1, 3])
@pytest.mark.parametrize("name", SCORED)
def test_labelled_rows_need_no_score(name, partitions):
    wanted = asked(name, partitions=partitions)
    assert asked(name, holed(P), partitions=partitions) == wanted
    if name in BY_MARGINS:
        margins = holed(ladle.margin(P))
        assert asked(name, None, margins=margins, partitions=partitions) == wanted


@pytest.mark.parametrize("name", SCORED)
def test_all_others_need_one(name):
    bad = holed(P)
    bad[33, 1] = np.nan
    with pytest.raises(NonFiniteError, match="row 33"):
        asked(name, bad)
    if name in BY_MARGINS:
        with pytest.raises(NonFiniteError, match="row 33"):
            asked(name, None, margins=bad[:, 1])


@pytest.mark.parametrize("name", BY_MARGINS)
def test_negative_margins_are_refused(name):
    for labelled in (LABELLED, None):
        with pytest.raises(DataError, match=r"be 0 or larger, .*got -0\.3 in row 7.*binary=True"):
            asked(name, None, margins=np.where(np.arange(ROWS) == 7, -0.3, 0.5), labelled=labelled)
    with pytest.raises(DataError, match="binary=True"):
        ladle.cluster_margin(np.linspace(-1, 1, ROWS), CLUSTERS, 5)


@pytest.mark.parametrize("name", SCORED)
def test_one_probability_of_two_classes(name):
    p = RNG.random(ROWS).astype(np.float32)
    both = np.stack([1 - p, p], axis=1)
    votes = VOTES % 2
    wanted = asked(name, both, votes=votes)
    for given in (p, p[:, None]):
        assert asked(name, given, binary=True, votes=votes) == wanted
        with pytest.raises(ShapeError, match="binary=True"):
            asked(name, given)
    with pytest.raises(ShapeError, match="binary=True"):
        asked(name, both, binary=True)


@pytest.mark.parametrize("name", SCORED)
def test_weights_are_normalised_when_asked(name):
    weights = P * RNG.integers(1, 9, (ROWS, 1))
    with pytest.raises(DataError, match=r"normalise=True|softmax"):
        asked(name, weights)
    rounded = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    assert asked(name, weights, normalise=True) == asked(name, rounded)


@pytest.mark.parametrize("name", SCORED)
def test_bfloat16_is_what_its_numbers_are(name):
    low = P.astype(ml_dtypes.bfloat16)
    assert asked(name, low) == asked(name, low.astype(np.float32))


def test_what_is_said_of_probabilities_comes_with_some():
    for said in ("binary", "normalise"):
        with pytest.raises(ArgumentError, match=said):
            asked("margin", None, margins=ladle.margin(P), **{said: True})


def test_pairs_that_are_answered_need_no_probability():
    rows, classes = np.array([0, 5]), np.array([1, 2])
    lacking = P.copy()
    lacking[rows, classes] = np.nan
    kept = lacking.copy()
    found = ladle.strategies.least_sure_pairs(lacking, 20, labelled=(rows, classes))
    wanted = ladle.strategies.least_sure_pairs(P, 20, labelled=(rows, classes))
    np.testing.assert_array_equal(found.rows, wanted.rows)
    np.testing.assert_array_equal(lacking, kept)
    with pytest.raises(NonFiniteError, match="nan in row 0, class 1"):
        ladle.strategies.least_sure_pairs(lacking, 20)


def test_votes_are_for_classes_that_there_are():
    for vote in (3, -1):
        votes = VOTES.copy()
        votes[8, 2] = vote
        strategy = ladle.strategies.create("dropquery")
        with pytest.raises(ArgumentError, match=r"3 classes of `probabilities`, from 0 to 2; got .* in row 8"):
            strategy.query(5, probabilities=P, embeddings=E, votes=votes)
        strategy.query(5, probabilities=P, embeddings=E, votes=votes, labelled=[8])
