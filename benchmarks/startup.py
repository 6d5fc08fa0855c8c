"""How long until Ladle is there: the import, the help page, and the kernels, compiled cold and read from the cache.

python -m benchmarks.startup [--rounds 7] [--cold-rounds 3]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks import record

# Each prints the seconds of first calls that compile (or load) every kernel of its rooms; numba itself is imported
# before, and timed apart.
KERNELS = {
    "scores": """
P = np.full((4, 3), 1 / 3)
import ladle
for dtype in (np.float32, np.float64):
    ladle.margin(P.astype(dtype)); ladle.entropy(P.astype(dtype)); ladle.margin(P.astype(dtype), multilabel="min")
""",
    "strategies": """
import ladle
ladle.cluster_margin(np.zeros(4, np.float32), np.zeros(4, np.int32), 2)
""",
    "hac and neighbours": """
import ladle
E = np.random.default_rng(0).normal(size=(3000, 8)).astype(np.float32)
ladle.cluster(E, mean_size=10)
""",
}
FRAME = """
import time
start = time.perf_counter()
import numba, numpy as np
numba_seconds = time.perf_counter() - start
start = time.perf_counter()
{body}
print(numba_seconds, time.perf_counter() - start)
"""


def wall(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def first_calls(body: str, cache: str) -> tuple[float, float]:
    """Seconds of numba's import, and of the calls after it; a fresh process, compiled kernels kept in `cache`."""
    done = subprocess.run(
        [sys.executable, "-c", FRAME.format(body=body)],
        env=os.environ | {"NUMBA_CACHE_DIR": cache},
        check=True,
        capture_output=True,
        text=True,
    )
    numba_seconds, seconds = map(float, done.stdout.split())
    return numba_seconds, seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--cold-rounds", type=int, default=3)
    options = parser.parse_args()
    python = sys.executable
    commands = {
        "python -c pass": [python, "-c", "pass"],
        "import numpy": [python, "-c", "import numpy"],
        "import ladle": [python, "-c", "import ladle"],
        "ladle --help": [str(Path(python).with_name("ladle")), "--help"],
    }
    works = {name: partial(wall, command) for name, command in commands.items()}
    medians = record.table(record.interleaved(works, options.rounds))
    figures = {f"{name}, seconds": value for name, value in medians.items()}
    for room, body in KERNELS.items():
        cold, warm, numba_import = [], [], []
        for _ in range(options.cold_rounds):
            with tempfile.TemporaryDirectory() as cache:
                cold.append(first_calls(body, cache)[1])
                numba_seconds, seconds = first_calls(body, cache)
                warm.append(seconds)
                numba_import.append(numba_seconds)
        figures[f"{room} kernels cold, seconds"] = median(cold)
        figures[f"{room} kernels warm, seconds"] = median(warm)
        figures["import numba, seconds"] = median(numba_import)
        print(f"{room} kernels: cold {median(cold):.2f} s, warm {median(warm):.2f} s")
    record.append("startup", {"rounds": options.rounds, "cold_rounds": options.cold_rounds}, figures)


if __name__ == "__main__":
    main()
