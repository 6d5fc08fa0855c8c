"""Learning curves side by side: measured, on the line between two models, or not known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ladle.labelling.measures.learning_curves import at_equal_counts, curve_of


def test_between_two_models_and_beyond_them() -> None:
    curves = {"a": curve_of([(100, 0.6), (200, 0.8)]), "b": curve_of([(150, 0.5), (400, 0.9)])}
    found = dict(at_equal_counts(curves))
    assert list(found) == [100, 150, 200, 400]
    assert found[150] == {"a": (0.7, False), "b": (0.5, True)}
    assert found[200] == {"a": (0.8, True), "b": (pytest.approx(0.58), False)}
    assert math.isnan(found[100]["b"][0])
    assert math.isnan(found[400]["a"][0])


def test_of_two_models_at_one_count_the_last_stands() -> None:
    assert curve_of([(200, 0.7), (100, 0.6), (200, 0.8)]) == {100: 0.6, 200: 0.8}


points = st.dictionaries(st.integers(0, 50), st.floats(0, 1), min_size=1)


@given(points, points)
def test_lines_are_those_of_numpy(one: dict[int, float], other: dict[int, float]) -> None:
    curve = curve_of(one.items())
    for count, values in at_equal_counts({"one": curve, "other": curve_of(other.items())}):
        value, measured = values["one"]
        truth = np.interp(count, list(curve), list(curve.values()), left=np.nan, right=np.nan)
        np.testing.assert_allclose(value, truth, atol=1e-12)
        assert measured == (count in one)
