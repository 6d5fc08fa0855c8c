"""What is particular to one vector store: named vectors, types of columns, what is refused."""

from __future__ import annotations

import uuid

import numpy as np
import pyarrow as pa
import pytest

import ladle
from ladle import vector_stores
from ladle.errors import ArgumentError, FileError, IdError, MismatchError, ShapeError
from ladle.vector_stores.store_reader import _pieces, id_array, vector_array
from tests.vector_stores.conftest import chroma, lance, name_of, pgvector, with_public

long = pytest.mark.long
X = np.random.default_rng(0).standard_normal((30, 4)).astype(np.float32)


# -- LanceDB ------------------------------------------------------------------------------------------------------


@long
def test_a_handle_of_lancedb_stays_at_its_version(tmp_path, request):
    library = pytest.importorskip("lancedb")
    made = lance(tmp_path, request)
    made.write(list(range(10)), X[:10])
    made.write(list(range(10, 30)), X[10:])
    pool = made.open()
    library.connect(tmp_path / "lance").open_table("images").delete("true")  # by another handle
    np.testing.assert_array_equal(pool.embeddings(), X)


@long
def test_compaction_of_lancedb_is_no_change(tmp_path, request):
    pytest.importorskip("lancedb")
    made = lance(tmp_path, request)
    for start in range(0, 30, 3):
        made.write(list(range(start, start + 3)), X[start : start + 3])
    pool = made.open()
    pool.check()
    pool._columns._table.optimize()
    pool.check()


@long
def test_columns_of_lancedb(tmp_path):
    base = pytest.importorskip("lancedb").connect(tmp_path)
    lists = pa.FixedSizeListArray.from_arrays(pa.array(X.ravel()), 4)
    table = base.create_table("t", pa.table({"image_id": list(range(0, 90, 3)), "a": lists, "b": lists}))
    with pytest.raises(ArgumentError, match="`id` names"):
        vector_stores.open_lancedb(table, vector="a")
    with pytest.raises(ArgumentError, match=r"`embedding` names|one column of float lists"):
        vector_stores.open_lancedb(table, id="image_id")
    assert vector_stores.open_lancedb(table, id="image_id", vector="b").ids.to_pylist() == list(range(0, 90, 3))
    with pytest.raises(ArgumentError, match="absent"):
        vector_stores.open_lancedb(table, id="absent", vector="b")
    with pytest.raises(ArgumentError, match=r"LanceTable.*ladle\.vector_stores\.open_lancedb\(embeddings\)"):
        ladle.cluster(table)


# -- Qdrant -------------------------------------------------------------------------------------------------------


def client_of(request, **place):
    library = pytest.importorskip("qdrant_client")
    client = library.QdrantClient(**(place or {"location": ":memory:"}))
    request.addfinalizer(client.close)
    return client, library.models


@long
def test_ids_of_points(request):
    client, models = client_of(request)
    size = models.VectorParams(size=4, distance="Dot")
    client.create_collection("numbers", vectors_config=size)
    client.create_collection("uuids", vectors_config=size)
    client.create_collection("both", vectors_config=size)
    names = [str(uuid.UUID(int=each * 7)) for each in range(30)]
    for collection, ids in (("numbers", range(30)), ("uuids", names), ("both", [*range(15), *names[15:]])):
        order = list(zip(ids, X.tolist(), strict=True))[::-1]
        client.upsert(collection, [models.PointStruct(id=each, vector=vector) for each, vector in order])
    pool = vector_stores.open_qdrant(client, "numbers")
    assert pool.ids.to_pylist() == list(range(30))
    np.testing.assert_array_equal(pool.embeddings(), X)
    pool = vector_stores.open_qdrant(client, "uuids")
    assert pool.ids.to_pylist() == names
    np.testing.assert_array_equal(pool.embeddings(), X)
    with pytest.raises(IdError, match=r"all integers or all text.*Name a field"):
        vector_stores.open_qdrant(client, "both")
    with pytest.raises(IdError, match="nulls"):
        vector_stores.open_qdrant(client, "numbers", id="absent")


