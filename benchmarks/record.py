"""One JSON row a run: what was measured, on what machine, at which commit."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

RESULTS = Path(__file__).parent / "results"
Figures = Mapping[str, float | int | str]


def append(name: str, sizes: Figures, figures: Figures) -> Path:
    """Add a row to results/<name>.jsonl and say where."""
    row = {
        "benchmark": name,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "machine": machine(),
        "sizes": dict(sizes),
        "figures": {key: _six_digits(value) for key, value in figures.items()},
    }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.jsonl"
    with path.open("a") as file:
        file.write(json.dumps(row) + "\n")
    print(f"row added to {path}")
    return path


def _six_digits(value: float | int | str) -> float | int | str:
    return float(f"{value:.6g}") if isinstance(value, float) else value


def interleaved(works: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Seconds of each work, `rounds` times, taking turns: on a shared machine only such ratios mean anything.

    One unmeasured turn goes first, for compilation and cold memory.
    """
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(rounds + 1):
        for name, work in works.items():
            start = time.perf_counter()
            work()
            if turn:
                seconds[name].append(time.perf_counter() - start)
    return seconds


def table(seconds: Mapping[str, list[float]]) -> dict[str, float]:
    """Print least, median and most of each; the medians, by name."""
    width = max(len(name) for name in seconds)
    print(f"{'':{width}}     least    median      most   seconds")
    for name, taken in seconds.items():
        print(f"{name:{width}}  {min(taken):8.3f}  {median(taken):8.3f}  {max(taken):8.3f}")
    return {name: median(taken) for name, taken in seconds.items()}


def commit() -> str:
    """The commit checked out, with "+" when files differ from it; "unknown" outside a repository."""
    try:
        text = subprocess.run(
            ["git", "describe", "--always", "--dirty=+", "--abbrev=12"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return text.stdout.strip()


def machine() -> dict[str, str | int]:
    """Processor, cores this process may use, memory, system, Python."""
    return {
        "cpu": _cpu_model(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 0,
        "system": platform.system(),
        "python": platform.python_version(),
    }


def _cpu_model() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
