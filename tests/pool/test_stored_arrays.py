"""HDF5 files and Zarr stores as pools, with the real libraries."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

import ladle
from ladle import labelling
from ladle.errors import (
    ArgumentError,
    CorruptFileError,
    FileError,
    IdError,
    MismatchError,
    ShapeError,
    UnsafeFileError,
)
from ladle.pool import fingerprints
from ladle.pool.files.array_addresses import is_array_store, split_address

pytestmark = [pytest.mark.long, pytest.mark.filterwarnings("ignore::zarr.errors.UnstableSpecificationWarning")]

ROWS, DIM = 23, 5
X = np.random.default_rng(0).standard_normal((ROWS, DIM)).astype(np.float32)
NAMES = [f"im-{row * 7 % 31:02}é" for row in range(ROWS)]


def hdf5(folder, arrays, chunks=None):
    h5py = pytest.importorskip("h5py")
    with h5py.File(folder / "pool.h5", "w") as file:
        for name, values in arrays.items():
            if isinstance(values, list):
                file.create_dataset(name, data=values)
            else:
                file.create_dataset(name, data=values, chunks=chunks if values.ndim == 2 else None)
    return folder / "pool.h5"


def zarr(folder, arrays, chunks=None, zarr_format=3):
    library = pytest.importorskip("zarr")
    root = library.open_group(folder / "pool.zarr", mode="w", zarr_format=zarr_format)
    for name, values in arrays.items():
        kind = str if isinstance(values, list) else values.dtype
        plain = np.array(values, object) if kind is str else values
        shape = {"chunks": chunks} if chunks and plain.ndim == 2 else {}
        root.create_array(name, shape=plain.shape, dtype=kind, **shape)[:] = plain
    return folder / "pool.zarr"


def zarr_2(folder, arrays, chunks=None):
    return zarr(folder, arrays, chunks, zarr_format=2)


MAKERS = {"hdf5": hdf5, "zarr": zarr, "zarr of version 2": zarr_2}


@pytest.fixture(params=MAKERS)
def write(request, tmp_path):
    return lambda arrays, **options: MAKERS[request.param](tmp_path, arrays, **options)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int32", "uint8"])
@pytest.mark.parametrize("chunks", [None, (4, 3)])
def test_gives_back_what_was_stored(write, dtype, chunks):
    vectors = (X * 9).astype(dtype)
    pool = ladle.open_pool(write({"embeddings": vectors, "ids": NAMES}, chunks=chunks))
    np.testing.assert_array_equal(pool.embeddings(), vectors)
    assert pool.dtype == (dtype if dtype.startswith("float") else np.float32)
    assert (pool.rows, pool.dim, pool.ids.to_pylist()) == (ROWS, DIM, NAMES)
    assert pool.digest == ladle.open_pool(vectors, ids=NAMES).digest


@pytest.mark.parametrize("block_bytes", [1, 4 * DIM * 4, 1 << 20])
@pytest.mark.parametrize("piece", [1, 100, 1 << 20])
def test_blocks_are_in_order_whatever_the_sizes(write, block_bytes, piece, monkeypatch):
    monkeypatch.setattr("ladle.pool.stored_arrays.PIECE_BYTES", piece)
    start = 0
    for rows, block in ladle.open_pool(write({"embeddings": X}, chunks=(4, 2))).blocks(block_bytes):
        assert rows == slice(start, start + len(block))
        assert block.nbytes <= max(block_bytes, DIM * 4)
        np.testing.assert_array_equal(block, X[rows])
        start = rows.stop
    assert start == ROWS


def test_clusters_selects_and_runs_a_campaign_like_the_array(write, tmp_path):
    place = write({"group/features": X, "group/ids": NAMES, "other": X[:, :2]})
    address = f"{place}::group/features"
    pool = ladle.open_pool(address)
    assert pool.ids.to_pylist() == NAMES
    np.testing.assert_array_equal(ladle.cluster(pool).heights, ladle.cluster(X).heights)
    np.testing.assert_array_equal(ladle.cluster(address).heights, ladle.cluster(X).heights)
    chosen = ladle.strategies.CoreSet().query(5, embeddings=address).rows
    np.testing.assert_array_equal(chosen, ladle.strategies.CoreSet().query(5, embeddings=X).rows)
    with ladle.Campaign.create(tmp_path / "c.db", name="c", pool=pool, strategy="coreset", labels=[0, 1]) as running:
        assert running.ask(3).ids.tolist() == [NAMES[row] for row in chosen[:3]]
    with ladle.Campaign.open(tmp_path / "c.db") as again:  # the pool is opened by its address
        np.testing.assert_array_equal(again.pool.opened().embeddings(), X)
        assert len(again.ask(3).ids) == 3


def test_the_commands_take_an_address(write, tmp_path):
    from ladle.cli import main

    place = write({"group/features": X, "group/names": NAMES})
    assert main(["cluster", f"{place}::group/features", "--id", "group/names", "-o", str(tmp_path / "t.npz")]) == 0
    np.testing.assert_array_equal(ladle.Dendrogram.load(tmp_path / "t.npz").heights, ladle.cluster(X).heights)
    assert main(["cluster", f"{place}::absent", "-o", str(tmp_path / "u.npz")]) == 2


def test_ids_by_name_and_apart(write):
    place = write({"embeddings": X, "names": NAMES, "numbers": np.arange(ROWS) * 3})
    assert ladle.open_pool(place, id="names").ids.to_pylist() == NAMES
    assert ladle.open_pool(place, id="numbers").ids.to_pylist() == list(range(0, 3 * ROWS, 3))
    assert ladle.open_pool(place).ids.to_pylist() == list(range(ROWS))
    assert ladle.open_pool(place, ids=NAMES).ids.to_pylist() == NAMES
    with pytest.raises(ArgumentError, match="`id` names an array"):
        ladle.open_pool(place, id="names", ids=NAMES)
    with pytest.raises(ArgumentError, match=r"hold an array `name`; got the arrays .*names.*Did you mean `names`"):
        ladle.open_pool(place, id="name")
    with pytest.raises(IdError, match="one for each of the 23 rows"):
        ladle.open_pool(place, ids=NAMES[1:])


def test_ids_beside_the_array_by_either_name(write):
    assert ladle.open_pool(write({"embeddings": X, "id": NAMES})).ids.to_pylist() == NAMES


def test_two_arrays_of_ids_are_refused(write):
    place = write({"embeddings": X, "id": np.arange(ROWS), "ids": NAMES})
    with pytest.raises(ArgumentError, match="have one array of ids; got `ids` and `id`"):
        ladle.open_pool(place)
    assert ladle.open_pool(place, id="ids").ids.to_pylist() == NAMES
    assert ladle.open_pool(place, ids=NAMES).ids.to_pylist() == NAMES


def test_row_numbers_where_there_are_ids(write):
    place = write({"embeddings": X, "ids": NAMES})
    assert ladle.open_pool(place, ids="row-numbers").ids.to_pylist() == list(range(ROWS))


def test_which_array_is_meant(write):
    place = write({"a": X, "b": X[:, :2], "c": X[:, 0]})
    with pytest.raises(ArgumentError, match=r"got the arrays a, b\. Name the array: .*pool\.(h5|zarr)::a"):
        ladle.open_pool(place)
    assert ladle.open_pool(f"{place}::b").dim == 2
    assert ladle.open_pool(place, embedding="b").dim == 2
    with pytest.raises(ArgumentError, match="got both"):
        ladle.open_pool(f"{place}::b", embedding="a")
    with pytest.raises(ShapeError, match="shape"):
        ladle.open_pool(f"{place}::c")
    with pytest.raises(ArgumentError, match="hold an array `d`"):
        ladle.open_pool(f"{place}::d")


def test_an_open_array(tmp_path):
    h5py, library = pytest.importorskip("h5py"), pytest.importorskip("zarr")
    with h5py.File(hdf5(tmp_path, {"x": X})) as file:
        pool = ladle.open_pool(file["x"], ids=NAMES)
        np.testing.assert_array_equal(pool.embeddings(), X)
        assert pool.ids.to_pylist() == NAMES
    root = library.open_group(zarr(tmp_path, {"x": X}), mode="r")
    np.testing.assert_array_equal(ladle.open_pool(root["x"]).embeddings(), X)
    library.save_array(tmp_path / "one.zarr", X)
    np.testing.assert_array_equal(ladle.open_pool(tmp_path / "one.zarr").embeddings(), X)


def test_an_array_that_changes_meanwhile_is_noticed(tmp_path):
    library = pytest.importorskip("zarr")
    root = library.open_group(zarr(tmp_path, {"embeddings": X}, (4, 5)), mode="r+")
    pool = ladle.open_pool(tmp_path / "pool.zarr")
    pool.check()
    root["embeddings"][20, 1] = 99.0
    with pytest.raises(MismatchError, match="stay as it was when the pool was opened; got a change: other content"):
        pool.embeddings()
    np.testing.assert_array_equal(ladle.open_pool(tmp_path / "pool.zarr").embeddings()[20, 1], 99.0)


def test_skip_invalid(write):
    bad = X.copy()
    bad[3], bad[7, 1] = 0, np.nan
    pool = ladle.open_pool(write({"embeddings": bad, "ids": NAMES}), skip_invalid=True)
    assert pool.skipped.rows.tolist() == [3, 7]
    assert pool.source_rows([3]).tolist() == [4]


def test_what_cannot_be_read(tmp_path):
    h5py = pytest.importorskip("h5py")
    with pytest.raises(FileError, match="nothing there"):
        ladle.open_pool(tmp_path / "absent.h5")
    with pytest.raises(FileError, match="nothing there"):
        ladle.open_pool(tmp_path / "absent.zarr")
    (tmp_path / "text.h5").write_text("no HDF5")
    with pytest.raises(CorruptFileError, match=r"text\.h5"):
        ladle.open_pool(tmp_path / "text.h5")
    (tmp_path / "empty.zarr").mkdir()
    with pytest.raises(CorruptFileError, match=r"empty\.zarr"):
        ladle.open_pool(tmp_path / "empty.zarr")
    whole = hdf5(tmp_path, {"embeddings": np.tile(X, (100, 1))}, (10, 5))
    damaged = tmp_path / "cut.h5"
    shutil.copy(whole, damaged)
    with damaged.open("r+b") as file:
        file.truncate(whole.stat().st_size // 2)
    with pytest.raises(CorruptFileError, match=r"cut\.h5"):
        ladle.open_pool(damaged).check()
    with h5py.File(tmp_path / "texts.h5", "w") as file:
        file["embeddings"] = [["a", "b"]]
    with pytest.raises(ShapeError, match="dtype object"):
        ladle.open_pool(tmp_path / "texts.h5")


def test_a_pickle_is_never_read(tmp_path):
    library = pytest.importorskip("zarr")
    pytest.importorskip("numcodecs")
    root = library.open_group(tmp_path / "pool.zarr", mode="w", zarr_format=2)
    root.create_array("embeddings", shape=X.shape, dtype="f4")[:] = X
    folder = tmp_path / "pool.zarr" / "ids"
    root.create_array("ids", shape=(ROWS,), dtype=str)
    text = (folder / ".zarray").read_text()
    assert '"vlen-utf8"' in text
    (folder / ".zarray").write_text(text.replace('"vlen-utf8"', '"pickle"'))
    with pytest.raises((UnsafeFileError, CorruptFileError)):
        ladle.open_pool(tmp_path / "pool.zarr")


def test_a_store_of_the_campaign_needs_no_vectors(tmp_path):
    place = hdf5(tmp_path, {"embeddings": X, "ids": NAMES})
    with ladle.Campaign.create(labelling.MemoryStore(), name="c", pool=place, strategy="margin", labels=[0, 1]) as run:
        assert run.tell(NAMES[:2], [0, 1]).accepted == 2


def test_addresses():
    assert split_address("a/b.h5::x/y") == ("a/b.h5", "x/y")
    assert split_address("a/b.h5") == ("a/b.h5", "")
    assert split_address("a::b.npy") == ("a::b.npy", "")
    assert is_array_store("a.ZARR/")
    assert not is_array_store("a.npy")
    assert fingerprints.PIECE_BYTES < 32 << 20