@long
def test_named_vectors_of_a_collection_on_disk(request, tmp_path):
    client, models = client_of(request, path=str(tmp_path / "qdrant"))
    sizes = {
        "image": models.VectorParams(size=4, distance="Dot"),
        "text": models.VectorParams(size=3, distance="Dot"),
        "many": models.VectorParams(size=3, distance="Dot", multivector_config={"comparator": "max_sim"}),
    }
    client.create_collection("c", vectors_config=sizes)
    points = [
        models.PointStruct(id=row, vector={"image": each.tolist(), **({"text": [1, 2, row]} if row != 4 else {})})
        for row, each in enumerate(X)
    ]
    client.upsert("c", points)
    np.testing.assert_array_equal(vector_stores.open_qdrant(client, "c", vector="image").embeddings(), X)
    pool = vector_stores.open_qdrant(client, "c", vector="text")
    with pytest.raises(ShapeError, match="row 4"):
        pool.check()
    assert ladle.open_pool(pool, skip_invalid=True).skipped.ids.to_pylist() == [4]
    for wrong, told in ((None, "that `vector` names"), ("imag", "Did you mean `image`"), ("many", "multivector")):
        with pytest.raises(ArgumentError, match=told):
            vector_stores.open_qdrant(client, "c", vector=wrong)
    with pytest.raises(FileError, match="absent"):
        vector_stores.open_qdrant(client, "absent")


# -- Chroma -------------------------------------------------------------------------------------------------------


@long
def test_ids_in_the_metadata_of_chroma(tmp_path, request):
    made = chroma(tmp_path, request)
    made.write(list(range(30)), X)
    assert made.open(id="number").ids.to_pylist() == list(range(30))
    with pytest.raises(IdError, match="nulls"):
        made.open(id="absent")


# -- pgvector -----------------------------------------------------------------------------------------------------


@pytest.fixture
def run(vector_server):
    psycopg = pytest.importorskip("psycopg")
    pytest.importorskip("pgvector")
    url = with_public(vector_server.new_database())

    def execute(query, *values):
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(query, values)

    execute("CREATE EXTENSION IF NOT EXISTS vector SCHEMA public")
    execute.url = url
    return execute


@long
@pytest.mark.parametrize("kind", ["int4", "int8", "text", "uuid"])
def test_kinds_of_ids_and_order(run, kind):
    ids = {"text": ["b", "A", "é", "a", "Z"], "uuid": [str(uuid.UUID(int=each)) for each in (3, 1, 2, 9, 7)]}
    given = ids.get(kind, [3, -1, 2, 9, 7])
    run(f"CREATE TABLE t (key {kind}, emb vector(4))")
    for each, vector in zip(given, X, strict=False):
        run("INSERT INTO t VALUES (%s, %s::text::vector)", each, str(vector.tolist()))
    pool = vector_stores.open_pgvector(run.url, "t", id="key")
    ordered = sorted(given, key=(lambda each: each.encode()) if kind == "text" else None)
    assert pool.ids.to_pylist() == ordered
    np.testing.assert_array_equal(pool.embeddings(), X[[given.index(each) for each in ordered]])


@long
def test_halfvec_and_schema_and_names_that_need_quotes(run):
    run('CREATE SCHEMA IF NOT EXISTS "Lab x"')
    run('CREATE TABLE "Lab x"."T;" ("the id" int, "e\'1" halfvec(4), other vector(2))')
    run("INSERT INTO \"Lab x\".\"T;\" VALUES (1, '[1,2,3,4]', NULL), (2, '[5,6,7,8]', NULL)")
    pool = vector_stores.open_pgvector(run.url, "Lab x.T;", id="the id", vector="e'1")
    assert pool.dtype == np.float16
    np.testing.assert_array_equal(pool.embeddings(), [[1, 2, 3, 4], [5, 6, 7, 8]])


