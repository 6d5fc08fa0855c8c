"""The dials of an experiment and its seeds."""

import numpy as np
import pytest

from ladle.errors import ArgumentError
from ladle.lab.protocol.files import checked_experiment
from ladle.seeds import check_seed
from tests.lab.standins import experiment

DIALS = {"seed_size": 10, "batch_size": 10, "rounds": 1, "trials": 1}


def stated(**dials):
    """An experiment of these dials, as a protocol file would state it."""
    named = {"name": "toy", "title": "Toy", "dataset": {"name": "toy"}, "learner": {"name": "mlp"}}
    return checked_experiment({**named, **DIALS, "strategies": [{"name": "margin"}], **dials})


@pytest.mark.parametrize("dial", [*DIALS, "refresh_rounds", "mean_size"])
@pytest.mark.parametrize("value", [0, -1, 1.5, True, "1"])
def test_dials_out_of_range_are_refused(dial, value):
    if (dial, value) == ("mean_size", 1.5):
        assert stated(mean_size=value).mean_size == value
        return
    with pytest.raises(ArgumentError, match=dial):
        stated(**{dial: value})


def test_a_pool_that_is_too_small_is_refused():
    stated(rounds=3).check_pool(40)
    with pytest.raises(ArgumentError, match=r"be at most the pool's 39 rows; got 40 \(10 \+ 3 x 10\)"):
        stated(rounds=3).check_pool(39)


def test_labels_and_refreshes_by_round():
    found = stated(seed_size=5, rounds=4, refresh_rounds=2)
    assert found.labels == (5, 15, 25, 35, 45)
    assert [number for number in range(1, 5) if found.refreshes(number)] == [3]


def test_every_seed_of_a_trial_is_a_seed():
    found = experiment()
    for trial in range(50):
        check_seed(found.seed_of(trial, "fit", 1))
    assert found.seed_of(0, "fit", 1) != found.seed_of(1, "fit", 1)


def test_seeds_and_seed_sets_stay_what_they_were():
    """They decide every number of a ledger, so that no version may draw others."""
    found = experiment()
    assert found.protocol() is found
    assert found.seed_of(0, "fit", 1) == 3549513337751826487
    np.testing.assert_array_equal(found.seed_rows(1, 400)[:5], [1, 2, 7, 38, 60])


def test_it_prints_in_a_line():
    assert repr(stated(rounds=2)) == "Experiment('toy': toy, mlp, 1 x 2 rounds of 10, 1 strategy)"
