"""Scores are matched to the pool by id, whatever their order and format."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ladle
from ladle.errors import (
    ArgumentError,
    FileError,
    FileFormatError,
    IdError,
    MemoryPlanError,
    NonFiniteError,
    ProbabilityError,
    ShapeError,
)
from ladle.scores import margin
from ladle.scores.files.score_file import open_scores

N, C = 30, 4
IDS = [f"im{row:02}" for row in range(N)]


def probabilities(seed=0, rows=N, dtype=np.float32):
    values = np.random.default_rng(seed).dirichlet(np.ones(C), rows)
    return values.astype(dtype)


@pytest.fixture
def pool():
    return ladle.open_pool(np.eye(N, 3, dtype=np.float32), ids=IDS)


def lists(values, kind=None):
    return pa.array(values.tolist(), kind or pa.list_(pa.float32()))


def shuffled(seed=1):
    return np.random.default_rng(seed).permutation(N)


def as_parquet(P, order, folder):
    pq.write_table(pa.table({"p": lists(P[order]), "id": [IDS[row] for row in order]}), folder / "s.parquet")
    return folder / "s.parquet"


def as_parquet_columns(P, order, folder):
    columns = {f"class_{label}": P[order, label] for label in range(C)}
    pq.write_table(pa.table({"id": [IDS[row] for row in order], "note": order, **columns}), folder / "s.parquet")
    return folder / "s.parquet"


def as_parquet_folder(P, order, folder):
    for number, piece in enumerate(np.array_split(order, 3)):
        values = pa.FixedSizeListArray.from_arrays(pa.array(P[piece].ravel()), C)
        pq.write_table(pa.table({"id": [IDS[row] for row in piece], "p": values}), folder / f"{number}.parquet")
    return folder


def as_feather(P, order, folder):
    ids = pa.array([IDS[row] for row in order]).dictionary_encode()
    pyarrow.feather.write_feather(pa.table({"id": ids, "p": lists(P[order])}), folder / "s.feather", chunksize=7)
    return folder / "s.feather"


def as_npz(P, order, folder):
    np.savez(folder / "s.npz", ids=np.array(IDS)[order], scores=P[order])
    return folder / "s.npz"


def as_table(P, order, folder):
    return pa.table({"id": [IDS[row] for row in order], "p": lists(P[order])})


MATCHED = [as_parquet, as_parquet_columns, as_parquet_folder, as_feather, as_npz, as_table]


@pytest.mark.parametrize("write", MATCHED)
@pytest.mark.parametrize("in_order", [True, False])
def test_scores_are_matched_by_id(pool, tmp_path, write, in_order):
    P = probabilities()
    scores = open_scores(write(P, np.arange(N) if in_order else shuffled(), tmp_path), pool)
    assert scores.width == C
    np.testing.assert_allclose(scores.reduced(margin), margin(P), atol=1e-6)
    np.testing.assert_array_equal(scores.matrix(lambda block: block), P)


@settings(max_examples=20)
@given(seed=st.integers(0, 999), block_bytes=st.integers(1, 600), cut=st.integers(1, N))
def test_law_block_size_and_order_do_not_matter(tmp_path_factory, seed, block_bytes, cut):
    pool = ladle.open_pool(np.eye(N, 3), ids=IDS)
    P = probabilities(seed)
    whole = as_table(P, shuffled(seed), None)
    scores = open_scores(pa.concat_tables([whole[:cut], whole[cut:]]), pool)
    found = np.full((N, C), np.nan, np.float32)
    for rows, values in scores.blocks(block_bytes):
        found[rows] = values
    np.testing.assert_array_equal(found, P)


def test_scores_without_ids_are_in_pool_order(pool, tmp_path):
    P = probabilities()
    np.save(tmp_path / "s.npy", P)
    folder = tmp_path / "shards"
    folder.mkdir()
    np.save(folder / "a.npy", P[:11])
    np.save(folder / "b.npy", P[11:])
    np.savez(tmp_path / "s.npz", P)
    for source in (P, tmp_path / "s.npy", folder, tmp_path / "s.npz"):
        np.testing.assert_array_equal(open_scores(source, pool).reduced(margin), margin(P))
    np.save(tmp_path / "s.npy", P[:-1])
    with pytest.raises(ShapeError, match="30 rows, as it has no ids; got 29"):
        open_scores(tmp_path / "s.npy", pool)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        *(("classes", wrong) for wrong in ("4", 4.0, True, 0, float("nan"), {4})),
        *(("column", wrong) for wrong in (5, [5], {"p"})),
        *(("id", wrong) for wrong in (5, ["id"], True)),
    ],
)
def test_wrong_names_and_counts_are_refused_by_name(pool, name, wrong):
    with pytest.raises(ArgumentError, match=f"`{name}` must be"):
        open_scores(probabilities(), pool, **{name: wrong})


def test_single_numbers(pool, tmp_path):
    values = np.linspace(0, 1, N).astype(np.float32)
    np.save(tmp_path / "m.npy", values)
    order = shuffled()
    ids = [IDS[row] for row in order]
    one = pa.table({"id": ids, "lead": values[order]})
    named = pa.table({"id": ids, "margin": values[order].astype(np.float64), "other": values[order] * 0})
    for source in (values, tmp_path / "m.npy", one, named):
        scores = open_scores(source, pool, single=True)
        assert scores.width is None
        assert repr(scores).endswith(": 30 entries of one number>")
        np.testing.assert_allclose(scores.reduced(lambda block: block), values, rtol=1e-6)
    np.testing.assert_array_equal(open_scores(named, pool, single=True, column="other").reduced(np.asarray), 0)
    with pytest.raises(ArgumentError, match="one float column of margins"):
        open_scores(as_parquet_columns(probabilities(), order, tmp_path), pool, single=True)
    with pytest.raises(ShapeError, match="one margin per row"):
        open_scores(probabilities(), pool, single=True)
    with pytest.raises(ShapeError, match="classes"):
        open_scores(values, pool)


def test_labelled_examples_may_lack_a_score(pool):
    P = probabilities()
    labelled = np.array([3, 17])
    rest = np.setdiff1d(shuffled(), labelled)
    scores = open_scores(as_table(P, rest, None), pool, labelled=labelled)
    margins = scores.reduced(margin)
    np.testing.assert_array_equal(margins[labelled], 1)
    np.testing.assert_allclose(margins[rest], margin(P)[rest], atol=1e-6)
    np.testing.assert_array_equal(margin(scores.matrix(np.asarray))[labelled], 1)


def test_ids_must_match_the_pool(pool):
    P = probabilities()
    with pytest.raises(IdError, match=r"cover every example .* none for 2 of the pool's 30, such as 'im28', 'im29'"):
        open_scores(as_table(P, np.arange(N - 2), None), pool)
    with pytest.raises(IdError, match=r"none for 1 .* 'im29'"):
        open_scores(as_table(P, np.arange(N - 2), None), pool, labelled=np.array([28]))
    with pytest.raises(IdError, match="1 repeats, the first 'im05'"):
        open_scores(as_table(P, np.r_[np.arange(N), 5], None), pool)
    strange = pa.table({"id": [*IDS, "zz"], "p": lists(probabilities(rows=N + 1))})
    with pytest.raises(IdError, match=r"the ids in a table must be in the pool .* 1 of 31 unknown, the first 'zz'"):
        open_scores(strange, pool)
    with pytest.raises(IdError, match=r"kind of the pool's ids \(text\)"):
        open_scores(pa.table({"id": range(N), "p": lists(P)}), pool)
    with pytest.raises(IdError, match="nulls"):
        open_scores(pa.table({"id": [None, *IDS[1:]], "p": lists(P)}), pool)
    with pytest.raises(ArgumentError, match="the ids in a column `id`"):
        open_scores(pa.table({"key": IDS, "p": lists(P)}), pool)


def test_columns_must_be_clear(pool, tmp_path):
    P = probabilities()
    both = pa.table({"id": IDS, "p": lists(P), "q": lists(P)})
    with pytest.raises(ArgumentError, match=r"`p` .*, `q` .* Name the column"):
        open_scores(both, pool)
    assert open_scores(both, pool, column="q").width == C
    with pytest.raises(ArgumentError, match="a column `r`; got p, q"):
        open_scores(both, pool, column="r")
    np.savez(tmp_path / "two.npz", a=P, b=P)
    with pytest.raises(ArgumentError, match="one array beside its ids; got a, b"):
        open_scores(tmp_path / "two.npz", pool)
    assert open_scores(tmp_path / "two.npz", pool, column="b").width == C
    with pytest.raises(FileError, match="nothing there"):
        open_scores(tmp_path / "none.npy", pool)
    (tmp_path / "s.xlsx").write_text("id,p\n")
    with pytest.raises(FileFormatError, match="ending in"):
        open_scores(tmp_path / "s.xlsx", pool)


def test_bad_values_name_their_place(pool):
    P = probabilities()
    table = as_table(P, np.arange(N), None)
    for values, kind, told in (
        ([*P[:9].tolist(), None, *P[10:].tolist()], ShapeError, "null in row 9"),
        ([*P[:9].tolist(), [1.0], *P[10:].tolist()], ShapeError, "got 1 in row 9"),
    ):
        column = pa.array(values, pa.list_(pa.float32()))
        with pytest.raises(kind, match=told):
            open_scores(table.set_column(1, "p", column), pool).reduced(margin)
    columns = pa.table({"id": IDS, "a": [None, *[0.5] * (N - 1)], "b": [0.5] * N})
    with pytest.raises(ShapeError, match="`a` must have a number in every row; got null in row 0"):
        open_scores(columns, pool).reduced(margin)
    halves = pa.concat_tables([table[:20], pa.table({"id": IDS[20:], "p": lists(P[20:] * 2)})])
    with pytest.raises(ProbabilityError, match=r"row 0.*counting from entry 20 of a table"):
        open_scores(halves, pool).reduced(margin)
    for bad in (np.nan, np.inf, 1e300):
        with pytest.raises(NonFiniteError):
            open_scores(np.array([bad] * N), pool, single=True).reduced(np.asarray)


def test_a_matrix_that_does_not_fit_is_refused(pool, monkeypatch):
    scores = open_scores(probabilities(), pool)
    monkeypatch.setenv("LADLE_MEMORY", "400B")
    with pytest.raises(MemoryPlanError, match="480 B needed"):
        scores.matrix(np.asarray)


@pytest.mark.parametrize("name", ["img", "sample", "row", "n", "position", "image_id"])
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@pytest.mark.parametrize("of", ["text", "integers"])
def test_a_column_that_may_hold_ids_is_never_passed_over(tmp_path, name, suffix, of):
    """By position its scores would belong to other rows, whatever the column is called."""
    order = np.random.default_rng(3).permutation(40)
    ids = [f"i{row}" for row in range(40)] if of == "text" else list(range(40))
    pool = ladle.open_pool(np.eye(40), ids=ids if of == "text" else None)
    P = np.random.default_rng(4).dirichlet(np.ones(3), 40)
    table = pa.table({name: [ids[row] for row in order], **{f"p{c}": P[order, c] for c in range(3)}})
    path = tmp_path / f"s.{suffix}"
    pq.write_table(table, path) if suffix == "parquet" else pa.csv.write_csv(table, path)
    with pytest.raises(ArgumentError, match=f'`{name}` may hold them.*Say id="{name}"'):
        open_scores(path, pool)
    assert np.allclose(open_scores(path, pool, id=name).matrix(lambda block: block), P)


def test_the_index_that_a_frame_writes_is_not_passed_over(tmp_path):
    (tmp_path / "s.csv").write_text(",p0,p1\n2,.1,.9\n0,.2,.8\n1,.3,.7\n")
    with pytest.raises(ArgumentError, match="the first, which has no name may hold them"):
        open_scores(tmp_path / "s.csv", ladle.open_pool(np.eye(3)))


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_the_pools_own_id_column_is_that_of_its_scores(tmp_path, suffix):
    table = pa.table({"image_id": ["b", "a"], "p0": [0.1, 0.7], "p1": [0.9, 0.3]})
    path = tmp_path / f"s.{suffix}"
    pq.write_table(table, path) if suffix == "parquet" else pa.csv.write_csv(table, path)
    pool = ladle.open_pool(pa.table({"image_id": ["a", "b"], "emb": [[1.0], [2.0]]}), id="image_id")
    assert np.allclose(open_scores(path, pool).matrix(lambda block: block)[:, 0], [0.7, 0.1])
