"""A collection of Chroma as a pool."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from ladle.errors import ArgumentError
from ladle.numbers import shown, text
from ladle.pool.contract import Pool
from ladle.vector_stores.store_reader import (
    StoreReader,
    client_errors,
    id_array,
    id_type,
    open_store,
    vector_array,
)

_ID, _VECTOR = "id", "vector"  # columns of the pool


def open_chroma(collection: Any, *, id: str | None = None) -> Pool:  # noqa: A002
    """A collection of Chroma as a pool.

    Parameters
    ----------
    collection : chromadb.Collection
        An open collection, such as `chromadb.PersistentClient("FOLDER").get_collection("images")`.
    id : str, optional
        The field of the metadata that holds the ids; by default the ids are those of Chroma.

    Returns
    -------
    Pool
        Its rows are in the order in which Chroma lists them, that of their insertion. Vectors are float32, as Chroma
        stores them.

    Raises
    ------
    ArgumentError
        For another object.
    IdError, ShapeError
        For ids or vectors that cannot be used.
    FileError
        When Chroma fails.

    Notes
    -----
    Cost: reads the ids; memory of the ids and of one piece of about 4 MiB. Chroma finds a page by counting from the
    start, so a pass over n rows costs it O(n^2 / piece) steps in its index. Records that are written between two passes
    are noticed at the next pass, which raises MismatchError.
    """
    if not all(hasattr(collection, name) for name in ("get", "count", "name", "metadata")):
        remedy = 'Give chromadb.PersistentClient("FOLDER").get_collection("NAME").'
        raise ArgumentError(
            "`collection`", wanted="be a collection of Chroma", got=shown(collection)[:200], remedy=remedy
        )
    text(id, "`id`", undecided=True, wanted="be the name of a field of the metadata")
    return open_store(_ChromaReader(collection, id), id_name=_ID, vector=_VECTOR)


class _ChromaReader(StoreReader):
    def __init__(self, collection: Any, field: str | None) -> None:
        source = f"the Chroma collection {collection.name}"
        self._collection, self._field = collection, field
        with client_errors(source):
            first = self._page(0, 1, with_vectors=True)
        vectors, ids = first["embeddings"], self._ids_of(first)
        self._id_type = id_type(ids[0] if ids else "")
        schema = pa.schema([(_ID, self._id_type), (_VECTOR, pa.large_list(pa.float32()))])
        super().__init__(source, schema, _ID, len(vectors[0]) if len(vectors) else None)

    def fetch(self, names: Sequence[str], piece_rows: int) -> Iterator[Any]:
        """Records page by page."""
        with_vectors = _VECTOR in names
        start = 0
        while True:
            page = self._page(start, piece_rows, with_vectors=with_vectors)
            ids = self._ids_of(page)
            if not ids:
                return
            columns = {_ID: id_array(ids, self._id_type, self.source)}
            if with_vectors:
                columns[_VECTOR] = vector_array(page["embeddings"], pa.float32())
            yield pa.record_batch([columns[name] for name in names], list(names))
            start += len(ids)

    def _page(self, start: int, rows: int, *, with_vectors: bool) -> Any:
        parts = [*(["embeddings"] if with_vectors else []), *(["metadatas"] if self._field else [])]
        return self._collection.get(limit=rows, offset=start, include=parts)

    def _ids_of(self, page: Any) -> list[Any]:
        if self._field is None:
            return list(page["ids"])
        return [(each or {}).get(self._field) for each in page["metadatas"]]
