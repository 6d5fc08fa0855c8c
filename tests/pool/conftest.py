"""One pool in every format Ladle reads: (name, vectors, ids, folder) -> what `open_pool` takes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest

import ladle

Made = tuple[Any, dict[str, Any]]  # the source, and the options of open_pool
Maker = Callable[[np.ndarray, Any, Path], Made]


def fixed(vectors: np.ndarray) -> pa.Array:
    return pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])


def listed(vectors: np.ndarray, large: bool = False) -> pa.Array:
    offsets = np.arange(len(vectors) + 1) * vectors.shape[1]
    if large:
        return pa.LargeListArray.from_arrays(pa.array(offsets, pa.int64()), pa.array(vectors.ravel()))
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(vectors.ravel()))


def table(vectors: np.ndarray, ids: Any, column: pa.Array | None = None) -> pa.Table:
    return pa.table({"id": pa.array(ids), "emb": fixed(vectors) if column is None else column, "note": [1] * len(ids)})


def cuts(rows: int) -> list[slice]:
    third = max(1, rows // 3)
    return [piece for piece in (slice(0, third), slice(third, 2 * third), slice(2 * third, rows)) if piece.start < rows]


def _array(vectors, ids, folder):
    return vectors, {"ids": ids}


def _npy(vectors, ids, folder):
    np.save(folder / "pool.npy", vectors)
    return folder / "pool.npy", {"ids": ids}


def _npy_fortran(vectors, ids, folder):
    np.save(folder / "pool.npy", np.asfortranarray(vectors))
    np.save(folder / "names.npy", np.asarray(ids))
    return folder / "pool.npy", {"ids": folder / "names.npy"}


def _npy_folder(vectors, ids, folder):
    for number, piece in enumerate(cuts(len(vectors))):
        np.save(folder / f"part-{number}.npy", vectors[piece])
    np.save(folder / "ids.npy", np.asarray(ids))
    return folder, {}


def _npz(vectors, ids, folder):
    np.savez_compressed(folder / "pool.npz", embeddings=vectors, ids=np.asarray(ids))
    return folder / "pool.npz", {}


def _parquet(vectors, ids, folder):
    pq.write_table(table(vectors, ids), folder / "pool.parquet", row_group_size=7, write_page_checksum=True)
    return str(folder / "pool.parquet"), {}


def _parquet_lists(vectors, ids, folder):
    pq.write_table(table(vectors, ids, listed(vectors)), folder / "pool.parquet", data_page_size=64)
    return folder / "pool.parquet", {"id": "id", "embedding": "emb"}


def _parquet_folder(vectors, ids, folder):
    for number, piece in enumerate(cuts(len(vectors))):
        pq.write_table(
            table(vectors[piece], ids[piece], listed(vectors[piece], large=True)), folder / f"{number}.parquet"
        )
    (folder / "_SUCCESS").touch()
    (folder / "_metadata.parquet").write_bytes(b"not read")
    return folder, {}


def _feather(vectors, ids, folder):
    pyarrow.feather.write_feather(table(vectors, ids), folder / "pool.feather", compression="lz4", chunksize=5)
    return folder / "pool.feather", {}


def _arrow_stream_folder(vectors, ids, folder):
    for number, piece in enumerate(cuts(len(vectors))):
        part = table(vectors[piece], ids[piece])
        with pa.ipc.new_stream(folder / f"data-{number}.arrow", part.schema) as writer:
            writer.write_table(part, max_chunksize=4)
    return folder, {}


def _table_chunks(vectors, ids, folder):
    return pa.concat_tables([table(vectors[piece], ids[piece]) for piece in cuts(len(vectors))]), {}


def _table_sliced(vectors, ids, folder):
    padded = np.vstack([vectors[:1] * 0 + 9, vectors, vectors[:1] * 0 + 7])
    whole = table(padded, [*ids[:1], *ids, *ids[:1]], listed(padded))
    return whole.slice(1, len(vectors)), {}


MAKERS: dict[str, Maker] = {
    "array": _array,
    "npy": _npy,
    "npy_fortran": _npy_fortran,
    "npy_folder": _npy_folder,
    "npz": _npz,
    "parquet": _parquet,
    "parquet_lists": _parquet_lists,
    "parquet_folder": _parquet_folder,
    "feather": _feather,
    "arrow_stream_folder": _arrow_stream_folder,
    "table_chunks": _table_chunks,
    "table_sliced": _table_sliced,
}


@pytest.fixture(scope="session")
def makers() -> dict[str, Maker]:
    return MAKERS


@pytest.fixture(params=sorted(MAKERS))
def make(request, tmp_path):
    """Stores vectors and ids in one format, and opens them."""

    def opened(vectors, ids):
        source, options = MAKERS[request.param](vectors, ids, tmp_path)
        return ladle.open_pool(source, **options)

    return opened
