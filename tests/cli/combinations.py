"""Files of all makes for the table of combinations: pools, scores, lists of examples, files of labels."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq

N, DIM, CLASSES = 60, 5, 3
RNG = np.random.default_rng(5)
# Sixteenths and eighths, which every float dtype and decimal text holds exactly.
X = (RNG.permutation(N * DIM).reshape(N, DIM) - 150).astype(np.float32) / 16
Z = RNG.integers(-24, 24, (N, CLASSES)).astype(np.float32) / 8
P64 = np.exp(Z.astype(np.float64)) / np.exp(Z.astype(np.float64)).sum(axis=1, keepdims=True)
P = P64.astype(np.float32)
TEXT = np.array([f"im{row:02}" for row in range(N)])
NUMBERS = np.arange(N) * 7 + 1000
SHUFFLED = RNG.permutation(N)
DONE = np.sort(RNG.permutation(N)[:20])
MASK = np.isin(np.arange(N), DONE)

Writer = Callable[[Path], object]


def lists(matrix: Any, kind: Any = None) -> Any:
    """Rows as an Arrow column of lists, of fixed size unless a type is given."""
    if kind is not None:
        return pa.array([row.tolist() for row in np.asarray(matrix, np.float64)], kind)
    return pa.FixedSizeListArray.from_arrays(pa.array(np.ascontiguousarray(matrix).ravel()), matrix.shape[1])


def parquet(columns: dict[str, Any], **options: Any) -> Writer:
    return lambda path: pq.write_table(pa.table(columns), path, **options)


def feather(columns: dict[str, Any]) -> Writer:
    return lambda path: pa.feather.write_feather(pa.table(columns), path)


def stream(columns: dict[str, Any]) -> Writer:
    def write(path: Path) -> None:
        table = pa.table(columns)
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)

    return write


def npy(array: Any) -> Writer:
    def write(path: Path) -> None:
        with path.open("wb") as file:
            np.save(file, array)

    return write


def npz(**arrays: Any) -> Writer:
    return lambda path: np.savez(path, **arrays)


def text(content: str | bytes) -> Writer:
    return lambda path: path.write_bytes(content if isinstance(content, bytes) else content.encode())


def csv(columns: dict[str, Any], end: str = "\n", mark: str = "") -> Writer:
    rows = [",".join(columns), *(",".join(map(str, row)) for row in zip(*columns.values(), strict=True))]
    return text(mark + end.join(rows) + end)


def jsonl(columns: dict[str, Any]) -> Writer:
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return text("".join(json.dumps(row) + "\n" for row in rows))


def folder(**files: Writer) -> Writer:
    """A folder of files; `__` in a name stands for the point before its ending, `___` for a subfolder."""

    def write(path: Path) -> None:
        for name, writer in files.items():
            part = path / name.replace("___", "/").replace("__", ".")
            part.parent.mkdir(parents=True, exist_ok=True)
            writer(part)

    return write


def shards(writer: Callable[[Any], Writer], ending: str, rows: Any = None) -> Writer:
    """Twelve shards, e_0 to e_11, of which text order would put e_10 after e_1."""
    parts = np.array_split(np.arange(N) if rows is None else rows, 12)
    return folder(**{f"e_{place}__{ending}": writer(part) for place, part in enumerate(parts)})


def spoiled(array: Any, row: int, value: float) -> Any:
    changed = np.array(array, np.float64 if np.asarray(array).dtype.kind != "f" else None)
    changed[row, 1] = value
    return changed


def cut_short(writer: Writer, share: float = 0.6) -> Writer:
    def write(path: Path) -> None:
        writer(path)
        path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])

    return write


def wide(matrix: Any, stem: str) -> dict[str, Any]:
    return {f"{stem}{place}": matrix[:, place] for place in range(matrix.shape[1])}


def pandas_parquet(columns: dict[str, Any]) -> Writer:
    return lambda path: pd.DataFrame({name: list(values) for name, values in columns.items()}).to_parquet(path)


def polars_ipc(columns: dict[str, Any]) -> Writer:
    return lambda path: pl.DataFrame(columns).write_ipc(path)


def zipped(content: bytes) -> Writer:
    return lambda path: path.write_bytes(gzip.compress(content))
