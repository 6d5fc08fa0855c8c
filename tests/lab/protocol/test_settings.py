"""The dials of an experiment and its seeds."""

import pytest

from ladle.errors import ArgumentError
from ladle.lab.protocol.settings import LabProtocol
from ladle.seeds import check_seed

PROTOCOL = LabProtocol(seed_size=30, batch_size=20, rounds=2, trials=2, seed=4, mean_size=5)


@pytest.mark.parametrize("value", [0, -1, 1.5, True])
def test_refresh_rounds_out_of_range_are_refused(value):
    with pytest.raises(ArgumentError, match="refresh_rounds"):
        LabProtocol(seed_size=10, batch_size=10, rounds=1, trials=1, refresh_rounds=value)


@pytest.mark.parametrize("dial", ["seed_size", "batch_size", "rounds", "trials"])
@pytest.mark.parametrize("value", [0, -1, 1.5, True])
def test_dials_out_of_range_are_refused(dial, value):
    dials = {"seed_size": 10, "batch_size": 10, "rounds": 1, "trials": 1} | {dial: value}
    with pytest.raises(ArgumentError, match=dial):
        LabProtocol(**dials)


def test_every_seed_of_a_trial_is_a_seed():
    for trial in range(50):
        check_seed(PROTOCOL.seed_of(trial, "fit", 1))
    assert PROTOCOL.seed_of(0, "fit", 1) != PROTOCOL.seed_of(1, "fit", 1)
