"""Scores in a CSV file are those of the same table in Parquet, or one clear error that names the row and column."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

import ladle
from ladle.errors import ArgumentError, CorruptFileError, DataError, FileError, IdError, ShapeError
from ladle.scores import margin
from ladle.scores.files.csv_table import open_csv
from ladle.scores.files.score_file import open_scores

N = 40


@pytest.mark.parametrize(
    "ids", [np.arange(N) * 7, np.array([f"im{row}" for row in range(N)]), np.arange(N).astype(str)]
)
def test_the_same_table_in_csv_and_parquet_gives_the_same_margins(tmp_path, ids):
    pool = ladle.open_pool(np.eye(N, 3), ids=ids)
    order = np.random.default_rng(0).permutation(N)
    P = np.random.default_rng(1).dirichlet(np.ones(3), N)
    table = pa.table({"key": ids[order], **{f"p{label}": P[order, label] for label in range(3)}})
    pq.write_table(table, tmp_path / "s.parquet")
    pa.csv.write_csv(table, tmp_path / "s.csv")
    found = [open_scores(tmp_path / name, pool, id="key").reduced(margin) for name in ("s.parquet", "s.csv")]
    np.testing.assert_array_equal(*found)
    np.testing.assert_allclose(found[0], margin(P), atol=1e-6)


def read(tmp_path, text, **options):
    path = tmp_path / "s.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return next(open_csv(path, id_name="id", **options).batches(["id", "p0", "p1"], 100)).to_pydict()


@pytest.mark.parametrize(
    "text",
    [
        "id,p0,p1\na,1,0\nb,0.25,0.75\n",
        "id,p0,p1\r\na,1,0\r\nb,.25,.75\r\n",
        b"\xef\xbb\xbfid,p0,p1\na,1,0\nb,0.25,0.75",
        '"id","p0","p1"\n"a",1.0,0.0\n"b",2.5e-1,7.5E-1\n\n',
        "p1,note,id,p0\n0,x,a,1\n0.75,1,b,0.25\n",
    ],
)
def test_the_ways_to_write_a_csv(tmp_path, text):
    assert read(tmp_path, text) == {"id": ["a", "b"], "p0": [1.0, 0.25], "p1": [0.0, 0.75]}


def test_a_class_that_is_nowhere_or_everywhere_is_a_class(tmp_path):
    assert read(tmp_path, "id,p0,p1\n1,0.5,0\n2,1,0\n")["p1"] == [0.0, 0.0]
    path = tmp_path / "s.csv"
    path.write_text("id,p0,p1,row\n1,1,0,0\n2,0.5,0.5,1\n")
    assert [str(kind) for kind in open_csv(path, id_name="id").schema.types] == ["int64", "double", "double", "int64"]
    path.write_text("id,p0,p1\n1,1,0\n2,0,1\n")
    np.testing.assert_array_equal(open_scores(path, ladle.open_pool(np.eye(2), ids=[2, 1])).reduced(margin), [1, 1])


@pytest.mark.parametrize(("like", "ids"), [("text", ["1", "2"]), ("integer", [1, 2]), (None, [1, 2])])
def test_ids_are_of_the_kind_of_the_pools(tmp_path, like, ids):
    assert read(tmp_path, "id,p0,p1\n1,0.5,0.5\n2,1.0,0\n", like=like)["id"] == ids


@pytest.mark.parametrize(
    ("text", "kind", "told"),
    [
        ("", ArgumentError, "a column `id`; got nothing"),
        ("id,p0,p1\n", ShapeError, "no rows"),
        ("key,p0,p1\na,1,0\n", ArgumentError, "a column `id`; got `key`, `p0`, `p1`"),
        ("id;p0;p1\na;1;0\n", ArgumentError, "got `id;p0;p1`"),
        ("id,id,p0,p1\na,a,1,0\n", ArgumentError, "one column `id`"),
        ("id,p0,p1\na,1,0\nb,1\n", CorruptFileError, "Expected 3 columns, got 2"),
        ("id,p0,p1\na,1,0\n,1,0\n", IdError, "no empty cells; got one in row 1"),
        ("id,p0,p1\na,1,0\nb,1,0\nc,much,0\n", DataError, "column `p0`.*got 'much' in row 2 .*among numbers"),
        ('id,p0,p1\na,"0,5","0,5"\nb,1,0\nc,"0,25",0\n', DataError, "with a point before the decimals"),
        (b"id,p0,p1\n\xff\xfe,1,0\n", CorruptFileError, "UTF-8"),
    ],
)
def test_what_is_no_table_of_scores(tmp_path, text, kind, told):
    with pytest.raises(kind, match=told):
        read(tmp_path, text)


def test_integers_for_a_pool_of_integers(tmp_path):
    with pytest.raises(IdError, match="be integers, as the pool's ids are; got '007'"):
        read(tmp_path, "id,p0,p1\n007,0.5,0.5\n", like="integer")


def test_columns_that_are_named_hold_numbers(tmp_path):
    path = tmp_path / "s.csv"
    path.write_text("id,sure,other\na,1,0.5\nb,0,0.5\n")
    scores = open_scores(path, ladle.open_pool(np.eye(2), ids=["b", "a"]), single=True, column="sure")
    np.testing.assert_array_equal(scores.reduced(np.asarray), [0, 1])
    path.write_text("id,sure\na,1\nb,x\n")
    with pytest.raises(CorruptFileError, match="'x'"):
        open_csv(path, id_name="id", numbers=["sure"])
    with pytest.raises(FileError, match="nothing there"):
        open_scores(tmp_path / "absent.csv", ladle.open_pool(np.eye(2)))


def test_an_empty_cell_is_a_null_as_in_parquet(tmp_path):
    path = tmp_path / "s.csv"
    path.write_text("id,p0,p1\na,1,0\nb,,1\n")
    with pytest.raises(ShapeError, match="`p0` must have a number in every row; got null in row 1"):
        open_scores(path, ladle.open_pool(np.eye(2), ids=["a", "b"])).reduced(margin)
