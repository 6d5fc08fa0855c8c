"""Lists of examples, from files and from Python: ids, masks, and what could be either."""

from __future__ import annotations

import gzip

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ladle.arrays import as_rows
from ladle.errors import ArgumentError, CorruptFileError, DataError, IdError, LadleError, ShapeError
from ladle.pool.ids.example_ids import Ids
from ladle.pool.ids.lists import read_ids
from ladle.pool.ids.named_rows import find_rows_in_files, find_rows_named

N = 20
NUMBERS, TEXTS = Ids.row_numbers(N), Ids([f"im{row}" for row in range(N)])
MASK = np.arange(N) < 15


def named(tmp_path, name, content, ids=NUMBERS, **options):
    path = tmp_path / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif isinstance(content, str):
        path.write_bytes(content.encode())
    elif isinstance(content, dict):
        pq.write_table(pa.table(content), path)
    elif name.endswith(".npz"):
        np.savez(path, **{"ids" if isinstance(content, np.ndarray) else "mask": np.asarray(content)})
    else:
        np.save(path, content)
    return find_rows_in_files([path], ids, **options).tolist()


WORKS = [
    ("a.txt", "3\n5\n", [3, 5]),
    ("a.txt", "3\n5", [3, 5]),
    ("a.txt", "5\n3\n\n", [3, 5]),
    ("a.txt", "3\n5\n  \n\r\n", [3, 5]),
    ("a.txt", "3\r\n5\r\n", [3, 5]),
    ("a.txt", "3\r5\r", [3, 5]),
    ("a.txt", "\ufeff3\n5\n", [3, 5]),
    ("a.txt", "", []),
    ("a.txt", "\n", []),
    ("a.txt", "\ufeff", []),
    ("a.csv", "id\n3\n5\n", [3, 5]),
    ("a.csv", "\ufeffid\r\n3\r\n5\r\n\r\n", [3, 5]),
    ("a.csv", "id\n", []),
    ("a.csv", "id", []),
    ("a.csv", "", []),
    ("a.csv", "label,id\ncat,3\ndog,5\n", [3, 5]),
    ("a.csv", 'label,"id"\n"a, ""b""",3\n', [3]),
    ("a.csv", 'note,id\n"two\nlines",3\n', [3]),
    ("a.npy", np.array([5, 3]), [3, 5]),
    ("a.npy", np.array([5, 3], np.uint8), [3, 5]),
    ("a.npy", np.array([]), []),
    ("a.npy", np.empty(0, np.int32), []),
    ("a.npy", MASK, list(range(15))),
    ("a.npy", np.zeros(N, bool), []),
    ("a.npz", np.array([5, 3]), [3, 5]),
    ("a.npz", MASK.tolist(), list(range(15))),
    ("a.txt", "".join(f"{each}\n" for each in MASK), list(range(15))),
    ("a.csv", "id\n" + "".join(f"{str(each).lower()}\n" for each in MASK), list(range(15))),
    ("a.parquet", {"id": [3, 5]}, [3, 5]),
    ("a.parquet", {"other": [3, 5]}, [3, 5]),
    ("a.parquet", {"label": ["a"], "id": [3]}, [3]),
    ("a.parquet", {"id": pa.array([], pa.float64())}, []),
    ("a.parquet", {"id": pa.array([], pa.null())}, []),
    ("a.parquet", {"mask": MASK.tolist()}, list(range(15))),
]

REFUSED = [
    ("a.npy", MASK.astype(int), IdError, "20 entries, all 0 or 1, for a pool of 20 examples"),
    ("a.npy", MASK.astype(np.uint8), IdError, "or a mask"),
    ("a.npz", MASK.astype(int), IdError, "or a mask"),
    ("a.txt", "".join(f"{int(each)}\n" for each in MASK), IdError, "or a mask"),
    ("a.csv", "id\n" + "".join(f"{int(each)}\n" for each in MASK), IdError, "or a mask"),
    ("a.parquet", {"id": MASK.astype(int).tolist()}, IdError, "or a mask"),
    ("a.npy", MASK[:19].astype(int), IdError, "17 repeats, the first 1, 1, 1 (position 1 repeats position 0)"),
    ("a.npy", MASK[:19], ShapeError, "one boolean for each of the pool's 20 examples, as a mask; got 19"),
    ("a.npy", np.append(MASK, True), ShapeError, "got 21"),
    ("a.txt", "true\nfalse\n", ShapeError, "got 2"),
    ("a.npy", np.array([3, 5, 3]), IdError, "1 repeats, the first 3 (position 2 repeats position 0)"),
    ("a.txt", "3\n5\n5\n", IdError, "the first 5"),
    ("a.npy", np.array([3.0, 5.0]), IdError, "integers or text"),
    ("a.npy", np.array([[3], [5]]), IdError, "one-dimensional"),
    ("a.npy", np.array([-1]), IdError, "1 of 1 unknown"),
    ("a.npy", np.array([20]), IdError, "1 of 1 unknown"),
    ("a.txt", "3\n\n5\n", IdError, "no empty lines; got one at position 1"),
    ("a.txt", "im3\n", IdError, "be integers, as the pool's ids are; got 'im3'"),
    ("a.txt", "3.0\n", IdError, "be integers"),
    ("a.csv", "a,b\n3,5\n", ArgumentError, "have a column of ids named `id`; got `a`, `b`"),
    ("a.csv", "3\n5\n", ArgumentError, "have a column of ids"),
    ("a.csv", "a,id\n3\n", CorruptFileError, "CSV"),
    ("a.csv", "id,a\n,5\n", IdError, "no empty lines"),
    ("a.txt", b"\xff\xfe3\x00", CorruptFileError, "UTF-8"),
    ("a.npz", gzip.compress(b"no zip", mtime=0), LadleError, "npz"),
    ("a.parquet", {"a": [3], "b": [5]}, ArgumentError, "have a column of ids named `id`; got `a`, `b`"),
    ("a.parquet", {"id": [3, None]}, IdError, "nulls"),
    ("a.parquet", {"id": [True, None] * 10}, IdError, "nulls"),
]


