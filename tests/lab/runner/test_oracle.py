"""The simulated annotator."""

import numpy as np
import pytest

from ladle.errors import ArgumentError
from ladle.lab.runner.oracle import Oracle


def test_it_tells_and_counts():
    oracle = Oracle(np.array([5, 6, 7, 8]))
    assert oracle.annotate([2, 0]).tolist() == [7, 5]
    assert oracle.annotate([3]).tolist() == [8]
    assert oracle.asked == 3
    assert oracle.rows.tolist() == [2, 0, 3]
    assert oracle.labels.tolist() == [7, 5, 8]


def test_it_is_not_asked_twice():
    oracle = Oracle(np.array([5, 6, 7]))
    assert oracle.rows.size == 0
    oracle.annotate([1])
    with pytest.raises(ArgumentError, match="nobody labelled"):
        oracle.annotate([0, 1])
    with pytest.raises(ArgumentError):
        oracle.annotate([0, 0])
    assert oracle.asked == 1
