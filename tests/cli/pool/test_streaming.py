"""`ladle cluster` reads its pool block by block, in whatever format it is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import ladle
from ladle.hac.plan import clustering_bytes
from ladle.pool.array_pool import ArrayPool
from ladle.pool.column_pool import ColumnPool

ROWS, DIM, DISTINCT = 40_000, 768, 1_000


def parquet(path: Path, vectors: np.ndarray) -> None:
    lists = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])
    pq.write_table(pa.table({"id": np.arange(len(vectors)), "emb": lists}), path)


@pytest.mark.parametrize("exact", ["--exact", "--approximate"])
@pytest.mark.parametrize("source", ["pool.npy", "pool.npz", "pool.parquet", "shards", "parquets"])
def test_no_pool_is_loaded_whole(run, tmp_path, monkeypatch, source, exact):
    vectors = np.random.default_rng(1).standard_normal((300, 5)).astype(np.float32)
    (tmp_path / "shards").mkdir()
    (tmp_path / "parquets").mkdir()
    np.save(tmp_path / "pool.npy", vectors)
    np.savez(tmp_path / "pool.npz", embeddings=vectors)
    parquet(tmp_path / "pool.parquet", vectors)
    for part, rows in enumerate((slice(0, 200), slice(200, 300))):
        np.save(tmp_path / "shards" / f"{part}.npy", vectors[rows])
    parquet(tmp_path / "parquets" / "0.parquet", vectors)

    def embeddings(pool):
        raise AssertionError("the pool was loaded whole")

    for kind in (ArrayPool, ColumnPool):
        monkeypatch.setattr(kind, "embeddings", embeddings)
    tree, table = tmp_path / "t.npz", tmp_path / "c.parquet"
    assert run("cluster", tmp_path / source, "-o", tree, exact, "--prototypes", "--clusters-out", table)[0] == 0
    assert ladle.Dendrogram.load(tree).prototypes is not None


MEASURED = """
import json, sys
from ladle.cli import main
from ladle.cli.program.printing import peak_bytes
small, large, tree = sys.argv[1:]
options = ["-o", tree, "--approximate", "--n-clusters", "100", "--no-prototypes", "--json", "--force"]
assert main(["cluster", small, *options]) == 0  # libraries and kernels are loaded now
before = peak_bytes()
assert main(["cluster", large, *options]) == 0
print(json.dumps(peak_bytes() - before))
"""


def test_a_pool_larger_than_its_memory(tmp_path):
    # Rows that repeat, so that what is clustered is small and only the reading could be large.
    random = np.random.default_rng(2)
    vectors = random.standard_normal((DISTINCT, DIM))
    lists = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), DIM)
    schema = pa.schema({"id": pa.int64(), "emb": lists.type})
    with pq.ParquetWriter(tmp_path / "large.parquet", schema) as writer:
        for start in range(0, ROWS, DISTINCT):
            writer.write_table(pa.table({"id": np.arange(start, start + DISTINCT), "emb": lists}, schema=schema))
    parquet(tmp_path / "small.parquet", vectors)
    pool_bytes = 8 * ROWS * DIM
    limit = clustering_bytes(ROWS, DIM, exact=False)
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, tmp_path / "small.parquet", tmp_path / "large.parquet", tmp_path / "t.npz"],
        env=os.environ | {"LADLE_MEMORY": str(limit), "LADLE_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    grown = json.loads(done.stdout.splitlines()[-1])
    assert json.loads(done.stdout.splitlines()[1])["rows"] == ROWS
    assert grown < pool_bytes / 3
