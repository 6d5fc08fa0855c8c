"""How long do a million labels take out and in, in each format? Against a pass with Python's own json over the lines.

python -m benchmarks.campaign.formats [--rows 1000000] [--rounds 1]
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks import record
from ladle import formats


def labels(rows: int) -> pa.Table:
    """One annotator's labels of three classes, each a microsecond after the other."""
    classes = np.array(["cat", "dog", "emu"])[np.random.default_rng(0).integers(0, 3, rows)]
    return pa.table(
        {
            "id": pa.array([f"im{row:07}" for row in range(rows)]),
            "label": pa.array(classes.tolist()),
            "annotator": pa.array(["ann"] * rows),
            "told_at": pa.array(1_700_000_000_000_000 + np.arange(rows), pa.timestamp("us", "UTC")),
        }
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    table, works, sizes = labels(options.rows), {}, {}
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: Path(folder) / f"labels{each.suffixes[0]}" for name, each in formats.FORMATS.items()}
        for name, path in paths.items():
            works[f"{name} out"] = writing(table, path)
            works[f"{name} in"] = reading(path)
        works["json.loads of the lines"] = lambda: [json.loads(line) for line in paths["jsonl"].open("rb")]
        medians = record.table(record.interleaved(works, options.rounds))
        sizes = {f"{name}, bytes": path.stat().st_size for name, path in paths.items()}
    given = {"rows": options.rows, "rounds": options.rounds}
    record.append("formats", given, {f"{name}, seconds": value for name, value in medians.items()} | sizes)


def writing(table: pa.Table, path: Path) -> Callable[[], object]:
    return lambda: formats.write(table, path)


def reading(path: Path) -> Callable[[], object]:
    return lambda: formats.read_labels(path, form=formats.Form())


if __name__ == "__main__":
    main()
