"""Rows that cannot be used: told in full, or left out with every other row known by its id and its place."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import ladle
from ladle.errors import ArgumentError, IdError, MismatchError, NonFiniteError, ShapeError, ZeroVectorError
from ladle.scores.files.score_file import open_scores

ROWS, DIM = 400, 5
NAN, INFINITE, ZERO, NULL, SHORT, EMPTY, HOLE = 3, 50, 120, 0, 399, 7, 200
REASONS = {
    NULL: "no vector (null)",
    NAN: "NaN or infinity",
    EMPTY: "a vector of another length",
    INFINITE: "NaN or infinity",
    ZERO: "all zeros, which has no direction under the cosine metric",
    HOLE: "a null among the numbers",
    SHORT: "a vector of another length",
}
LIST_KINDS = [pa.list_(pa.float32()), pa.large_list(pa.float64()), pa.list_view(pa.float32())]


@pytest.fixture
def vectors():
    made = np.random.default_rng(0).standard_normal((ROWS, DIM)).astype(np.float32)
    made[NAN, 2], made[INFINITE, 0], made[ZERO] = np.nan, -np.inf, 0
    return made


def names():
    return [f"im{row:03}" for row in range(ROWS)]


def table(vectors, kind=LIST_KINDS[0]):
    lists = vectors.tolist()
    lists[NULL], lists[SHORT], lists[EMPTY], lists[HOLE] = None, lists[SHORT][:3], [], [1.0, None, 1.0, 1.0, 1.0]
    return pa.table({"id": names(), "emb": pa.array(lists, kind)})


# -- without it ----------------------------------------------------------------------------------------------------


def test_an_error_tells_how_many_which_and_why(vectors):
    tree = ladle.cluster(vectors, skip_invalid=True)
    for use in (ladle.cluster, tree.assign, lambda given: ladle.open_pool(given).check("cosine")):
        with pytest.raises((NonFiniteError, ZeroVectorError)) as error:
            use(vectors)
        told = str(error.value)
        assert "3 of 400 rows (2 with NaN or infinity, 1 with all zeros" in told
        assert "rows 3, 50, 120, ids 3, 50, 120" in told
        assert "skip_invalid=True" in told
    with pytest.raises(NonFiniteError, match=r"2 of 400 rows \(2 with NaN.*: rows 3, 50, ids 'im003', 'im050'"):
        ladle.cluster(ladle.open_pool(vectors, ids=names()), metric="sqeuclidean")


def test_a_table_tells_its_ids(vectors):
    with pytest.raises(ShapeError) as error:
        ladle.cluster(ladle.open_pool(table(vectors)))
    told = str(error.value)
    assert "7 of 400 rows (1 with no vector (null), 2 with a vector of another length, 1 with a null among" in told
    assert "rows 0, 3, 7, 50, 120, ..., ids 'im000', 'im003', 'im007', 'im050', 'im120', ..." in told


# -- with it -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", LIST_KINDS, ids=str)
@pytest.mark.parametrize("block_bytes", [1, 500, 1 << 20])
def test_every_kind_is_left_out_and_listed(vectors, kind, block_bytes):
    pool = ladle.open_pool(table(vectors, kind), skip_invalid=True)
    bad = sorted(REASONS)
    good = np.setdiff1d(np.arange(ROWS), bad)
    assert pool.rows == ROWS - len(bad)
    assert pool.dim == DIM
    assert pool.skipped.rows.tolist() == bad
    assert pool.skipped.reasons() == [REASONS[row] for row in bad]
    assert pool.skipped.ids.to_pylist() == [names()[row] for row in bad]
    assert pool.ids.to_pylist() == [names()[row] for row in good]
    np.testing.assert_array_equal(pool.source_rows(np.arange(pool.rows)), good)
    assert pool.source_count == ROWS
    np.testing.assert_array_equal(pool.embeddings(), vectors[good])
    start = 0
    for rows, block in pool.blocks(block_bytes):
        assert rows == slice(start, start + len(block))
        np.testing.assert_array_equal(block, vectors[good][rows])
        start = rows.stop
    assert start == pool.rows
    pool.check("cosine")
    assert "left out" in pool.notices[-1]


@pytest.mark.parametrize("fixed", [True, False])
def test_fixed_size_lists_and_wide_pools(vectors, fixed, tmp_path):
    lists = vectors.astype(object).tolist()
    lists[HOLE][1] = None
    if fixed:
        lists[NULL] = None
        made = pa.table({"id": names(), "emb": pa.array(lists, pa.list_(pa.float32(), DIM))})
    else:
        columns = {f"e{place}": pa.array([row[place] for row in lists], pa.float32()) for place in range(DIM)}
        made = pa.table({"id": names(), **columns})
    pq.write_table(made, tmp_path / "p.parquet")
    pool = ladle.open_pool(tmp_path / "p.parquet", embedding=None if fixed else "e*", skip_invalid=True)
    bad = [*([NULL] if fixed else []), NAN, INFINITE, ZERO, HOLE]
    assert pool.skipped.rows.tolist() == bad
    np.testing.assert_array_equal(pool.embeddings(), np.delete(vectors, bad, axis=0))


def test_row_numbers_stay_those_of_the_source(make, vectors):
    integers = np.arange(1000, 1000 + ROWS)
    pool = ladle.open_pool(make(vectors, integers), skip_invalid=True)
    good = np.setdiff1d(np.arange(ROWS), [NAN, INFINITE, ZERO])
    np.testing.assert_array_equal(pool.ids.to_numpy(), integers[good])
    plain = ladle.open_pool(vectors, skip_invalid=True)
    np.testing.assert_array_equal(plain.ids.to_numpy(), good)
    assert plain.rows_of([NAN + 1]) == [NAN]
    with pytest.raises(IdError, match="unknown"):
        plain.rows_of([NAN])


def test_zero_vectors_count_by_the_metric(vectors):
    assert ladle.open_pool(vectors, skip_invalid=True, metric="sqeuclidean").skipped.rows.tolist() == [NAN, INFINITE]
    pool = ladle.open_pool(vectors, skip_invalid=True, metric="sqeuclidean")
    again = ladle.open_pool(pool, skip_invalid=True)
    assert again.skipped.rows.tolist() == [NAN, INFINITE, ZERO]
    assert again.source_rows([again.rows - 1]) == [ROWS - 1]
    assert ladle.open_pool(again, skip_invalid=True, metric="sqeuclidean") is again


def test_a_pool_without_faults_and_one_of_faults_only(vectors):
    good = np.delete(vectors, [NAN, INFINITE, ZERO], axis=0)
    pool = ladle.open_pool(good, skip_invalid=True)
    assert pool.skipped is None
    assert pool.notices == ()
    assert pool.digest == ladle.open_pool(good).digest
    with pytest.raises(ShapeError, match=r"none: 9 of 9 rows"):
        ladle.open_pool(np.full((9, 3), np.nan), skip_invalid=True)
    with pytest.raises(ArgumentError, match="skip_invalid"):
        ladle.open_pool(good, skip_invalid="yes")
    with pytest.raises(ArgumentError, match="metric"):
        ladle.open_pool(good, skip_invalid=True, metric="euclid")


def test_clustering_equals_that_of_the_good_rows(vectors, tmp_path):
    bad = [NAN, INFINITE, ZERO]
    expected = ladle.cluster(np.delete(vectors, bad, axis=0), mean_size=10)
    for given in (vectors, ladle.open_pool(vectors)):
        tree = ladle.cluster(given, mean_size=10, skip_invalid=True)
        np.testing.assert_array_equal(tree.merges, expected.merges)
        np.testing.assert_array_equal(tree.heights, expected.heights)
        assert tree.skipped_rows.tolist() == bad
        tree.save(tmp_path / "t.npz")
        loaded = ladle.Dendrogram.load(tmp_path / "t.npz")
        assert loaded.skipped_rows.tolist() == bad
        loaded.check_pool(ladle.open_pool(vectors, skip_invalid=True))
        with pytest.raises(MismatchError, match=r"left out 3 that could not be used \(`skip_invalid`\)"):
            loaded.check_pool(vectors)
    assert expected.skipped_rows is None


def test_the_longer_vectors_do_not_lose_to_an_odd_first_one():
    lists = [[1.0, 2.0]] + [[float(row), 1.0, 2.0] for row in range(9)]
    pool = ladle.open_pool(pa.table({"id": range(10), "emb": lists}), skip_invalid=True)
    assert pool.skipped.rows.tolist() == [0]
    assert pool.dim == 3


# -- scores --------------------------------------------------------------------------------------------------------


def test_scores_by_position_belong_to_the_rows_of_the_source(vectors, tmp_path):
    pool = ladle.open_pool(vectors, skip_invalid=True)
    margins = np.random.default_rng(1).random(ROWS).astype(np.float32)
    margins[NAN] = np.nan  # nobody asks for it
    np.save(tmp_path / "m.npy", margins)
    good = np.setdiff1d(np.arange(ROWS), [NAN, INFINITE, ZERO])
    for source in (margins, tmp_path / "m.npy"):
        found = open_scores(source, pool, single=True).reduced(np.asarray)
        np.testing.assert_array_equal(found, margins[good])
    with pytest.raises(ShapeError, match=r"the pool's 400 rows.*left out, as it has no ids; got 397"):
        open_scores(margins[good], pool, single=True)


def test_scores_by_id_may_hold_the_rows_left_out(vectors):
    pool = ladle.open_pool(table(vectors), skip_invalid=True)
    order = np.random.default_rng(2).permutation(ROWS)
    margins = np.arange(ROWS, dtype=np.float32) / ROWS
    given = pa.table({"id": np.array(names())[order], "margin": margins[order]})
    good = np.setdiff1d(np.arange(ROWS), list(REASONS))
    np.testing.assert_array_equal(open_scores(given, pool, single=True).reduced(np.asarray), margins[good])
    extra = pa.concat_tables([given, pa.table({"id": ["other"], "margin": np.ones(1, np.float32)})])
    with pytest.raises(IdError, match="'other'"):
        open_scores(extra, pool, single=True)
