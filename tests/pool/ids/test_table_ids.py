"""What the ids of a table are: its column, a file beside it, or the row numbers; never one of two without a word."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

import ladle
from ladle.errors import ArgumentError, IdError, LadleError
from ladle.notices import gathered, notices
from ladle.pool.ids.table_ids import ROW_NUMBERS, is_id_name
from ladle.scores import margin
from ladle.scores.files.score_file import open_scores

N = 12
X = np.random.default_rng(0).standard_normal((N, 3)).astype(np.float32)
P = np.random.default_rng(1).dirichlet(np.ones(4), N)
NAMES = [f"im{row:02}" for row in range(N)]


def table(**columns):
    return pa.table({**columns, "emb": pa.FixedSizeListArray.from_arrays(pa.array(X.ravel()), 3)})


@pytest.mark.parametrize(
    "columns",
    [
        {},
        {"label": [row % 3 for row in range(N)], "text": NAMES},  # as data sets of a hub have them
        {"image_id": [row % 5 for row in range(N)]},  # with repeats: no ids
        {"image_id": [*NAMES[:-1], None]},
        {"uuid": np.linspace(0, 1, N)},
        {"created": pa.array(range(N), pa.timestamp("s"))},
    ],
)
def test_row_numbers_where_nothing_can_be_the_ids(columns, tmp_path):
    pq.write_table(table(**columns), tmp_path / "pool.parquet")
    pa.feather.write_feather(table(**columns), tmp_path / "pool.arrow")
    for source in (table(**columns), tmp_path / "pool.parquet", tmp_path / "pool.arrow"):
        with gathered():
            pool = ladle.open_pool(source)
            told = notices()
        assert pool.ids.to_pylist() == list(range(N))
        assert pool.digest == ladle.open_pool(X).digest
        assert pool.notices == told
        assert "has no column of ids: the ids are the row numbers, 0 to 11" in told[0]
        np.testing.assert_array_equal(pool.embeddings(), X)


@pytest.mark.parametrize("name", ["image_id", "ImageID", "docid", "uuid", "key", "__key__", "file_name", "path", "url"])
def test_a_column_that_looks_like_ids_has_to_be_named(name, tmp_path):
    pq.write_table(table(**{name: NAMES, "label": [0] * N}), tmp_path / "pool.parquet")
    told = rf"an id column `id`.*`{name}` may hold them\. Say id=\"{name}\" \(--id {name}\), or ids=\"row-numbers\""
    with pytest.raises(ArgumentError, match=told):
        ladle.open_pool(tmp_path / "pool.parquet")
    assert ladle.open_pool(tmp_path / "pool.parquet", id=name).ids.to_pylist() == NAMES
    pool = ladle.open_pool(tmp_path / "pool.parquet", ids=ROW_NUMBERS)
    assert pool.ids.to_pylist() == list(range(N))
    assert pool.notices == ()  # the caller said so


def test_names_that_speak_of_ids():
    for name in ("id", "ID", "image_id", "imageId", "ImageID", "rowid", "sha256", "__index_level_0__", "File Name"):
        assert is_id_name(name), name
    for name in ("label", "text", "emb", "width", "created", "caption", "z0"):
        assert not is_id_name(name), name


def test_the_index_of_a_pandas_frame(tmp_path):
    frame = pd.DataFrame({"emb": list(X), "label": [0] * N})
    assert ladle.open_pool(frame).ids.to_pylist() == list(range(N))
    shuffled = frame.sample(frac=1, random_state=0)
    shuffled.to_parquet(tmp_path / "pool.parquet")
    for source in (shuffled, tmp_path / "pool.parquet"):
        with pytest.raises(ArgumentError, match="__index_level_0__"):
            ladle.open_pool(source)
        assert ladle.open_pool(source, id="__index_level_0__").ids.to_pylist() == shuffled.index.tolist()
    assert ladle.open_pool(frame.set_index(pd.Index(NAMES, name="image")), id="image").ids.to_pylist() == NAMES


def id_files(folder):
    np.save(folder / "ids.npy", np.array(NAMES))
    (folder / "ids.txt").write_text("\n".join(NAMES) + "\n")
    pd.DataFrame({"other": range(N), "image": NAMES}).to_csv(folder / "meta.csv", index=False)
    pq.write_table(pa.table({"other": range(N), "image": NAMES}), folder / "meta.parquet")
    pa.feather.write_feather(
        pa.table({"image": pa.array(NAMES).dictionary_encode(), "n": range(N)}), folder / "m.arrow"
    )
    np.savez(folder / "meta.npz", image=np.array(NAMES), other=np.arange(N))
    return ["ids.npy", "ids.txt", "meta.csv:image", "meta.parquet:image", "m.arrow:image", "meta.npz:image"]


def test_ids_in_a_file_beside(tmp_path):
    vectors = tmp_path / "x"
    vectors.mkdir()
    np.save(vectors / "x.npy", X)
    np.savez(vectors / "x.npz", embeddings=X)
    pq.write_table(table(label=[0] * N), vectors / "x.parquet")
    for name in id_files(tmp_path):
        for source in (X, vectors / "x.npy", vectors / "x.npz", vectors / "x.parquet", table(), table(image_id=NAMES)):
            for place in (tmp_path / name, str(tmp_path / name)):
                pool = ladle.open_pool(source, ids=place)
                assert pool.ids.to_pylist() == NAMES
                assert pool.notices == ()
    assert ladle.open_pool(table(), ids=NAMES).ids.to_pylist() == NAMES


def test_a_path_with_a_colon_is_a_path(tmp_path):
    (tmp_path / "ids:new.txt").write_text("\n".join(NAMES))
    assert ladle.open_pool(X, ids=tmp_path / "ids:new.txt").ids.to_pylist() == NAMES


def test_what_is_wrong_with_ids_beside(tmp_path, monkeypatch):
    id_files(tmp_path)
    with pytest.raises(IdError, match="one for each of the 12 rows; got 11 ids"):
        ladle.open_pool(table(), ids=NAMES[:-1])
    with pytest.raises(
        ArgumentError, match=r"a column of ids named `id`; got `other`, `image`.*meta\.parquet:image_id"
    ):
        ladle.open_pool(X, ids=tmp_path / "meta.parquet")
    with pytest.raises(ArgumentError, match="a column `nope`"):
        ladle.open_pool(X, ids=f"{tmp_path}/meta.parquet:nope")
    for place in ("ids.txt:image", "ids.npy:image"):
        with pytest.raises(ArgumentError, match="without a column"):
            ladle.open_pool(X, ids=tmp_path / place)
    with pytest.raises(LadleError, match="nothing there"):
        ladle.open_pool(X, ids=f"{tmp_path}/absent.parquet:image")
    for ids in (NAMES, ROW_NUMBERS, tmp_path / "ids.txt"):
        with pytest.raises(ArgumentError, match="`ids` must be left out for a table with the id column `id`"):
            ladle.open_pool(table(id=NAMES), ids=ids)
        with pytest.raises(ArgumentError, match="left out for a table with the id column `key`"):
            ladle.open_pool(table(key=NAMES), id="key", ids=ids)
    monkeypatch.chdir(tmp_path)
    (tmp_path / ROW_NUMBERS).mkdir()
    (tmp_path / ROW_NUMBERS / "names.txt").write_text("\n".join(NAMES))
    with pytest.raises(ArgumentError, match=r"give \./row-numbers"):
        ladle.open_pool(X, ids=ROW_NUMBERS)
    assert ladle.open_pool(X, ids=f"./{ROW_NUMBERS}").ids.to_pylist() == NAMES


def test_row_numbers_in_place_of_ids_that_are_there(tmp_path):
    np.savez(tmp_path / "x.npz", embeddings=X, ids=np.array(NAMES))
    assert ladle.open_pool(tmp_path / "x.npz", ids=ROW_NUMBERS).ids.to_pylist() == list(range(N))
    with pytest.raises(ArgumentError, match="`id` must be left out"):
        ladle.open_pool(tmp_path / "x.npz", id="ids", ids=ROW_NUMBERS)


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_scores_without_ids_are_in_the_order_of_the_pool(tmp_path, suffix):
    pool, columns = ladle.open_pool(table()), {f"p{label}": P[:, label] for label in range(4)}
    write = {"parquet": pq.write_table, "csv": lambda made, path: made.to_pandas().to_csv(path, index=False)}[suffix]
    path = tmp_path / f"s.{suffix}"
    write(pa.table(columns), path)
    with gathered():
        np.testing.assert_allclose(open_scores(path, pool).reduced(margin), margin(P), atol=1e-6)
        assert "taken in the order of the pool." in notices()[0]
    write(pa.table({"image_id": NAMES, **columns}), path)
    with pytest.raises(ArgumentError, match="`image_id` may hold them"):
        open_scores(path, pool)
    write(pa.table(columns).slice(1), path)
    with pytest.raises(LadleError, match="12 rows"):
        open_scores(path, pool)


def test_a_campaign_opens_such_a_pool_again(tmp_path):
    pq.write_table(table(image_id=NAMES), tmp_path / "pool.parquet")
    pool = ladle.open_pool(tmp_path / "pool.parquet", ids=ROW_NUMBERS)
    url = f"sqlite:///{tmp_path}/c.db"
    ladle.Campaign.create(url, name="c", pool=pool, strategy="coreset", labels=["a"]).close()
    with ladle.Campaign.open(url, name="c") as opened:
        batch = opened.ask(3)
        assert batch.ids.tolist() == batch.rows.tolist()


def test_a_campaign_keeps_the_ids_of_a_file_beside_its_pool(tmp_path):
    pq.write_table(table(image_id=NAMES), tmp_path / "pool.parquet")
    pq.write_table(pa.table({"n": range(N), "name": [f"n{row}" for row in range(N)]}), tmp_path / "meta.parquet")
    place = f"{tmp_path}/meta.parquet:name"
    pool = ladle.open_pool(tmp_path / "pool.parquet", ids=place)
    url = f"sqlite:///{tmp_path}/c.db"
    ladle.Campaign.create(url, name="c", pool=pool, strategy="coreset", labels=["a"]).close()
    with ladle.Campaign.open(url, name="c", pool=ladle.open_pool(tmp_path / "pool.parquet", ids=place)) as opened:
        batch = opened.ask(3)
        assert batch.ids.tolist() == [f"n{row}" for row in batch.rows]
    (tmp_path / "meta.parquet").unlink()
    with ladle.Campaign.open(url, name="c") as opened:
        assert opened.tell(["n1"], ["a"]).accepted == 1


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_frame_of_floats_alone_is_a_matrix(library):
    frames = pytest.importorskip(library)
    vectors = np.random.default_rng(0).standard_normal((9, 4)).astype(np.float32)
    frame = frames.DataFrame({f"e{column}": vectors[:, column] for column in range(4)})
    pool = ladle.open_pool(frame)
    assert np.array_equal(pool.embeddings(), vectors)
    assert pool.ids.to_pylist() == list(range(9))
    assert np.array_equal(ladle.open_pool(frame, ids=[f"i{row}" for row in range(9)]).embeddings(), vectors)
