"""Which files of a folder are read, in which order, and which are refused by name."""

from __future__ import annotations

import os
import random
import signal
import socket
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

import ladle
from ladle.errors import FileError, FileFormatError, IdError, MismatchError
from ladle.pool.files.listing import natural_key
from ladle.pool.ids.lists import read_ids
from ladle.scores.files.score_file import open_scores

ROWS = np.arange(60, dtype=np.float32).reshape(20, 3)


@pytest.fixture(autouse=True)
def _never_hangs():
    """A pipe that is opened blocks for ever: end the test with an error instead."""
    signal.alarm(60)
    yield
    signal.alarm(0)


def shards(folder: Path, stem: str = "e_{}.npy", values: np.ndarray = ROWS) -> Path:
    folder.mkdir(exist_ok=True)
    for place in range(20):
        np.save(folder / stem.format(place), values[place : place + 1])
    return folder


def table(rows: slice) -> pa.Table:
    lists = pa.FixedSizeListArray.from_arrays(pa.array(ROWS[rows].ravel()), 3)
    return pa.table({"id": np.arange(20)[rows], "emb": lists})


# -- the order -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "names",
    [
        [f"e_{place}.npy" for place in range(120)],
        [f"part{place}of120" for place in range(120)],
        ["e.npy", "e1.npy", "e2.npy", "e10.npy"],
        ["1-2.npy", "1-10.npy", "2-1.npy", "10-1.npy"],
        ["a.npy", "b.npy", "c01.npy", "c1.npy", "c2.npy"],
    ],
)
def test_names_sort_by_their_numbers(names):
    shuffled = random.Random(0).sample(names, len(names))
    assert sorted(shuffled, key=lambda name: (natural_key(name), name)) == names


def test_pools_scores_and_ids_are_read_in_natural_order_and_say_so(tmp_path):
    pool = ladle.open_pool(shards(tmp_path / "pool"))
    np.testing.assert_array_equal(pool.embeddings(), ROWS)
    (notice,) = pool.notices
    assert "20 files" in notice
    assert "natural order (e_2.npy before e_10.npy)" in notice
    assert pool.describe().notices == pool.notices

    ids = shards(tmp_path / "ids", "i{}.npy", np.arange(100, 120))
    assert read_ids(ids).to_pylist() == list(range(100, 120))
    named = ladle.open_pool(tmp_path / "pool", ids=ids)
    assert named.ids.to_pylist() == list(range(100, 120))
    assert len(named.notices) == 2

    values = np.linspace(0, 1, 20, dtype=np.float32)
    scores = open_scores(shards(tmp_path / "s", "s{}.npy", values), pool, single=True)
    np.testing.assert_array_equal(scores.reduced(np.asarray), values)
    assert "s2.npy before s10.npy" in scores.order_notice


@pytest.mark.parametrize("ending", ["parquet", "arrow", "npz"])
def test_every_format_is_read_in_natural_order(tmp_path, ending):
    for place in range(20):
        path = tmp_path / f"{place}.{ending}"
        rows = slice(place, place + 1)
        if ending == "npz":
            np.savez(path, embeddings=ROWS[rows], ids=np.arange(20)[rows])
        elif ending == "parquet":
            pq.write_table(table(rows), path)
        else:
            pyarrow.feather.write_feather(table(rows), path)
    pool = ladle.open_pool(tmp_path)
    np.testing.assert_array_equal(pool.embeddings(), ROWS)
    assert pool.ids.to_pylist() == list(range(20))
    assert "natural order" in pool.notices[0]


def test_nothing_is_said_where_both_orders_agree(tmp_path):
    assert ladle.open_pool(shards(tmp_path, "e_{:03}.npy")).notices == ()


# -- everything is read --------------------------------------------------------------------------------------------


