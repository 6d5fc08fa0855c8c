"""Each unusable pool is one clear error, at opening or where the row is met."""

from __future__ import annotations

import pickle

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest

import ladle
from ladle.errors import (
    ArgumentError,
    CorruptFileError,
    FileError,
    FileFormatError,
    IdError,
    MemoryPlanError,
    MismatchError,
    ShapeError,
    UnsafeFileError,
)

VECTORS = np.arange(12, dtype=np.float32).reshape(4, 3)
LISTS = pa.FixedSizeListArray.from_arrays(pa.array(VECTORS.ravel()), 3)


def table(emb=LISTS, ids=("a", "b", "c", "d")):
    return pa.table({"id": pa.array(ids), "emb": emb})


def read_all(pool):
    return [block for _, block in pool.blocks()]


# -- arrays ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ([[1.0, 2.0], [3.0]], ShapeError),
        (np.empty((0, 3), np.float32), ShapeError),
        (np.empty((3, 0), np.float32), ShapeError),
        (np.zeros(3, np.float32), ShapeError),
        (np.array([["a", "b"]]), ArgumentError),
        (np.array([[None, 1]], object), ArgumentError),
        (np.zeros((2, 2), complex), ArgumentError),
    ],
)
def test_arrays_that_are_no_embeddings(source, kind):
    with pytest.raises(kind):
        ladle.open_pool(source)


@pytest.mark.parametrize(
    ("ids", "told"),
    [
        ([1, 2, 3], "3 ids"),
        ([1, 2, 2, 3], "1 repeats, the first 2 (position 2 repeats position 1)"),
        (["a", "b", None, "d"], "1, the first at position 2"),
        ([1.0, 2.0, 3.0, 4.0], "double"),
        ([True, False, True, False], "bool"),
        ([1, "a", 2, 3], "all integers or all text"),
        ([b"a", b"b", b"c", b"d"], "binary"),
        (np.zeros((4, 1), int), "shape (4, 1)"),
        (np.array([1, 2, 3, 2**63], np.uint64), "64-bit"),
        ([1, 2, 3, 2**70], "all integers"),
        (np.array(["2020-01-01"] * 4, "datetime64[D]"), "date32"),
    ],
)
def test_ids_that_are_no_ids(ids, told):
    with pytest.raises(IdError) as error:
        ladle.open_pool(VECTORS, ids=ids)
    assert told in str(error.value)


def test_many_duplicates_are_counted_and_the_first_shown():
    ids = [f"x{row % 90}" for row in range(100)]
    with pytest.raises(IdError, match="10 repeats, the first 'x0', 'x1', 'x2'"):
        ladle.open_pool(np.ones((100, 2)), ids=ids)


@pytest.mark.parametrize("option", ["id", "embedding"])
def test_options_that_do_not_belong_are_refused(tmp_path, option):
    np.save(tmp_path / "pool.npy", VECTORS)
    for source in (VECTORS, tmp_path / "pool.npy", ladle.open_pool(VECTORS)):
        with pytest.raises(ArgumentError, match="left out"):
            ladle.open_pool(source, **{option: "x"})
    with pytest.raises(ArgumentError, match="left out"):
        ladle.open_pool(table(), ids=[1, 2, 3, 4])


def test_an_open_pool_is_given_back():
    pool = ladle.open_pool(VECTORS)
    assert ladle.open_pool(pool) is pool


def test_unknown_metric():
    with pytest.raises(ArgumentError, match="cosine, sqeuclidean"):
        ladle.open_pool(VECTORS).check("euclid")


# -- files -------------------------------------------------------------------------------------------------------


def test_missing_and_unknown_files(tmp_path):
    with pytest.raises(FileError, match="nothing there"):
        ladle.open_pool(tmp_path / "no.npy")
    (tmp_path / "pool.xlsx").write_bytes(b"x")
    with pytest.raises(FileFormatError, match="ending in"):
        ladle.open_pool(tmp_path / "pool.xlsx")
    with pytest.raises(FileFormatError, match="got none"):
        ladle.open_pool(tmp_path)


