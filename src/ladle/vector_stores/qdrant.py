"""A collection of Qdrant as a pool, in its local mode or on a server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from ladle.errors import ArgumentError, did_you_mean
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


def open_qdrant(
    client: Any,
    collection: str,
    *,
    id: str | None = None,  # noqa: A002
    vector: str | None = None,
) -> Pool:
    """A collection of Qdrant as a pool.

    Parameters
    ----------
    client : qdrant_client.QdrantClient
        An open client: of a server, or local (`QdrantClient(path="FOLDER")`).
    collection : str
        The name of the collection.
    id : str, optional
        The field of the payload that holds the ids; by default the ids are those of the points, which are all numbers
        or all UUIDs (as text).
    vector : str, optional
        The name of the vector, for a collection with named vectors. It may be left out where there is one.

    Returns
    -------
    Pool
        Its rows are in the order of the points' ids. Vectors are float32. `ladle.open_pool(pool, skip_invalid=True)`
        leaves out points without a usable vector.

    Raises
    ------
    ArgumentError
        For another object, an unknown vector, and for several vectors of which none is named.
    IdError, ShapeError
        For ids or vectors that cannot be used.
    FileError
        When Qdrant fails, and for a collection that is not there.

    Notes
    -----
    Qdrant stores vectors of a collection with the distance Cosine at length 1: under the metric "cosine" that changes
    nothing. Cost: reads the ids; memory of the ids and of one piece of about 4 MiB. Points that are written between two
    passes are noticed at the next pass, which raises MismatchError.
    """
    if not all(hasattr(client, name) for name in ("scroll", "get_collection")):
        wanted, remedy = "be a client of Qdrant", 'Give qdrant_client.QdrantClient(path="FOLDER") or (url="...").'
        raise ArgumentError("`client`", wanted=wanted, got=shown(client)[:200], remedy=remedy)
    text(collection, "`collection`", wanted="be the name of a collection")
    text(id, "`id`", undecided=True, wanted="be the name of a field of the payload")
    text(vector, "`vector`", undecided=True, wanted="be the name of a vector")
    return open_store(_QdrantReader(client, collection, id, vector), id_name=_ID, vector=_VECTOR)


class _QdrantReader(StoreReader):
    def __init__(self, client: Any, collection: str, field: str | None, vector: str | None) -> None:
        source = f"the Qdrant collection {collection}"
        self._client, self._collection, self._field = client, collection, field
        with client_errors(source):
            configured = client.get_collection(collection).config.params.vectors
        named = dict(configured) if isinstance(configured, dict) else {"": configured}
        self._vector = _choose(named, vector, source)
        with client_errors(source):
            first = self._scroll(None, 1, with_vectors=False)[0]
        self._id_type = id_type(self._id_of(first[0]) if first else 0)
        schema = pa.schema([(_ID, self._id_type), (_VECTOR, pa.large_list(pa.float32()))])
        super().__init__(source, schema, _ID, int(named[self._vector].size))

    def fetch(self, names: Sequence[str], piece_rows: int) -> Iterator[Any]:
        """Points by scrolling, in the order of their ids."""
        place, with_vectors = None, _VECTOR in names
        while True:
            points, place = self._scroll(place, piece_rows, with_vectors=with_vectors)
            columns = {_ID: id_array([self._id_of(each) for each in points], self._id_type, self.source)}
            if with_vectors:
                columns[_VECTOR] = vector_array([self._vector_of(each) for each in points], pa.float32())
            if points:
                yield pa.record_batch([columns[name] for name in names], list(names))
            if place is None:
                return

    def _scroll(self, place: Any, rows: int, *, with_vectors: bool) -> tuple[list[Any], Any]:
        wanted = ([self._vector] if self._vector else True) if with_vectors else False
        points, after = self._client.scroll(
            self._collection,
            limit=rows,
            offset=place,
            with_vectors=wanted,
            with_payload=[self._field] if self._field else False,
        )
        return points, after

    def _id_of(self, point: Any) -> Any:
        return point.id if self._field is None else (point.payload or {}).get(self._field)

    def _vector_of(self, point: Any) -> Any:
        return point.vector.get(self._vector) if isinstance(point.vector, dict) else point.vector


def _choose(named: dict[str, Any], vector: str | None, source: str) -> str:
    """The name of the vector; "" in a collection without names. Raises: ArgumentError."""
    chosen = next(iter(named)) if vector is None and len(named) == 1 else vector
    if chosen is None or chosen not in named:
        listed = ", ".join(sorted(filter(None, named))) or ("one vector without a name" if named else "none")
        raise ArgumentError(
            source,
            wanted=f"have a vector `{vector}`" if vector else "have one vector, or one that `vector` names",
            got=listed,
            remedy=did_you_mean(vector or "", named) or "Name one with `vector`.",
        )
    if getattr(named[chosen], "multivector_config", None):
        got = f"several in `{chosen}` (a multivector)" if chosen else "several (a multivector)"
        raise ArgumentError(source, wanted="have one vector a point", got=got)
    return chosen
