"""Kill Ray workers, or the whole run with its raylet, at random moments, and compare the trees byte for byte.

python -m benchmarks.compute.ray_kills --workers 100     # SIGKILL to workers while clusterings run
python -m benchmarks.compute.ray_kills --drivers 10      # SIGKILL to the driver or its raylet; the same call goes on
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROWS, DIM = 60_000, 64


def pool(rows: int = ROWS, dim: int = DIM) -> np.ndarray:
    draw = np.random.default_rng(0)
    vectors = draw.normal(size=(rows // 10, dim))[draw.integers(0, rows // 10, rows)]
    vectors += 0.4 * draw.normal(size=(rows, dim))
    vectors[: rows // 20] = vectors[rows // 20 : rows // 10]  # duplicates
    return vectors.astype(np.float32)


def work(folder: Path, engine: str) -> None:
    """One clustering, as a process of its own."""
    import ladle

    if engine == "ray":
        tree = ladle.cluster(np.load(folder / "pool.npy"), engine="ray", ray="local", checkpoint=folder / "state")
    else:
        tree = ladle.cluster(np.load(folder / "pool.npy"), engine="brute")
    tree.save(folder / f"{engine}.npz")


def start(folder: Path, engine: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "benchmarks.compute.ray_kills", "--work", str(folder), "--engine", engine]
    with (folder / "errors").open("w") as errors:
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors)


def descendants(process: int) -> dict[int, str]:
    """The processes below `process`, and the command line of each."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
    family = {process}
    while more := {child for child, parent in parents.items() if parent in family} - family:
        family |= more
    found = {}
    for each in family - {process}:
        with contextlib.suppress(OSError):
            found[each] = Path(f"/proc/{each}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    return found


def kill(process: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)
        return True
    return False


def kill_workers(folder: Path, kills: int) -> int:
    """SIGKILL to busy workers until so many are killed. Returns how many calls it took.

    A call may give up only where one task has lost its worker too often; the next call then goes on.
    """
    done, runs = 0, 0
    while done < kills:
        process = start(folder, "ray")
        runs += 1
        while process.poll() is None:
            time.sleep(random.uniform(0.2, 1.0))
            busy = [each for each, line in descendants(process.pid).items() if line.startswith("ray::_call")]
            if busy and done < kills and kill(random.choice(busy)):
                done += 1
        errors = (folder / "errors").read_text()
        assert process.returncode == 0 or "must live until their tasks end" in errors, errors
        if process.returncode == 0:
            check(folder)
    return runs


def kill_drivers(folder: Path, kills: int) -> tuple[int, int]:
    """SIGKILL to the driver or its raylet; the same call goes on. Returns the kills of each."""
    drivers = raylets = runs = 0
    while drivers + raylets < kills:
        process = start(folder, "ray")
        runs += 1
        time.sleep(random.uniform(4.0, 9.0))
        family = descendants(process.pid)
        raylet = [each for each, line in family.items() if "/raylet/raylet " in line]
        if process.poll() is None and raylet:
            if random.random() < 0.5:
                drivers += kill(process.pid)
            else:
                raylets += kill(raylet[0])
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(60)
        for each in family:
            kill(each)
        kill(process.pid)
        process.wait()
        if process.returncode == 0:
            check(folder)
    process = start(folder, "ray")
    assert process.wait() == 0
    check(folder)
    return drivers, raylets


def check(folder: Path) -> None:
    assert (folder / "ray.npz").read_bytes() == (folder / "brute.npz").read_bytes(), "the trees differ"
    (folder / "ray.npz").unlink()
    for each in (folder / "state").glob("*"):  # the next clustering begins afresh
        each.unlink()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--drivers", type=int, default=0)
    parser.add_argument("--work", type=Path)
    parser.add_argument("--engine", default="ray")
    options = parser.parse_args()
    if options.work is not None:
        work(options.work, options.engine)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        np.save(folder / "pool.npy", pool())
        assert start(folder, "brute").wait() == 0
        begun = time.perf_counter()
        if options.workers:
            runs = kill_workers(folder, options.workers)
            print(f"{options.workers} workers killed in {runs} calls: equal bytes", flush=True)
        if options.drivers:
            drivers, raylets = kill_drivers(folder, options.drivers)
            print(f"{drivers} drivers and {raylets} raylets killed: equal bytes in the end", flush=True)
        print(f"{time.perf_counter() - begun:.0f} s, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
