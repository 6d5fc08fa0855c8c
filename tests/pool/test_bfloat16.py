"""Arrays of bfloat16, which NumPy itself does not have: as they are, and as NumPy writes them to files."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest

import ladle
from ladle.errors import NonFiniteError, ShapeError

X = np.random.default_rng(0).standard_normal((300, 6)).astype(ml_dtypes.bfloat16)
WIDE = X.astype(np.float32)


def as_npy(folder):
    np.save(folder / "x.npy", X)
    return folder / "x.npy"


def as_shards(folder):
    np.save(folder / "e_0.npy", X[:100])
    np.save(folder / "e_1.npy", X[100:])
    return folder


def as_npz(folder):
    np.savez(folder / "x.npz", embeddings=X)
    return folder / "x.npz"


@pytest.mark.parametrize("made", [lambda folder: X, as_npy, as_shards, as_npz])
def test_pools_of_bfloat16_are_read(tmp_path, made):
    pool = ladle.open_pool(made(tmp_path))
    assert pool.dtype == np.float32
    np.testing.assert_array_equal(pool.embeddings(), WIDE)
    np.testing.assert_array_equal(np.concatenate([block for _, block in pool.blocks(500)]), WIDE)


def test_embeddings_of_bfloat16_cluster_and_are_chosen_from():
    one, other = ladle.cluster(X), ladle.cluster(WIDE)
    np.testing.assert_array_equal(one.merges, other.merges)
    np.testing.assert_array_equal(
        ladle.strategies.create("coreset").query(20, embeddings=X, seed=1).rows,
        ladle.strategies.create("coreset").query(20, embeddings=WIDE, seed=1).rows,
    )


def test_views_and_faults_of_bfloat16():
    np.testing.assert_array_equal(ladle.open_pool(X[::2, ::3]).embeddings(), WIDE[::2, ::3])
    bad = X.copy()
    bad[7, 2] = np.nan
    with pytest.raises(NonFiniteError, match="row 7"):
        ladle.cluster(bad)
    with pytest.raises(ShapeError):
        ladle.open_pool(X[0])