@long
def test_what_is_refused_of_a_table(run):
    run("CREATE TABLE t (id int, a vector(4), b vector(4), s sparsevec(4), day date)")
    run("INSERT INTO t VALUES (1, '[1,2,3,4]', '[1,2,3,4]', '{1:1}/4', now()), (2, NULL, '[1,2,3,4]', NULL, NULL)")
    for options, told in (
        ({}, r"one that `vector` names; got a, b"),
        ({"vector": "c"}, "have a column `c`; got id, a, b, s, day"),
        ({"vector": "s"}, r"got sparsevec.*s::vector AS s"),
        ({"vector": "a", "id": "day"}, "integers, text or UUIDs.*the type date"),
        ({"vector": "a", "id": "ids"}, "have a column `ids`.*Did you mean `id`"),
    ):
        with pytest.raises(ArgumentError, match=told):
            vector_stores.open_pgvector(run.url, "t", **options)
    with pytest.raises(FileError, match="absent"):
        vector_stores.open_pgvector(run.url, "absent")
    with pytest.raises(FileError, match="be readable") as error:
        vector_stores.open_pgvector("postgresql://u:secret@127.0.0.1:1/x?connect_timeout=2", "t")
    assert "secret" not in str(error.value)
    pool = vector_stores.open_pgvector(run.url, "t", vector="a")
    with pytest.raises(ShapeError, match="row 1"):
        pool.check()
    assert ladle.open_pool(pool, skip_invalid=True).skipped.ids.to_pylist() == [2]


@long
def test_a_table_that_is_written_during_a_pass_is_read_in_one_state(tmp_path, request, monkeypatch):
    monkeypatch.setattr("ladle.vector_stores.store_reader._LEAST_ROWS", 5)
    monkeypatch.setattr("ladle.vector_stores.store_reader._MOST_ROWS", 5)
    made = pgvector(tmp_path, request)
    made.write(list(range(30)), X)
    pool = made.open()
    blocks = pool.blocks()
    first = next(blocks)[1].copy()
    made.write([20], X[20:21] + 1)
    np.testing.assert_array_equal(np.concatenate([first, *[block.copy() for _, block in blocks]]), X)
    with pytest.raises(MismatchError):
        pool.check()


# -- without any library ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [None, 5, "images", X, object()])
def test_what_is_no_store(wrong):
    for call in (
        lambda: vector_stores.open_lancedb(wrong),
        lambda: vector_stores.open_chroma(wrong),
        lambda: vector_stores.open_qdrant(wrong, "c"),
    ):
        with pytest.raises(ArgumentError, match=r"(?s)be a (table|collection|client) of .*Give "):
            call()


def test_ids_of_two_kinds_are_refused():
    assert id_array([uuid.UUID(int=1), None], pa.string(), "s").to_pylist() == [str(uuid.UUID(int=1)), None]
    for ids, kind in (([1, "a"], pa.int64()), (["a", 1], pa.string()), ([True], pa.int64())):
        with pytest.raises(IdError, match="all integers or all text"):
            id_array(ids, kind, "a store")


def test_vectors_with_gaps():
    array = vector_array([X[0], None, X[1]], pa.float32())
    assert array.null_count == 1
    np.testing.assert_array_equal(array[2].as_py(), X[1])
    assert len(vector_array([None], pa.float32())) == 1
    assert len(vector_array([], pa.float32())) == 0


@pytest.mark.parametrize("sizes", [[], [1], [3, 3], [10], [1, 1, 1, 1, 4], [2, 9, 1]])
@pytest.mark.parametrize("rows", [1, 3, 4, 100])
def test_pieces_have_one_size(sizes, rows):
    values = iter(range(1000))
    batches = [pa.record_batch({"x": [next(values) for _ in range(size)]}) for size in sizes]
    pieces = [piece["x"].to_pylist() for piece in _pieces(iter(batches), rows)]
    assert [value for piece in pieces for value in piece] == list(range(sum(sizes)))
    assert all(len(piece) == rows for piece in pieces[:-1])
    assert name_of(3) < name_of(20)
