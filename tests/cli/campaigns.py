"""A small campaign for the tests of `ladle campaign`: a pool, scores, and people who know the truth."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

N, CLASSES = 200, ("cat", "dog", "emu")


def make_pool(folder: Path) -> None:
    """pool.parquet and scores-1.parquet to scores-3.parquet, in another order."""
    rng = np.random.default_rng(11)
    ids = [f"im{row:03}" for row in range(N)]
    lists = rng.standard_normal((N, 4)).astype(np.float32).tolist()
    pq.write_table(pa.table({"id": ids, "emb": lists}), folder / "pool.parquet")
    for number in (1, 2, 3):
        P = rng.dirichlet(np.ones(3), N).astype(np.float32)
        order = rng.permutation(N)
        pq.write_table(
            pa.table({"id": [ids[row] for row in order], "p": P[order].tolist()}), folder / f"scores-{number}.parquet"
        )


def truth(example: str) -> str:
    return CLASSES[int(example[2:]) % 3]


def labelled(batch: Path, answers: Path, *, but: dict[str, str] | None = None, first: int | None = None) -> Path:
    """A batch in CSV with its labels filled in: the truth, `but` for these; only the `first` so many, if said."""
    with batch.open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows[:first]:
        row["label"] = (but or {}).get(row["id"]) or truth(row["id"])
    with answers.open("w", newline="") as file:
        out = csv.DictWriter(file, list(rows[0]))
        out.writeheader()
        out.writerows(rows)
    return answers
