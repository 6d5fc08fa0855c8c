"""docs/large-pools.md: what it tells people to run does run, on fewer rows."""

from __future__ import annotations

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from tests.cli.pages import run_page


@pytest.mark.long
def test_the_page_runs(tmp_path):
    kinds = ["python", "sh", "sh", "sh", "sh", "python"]
    told = run_page("large-pools.md", tmp_path, kinds, smaller=("2_000_000", "10_000"))
    assert "time to cluster about" in told[1]
    assert "mean 10.0" in told[2]
    assert "in files, 976.6 MiB while it runs" in told[3]
    assert told[5].startswith("None 1.0 ")
    names = ["clusters.parquet", "joined.parquet", "pool.parquet", "tree.npz"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    clusters, joined = (pq.read_table(tmp_path / name)["cluster"] for name in names[:2])
    # Equal to a row of the pool: each finds that row's cluster again.
    assert pc.all(pc.equal(clusters, joined)).as_py()