def test_subfolders_and_all_endings_of_a_format_are_read(tmp_path):
    (tmp_path / "sub" / "deeper").mkdir(parents=True)
    pq.write_table(table(slice(0, 5)), tmp_path / "A.PARQUET")
    pq.write_table(table(slice(5, 10)), tmp_path / "b.pq")
    pq.write_table(table(slice(10, 15)), tmp_path / "sub" / "c.parquet")
    pq.write_table(table(slice(15, 20)), tmp_path / "sub" / "deeper" / "d.PQ")
    pool = ladle.open_pool(tmp_path)
    np.testing.assert_array_equal(pool.embeddings(), ROWS)


@pytest.mark.parametrize("name", ["p.arrow", "p.feather", "p.ipc", "P.IPC", "P.Feather"])
def test_arrow_under_all_its_endings(tmp_path, name):
    pyarrow.feather.write_feather(table(slice(0, 20)), tmp_path / name)
    assert ladle.open_pool(tmp_path / name).rows == 20
    assert ladle.open_pool(tmp_path).rows == 20
    assert len(read_ids(tmp_path / name)) == 20


def test_links_are_followed(tmp_path):
    elsewhere = shards(tmp_path / "elsewhere")
    (tmp_path / "pool").mkdir()
    np.save(tmp_path / "pool" / "a.npy", ROWS)
    (tmp_path / "pool" / "b").symlink_to(elsewhere)
    (tmp_path / "far").mkdir()
    np.save(tmp_path / "far" / "x.npy", ROWS)
    (tmp_path / "pool" / "c.npy").symlink_to(tmp_path / "far" / "x.npy")
    assert ladle.open_pool(tmp_path / "pool").rows == 60


def test_what_is_ignored_is_a_stated_rule(tmp_path):
    shards(tmp_path)
    for name in ("_SUCCESS", "_metadata", ".part.crc", "README.md", "LICENSE", "dataset_info.json", "state.json"):
        (tmp_path / name).write_text("x")
    (tmp_path / "_temporary").mkdir()
    np.save(tmp_path / "_temporary" / "e_0.npy", ROWS)
    (tmp_path / ".hidden").symlink_to(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    assert ladle.open_pool(tmp_path).rows == 20


# -- or refused by name --------------------------------------------------------------------------------------------


def _dangling(path: Path) -> None:
    path.symlink_to(path.parent / "gone" / "e.npy")


def _circle(path: Path) -> None:
    path.symlink_to(path)


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path) -> None:
    # A socket's address is short, a temporary folder's path may not be.
    before = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(before)


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _folder(path: Path) -> None:
    path.mkdir()


def _loop(path: Path) -> None:
    path.symlink_to(path.parent)


ODD = {
    "a broken link": _dangling,
    "a link that cannot be followed": _circle,
    "a pipe": _pipe,
    "a socket": _socket,
    "a device": _device,
    "an empty folder": _folder,
    "a link to a folder above it": _loop,
}


@pytest.mark.parametrize("told", ODD)
def test_a_shard_that_is_no_file_is_refused_by_name(tmp_path, told):
    shards(tmp_path / "pool")
    odd = tmp_path / "pool" / "e_7.npy"
    odd.unlink()
    ODD[told](odd)
    readers = [ladle.open_pool, read_ids, lambda path: open_scores(path, ladle.open_pool(ROWS), single=True)]
    for read in readers:
        with pytest.raises(FileError, match=rf"e_7\.npy.*got {told}"):
            read(tmp_path / "pool")


@pytest.mark.parametrize("told", [told for told in ODD if "folder" not in told])
def test_a_pool_that_is_no_file_is_refused(tmp_path, told):
    ODD[told](tmp_path / "e.npy")
    with pytest.raises(FileError, match=f"got {told}"):
        ladle.open_pool(tmp_path / "e.npy")


