from __future__ import annotations

import numpy as np
import pytest

import ladle
from ladle.errors import ArgumentError, DataError, NonFiniteError, ShapeError, ZeroVectorError
from tests.hac.pools import blobs


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_not_finite(bad: float, dtype: type) -> None:
    embeddings = blobs(40, 300, 6).astype(dtype)
    embeddings[217, 3] = bad
    with pytest.raises(NonFiniteError, match="row 217"):
        ladle.cluster(embeddings)


def test_zero_vector_only_matters_under_cosine() -> None:
    embeddings = blobs(41, 300, 6)
    embeddings[55] = 0
    with pytest.raises(ZeroVectorError, match="row 55"):
        ladle.cluster(embeddings, metric="cosine")
    assert ladle.cluster(embeddings, metric="sqeuclidean").complete


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ([[1.0, 2.0], [3.0]], ShapeError),
        (np.ones(5), ShapeError),
        (np.ones((2, 3, 4)), ShapeError),
        (np.empty((0, 4)), ShapeError),
        (np.empty((4, 0)), ShapeError),
        (np.array([["a", "b"]]), ArgumentError),
        (np.array([[1j, 2j]]), ArgumentError),
        (np.array([[None, 1.0]], dtype=object), ArgumentError),
    ],
)
def test_not_a_matrix_of_numbers(value: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        ladle.cluster(value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "options",
    [
        {"metric": "euclidean"},
        {"engine": "magic"},
        {"exact": False, "engine": "brute"},
        {"exact": True, "engine": "cells"},
        {"exact": "yes"},
        {"quality": "best"},
        {"seed": -1},
        {"seed": 1.5},
        {"mean_size": 10, "threshold": 1.0},
    ],
)
def test_bad_options(options: dict[str, object]) -> None:
    with pytest.raises(ArgumentError):
        ladle.cluster(blobs(42, 30, 3), **options)  # type: ignore[arg-type]


def test_values_whose_squares_overflow() -> None:
    embeddings = np.array([[1e19, 0], [0, 1.0]])
    with pytest.raises(DataError, match="Divide"):
        ladle.cluster(embeddings, metric="sqeuclidean")
    assert ladle.cluster(embeddings * 1e280, metric="cosine").heights[0] == pytest.approx(1.0)


def test_tiny_values_do_not_vanish_under_cosine() -> None:
    tree = ladle.cluster(np.array([[1e-300, 0], [0, 1e-200]]), metric="cosine")
    assert tree.heights[0] == pytest.approx(1.0)


def test_the_input_is_not_changed() -> None:
    embeddings = blobs(43, 5000, 6)
    embeddings.setflags(write=False)
    before = embeddings.copy()
    ladle.cluster(embeddings)
    assert np.array_equal(before, embeddings)
