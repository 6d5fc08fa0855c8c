from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import ladle
from ladle.cli import main

N, DIM, CLASSES = 240, 6, 4


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a pool, its tree, and scores in another order."""
    folder = tmp_path_factory.mktemp("made")
    rng = np.random.default_rng(3)
    vectors = rng.standard_normal((N, DIM)).astype(np.float32)
    ids = [f"im{row:03}" for row in range(N)]
    lists = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), DIM)
    pq.write_table(pa.table({"image_id": ids, "emb": lists}), folder / "pool.parquet")
    np.save(folder / "pool.npy", vectors)
    order = rng.permutation(N)
    logits = rng.standard_normal((N, CLASSES)).astype(np.float32) * 3
    P = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    margins = ladle.margin(P)
    shuffled = [ids[row] for row in order]
    pq.write_table(pa.table({"id": shuffled, "p": P[order].tolist()}), folder / "scores.parquet")
    pq.write_table(pa.table({"id": shuffled, "logits": logits[order].tolist()}), folder / "logits.parquet")
    pq.write_table(pa.table({"id": shuffled, "margin": margins[order]}), folder / "margins.parquet")
    np.save(folder / "scores.npy", P)
    (folder / "done.txt").write_text("".join(f"{ids[row]}\n" for row in range(0, 60)))
    ladle.cluster(ladle.open_pool(folder / "pool.parquet", id="image_id"), mean_size=6).save(folder / "tree.npz")
    return folder


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No lines of progress, however slow the machine: tests look at all that is on stderr."""
    monkeypatch.setattr("ladle.cli.program.progress.PATIENCE_SECONDS", float("inf"))


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """`ladle` with these arguments: exit code, stdout, stderr."""

    def command(*arguments: Any) -> tuple[int, str, str]:
        code = main([str(argument) for argument in arguments])
        told = capsys.readouterr()
        return code, told.out, told.err

    return command


@pytest.fixture
def run_json(run: Any) -> Callable[..., tuple[int, dict[str, Any]]]:
    """`ladle ... --json`: exit code, the object on stdout; stderr must stay silent."""

    def command(*arguments: Any) -> tuple[int, dict[str, Any]]:
        code, out, err = run(*arguments, "--json")
        assert err == ""
        facts = json.loads(out)
        assert out.count("\n") == 1
        return code, facts

    return command


@pytest.fixture
def empty(tmp_path: Path) -> Callable[[], bool]:
    """Whether nothing was left in `tmp_path`."""
    return lambda: not list(tmp_path.iterdir())
