"""Damaged files end in a Ladle error or, where a format has no checksum, in other numbers: never in anything else."""

from __future__ import annotations

import contextlib

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest

import ladle
from ladle.errors import LadleError


def parquet_lists(table, vectors, path):
    pq.write_table(table, path, write_page_checksum=True)


def parquet_fixed(table, vectors, path):
    fixed = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), 3)
    pq.write_table(table.set_column(1, "emb", fixed), path)


def feather(table, vectors, path):
    pyarrow.feather.write_feather(table, path, compression="uncompressed")


def feather_lz4(table, vectors, path):
    pyarrow.feather.write_feather(table, path, compression="lz4")


def stream(table, vectors, path):
    with pa.ipc.new_stream(path, table.schema) as writer:
        writer.write_table(table, max_chunksize=9)


def npy(table, vectors, path):
    np.save(path, vectors)


def npz(table, vectors, path):
    np.savez_compressed(path, embeddings=vectors, ids=np.array(table["id"].to_pylist()))


@pytest.mark.filterwarnings("ignore")  # numbers out of damaged bytes overflow, and old-style headers warn
@pytest.mark.parametrize(
    ("write", "name"),
    [
        (parquet_lists, "p.parquet"),
        (parquet_fixed, "p.parquet"),
        (feather, "p.feather"),
        (feather_lz4, "p.feather"),
        (stream, "p.arrow"),
        (npy, "p.npy"),
        (npz, "p.npz"),
    ],
)
def test_damage_is_always_a_ladle_error(tmp_path, write, name):
    rng = np.random.default_rng(7)
    vectors = rng.standard_normal((40, 3)).astype(np.float32)
    lists = pa.array(vectors.tolist(), pa.list_(pa.float32()))
    path = tmp_path / name
    write(pa.table({"id": [f"a{row}" for row in range(40)], "emb": lists}), vectors, path)
    whole = path.read_bytes()
    for _ in range(150):
        damaged = bytearray(whole)
        for place in rng.integers(0, len(whole), rng.integers(1, 4)):
            damaged[place] = rng.integers(0, 256)
        if rng.random() < 0.2:
            damaged = damaged[: rng.integers(0, len(whole))]
        path.write_bytes(bytes(damaged))
        with contextlib.suppress(LadleError):
            pool = ladle.open_pool(path)
            pool.check()
            assert pool.embeddings().shape == (pool.rows, pool.dim)
