"""Ids in every layout that writers choose: the same ids, the same digest, or one clear error."""

from __future__ import annotations

import uuid

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.feather
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest

import ladle
from ladle.errors import ArgumentError, IdError, MismatchError

VECTORS = np.arange(12, dtype=np.float32).reshape(4, 3)
LISTS = pa.FixedSizeListArray.from_arrays(pa.array(VECTORS.ravel()), 3)
TEXTS = ["a", "", "ümlaut", "d"]
NUMBERS = [5, 0, 70_000, 3]
UUIDS = [uuid.UUID(int=number << 60 | 0xABC) for number in NUMBERS]
BYTES = pa.array([each.bytes for each in UUIDS], pa.binary(16))


def table(ids):
    return pa.table({"id": ids, "emb": LISTS})


TEXT_LAYOUTS = {
    "string": pa.array(TEXTS),
    "large_string": pa.array(TEXTS, pa.large_string()),
    "string_view": pa.array(TEXTS, pa.string_view()),
    "dictionary": pa.array(TEXTS).dictionary_encode(),
    "dictionary of large_string": pa.array(TEXTS, pa.large_string()).dictionary_encode(),
    "ordered small dictionary": pa.DictionaryArray.from_arrays(
        pa.array([2, 0, 3, 1], pa.uint8()), pa.array([TEXTS[1], TEXTS[3], TEXTS[0], TEXTS[2]]), ordered=True
    ),
    "dictionary of views": pa.DictionaryArray.from_arrays(
        pa.array(range(4), pa.uint32()), pa.array(TEXTS, pa.string_view())
    ),
    "a slice": pa.array(["x", *TEXTS, "y"]).slice(1, 4),
    "a slice of a dictionary": pa.array(["x", *TEXTS, "y"]).dictionary_encode().slice(1, 4),
}
NUMBER_LAYOUTS = {str(kind): pa.array(NUMBERS, kind) for kind in (pa.int32(), pa.int64(), pa.uint32(), pa.uint64())} | {
    "dictionary": pa.array(NUMBERS, pa.int32()).dictionary_encode()
}


def ways(ids, folder):
    """The pool in memory and from each file format that holds columns of this type."""
    yield ladle.open_pool(table(ids))
    with pa.ipc.new_file(folder / "pool.arrow", table(ids).schema) as writer:
        writer.write_table(table(ids))
    yield ladle.open_pool(folder / "pool.arrow")
    with pa.ipc.new_stream(folder / "stream.arrow", table(ids).schema) as writer:
        writer.write_table(table(ids), max_chunksize=3)
    yield ladle.open_pool(folder / "stream.arrow")
    if ids.type != pa.dictionary(pa.uint32(), pa.string_view()):  # which pyarrow cannot write as Parquet
        pq.write_table(table(ids), folder / "pool.parquet", row_group_size=3)
    else:
        pq.write_table(table(pa.array(TEXTS)), folder / "pool.parquet")
    yield ladle.open_pool(folder / "pool.parquet")


@pytest.mark.parametrize("layout", TEXT_LAYOUTS)
def test_every_layout_of_text_is_the_same_text(layout, tmp_path):
    digest = ladle.open_pool(VECTORS, ids=TEXTS).digest
    for pool in ways(TEXT_LAYOUTS[layout], tmp_path):
        assert (pool.ids.to_pylist(), pool.ids.type, pool.digest) == (TEXTS, pa.large_string(), digest)


@pytest.mark.parametrize("layout", NUMBER_LAYOUTS)
def test_every_width_of_integers_is_the_same_numbers(layout, tmp_path):
    digest = ladle.open_pool(VECTORS, ids=NUMBERS).digest
    for pool in ways(NUMBER_LAYOUTS[layout], tmp_path):
        assert (pool.ids.to_pylist(), pool.ids.type, pool.digest) == (NUMBERS, pa.int64(), digest)


@pytest.mark.parametrize("kind", ["categorical", "enum", "pandas", "pandas text", "pandas numbers"])
def test_categories_of_frames(kind, tmp_path):
    if kind.startswith("pandas"):
        ids = {"pandas": pd.Categorical(TEXTS), "pandas text": pd.array(TEXTS, "string"), "pandas numbers": NUMBERS}
        frame = pd.DataFrame({"id": ids[kind], "emb": list(VECTORS)})
        frame.to_feather(tmp_path / "pool.feather")
        frame.to_parquet(tmp_path / "pool.parquet")
        files = ["pool.feather", "pool.parquet"]
    else:
        ids = pl.Series(TEXTS, dtype=pl.Categorical if kind == "categorical" else pl.Enum(TEXTS[::-1]))
        frame = pl.DataFrame({"id": ids, "emb": pl.Series(VECTORS, dtype=pl.Array(pl.Float32, 3))})
        frame.write_ipc(tmp_path / "pool.arrow")
        frame.write_parquet(tmp_path / "pool.parquet")
        files = ["pool.arrow", "pool.parquet"]
    wanted = NUMBERS if kind == "pandas numbers" else TEXTS
    for pool in [ladle.open_pool(frame), *(ladle.open_pool(tmp_path / name) for name in files)]:
        assert pool.ids.to_pylist() == wanted
        np.testing.assert_array_equal(pool.embeddings(), VECTORS)
    assert ladle.open_pool(VECTORS, ids=frame["id"]).ids.to_pylist() == wanted


