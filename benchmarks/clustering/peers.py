"""Flat clusters of mean size 10: Ladle beside the clustering libraries one would otherwise use.

python -m benchmarks.clustering.peers --name topics [--rows 20000] [--turns 1] [--threads 2] [--limit 600]
                           [--library "ladle exact" --library "SciPy linkage" ...] [--grow 2000000]

With --grow each library is given more and more of so many rows, until it does not finish within the limit: the most
that it did is the largest, to a factor of two. Agreement is not measured then.

Needs the peers it is to compare:
pip install scikit-learn fastcluster racplusplus genieclust fast_hdbscan evoc faiss-cpu
One that is absent, crashes, or does not finish within the limit is a line that says so. Every turn runs in a process of
its own; seconds exclude a first call on few rows, which compiles what is compiled; memory is the whole process's peak,
data and libraries included, and a process that asks for more than 85% of the machine's is refused it.

Agreement is with the clusters of exact average linkage (Ladle's, which equal SciPy's; a row left out by a density
method counts as a cluster of its own). Only the linkage libraries aim at those: genieclust, fast_hdbscan, EVoC and
k-means have other aims, and the figure says how far their clusters lie from it.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks import isolated, record
from benchmarks.clustering import libraries
from benchmarks.clustering.agreement import partition_agreement
from benchmarks.data import vectors

REFERENCE = "ladle exact"
SURELY_LATE = 1.3  # times the limit
FIRST_LIMIT_SECONDS = 600  # what is compiled takes a minute, and more on a busy machine
Figures = dict[str, float | int | str]


def whole(labels: np.ndarray) -> np.ndarray:
    """Labels 0..m-1, each row that was left out (-1) a cluster of its own."""
    out = labels.copy()
    alone = np.flatnonzero(labels < 0)
    out[alone] = labels.max(initial=0) + 1 + np.arange(len(alone))
    return np.unique(out, return_inverse=True)[1]


def measure(library: str, points: Path, rows: int, threads: int, turns: int, limit: float) -> tuple[Figures, Path]:
    """Medians over the turns, each of which must be done within `limit` seconds, and the file of the last labels."""
    few = libraries.WARM_ROWS.get(library, libraries.FEW_ROWS)
    labels = points.with_name(f"{library}.npy")
    question = {"library": library, "points": str(points), "labels": str(labels), "threads": threads}
    turns_taken = []
    for _ in range(turns):
        with isolated.Worker(libraries.__name__, threads) as worker:
            first = worker.ask(question | {"rows": min(few, rows)}, FIRST_LIMIT_SECONDS)
            answer = worker.ask(question | {"rows": rows}, limit) if first["outcome"] == "done" else first
        if answer["outcome"] != "done":
            return {"outcome": answer["outcome"]}, labels
        turns_taken.append((answer["seconds"], first["seconds"], answer["peak_bytes"]))
    seconds, first_call_seconds, peak_bytes = (median(column) for column in zip(*turns_taken, strict=True))
    figures = {"seconds": seconds, "first_call_seconds": first_call_seconds, "peak_bytes": peak_bytes}
    return {"outcome": "done"} | figures, labels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--name", required=True)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--turns", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--limit", type=float, default=600, help="seconds a turn may take")
    parser.add_argument("--grow", type=int, metavar="ROWS", help="find the largest that is done within the limit")
    parser.add_argument("--library", action="append", choices=list(libraries.LIBRARIES))
    options = parser.parse_args()

    if options.grow:
        grow(options)
    else:
        compare(options)


def of_unit_length(name: str, rows: int) -> np.ndarray:
    points = vectors.load(name, rows)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    return points


def grow(options: argparse.Namespace) -> None:
    """The largest of `rows`, twice as many and so on, up to `grow`, that each library finishes within the limit.

    Passed over are sizes that it should finish in half the limit, were its seconds to grow with the square of the rows,
    and those that would take far more than the limit, were they to grow as between the last two.
    """
    sizes = [options.rows]
    while 2 * sizes[-1] <= options.grow:
        sizes.append(2 * sizes[-1])
    figures: Figures = {}
    with tempfile.TemporaryDirectory() as folder:
        for library in options.library or list(libraries.LIBRARIES):
            figures |= largest_done(library, Path(folder), sizes, options)
    row_sizes = {"name": options.name, "digest": vectors.digest(options.name), "first rows": sizes[0]}
    row_sizes |= {"most rows": sizes[-1], "limit": options.limit, "threads": options.threads}
    record.append("peers_largest", row_sizes, figures)


def kept_points(folder: Path, name: str, rows: int) -> Path:
    """A file of so many rows. Of what is made, each size is made for itself: a part of a larger one has fewer mates."""
    path = folder / str(rows) / "points.npy"
    if not path.exists():
        path.parent.mkdir()
        np.save(path, of_unit_length(name, rows), allow_pickle=False)
    return path


def largest_done(library: str, folder: Path, sizes: list[int], options: argparse.Namespace) -> Figures:
    """By halving between the largest of `sizes` that was done and the smallest that was not; points go to `folder`."""
    done, failed = -1, len(sizes)  # positions in `sizes`
    seconds: dict[int, float] = {}
    figures: Figures = {}
    place = 0
    while done < place < failed:
        late = outlook(seconds, sizes[place])
        if late > SURELY_LATE * options.limit:
            figures[f"{library}, beyond"] = f"not run: about {late:,.0f} s, as its seconds grow"
            print(f"{library:32} {sizes[place]:10,} rows {figures[f'{library}, beyond']}", flush=True)
            failed = place
        else:
            path = kept_points(folder, options.name, sizes[place])
            result, _ = measure(library, path, sizes[place], options.threads, options.turns, options.limit)
            outcome = f"{result['seconds']:8.1f} s" if result["outcome"] == "done" else result["outcome"]
            print(f"{library:32} {sizes[place]:10,} rows {outcome}", flush=True)
            if result["outcome"] == "done":
                done = place
                seconds[sizes[place]] = float(result["seconds"])
                last = {"rows": sizes[place], "seconds": result["seconds"], "peak_bytes": result["peak_bytes"]}
                figures |= {f"{library}, {key}": value for key, value in last.items()}
            else:
                failed = place
                figures[f"{library}, beyond"] = result["outcome"]
        leaps = int(np.log2(options.limit / 2 / max(seconds.get(sizes[done], np.inf), 0.1)) / 2) if done >= 0 else 0
        place = min(done + max(1, leaps), (done + failed) // 2 if failed < len(sizes) else len(sizes) - 1)
    return figures


def outlook(seconds: dict[int, float], rows: int) -> float:
    """What so many rows would take if seconds went on to grow as between the two largest sizes done; 0 if unknown."""
    if len(seconds) < 2:
        return 0.0
    less, more = sorted(seconds)[-2:]
    power = np.log(seconds[more] / seconds[less]) / np.log(more / less)
    return float(seconds[more] * (rows / more) ** power)


def compare(options: argparse.Namespace) -> None:
    """Seconds, memory and agreement at one size."""
    points = of_unit_length(options.name, options.rows)
    figures: Figures = {}
    print(f"{'':32}  seconds  peak GiB     ARI  V-measure  clusters  left out")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "points.npy"
        np.save(path, points, allow_pickle=False)
        chosen = options.library or list(libraries.LIBRARIES)
        truth = None
        for library in [REFERENCE, *(name for name in chosen if name != REFERENCE)]:
            result, labels_path = measure(library, path, len(points), options.threads, options.turns, options.limit)
            if result["outcome"] == "done":
                labels = np.load(labels_path, allow_pickle=False)
                truth = whole(labels) if library == REFERENCE else truth
                result |= {} if truth is None else partition_agreement(truth, whole(labels))
                result |= {"clusters": len(np.unique(labels[labels >= 0])), "left out": float(np.mean(labels < 0))}
            print(line(library, result), flush=True)
            figures |= {f"{library}, {key}": value for key, value in result.items()}
    sizes = {"name": options.name, "digest": vectors.digest(options.name), "rows": len(points)}
    sizes |= {"dim": points.shape[1], "turns": options.turns, "threads": options.threads}
    record.append("peers", sizes, figures)


def line(library: str, result: Figures) -> str:
    if result["outcome"] != "done":
        return f"{library:32} {result['outcome']}"
    agreement = f"{result.get('adjusted Rand index', np.nan):7.4f} {result.get('V-measure', np.nan):10.4f}"
    memory = f"{result['peak_bytes'] / 2**30:9.2f}"
    return (
        f"{library:32} {result['seconds']:8.2f} {memory} {agreement} {result['clusters']:9,} {result['left out']:9.3f}"
    )


if __name__ == "__main__":
    main()