def test_a_folder_of_two_formats(tmp_path):
    np.save(tmp_path / "a.npy", VECTORS)
    pq.write_table(table(), tmp_path / "b.parquet")
    with pytest.raises(FileFormatError, match=r"\.npy and Parquet"):
        ladle.open_pool(tmp_path)


@pytest.mark.parametrize("keep", [0, 3, 7, 40, 130, -1])
def test_npy_cut_short(tmp_path, keep):
    np.save(tmp_path / "pool.npy", VECTORS)
    whole = (tmp_path / "pool.npy").read_bytes()
    (tmp_path / "pool.npy").write_bytes(whole[:keep])
    with pytest.raises((CorruptFileError, FileFormatError), match=r"pool\.npy"):
        ladle.open_pool(tmp_path / "pool.npy")


def test_npy_with_a_second_array_behind_it(tmp_path):
    with (tmp_path / "pool.npy").open("wb") as file:
        np.save(file, VECTORS)
        np.save(file, VECTORS)
    with pytest.raises(FileFormatError, match="file of its own"):
        ladle.open_pool(tmp_path / "pool.npy")


def test_npy_of_another_version_or_content(tmp_path):
    path = tmp_path / "pool.npy"
    path.write_bytes(b"\x93NUMPY\x09\x00" + b"\x00" * 100)
    with pytest.raises(FileFormatError, match=r"version 9\.0"):
        ladle.open_pool(path)
    path.write_bytes(b"not numpy at all")
    with pytest.raises(FileFormatError, match="other content"):
        ladle.open_pool(path)


