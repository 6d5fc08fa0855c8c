"""Ids: one kind, one digest, found again from any file."""

from __future__ import annotations

import hashlib
import pickle

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ladle
from ladle.errors import ArgumentError, CorruptFileError, FileError, FileFormatError, IdError
from ladle.pool.ids.example_ids import Ids
from ladle.pool.ids.lists import read_ids


def test_digest_is_pinned():
    # Trees on disk carry it: a change here breaks them.
    text = hashlib.sha256(b"ladle-ids-1 text 2\n" + np.array([1, 3], "<i8").tobytes() + "aéb".encode()).hexdigest()
    assert Ids(["a", "éb"]).digest == text
    whole = hashlib.sha256(b"ladle-ids-1 integer 3\n" + np.array([5, -1, 7], "<i8").tobytes()).hexdigest()
    assert Ids([5, -1, 7]).digest == whole


def test_digest_ignores_chunks_slices_and_widths():
    names = pa.array([f"n{row}" for row in range(50)])
    chunked = pa.chunked_array([names[:7], names[7:7], names[7:]]).cast(pa.large_string())
    padded = pa.concat_arrays([names[:3], names])[3:]
    assert len({Ids(value).digest for value in (names, chunked, padded, names.dictionary_encode())}) == 1
    assert Ids(np.arange(9, dtype=np.uint8)).digest == Ids(np.arange(9)).digest == Ids.row_numbers(9).digest


def test_digest_tells_order_kind_and_borders():
    variants = [["ab", "c"], ["a", "bc"], ["c", "ab"], ["ab", "c", "d"], [1, 2], [2, 1], ["1", "2"]]
    assert len({Ids(value).digest for value in variants}) == len(variants)


@given(
    ids=st.one_of(
        st.lists(st.integers(-(2**63), 2**63 - 1), unique=True, min_size=1),
        st.lists(st.text(st.characters(codec="utf-8"), max_size=9), unique=True, min_size=1),
    ),
    data=st.data(),
)
def test_law_rows_of_finds_each_id(ids, data):
    rows = data.draw(st.lists(st.integers(0, len(ids) - 1)))
    known = Ids(ids)
    assert known.rows_of([ids[row] for row in rows]).tolist() == rows
    assert known.at(rows).to_pylist() == [ids[row] for row in rows]


@pytest.mark.parametrize("asked", [3, 900])  # few are hashed themselves, many are looked up in a hash of the pool
@pytest.mark.parametrize("kind", [int, str])
def test_few_and_many_ids_are_found_alike(asked, kind):
    rng = np.random.default_rng(asked)
    known = Ids([kind(value) for value in rng.permutation(5000)[:1000]])
    rows = rng.integers(0, 1000, asked)
    assert known.rows_of(known.at(rows)).tolist() == rows.tolist()
    with pytest.raises(IdError, match="1 of"):
        known.rows_of([*known.at(rows).to_pylist(), kind(7777)])


@given(st.lists(st.one_of(st.integers(0, 5)), min_size=1, max_size=9))
def test_law_repeats_are_refused_exactly_when_there_are_some(values):
    for ids in (values, [str(value) for value in values]):
        if len(set(values)) == len(values):
            assert len(Ids(ids)) == len(values)
        else:
            with pytest.raises(IdError, match=f"{len(values) - len(set(values)):,} repeats"):
                Ids(ids)


def test_errors_cross_process_borders():
    with pytest.raises(IdError) as error:
        Ids([1, 1])
    assert str(pickle.loads(pickle.dumps(error.value))) == str(error.value)  # noqa: S301


# -- files of ids ------------------------------------------------------------------------------------------------


def write(path, ids):
    if path.suffix == ".txt":
        path.write_text("".join(f"{value}\n" for value in ids), encoding="utf-8")
    elif path.suffix == ".csv":
        path.write_text("score,id\n" + "".join(f'0.5,"{value}"\n' for value in ids), encoding="utf-8")
    elif path.suffix == ".npy":
        np.save(path, np.asarray(ids))
    elif path.suffix == ".npz":
        np.savez(path, ids=np.asarray(ids))
    elif path.suffix == ".parquet":
        pq.write_table(pa.table({"score": [0.5] * len(ids), "id": ids}), path)
    else:
        pa.feather.write_feather(pa.table({"only": ids}), path)


