"""What does a pass over a pool cost beside its model? Processor time a row, and memory as the pool grows.

python -m benchmarks.embedding.one_pass [--rows 1000000] [--dim 128] [--classes 10] [--ids]

The model answers with arrays that are there already, so what is measured is checks, scores, shards and digests.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

import ladle
from benchmarks import record
from benchmarks.memory import peak_watched

BATCH = 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument("--classes", type=int, default=10)
    parser.add_argument("--ids", action="store_true", help="text ids, of which none may repeat")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    outputs = rng.standard_normal((BATCH, options.classes)).astype(np.float32)
    vectors = rng.standard_normal((BATCH, options.dim)).astype(np.float32)
    ids = [f"image-{row}" for row in range(options.rows)] if options.ids else None
    seconds, peaks = [], []
    for turn in range(options.rounds + 1):
        rows = options.rows if turn else BATCH  # one small turn first, for compilation
        with tempfile.TemporaryDirectory() as folder, peak_watched() as peak:
            start = time.process_time()
            ladle.score_and_embed(
                lambda part: (outputs[: len(part)], vectors[: len(part)]),
                range(rows),
                out=Path(folder, "pool"),
                version="1",
                batch_size=BATCH,
                ids=ids if ids is None or turn else ids[:rows],
            )
            taken = time.process_time() - start
        if turn:
            seconds.append(taken)
            peaks.append(peak[0])
    middle = float(np.median(seconds))
    figures = {
        "processor_seconds": middle,
        "rows_per_processor_second": options.rows / middle,
        "peak_bytes": int(max(peaks)),
    }
    print(figures)
    sizes = {"rows": options.rows, "dim": options.dim, "classes": options.classes, "ids": int(options.ids)}
    record.append("one_pass", sizes, figures)


if __name__ == "__main__":
    main()
