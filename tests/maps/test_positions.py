"""Principal components against scikit-learn, and layouts from files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import ladle
from ladle import errors
from ladle.maps import given_positions, positions, principal_positions


def vectors(rows: int = 500, dim: int = 12) -> np.ndarray:
    rng = np.random.default_rng(5)
    return (rng.normal(size=(rows, dim)) * np.linspace(4, 0.5, dim) + 1_000).astype(np.float32)


def test_they_are_those_of_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    from sklearn.decomposition import PCA

    X = vectors()
    true = PCA(2, svd_solver="full").fit_transform(X.astype(np.float64))
    monkeypatch.setattr(positions, "_BLOCK_BYTES", 1_000)  # many blocks
    found = principal_positions(ladle.open_pool(X))
    for axis in range(2):
        sign = np.sign(true[:, axis] @ found[:, axis])
        assert np.allclose(found[:, axis], sign * true[:, axis], atol=2e-3)
    assert found.dtype == np.float32


def test_a_sample_of_the_rows_gives_nearly_the_same_axes(monkeypatch: pytest.MonkeyPatch) -> None:
    X = vectors(4_000)
    whole = principal_positions(ladle.open_pool(X))
    monkeypatch.setattr(positions, "_SAMPLE", 1_000)
    monkeypatch.setattr(positions, "_BLOCK_BYTES", 48 * 7)  # blocks that the step does not divide
    sampled = principal_positions(ladle.open_pool(X))
    assert np.abs(np.corrcoef(whole[:, 0], sampled[:, 0])[0, 1]) > 0.97
    by_hand = X[::4].astype(np.float64)
    axes = np.linalg.svd(by_hand - by_hand.mean(axis=0))[2][:2].T
    expected = (X - by_hand.mean(axis=0)) @ axes
    assert np.allclose(np.abs(sampled), np.abs(expected), atol=5e-3)


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_other_widths(dtype: type) -> None:
    X = (vectors() - 1_000).astype(dtype)
    found = principal_positions(ladle.open_pool(X))
    same = principal_positions(ladle.open_pool(X.astype(np.float32)))
    assert np.allclose(found, same, atol=1e-3)


def test_one_dimension_and_one_row() -> None:
    found = principal_positions(ladle.open_pool(np.array([[1.0], [3.0], [8.0]], np.float32)))
    assert np.allclose(found, [[-3, 0], [-1, 0], [4, 0]])
    assert principal_positions(ladle.open_pool(np.ones((1, 4), np.float32))).tolist() == [[0, 0]]


def test_a_number_that_is_none_is_named() -> None:
    X = vectors(30)
    X[21, 3] = np.inf
    with pytest.raises(errors.NonFiniteError, match="21"):
        principal_positions(ladle.open_pool(X))


class TestGiven:
    def pool(self) -> ladle.Pool:
        return ladle.open_pool(vectors(4), ids=["a", "b", "c", "d"])

    def test_by_id_in_any_order(self, tmp_path: Path) -> None:
        table = {"id": ["c", "a", "d", "b"], "x": [3.0, 1.0, 4.0, 2.0], "y": [-3.0, -1.0, -4.0, -2.0]}
        pq.write_table(pa.table(table), tmp_path / "umap.parquet")
        found = given_positions(tmp_path / "umap.parquet", self.pool())
        assert found.tolist() == [[1, -1], [2, -2], [3, -3], [4, -4]]

    def test_by_row(self, tmp_path: Path) -> None:
        rows = np.arange(8, dtype=np.float64).reshape(4, 2)
        np.save(tmp_path / "umap.npy", rows)
        assert np.array_equal(given_positions(tmp_path / "umap.npy", self.pool()), rows)

    def test_every_example_needs_one(self, tmp_path: Path) -> None:
        pq.write_table(pa.table({"id": ["c", "a"], "x": [3.0, 1.0], "y": [0.0, 0.0]}), tmp_path / "umap.parquet")
        with pytest.raises(errors.IdError):
            given_positions(tmp_path / "umap.parquet", self.pool())

    def test_three_columns_are_no_layout(self, tmp_path: Path) -> None:
        np.save(tmp_path / "umap.npy", np.zeros((4, 3)))
        with pytest.raises(errors.ClassCountError):
            given_positions(tmp_path / "umap.npy", self.pool())