@pytest.mark.parametrize("name", ["pool.npy", "pool.npz"])
def test_pickles_are_never_read(tmp_path, name):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "exploded"), "w"))

    bombs = np.array([[Bomb()]], object)
    path = tmp_path / name
    if name == "pool.npy":
        np.save(path, bombs, allow_pickle=True)
    else:
        np.savez(path, embeddings=bombs)
    with pytest.raises(UnsafeFileError, match="pickle"):
        ladle.open_pool(path)
    (tmp_path / "raw.npy").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(UnsafeFileError):
        ladle.open_pool(tmp_path / "raw.npy")
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize("compressed", [True, False])
def test_npz_damaged(tmp_path, compressed):
    path = tmp_path / "pool.npz"
    rng = np.random.default_rng(0)
    (np.savez_compressed if compressed else np.savez)(path, embeddings=rng.standard_normal((50, 8)))
    whole = path.read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 0x40
    for content in (bytes(flipped), whole[: len(whole) // 2], b"PK\x03\x04"):
        path.write_bytes(content)
        with pytest.raises(CorruptFileError, match=r"pool\.npz"):
            ladle.open_pool(path)


def test_npz_without_the_array(tmp_path):
    np.savez(tmp_path / "pool.npz", vectors=VECTORS, names=np.array(["a", "b", "c", "d"]))
    with pytest.raises(ArgumentError, match="`embeddings`; got vectors, names"):
        ladle.open_pool(tmp_path / "pool.npz")
    with pytest.raises(ArgumentError, match="`nope`"):
        ladle.open_pool(tmp_path / "pool.npz", embedding="vectors", id="nope")
    pool = ladle.open_pool(tmp_path / "pool.npz", embedding="vectors", id="names")
    assert pool.ids.to_pylist() == ["a", "b", "c", "d"]


def test_npz_with_two_arrays_of_ids(tmp_path):
    names = np.array(["a", "b", "c", "d"])
    np.savez(tmp_path / "one.npz", embeddings=VECTORS, id=names)
    assert ladle.open_pool(tmp_path / "one.npz").ids.to_pylist() == names.tolist()
    np.savez(tmp_path / "two.npz", embeddings=VECTORS, id=np.arange(4), ids=names)
    with pytest.raises(ArgumentError, match=r"have one array of ids; got `ids` and `id`\. Name it: id="):
        ladle.open_pool(tmp_path / "two.npz")
    assert ladle.open_pool(tmp_path / "two.npz", id="ids").ids.to_pylist() == names.tolist()


def test_npz_larger_than_memory_is_refused_by_its_header(tmp_path, monkeypatch):
    np.savez_compressed(tmp_path / "pool.npz", embeddings=np.zeros((10_000, 8), np.float32))
    monkeypatch.setenv("LADLE_MEMORY", "100K")
    with pytest.raises(MemoryPlanError, match=r"312\.5 KiB needed"):
        ladle.open_pool(tmp_path / "pool.npz")


@pytest.mark.parametrize("write", ["parquet", "feather", "stream"])
def test_columns_cut_short(tmp_path, write):
    path = tmp_path / f"pool.{'parquet' if write == 'parquet' else 'arrow'}"
    if write == "parquet":
        pq.write_table(table(), path)
    elif write == "feather":
        pyarrow.feather.write_feather(table(), path)
    else:
        with pa.ipc.new_stream(path, table().schema) as writer:
            writer.write_table(table(), max_chunksize=1)
    whole = path.read_bytes()
    for keep in (0, 5, len(whole) // 2, len(whole) - 1, len(whole) - 8):
        path.write_bytes(whole[:keep])
        with pytest.raises((CorruptFileError, FileFormatError), match="pool"):
            read_all(ladle.open_pool(path))
    path.write_bytes(b"something else entirely")
    with pytest.raises(FileFormatError):
        ladle.open_pool(path)


def test_parquet_pages_with_flipped_bits(tmp_path):
    path = tmp_path / "pool.parquet"
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((500, 16)).astype(np.float32)
    lists = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), 16)
    pq.write_table(pa.table({"id": np.arange(500), "emb": lists}), path, write_page_checksum=True, compression="none")
    whole = path.read_bytes()
    for place in np.linspace(6000, len(whole) - 4000, 12).astype(int):
        flipped = bytearray(whole)
        flipped[place] ^= 1
        path.write_bytes(bytes(flipped))
        with pytest.raises(CorruptFileError):
            read_all(ladle.open_pool(path))


# -- columns -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [pa.list_(pa.float32()), pa.large_list(pa.float64()), pa.list_(pa.float32(), 3)])
@pytest.mark.parametrize(
    ("row", "told"),
    [(None, "null in row 2"), ([1.0, None, 2.0], "a null in row 2")],
)
def test_nulls_name_their_row(kind, row, told):
    lists = pa.array([[1.0] * 3, [2.0] * 3, row, [4.0] * 3], kind)
    pool = ladle.open_pool(table(lists))
    for read in (read_all, lambda opened: opened.embeddings(), lambda opened: opened.check()):
        with pytest.raises(ShapeError, match=told):
            read(pool)
    chunks = pa.chunked_array([lists[:1], lists[1:]])
    with pytest.raises(ShapeError, match=told):
        read_all(ladle.open_pool(table(chunks)))


def test_ragged_lists_name_the_first_odd_row():
    lists = pa.array([[1.0, 2.0], [3.0, 4.0], [5.0], [6.0, 7.0, 8.0]], pa.list_(pa.float32()))
    with pytest.raises(ShapeError, match="2 numbers in every row, as in the first; got 1 in row 2"):
        ladle.open_pool(table(lists)).check()


@pytest.mark.parametrize(
    "lists", [pa.array([None] * 4, pa.list_(pa.float32())), pa.array([[]] * 4, pa.list_(pa.float32()))]
)
def test_lists_of_nothing(lists):
    with pytest.raises(ShapeError, match="hold vectors"):
        ladle.open_pool(table(lists))


def test_no_rows():
    with pytest.raises(ShapeError, match="no rows"):
        ladle.open_pool(table().slice(0, 0))


def test_columns_are_found_or_asked_for():
    two = table().append_column("other", LISTS)
    with pytest.raises(ArgumentError, match="got columns `emb`, `other`"):
        ladle.open_pool(two)
    assert ladle.open_pool(two, embedding="other").dim == 3
    with pytest.raises(ArgumentError, match=r"an id column `id`"):
        ladle.open_pool(pa.table({"key": ["a"], "emb": LISTS[:1]}))
    assert ladle.open_pool(pa.table({"key": ["a"], "emb": LISTS[:1]}), id="key").ids.to_pylist() == ["a"]
    with pytest.raises(ArgumentError, match="`image_id`; got columns `id`, `emb`"):
        ladle.open_pool(table(), id="image_id")
    with pytest.raises(ArgumentError, match="a column `vec`"):
        ladle.open_pool(table(), embedding="vec")
    with pytest.raises(ArgumentError, match="lists of numbers"):
        ladle.open_pool(table(), id="emb", embedding="id")
    with pytest.raises(ArgumentError, match="float lists"):
        ladle.open_pool(pa.table({"id": [1], "words": [["a"]], "tokens": [[1, 2]]}))


def test_integer_lists_are_taken_when_named():
    pool = ladle.open_pool(
        pa.table({"id": [1, 2], "codes": pa.array([[1, 2], [3, 4]], pa.list_(pa.int8()))}), embedding="codes"
    )
    assert pool.dtype == np.float32
    np.testing.assert_array_equal(pool.embeddings(), [[1, 2], [3, 4]])


def test_null_and_duplicate_ids_in_columns():
    with pytest.raises(IdError, match="1, the first at position 1"):
        ladle.open_pool(table(ids=["a", None, "c", "d"]))
    with pytest.raises(IdError, match="position 3 repeats position 0"):
        ladle.open_pool(table(ids=[5, 6, 7, 5]))


def test_dictionary_and_view_ids_are_text():
    for ids in (pa.array(["a", "b", "c", "d"]).dictionary_encode(), pa.array(["a", "b", "c", "d"], pa.string_view())):
        assert ladle.open_pool(pa.table({"id": ids, "emb": LISTS})).ids.to_pylist() == ["a", "b", "c", "d"]


def test_files_of_a_folder_must_agree(tmp_path):
    pq.write_table(table(), tmp_path / "a.parquet")
    pq.write_table(table(ids=["e", "f", "g", "h"]).rename_columns(["id", "vec"]), tmp_path / "b.parquet")
    with pytest.raises(MismatchError, match=r"b\.parquet must have a column `emb`"):
        ladle.open_pool(tmp_path)
    pq.write_table(
        table(pa.array(VECTORS.tolist(), pa.list_(pa.float64())), ["e", "f", "g", "h"]), tmp_path / "b.parquet"
    )
    with pytest.raises(MismatchError, match=r"`emb` of .*b\.parquet"):
        ladle.open_pool(tmp_path)


def test_shards_must_agree(tmp_path):
    np.save(tmp_path / "a.npy", VECTORS)
    np.save(tmp_path / "b.npy", VECTORS[:, :2])
    with pytest.raises(ShapeError, match=r"b\.npy must have dim 3"):
        ladle.open_pool(tmp_path)
    np.save(tmp_path / "b.npy", VECTORS.astype(np.float16))
    with pytest.raises(MismatchError, match="dtype float32"):
        ladle.open_pool(tmp_path)
    np.save(tmp_path / "b.npy", VECTORS)
    np.save(tmp_path / "ids.npy", np.arange(7))
    with pytest.raises(IdError, match="8 rows; got 7 ids"):
        ladle.open_pool(tmp_path)
    (tmp_path / "ids.txt").write_text("1\n")
    with pytest.raises(IdError, match="one file of ids"):
        ladle.open_pool(tmp_path)


def test_a_column_without_vectors_is_no_pool():
    with pytest.raises(ArgumentError, match="hold float16, float32, float64 or bfloat16 numbers; got dtype object"):
        ladle.open_pool(pa.chunked_array([["a", "b"]]))
    with pytest.raises(ArgumentError, match="`embedding` must be left out for an array"):
        ladle.open_pool(pa.chunked_array([LISTS]), embedding="emb")