@pytest.mark.parametrize(("name", "content", "rows"), WORKS)
def test_lists_that_work(tmp_path, name, content, rows):
    assert named(tmp_path, name, content) == rows


@pytest.mark.parametrize(("name", "content", "kind", "told"), REFUSED)
def test_lists_that_are_refused(tmp_path, name, content, kind, told):
    with pytest.raises(kind) as caught:
        named(tmp_path, name, content)
    assert told in str(caught.value)


def test_ids_that_are_text(tmp_path):
    assert named(tmp_path, "a.txt", "im3\nim5\n\n", TEXTS) == [3, 5]
    assert named(tmp_path, "a.npy", MASK, TEXTS) == list(range(15))
    with pytest.raises(IdError, match="or a mask"):
        named(tmp_path, "b.txt", "".join(f"{int(each)}\n" for each in MASK), TEXTS)
    odd = Ids(["true", "false", *(str(row) for row in range(2, N))])
    assert named(tmp_path, "c.txt", "true\n", odd) == [0]  # an id, where ids are text


def test_the_column_of_the_ids(tmp_path):
    both = "id,image_id\n9,3\n8,5\n"
    assert named(tmp_path, "a.csv", both) == [8, 9]
    assert named(tmp_path, "a.csv", both, id_name="image_id") == [3, 5]
    assert named(tmp_path, "a.csv", both, id_name="image_id", column="id") == [8, 9]
    assert named(tmp_path, "a.csv", "id\n3\n", id_name="image_id") == [3]  # as Ladle's own batches have it
    assert named(tmp_path, "a.parquet", {"x": [3], "y": [5]}, column="y") == [5]
    with pytest.raises(ArgumentError, match=r"have a column `image-id`; got `id`, `image_id`. Did you mean `image_id`"):
        named(tmp_path, "a.csv", both, column="image-id")
    with pytest.raises(ArgumentError, match=r"named `image_id` or `id`; got `a`, `b`\. Say which\."):
        named(tmp_path, "a.csv", "a,b\n3,5\n", id_name="image_id", remedy="Say which.")


def test_several_files_add_up(tmp_path):
    np.save(tmp_path / "a.npy", [3, 5])
    (tmp_path / "b.txt").write_text("5\n7\n")
    assert find_rows_in_files([tmp_path / "a.npy", tmp_path / "b.txt"], NUMBERS).tolist() == [3, 5, 7]
    assert find_rows_in_files([], NUMBERS).tolist() == []


@pytest.mark.parametrize(
    ("values", "rows"),
    [
        ([3, 5], [3, 5]),
        ([], []),
        (MASK, list(range(15))),
        (MASK.tolist(), list(range(15))),
        (pa.array(MASK), list(range(15))),
        (pa.chunked_array([pa.array(MASK[:9]), pa.array(MASK[9:])]), list(range(15))),
    ],
)
def test_lists_of_python(values, rows):
    assert find_rows_named(values, NUMBERS, name="`ids`").tolist() == rows


@pytest.mark.parametrize("values", [[3, 3], MASK.astype(int), MASK.astype(int).tolist(), MASK[:5], [True, None]])
def test_lists_of_python_that_are_refused(values):
    with pytest.raises(DataError):
        find_rows_named(values, NUMBERS, name="`ids`")


def test_row_numbers_and_masks_of_the_library():
    assert as_rows(MASK, "labelled", pool_rows=N).tolist() == list(range(15))
    with pytest.raises(ArgumentError, match="all 0 or 1, for a pool of 20 rows: the rows 0 and 1 repeated, or a"):
        as_rows(MASK.astype(int), "labelled", pool_rows=N)
    with pytest.raises(ArgumentError, match="2 repeats, the first of them row 3 at position 2"):
        as_rows([3, 5, 3, 5], "labelled", pool_rows=N)
    with pytest.raises(ArgumentError, match="or a mask of 20 booleans"):
        as_rows(MASK[:19], "labelled", pool_rows=N)


def test_ids_of_a_pool(tmp_path):
    (tmp_path / "ids.txt").write_text("\ufeffa\r\nb\r\n\r\n")
    assert read_ids(tmp_path / "ids.txt").to_pylist() == ["a", "b"]
    (tmp_path / "ids.csv").write_text("")
    assert len(read_ids(tmp_path / "ids.csv")) == 0