def test_a_dictionary_that_differs_from_batch_to_batch(tmp_path):
    parts = [pa.array(["b", "a"]).dictionary_encode(), pa.array(["d", "c"]).dictionary_encode()]
    batches = [pa.record_batch({"id": part, "emb": LISTS[:2]}) for part in parts]
    with pa.ipc.new_stream(tmp_path / "pool.arrow", batches[0].schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
    assert ladle.open_pool(tmp_path / "pool.arrow").ids.to_pylist() == ["b", "a", "d", "c"]


def test_uuids_are_the_text_people_know_them_by(tmp_path):
    texts = [str(each) for each in UUIDS]
    typed = pa.ExtensionArray.from_storage(pa.uuid(), BYTES)
    for pool in ways(typed, tmp_path):
        assert pool.ids.to_pylist() == texts
    for ids in (UUIDS, np.array(UUIDS), typed, pd.Series(UUIDS)):
        assert ladle.open_pool(VECTORS, ids=ids).ids.to_pylist() == texts
    pool = ladle.open_pool(VECTORS, ids=texts)
    assert pool.rows_of(UUIDS[::-1]).tolist() == [3, 2, 1, 0]
    assert ladle.open_pool(VECTORS[:2], ids=pa.concat_arrays([typed, typed]).slice(3, 2)).ids.to_pylist() == [
        texts[3],
        texts[0],
    ]


def test_a_null_among_uuids_is_told_by_its_place():
    holed = pa.ExtensionArray.from_storage(pa.uuid(), pa.array([*BYTES.to_pylist()[:3], None], pa.binary(16)))
    with pytest.raises(IdError, match="1, the first at position 3"):
        ladle.open_pool(VECTORS, ids=holed)


@pytest.mark.parametrize("ids", [BYTES, pa.array([b"a", b"b", b"c", b"d"]), np.array([b"a", b"b", b"c", b"d"])])
def test_bytes_are_refused_with_the_call_that_makes_text(ids):
    for made in (lambda: ladle.open_pool(VECTORS, ids=ids), lambda: ladle.open_pool(table(pa.array(ids)))):
        with pytest.raises(IdError, match=r"integers or text; got .*binary.*id\.hex\(\) for id in ids"):
            made()


@pytest.mark.parametrize("layouts", [TEXT_LAYOUTS, NUMBER_LAYOUTS])
def test_shards_of_different_layouts_are_one_pool(layouts, tmp_path):
    made = list(layouts.values())
    wanted = []
    for number, ids in enumerate(made):
        texts = pa.types.is_integer(ids.type) or pa.types.is_integer(getattr(ids.type, "value_type", pa.null()))
        values = [each + 100_000 * number if texts else f"{number}{each}" for each in ids.to_pylist()]
        wanted += values
        column = pa.array(values).cast(ids.type) if not pa.types.is_dictionary(ids.type) else pa.array(values)
        pq.write_table(table(column), tmp_path / f"part-{number}.parquet", store_schema=True)
    pool = ladle.open_pool(tmp_path)
    assert pool.ids.to_pylist() == wanted
    np.testing.assert_array_equal(pool.embeddings(), np.tile(VECTORS, (len(made), 1)))


def test_shards_of_different_lists_are_one_pool_but_not_of_different_numbers(tmp_path):
    kinds = [pa.list_(pa.float32()), pa.large_list(pa.float32()), pa.list_(pa.float32(), 3)]
    for number, kind in enumerate(kinds):
        ids = pa.array([4 * number + place for place in range(4)])
        pq.write_table(
            pa.table({"id": ids, "emb": pa.array(VECTORS.tolist(), kind)}), tmp_path / f"part-{number}.parquet"
        )
    np.testing.assert_array_equal(ladle.open_pool(tmp_path).embeddings(), np.tile(VECTORS, (3, 1)))
    pq.write_table(
        pa.table({"id": [90, 91, 92, 93], "emb": pa.array(VECTORS.tolist(), pa.list_(pa.float64()))}),
        tmp_path / "part-3.parquet",
    )
    with pytest.raises(MismatchError, match=r"`emb` of .*part-3"):
        ladle.open_pool(tmp_path)


def test_shards_of_text_and_of_numbers_are_not_one_pool(tmp_path):
    pq.write_table(table(pa.array(NUMBERS)), tmp_path / "a.parquet")
    pq.write_table(table(pa.array(TEXTS)), tmp_path / "b.parquet")
    with pytest.raises(MismatchError, match=r"`id` of .*b\.parquet must be int64"):
        ladle.open_pool(tmp_path)


def test_a_frame_with_a_column_that_arrow_cannot_hold():
    frame = pd.DataFrame({"id": TEXTS, "emb": list(VECTORS), "thing": [object(), 1, "x", {2}]})
    assert ladle.open_pool(frame).ids.to_pylist() == TEXTS
    with pytest.raises(ArgumentError, match="the id column `thing`"):
        ladle.open_pool(frame, id="thing")


def test_a_frame_with_two_columns_of_one_name():
    frame = pd.DataFrame([["a", "b"]], columns=["id", "id"])
    with pytest.raises(ArgumentError, match="one column of each name; got `id` twice"):
        ladle.open_pool(frame)