@pytest.mark.parametrize("suffix", [".txt", ".csv", ".npy", ".npz", ".parquet", ".feather"])
@pytest.mark.parametrize("ids", [["b,1", "é x", "007"], [12, -3, 0]], ids=["text", "integers"])
def test_every_file_of_ids_gives_them_back(tmp_path, suffix, ids):
    path = tmp_path / f"ids{suffix}"
    write(path, ids)
    assert read_ids(path).to_pylist() == ids
    pool = ladle.open_pool(np.eye(3), ids=path)
    assert pool.ids.to_pylist() == ids
    assert pool.rows_of(read_ids(path, like=pool.describe().id_type)).tolist() == [0, 1, 2]


def test_text_files_are_read_as_the_pool_has_it(tmp_path):
    path = tmp_path / "ids.txt"
    path.write_bytes(b"\xef\xbb\xbf17\r\n4\r\n")
    assert read_ids(path).to_pylist() == [17, 4]
    assert read_ids(path, like="text").to_pylist() == ["17", "4"]
    path.write_text("17\n007\n")
    assert read_ids(path).to_pylist() == ["17", "007"]
    with pytest.raises(IdError, match="got '007'"):
        read_ids(path, like="integer")


@pytest.mark.parametrize("ids", [[1861234567890123456, -(2**63)], [2**63 - 1], [10**18, 7]])
def test_integers_of_64_bits_are_integers_in_text(tmp_path, ids):
    (tmp_path / "ids.txt").write_text("\n".join(map(str, ids)))
    assert read_ids(tmp_path / "ids.txt").to_pylist() == ids
    assert read_ids(tmp_path / "ids.txt", like="integer").to_pylist() == ids


def test_integers_beyond_64_bits_are_text(tmp_path):
    (tmp_path / "ids.txt").write_text("1\n9223372036854775808\n")
    assert read_ids(tmp_path / "ids.txt").to_pylist() == ["1", "9223372036854775808"]
    with pytest.raises(IdError, match="9223372036854775808"):
        read_ids(tmp_path / "ids.txt", like="integer")


def test_an_empty_file_is_an_empty_list(tmp_path):
    (tmp_path / "none.txt").write_bytes(b"")
    assert read_ids(tmp_path / "none.txt").to_pylist() == []
    with pytest.raises(IdError, match="each of the 3 rows; got 0 ids"):
        ladle.open_pool(np.eye(3), ids=tmp_path / "none.txt")


def test_unusable_files_of_ids(tmp_path):
    def refused(name, content, kind, told):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(kind, match=told):
            read_ids(path)

    refused("a.txt", b"x\n\ny\n", IdError, "one at position 1")
    refused("c.txt", b"\xff\xfe\n", CorruptFileError, "UTF")
    refused("d.csv", b"x\ny\n", ArgumentError, "column of ids named `id`; got `x`")
    refused("e.csv", b"id,n\nx\n", CorruptFileError, "Expected 2 columns, got 1")
    refused("f.json", b"[]", FileFormatError, "ending in")
    with pytest.raises(FileError, match="No such file"):
        read_ids(tmp_path / "nothing.txt")
    pq.write_table(pa.table({"x": [1], "y": [2]}), tmp_path / "two.parquet")
    with pytest.raises(ArgumentError, match="named `id`; got `x`, `y`"):
        read_ids(tmp_path / "two.parquet")
    assert read_ids(tmp_path / "two.parquet", column="y").to_pylist() == [2]
    np.savez(tmp_path / "x.npz", names=np.arange(2), others=np.arange(2))
    with pytest.raises(ArgumentError, match=r"named `ids` or `id`; got `names`, `others`|`names`, `others`"):
        read_ids(tmp_path / "x.npz")
