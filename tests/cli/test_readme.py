"""Every command of README.md runs as it stands, on a small pool; the demo and the lab have tests of their own."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

import ladle
from ladle.cli.app import program
from ladle.scores import softmax

README = Path(__file__).parents[2] / "README.md"
ROWS, DIM = 400, 8
# What README has -> what a small pool and a temporary folder need.
SMALLER = {
    "100000": "60",
    "10000": "60",
    "5000": "60",
    "1000": "60",
    "500": "60",
    "/scratch/state": "state",
}


def commands():
    """The words after `ladle` of every command line in a code block."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```", README.read_text(), re.MULTILINE | re.DOTALL)
    lines = "\n".join(body for kind, body in blocks if not kind).replace("\\\n", " ").splitlines()
    split = [shlex.split(part, comments=True) for line in lines for part in line.split("&&")]
    return [[SMALLER.get(word, word) for word in words[1:]] for words in split if words and words[0] == "ladle"]


def write_inputs():
    random = np.random.default_rng(0)
    vectors = random.standard_normal((ROWS, DIM)).astype(np.float32)
    ids = [f"im-{row}" for row in range(ROWS)]
    logits = random.standard_normal((ROWS, 3)).astype(np.float32)
    P = softmax(logits)
    lists = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), DIM)
    pool = pa.table({"image_id": ids, "emb": lists})
    pq.write_table(pool, "pool.parquet")
    np.save("pool.npy", vectors)
    Path("shards").mkdir()
    for place in range(2):
        np.save(f"shards/e_{place}.npy", vectors[place * 200 :][:200])
    new = pa.FixedSizeListArray.from_arrays(pa.array(random.standard_normal(20 * DIM).astype(np.float32)), DIM)
    pq.write_table(pa.table({"image_id": [f"new-{row}" for row in range(20)], "emb": new}), "new.parquet")
    scores = pa.table({"image_id": ids, "probabilities": P.tolist()})
    for name in ("probabilities.parquet", "s1.parquet", "s2.parquet"):
        pq.write_table(scores, name)
    np.save("logits.npy", logits)
    np.savez("margins.npz", margin=ladle.margin(P), ids=ids)
    Path("done.txt").write_text("".join(f"{name}\n" for name in ids[:50]))


def label(batch, labelled):
    """Fill in a batch as people would."""
    table = pyarrow.csv.read_csv(batch)
    pyarrow.csv.write_csv(pa.table({"id": table["id"], "label": ["cat"] * table.num_rows}), labelled)


def test_every_command_is_understood():
    for words in commands():
        command = program()
        while hasattr(command, "commands"):
            command = command.commands[words.pop(0)]
        command.make_context(command.name, words)


@pytest.mark.long
def test_every_command_runs(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_inputs()
    ran = []
    for words in commands():
        if words[0] in ("demo", "lab") or "--help" in words:
            continue
        if "batch-1-done.csv" in words:
            label("batch-1.csv", "batch-1-done.csv")
        code, _, err = run(*words)
        assert code == 0, f"ladle {' '.join(words)}\n{err}"
        ran.append(words[0])
    assert len(ran) >= 14
    assert set(ran) >= {"doctor", "cluster", "assign", "select", "strategies", "campaign"}
    assert pq.read_table("batch.parquet").num_rows == 60
    assert (tmp_path / "new-clusters.parquet").exists()
