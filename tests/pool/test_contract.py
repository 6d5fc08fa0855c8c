"""Every source keeps the promises of ladle.pool.contract."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ladle
from ladle.errors import ArgumentError, IdError, MemoryPlanError, NonFiniteError, ZeroVectorError

ROWS, DIM = 23, 5


def vectors_of(dtype, rows=ROWS, dim=DIM, seed=0):
    return np.random.default_rng(seed).standard_normal((rows, dim)).astype(dtype)


def names(rows=ROWS):
    return [f"im-{row * 7 % 31:02}é" for row in range(rows)]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_gives_back_what_was_stored(make, dtype):
    vectors, ids = vectors_of(dtype), names()
    pool = make(vectors, ids)
    assert (pool.rows, len(pool), pool.dim, pool.dtype) == (ROWS, ROWS, DIM, np.dtype(dtype))
    assert pool.embeddings().dtype == np.dtype(dtype)
    np.testing.assert_array_equal(pool.embeddings(), vectors)
    assert pool.ids.to_pylist() == ids
    assert str(pool.ids.type) == "large_string"


def test_integer_ids_come_back_as_int64(make):
    ids = (np.arange(ROWS, dtype=np.uint16) * 3)[::-1].copy()
    pool = make(vectors_of("float32"), ids)
    assert str(pool.ids.type) == "int64"
    assert pool.ids.to_pylist() == ids.tolist()
    assert pool.describe().id_type == "integer"


@pytest.mark.parametrize("block_bytes", [1, 4 * DIM * 4, 1 << 20])
def test_blocks_cover_every_row_once_and_keep_to_their_size(make, block_bytes):
    vectors = vectors_of("float32")
    pool = make(vectors, names())
    start = 0
    for rows, block in pool.blocks(block_bytes):
        assert rows.start == start
        assert block.shape == (rows.stop - rows.start, DIM)
        assert block.nbytes <= max(block_bytes, DIM * 4)
        np.testing.assert_array_equal(block, vectors[rows])
        start = rows.stop
    assert start == ROWS


def test_rows_of_undoes_ids_at(make):
    pool = make(vectors_of("float32"), names())
    rows = np.random.default_rng(1).permutation(ROWS)[:9]
    ids = pool.ids_at(rows)
    np.testing.assert_array_equal(pool.rows_of(ids), rows)
    np.testing.assert_array_equal(pool.rows_of(ids.to_pylist() * 2), np.tile(rows, 2))
    assert pool.rows_of(ids).dtype == np.int64
    np.testing.assert_array_equal(pool.rows_of(pool.ids), np.arange(ROWS))
    assert pool.rows_of([]).shape == (0,)


def test_unknown_ids_are_told(make):
    pool = make(vectors_of("float32"), names())
    with pytest.raises(IdError, match="2 of 3 unknown, the first 'no-1', 'no-2'"):
        pool.rows_of(["no-1", names()[0], "no-2"])
    with pytest.raises(IdError, match="of the kind of the pool's ids"):
        pool.rows_of([1, 2])
    with pytest.raises(ArgumentError, match="list or an array"):
        pool.rows_of("im-00")
    with pytest.raises(ArgumentError, match="got row 23"):
        pool.ids_at([0, ROWS])
    with pytest.raises(ArgumentError, match="got row -1"):
        pool.ids_at([-1])


def test_check_passes_good_vectors_and_names_bad_rows(make):
    vectors = vectors_of("float32")
    make(vectors, names()).check("cosine")
    vectors[17] = 0
    pool = make(vectors, names())
    pool.check()
    pool.check("sqeuclidean")
    with pytest.raises(ZeroVectorError, match="row 17"):
        pool.check("cosine")


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_check_names_the_row_that_is_not_finite(make, dtype, bad):
    vectors = vectors_of(dtype)
    vectors[19, 3] = bad
    with pytest.raises(NonFiniteError, match="row 19"):
        make(vectors, names()).check()


def test_duplicate_ids_are_refused_at_opening(make):
    ids = names()
    ids[20] = ids[3]
    with pytest.raises(IdError, match=r"1 repeats.*position 20 repeats position 3"):
        make(vectors_of("float32"), ids)


def test_too_little_memory_is_told_before_loading(make, monkeypatch):
    pool = make(vectors_of("float32"), names())
    monkeypatch.setenv("LADLE_MEMORY", "100B")
    try:
        told = pool.embeddings().shape  # a view needs no memory
    except MemoryPlanError as error:
        told = error.got
    assert told in ((ROWS, DIM), "460 B needed")


def test_describe_and_repr(make):
    pool = make(vectors_of("float16"), names())
    facts = pool.describe()
    assert (facts.rows, facts.dim, facts.dtype, facts.id_type) == (ROWS, DIM, "float16", "text")
    assert facts.embedding_bytes == ROWS * DIM * 2
    assert "23 rows, dim 5, float16" in repr(pool)
    assert repr(pool.id_column).startswith("<Ids: 23 of kind ")


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.integers(1, 40),
    dim=st.integers(1, 9),
    dtype=st.sampled_from(["float16", "float32", "float64"]),
    integer=st.booleans(),
    block_bytes=st.integers(1, 4000),
    seed=st.integers(0, 99),
)
def test_law_every_format_is_the_same_pool(makers, tmp_path_factory, rows, dim, dtype, integer, block_bytes, seed):
    rng = np.random.default_rng(seed)
    vectors = vectors_of(dtype, rows, dim, seed)
    numbers = rng.permutation(10 * rows)[:rows]
    ids = numbers if integer else np.array([f"x{number}" for number in numbers])
    digests = set()
    for name, maker in makers.items():
        source, options = maker(vectors, ids, tmp_path_factory.mktemp(name))
        pool = ladle.open_pool(source, **options)
        np.testing.assert_array_equal(pool.embeddings(), vectors, err_msg=name)
        np.testing.assert_array_equal(np.vstack([block.copy() for _, block in pool.blocks(block_bytes)]), vectors)
        assert pool.ids.to_pylist() == ids.tolist(), name
        digests.add(pool.digest)
    assert len(digests) == 1