@pytest.mark.parametrize("name", ["b.csv", "b.npy.gz", "b.txt", "b", "sub/b.h5", "b.npy.tmp"])
def test_an_unknown_file_is_refused_by_name(tmp_path, name):
    shards(tmp_path)
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(b"1")
    with pytest.raises(FileFormatError, match=rf"{name} must be data.*begin with `_`"):
        ladle.open_pool(tmp_path)


def test_mixed_formats_are_refused_by_name(tmp_path):
    shards(tmp_path)
    (tmp_path / "sub").mkdir()
    pq.write_table(table(slice(0, 1)), tmp_path / "sub" / "x.pq")
    with pytest.raises(FileFormatError, match=r"one format; got \.npy and Parquet, such as e_0\.npy and sub/x\.pq"):
        ladle.open_pool(tmp_path)


def test_a_file_is_not_read_twice_by_a_link(tmp_path):
    shards(tmp_path)
    (tmp_path / "latest.npy").symlink_to(tmp_path / "e_19.npy")
    with pytest.raises(FileError, match=r"e_19\.npy and latest\.npy, which are one file"):
        ladle.open_pool(tmp_path)


def test_ids_in_a_folder(tmp_path):
    shards(tmp_path)
    np.save(tmp_path / "ids.npy", np.arange(20) + 5)
    assert ladle.open_pool(tmp_path).ids.to_pylist() == list(range(5, 25))
    assert ladle.open_pool(tmp_path, ids=range(5, 25)).rows == 20
    with pytest.raises(IdError, match=r"ids\.npy in it, and other ids given"):
        ladle.open_pool(tmp_path, ids=range(20))
    (tmp_path / "sub").mkdir()
    (tmp_path / "ids.npy").rename(tmp_path / "sub" / "ids.npy")
    with pytest.raises(IdError, match=r"at its top.*sub/ids\.npy"):
        ladle.open_pool(tmp_path)


def test_ids_beside_columns_are_refused_by_name(tmp_path):
    pq.write_table(table(slice(0, 20)), tmp_path / "a.parquet")
    (tmp_path / "ids.txt").write_text("1\n")
    with pytest.raises(FileFormatError, match=r"hold no ids\.txt"):
        ladle.open_pool(tmp_path)


def test_scores_in_a_folder_are_matched_by_its_ids(tmp_path):
    pool = ladle.open_pool(ROWS, ids=[f"x{place}" for place in range(20)])
    values = np.linspace(0, 1, 20, dtype=np.float32)
    folder = shards(tmp_path / "s", "s{}.npy", values)
    (folder / "ids.txt").write_text("".join(f"x{place}\n" for place in reversed(range(20))))
    np.testing.assert_array_equal(open_scores(folder, pool, single=True).reduced(np.asarray), values[::-1])


@pytest.mark.parametrize("address", ["s3://bucket/pool", "gs://bucket/pool.parquet", "https://x.org/p.npy", "s3:/b/p"])
def test_remote_addresses_are_refused_as_remote(address):
    for read in (ladle.open_pool, read_ids, lambda each: ladle.open_pool(Path(each))):
        with pytest.raises(FileError, match=r"remote address .*Copy it to this machine"):
            read(address)


def test_file_addresses_are_paths(tmp_path):
    np.save(tmp_path / "p.npy", ROWS)
    assert ladle.open_pool(f"file://{tmp_path}/p.npy").rows == 20


def test_archives_of_a_folder_have_ids_all_or_none(tmp_path):
    np.savez(tmp_path / "a.npz", embeddings=ROWS[:9], ids=np.arange(9))
    np.savez(tmp_path / "b.npz", embeddings=ROWS[9:])
    with pytest.raises(MismatchError, match="all have ids, or none; got ids in 1 of 2"):
        ladle.open_pool(tmp_path)
    np.savez(tmp_path / "b.npz", embeddings=ROWS[9:], ids=np.arange(9, 19))
    with pytest.raises(IdError, match=r"b\.npz must be one for each of its 11 rows"):
        ladle.open_pool(tmp_path)
