"""Vectors in many columns, in views of lists, and columns that the names of folders give."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

import ladle
from ladle.errors import ArgumentError, MismatchError, ShapeError
from ladle.pool.files.listing import list_files
from ladle.pool.tables.table_readers import open_reader, read_column

ROWS, DIM = 30, 12
VECTORS = np.random.default_rng(0).standard_normal((ROWS, DIM)).astype(np.float32)


def wide(dim: int = DIM, rows: slice = slice(None), **others: object) -> pa.Table:
    order = sorted(range(dim), key=str)  # as text, so that natural order differs
    columns = {f"emb_{place}": VECTORS[rows, place] for place in order}
    return pa.table({"id": np.arange(ROWS)[rows], **columns, **others})


# -- one number a column -------------------------------------------------------------------------------------------


def test_a_pattern_takes_columns_in_natural_order(tmp_path):
    pq.write_table(wide(note=["x"] * ROWS), tmp_path / "p.parquet")
    for source in (wide(note=["x"] * ROWS), tmp_path / "p.parquet", wide().to_pandas()):
        for pattern in ("emb_*", "emb_[0-9]*", "e?b_*"):
            pool = ladle.open_pool(source, embedding=pattern)
            assert (pool.dim, pool.dtype) == (DIM, np.float32)
            np.testing.assert_array_equal(pool.embeddings(), VECTORS)
            blocks = [block for _, block in pool.blocks(100)]
            np.testing.assert_array_equal(np.concatenate(blocks), VECTORS)


def test_numbers_of_several_types_become_one(tmp_path):
    table = pa.table({"id": [1, 2], "a0": np.array([1, 2], np.int16), "a1": np.array([0.5, 1.5], np.float32)})
    pool = ladle.open_pool(table, embedding="a*")
    assert pool.dtype == np.float32
    np.testing.assert_array_equal(pool.embeddings(), [[1, 0.5], [2, 1.5]])


def test_a_column_of_the_very_name_comes_before_the_pattern():
    lists = pa.FixedSizeListArray.from_arrays(pa.array(VECTORS.ravel()), DIM)
    assert ladle.open_pool(pa.table({"id": range(ROWS), "e*": lists, "e1": range(ROWS)}), embedding="e*").dim == DIM
    assert ladle.open_pool(pa.table({"id": range(ROWS), "emb": lists, "x": lists}), embedding="em*").dim == DIM


@pytest.mark.parametrize(
    ("others", "told"),
    [
        ({"emb_norm": np.ones(ROWS)}, r"12 like `emb_0` and 1 like `emb_norm`.*`emb_\[0-9\]\*`"),
        ({"emb_v2": np.ones(ROWS)}, "12 like `emb_0` and 1 like `emb_v2`"),
        ({"emb_model": ["m"] * ROWS}, "`emb_model` .* hold a number a row.*got string"),
        ({"emb_list": VECTORS.tolist()}, "`emb_list` .* hold a number a row"),
    ],
)
def test_columns_that_look_like_no_coordinate_are_refused_by_name(others, told):
    with pytest.raises(ArgumentError, match=told):
        ladle.open_pool(wide(**others), embedding="emb_*")
    assert ladle.open_pool(wide(**others), embedding="emb_[0-9]*").dim == DIM


def test_a_pattern_that_matches_nothing_and_a_pool_without_one():
    with pytest.raises(ArgumentError, match=r"have columns like `vec_\*`"):
        ladle.open_pool(wide(), embedding="vec_*")
    with pytest.raises(ArgumentError, match=r"named by a pattern: `emb_\*`"):
        ladle.open_pool(wide())
    with pytest.raises(ArgumentError, match=r"give a pattern: `emb_\*`"):
        ladle.open_pool(wide(), embedding="emb_0")


def test_a_null_coordinate_names_its_row():
    table = wide().set_column(2, "emb_1", pa.array([None if row == 7 else 1.0 for row in range(ROWS)], pa.float32()))
    with pytest.raises(ShapeError, match="null in row 7"):
        ladle.open_pool(table, embedding="emb_*").check()


def test_a_shard_with_more_columns_is_refused(tmp_path):
    pq.write_table(wide(10, slice(0, 9)), tmp_path / "0.parquet")
    pq.write_table(wide(12, slice(9, 20)), tmp_path / "1.parquet")
    with pytest.raises(MismatchError, match=r"1\.parquet must have the same 10 columns.*`emb_10`, `emb_11`"):
        ladle.open_pool(tmp_path, embedding="emb_*")
    pq.write_table(wide(9, slice(9, 20)), tmp_path / "1.parquet")
    with pytest.raises(MismatchError, match=r"1\.parquet must have a column `emb_9`"):
        ladle.open_pool(tmp_path, embedding="emb_*")


def test_a_wide_pool_in_the_command(tmp_path, capsys):
    from ladle.cli import main

    pq.write_table(wide(), tmp_path / "p.parquet")
    given = ["cluster", tmp_path / "p.parquet", "--embedding", "emb_*", "-o", tmp_path / "t.npz", "--json"]
    assert main([str(each) for each in given]) == 0
    assert '"dim": 12' in capsys.readouterr().out
    expected = ladle.cluster(VECTORS, mean_size=10)
    np.testing.assert_array_equal(ladle.Dendrogram.load(tmp_path / "t.npz").merges, expected.merges)


# -- views of lists ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [pa.list_view(pa.float32()), pa.large_list_view(pa.float32())])
def test_views_of_lists_are_lists(kind, tmp_path):
    column = pa.array(VECTORS.tolist(), kind)
    table = pa.table({"id": range(ROWS), "emb": column})
    np.testing.assert_array_equal(ladle.open_pool(table).embeddings(), VECTORS)
    np.testing.assert_array_equal(ladle.open_pool(table.slice(5, 9)).embeddings(), VECTORS[5:14])
    # The items of a view may stand in any order, and with gaps.
    made = pa.LargeListViewArray if pa.types.is_large_list_view(kind) else pa.ListViewArray
    size = pa.int64() if pa.types.is_large_list_view(kind) else pa.int32()
    starts = pa.array((np.arange(ROWS) * DIM)[::-1], size)
    turned = made.from_arrays(starts, pa.array([DIM] * ROWS, size), pa.array(VECTORS.ravel()))
    np.testing.assert_array_equal(
        ladle.open_pool(pa.table({"id": range(ROWS), "e": turned})).embeddings(), VECTORS[::-1]
    )
    odd = pa.array([*VECTORS[:4].tolist(), [1.0], *VECTORS[5:].tolist()], kind)
    with pytest.raises(ShapeError, match="got 1 in row 4"):
        ladle.open_pool(pa.table({"id": range(ROWS), "emb": odd})).check()
    null = pa.array([*VECTORS[:4].tolist(), None, *VECTORS[5:].tolist()], kind)
    with pytest.raises(ShapeError, match="null in row 4"):
        ladle.open_pool(pa.table({"id": range(ROWS), "emb": null})).check()
    with pa.OSFile(str(tmp_path / "p.arrow"), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    np.testing.assert_array_equal(ladle.open_pool(tmp_path / "p.arrow").embeddings(), VECTORS)


def test_an_empty_first_list_does_not_decide():
    table = pa.table({"id": [1, 2], "emb": pa.array([[], [1.0, 2.0]], pa.list_(pa.float32()))})
    with pytest.raises(ShapeError, match="got 0 in row 0"):
        ladle.open_pool(table).check()


# -- folders that name columns -------------------------------------------------------------------------------------


def hive(folder, values=("cat", "dog"), name="label"):
    for place, value in enumerate(values):
        (folder / f"{name}={value}").mkdir()
        rows = slice(place * 10, place * 10 + 10)
        lists = pa.FixedSizeListArray.from_arrays(pa.array(VECTORS[rows].ravel()), DIM)
        pq.write_table(
            pa.table({"id": np.arange(ROWS)[rows], "emb": lists}), folder / f"{name}={value}" / "part-0.parquet"
        )
    return folder


def test_partitions_are_read_and_are_columns(tmp_path):
    pool = ladle.open_pool(hive(tmp_path))
    np.testing.assert_array_equal(pool.embeddings(), VECTORS[:20])
    columns = open_reader(list_files(tmp_path, "the pool"))
    assert read_column(columns, "label").to_pylist() == ["cat"] * 10 + ["dog"] * 10
    assert columns.rows == 20


def test_partitions_that_are_numbers_sort_and_read_as_numbers(tmp_path):
    columns = open_reader(list_files(hive(tmp_path, (9, 10, 2), "_year"), "the pool"))
    assert read_column(columns, "_year").to_pylist() == [2] * 10 + [9] * 10 + [10] * 10
    pool = ladle.open_pool(tmp_path)
    assert pool.ids.to_pylist() == [*range(20, 30), *range(10), *range(10, 20)]
    assert "_year=2" in pool.order_notice


def test_partitions_as_ids(tmp_path):
    for name in ("a%20b", "c"):
        (tmp_path / f"id={name}").mkdir()
        pq.write_table(pa.table({"emb": VECTORS[:1].tolist()}), tmp_path / f"id={name}" / "x.parquet")
    assert ladle.open_pool(tmp_path).ids.to_pylist() == ["a b", "c"]


def test_a_partition_of_nothing_and_unlike_folders(tmp_path):
    hive(tmp_path, ("1", "__HIVE_DEFAULT_PARTITION__"))
    columns = open_reader(list_files(tmp_path, "the pool"))
    assert read_column(columns, "label").to_pylist() == [1] * 10 + [None] * 10
    (tmp_path / "label=1" / "part-0.parquet").rename(tmp_path / "x.parquet")
    with pytest.raises(MismatchError, match=r"name the columns label.*got none"):
        ladle.open_pool(tmp_path)
