"""docs/large-pools.md: what it tells people to run does run, on fewer rows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

PAGE = Path(__file__).parents[2] / "docs" / "large-pools.md"


def test_the_page_runs(tmp_path):
    blocks = re.findall(r"^```(python|sh)\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert [kind for kind, _ in blocks] == ["python", "sh", "sh", "sh", "python"]
    told = []
    for kind, body in blocks:
        command = [sys.executable, "-c"] if kind == "python" else ["bash", "-ec"]
        done = subprocess.run(
            [*command, body.replace("2_000_000", "10_000")],
            cwd=tmp_path,
            env=os.environ | {"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, body + done.stderr
        told.append(" ".join(done.stdout.split()))
    assert "time to cluster about" in told[1]
    assert "mean 10.0" in told[2]
    assert told[4].startswith("None 1.0 ")
    names = ["clusters.parquet", "joined.parquet", "pool.parquet", "tree.npz"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    clusters, joined = (pq.read_table(tmp_path / name)["cluster"] for name in names[:2])
    # Equal to a row of the pool: each finds that row's cluster again.
    assert pc.all(pc.equal(clusters, joined)).as_py()
