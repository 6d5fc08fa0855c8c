"""Every vector store keeps the promises of a pool, with its real library."""

from __future__ import annotations

import numpy as np
import pytest

import ladle
from ladle import labelling
from ladle.errors import MismatchError, NonFiniteError
from ladle.vector_stores import store_reader
from tests.vector_stores.conftest import name_of

pytestmark = [pytest.mark.long, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

ROWS, DIM = 150, 5
X = np.random.default_rng(0).standard_normal((ROWS, DIM)).astype(np.float32)
NUMBERS = list(range(ROWS))
NAMES = [name_of(each) for each in NUMBERS]


@pytest.fixture
def filled(made):
    made.write(NUMBERS, X)
    return made


def test_gives_back_what_was_stored(filled):
    pool = filled.open()
    np.testing.assert_array_equal(pool.embeddings(), X)
    assert (pool.rows, pool.dim, pool.dtype) == (ROWS, DIM, np.float32)
    assert pool.ids.to_pylist() == NAMES
    assert pool.digest == ladle.open_pool(X, ids=NAMES).digest
    assert pool.describe().id_type == "text"


@pytest.mark.parametrize("block_bytes", [1, 4 * DIM * 4, 1 << 20])
@pytest.mark.parametrize("piece_rows", [7, 64, 1000])
def test_blocks_are_in_order_whatever_the_sizes(filled, block_bytes, piece_rows, monkeypatch):
    monkeypatch.setattr(store_reader, "_LEAST_ROWS", piece_rows)
    monkeypatch.setattr(store_reader, "_MOST_ROWS", piece_rows)
    pool, start = filled.open(), 0
    for rows, block in pool.blocks(block_bytes):
        assert rows == slice(start, start + len(block))
        assert len(block) <= piece_rows
        assert block.nbytes <= max(block_bytes, DIM * 4)
        np.testing.assert_array_equal(block, X[rows])
        start = rows.stop
    assert start == ROWS


def test_clusters_selects_and_runs_a_campaign_like_the_array(filled):
    pool = filled.open()
    tree = ladle.cluster(X)
    np.testing.assert_array_equal(ladle.cluster(pool).heights, tree.heights)
    np.testing.assert_array_equal(tree.assign(pool, pool=pool).labels, tree.assign(X, pool=X).labels)
    chosen = ladle.strategies.CoreSet().query(5, embeddings=X).rows
    np.testing.assert_array_equal(ladle.strategies.CoreSet().query(5, embeddings=pool).rows, chosen)
    with ladle.Campaign.create(
        labelling.MemoryStore(), name="c", pool=pool, strategy="coreset", labels=[0, 1]
    ) as running:
        assert running.ask(5).ids.tolist() == [NAMES[row] for row in chosen]
        assert running.tell(NAMES[:3], [0, 1, 1]).accepted == 3


def test_a_vector_that_changes_meanwhile_is_noticed(filled):
    pool = filled.open()
    pool.check()
    filled.write([NUMBERS[70]], X[70:71] + 1)
    with pytest.raises(MismatchError, match=r"stay as it was when the pool was opened.*Open the pool again"):
        pool.embeddings()
    assert sorted(filled.open().ids.to_pylist()) == NAMES


@pytest.mark.parametrize("change", ["one more", "one less", "one in place of another"])
def test_a_row_that_comes_or_goes_meanwhile_is_noticed(filled, change):
    pool = filled.open()
    if change != "one more":
        filled.delete(70)
    if change != "one less":
        filled.write([ROWS], X[:1])
    with pytest.raises(MismatchError, match="stay as it was when the pool was opened"):
        pool.check()


def test_the_same_content_written_again_is_no_change(filled):
    pool = filled.open()
    pool.check("cosine")
    pool.check("cosine")
    again = filled.open()
    assert again.digest == pool.digest


def test_vectors_that_cannot_be_used(filled):
    filled.write([3], X[3:4] * 0)
    pool = filled.open()
    with pytest.raises(ladle.errors.ZeroVectorError, match="all-zero"):
        pool.check("cosine")
    left = ladle.open_pool(pool, skip_invalid=True)
    assert left.skipped.ids.to_pylist() == [name_of(3)]
    assert left.rows == ROWS - 1


def test_a_store_without_examples(made):
    made.write([0], X[:1])
    made.delete(0)
    with pytest.raises(ladle.errors.ShapeError, match=r"at least one row|hold vectors"):
        made.open()


def test_numbers_that_are_not_finite(filled, request):
    bad = X[5:6].copy()
    bad[0, 1] = np.inf
    try:
        filled.write([5], bad)
    except Exception:  # pgvector and others refuse them themselves
        return
    with pytest.raises(NonFiniteError, match=f"'{name_of(5)}'"):
        filled.open().check()
