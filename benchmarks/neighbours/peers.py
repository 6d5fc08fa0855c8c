"""The k nearest neighbours of every point: how long each library takes at equal recall, its index included.

python -m benchmarks.neighbours.peers --name topics [--rows 100000] [--k 15] [--turns 3] [--threads 2] [--limit 180]
                                [--library "ladle cells" --library "faiss IVF,Flat" ...]

Needs the peers it is to compare (pip install faiss-cpu hnswlib usearch pynndescent); one that is absent is a line that
says so. All search the same unit vectors, by Euclidean distance. Recall is the share of the k nearest of 1,000 sampled
points that were found, against exact float64 distances; a neighbour as near as the k-th counts. Every setting runs in
a process of its own, whose first call, on few rows, compiles what is compiled and is reported apart.

A library's settings are tried once each, from cheap to dear, until the highest recall is reached or costs more than it
did before. Then, for each recall, the libraries' quickest settings that reached it take turns; those three times as
slow as the quickest of all keep their one turn.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks import isolated, record
from benchmarks.data import vectors
from benchmarks.neighbours import libraries

TARGETS = (0.90, 0.95, 0.99)
MATTERS = 3.0  # times the quickest library's seconds, up to which a setting is measured again
SAMPLE = 1_000
BLOCK = 100


@dataclass
class Trial:
    """One setting of one library, and what became of it."""

    library: str
    setting: dict[str, Any]
    worker: isolated.Worker
    outcome: str = ""
    recall: float = 0.0
    first_call_seconds: float = 0.0
    seconds: list[float] = field(default_factory=list)
    reached: list[float] = field(default_factory=list)  # targets for which it is its library's quickest

    @property
    def label(self) -> str:
        return f"{self.library} {' '.join(f'{key}={value}' for key, value in self.setting.items())}".strip()


@dataclass(frozen=True)
class Task:
    """The question to all libraries."""

    points: Path
    k: int
    threads: int
    limit_seconds: float
    sample: np.ndarray  # (s,) rows
    sampled: np.ndarray  # (s, dim) float64
    farthest: np.ndarray  # (s,) squared distance of the k-th nearest
    all_points: np.ndarray

    def run(self, trial: Trial) -> None:
        question = {
            "library": trial.library,
            "setting": trial.setting,
            "points": str(self.points),
            "k": self.k,
            "threads": self.threads,
            "sample": self.sample.tolist(),
        }
        answer = trial.worker.ask(question, self.limit_seconds)
        trial.outcome = answer["outcome"]
        if trial.outcome == "done":
            trial.recall = self.recall_of(answer["ids"])
            trial.first_call_seconds = answer["first_call_seconds"]
            trial.seconds.append(answer["seconds"])

    def recall_of(self, ids: list[list[int]]) -> float:
        """Of lists that may hold the point itself, -1 or repeats, none of which counts."""
        hits = 0
        for row, point, farthest, answers in zip(self.sample, self.sampled, self.farthest, ids, strict=True):
            others = np.array([other for other in dict.fromkeys(answers) if other not in (-1, row)][: self.k], int)
            distances = ((self.all_points[others].astype(np.float64) - point) ** 2).sum(axis=1)
            hits += int((distances <= farthest * (1 + 1e-9)).sum())
        return hits / (self.k * len(self.sample))


def task_of(points: np.ndarray, path: Path, k: int, threads: int, limit_seconds: float) -> Task:
    """Draw the sample and find its exact neighbours. Cost: sample x n x dim multiply-adds."""
    sample = np.sort(np.random.default_rng(0).choice(len(points), min(SAMPLE, len(points)), replace=False))
    farthest = np.empty(len(sample))
    for start in range(0, len(sample), BLOCK):
        rows = sample[start : start + BLOCK]
        products = points[rows] @ points.T
        products[np.arange(len(rows)), rows] = -np.inf
        # float32 products choose twice as many as needed, float64 differences rank them
        near = np.argpartition(products, -2 * k, axis=1)[:, -2 * k :]
        differences = points[near].astype(np.float64) - points[rows, None].astype(np.float64)
        distances = np.sort((differences**2).sum(axis=2), axis=1)
        farthest[start : start + len(rows)] = distances[:, k - 1]
    return Task(path, k, threads, limit_seconds, sample, points[sample].astype(np.float64), farthest, points)


def climb(task: Task, library: str) -> list[Trial]:
    """Try a library's settings, and mark for each target the quickest that reached it."""
    trials: list[Trial] = []
    for ladder in libraries.LADDERS[library]:
        for setting in ladder:
            trial = Trial(library, setting, isolated.Worker(libraries.__name__, task.threads))
            best = min((t.seconds[0] for t in trials if t.recall >= max(TARGETS)), default=np.inf)
            trials.append(trial)
            task.run(trial)
            took = f"{trial.seconds[0]:8.2f} s  recall {trial.recall:.4f}" if trial.seconds else trial.outcome
            print(f"  {trial.label:45} {took}", flush=True)
            if trial.outcome != "done" or trial.recall >= max(TARGETS) or trial.seconds[0] > best:
                break
    for target in TARGETS:
        good = [trial for trial in trials if trial.outcome == "done" and trial.recall >= target]
        if good:
            min(good, key=lambda trial: trial.seconds[0]).reached.append(target)
    for trial in trials:
        if not trial.reached:
            trial.worker.close()
    return trials


def take_turns(task: Task, trials: list[Trial], turns: int) -> None:
    """Measure the settings that matter again, in turns, and end all processes."""
    quickest = {
        target: min((trial.seconds[0] for trial in trials if target in trial.reached), default=np.inf)
        for target in TARGETS
    }
    chosen = [t for t in trials if any(t.seconds[0] <= MATTERS * quickest[target] for target in t.reached)]
    for _ in range(turns):
        for trial in chosen:
            task.run(trial)
    for trial in chosen:
        # the first was taken while nothing took turns, and counts only if no other succeeded
        trial.seconds = trial.seconds[1:] or trial.seconds
    for trial in trials:
        trial.worker.close()


def table(trials: list[Trial]) -> None:
    for target in TARGETS:
        print(f"\nrecall {target:.2f} or more{'':26}   median     least      most  turns  recall  first call, seconds")
        chosen = sorted((t for t in trials if target in t.reached), key=lambda t: median(t.seconds))
        for trial in chosen:
            took = f"{median(trial.seconds):9.2f} {min(trial.seconds):9.2f} {max(trial.seconds):9.2f}"
            counted = f"{len(trial.seconds):6}  {trial.recall:.4f}"
            print(f"{trial.label:45} {took} {counted} {trial.first_call_seconds:20.2f}")
        for library in sorted({t.library for t in trials} - {t.library for t in chosen}):
            print(f"{library:45} not reached")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--name", required=True)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--k", type=int, default=15)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--limit", type=float, default=180, help="seconds a turn may take, its first call included")
    parser.add_argument("--library", action="append", choices=list(libraries.LIBRARIES))
    options = parser.parse_args()

    points = vectors.load(options.name, options.rows)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    trials: list[Trial] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "points.npy"
        np.save(path, points, allow_pickle=False)
        task = task_of(points, path, options.k, options.threads, options.limit)
        for library in options.library or libraries.LIBRARIES:
            trials += climb(task, library)
        take_turns(task, trials, options.turns)
    table(trials)
    sizes = {
        "name": options.name,
        "digest": vectors.digest(options.name),
        "rows": len(points),
        "dim": points.shape[1],
        "k": options.k,
        "turns": options.turns,
        "threads": options.threads,
    }
    record.append("neighbours", sizes, figures(trials))


def figures(trials: list[Trial]) -> dict[str, float | str]:
    """Every setting's recall and seconds, and each library's at each target."""
    figures: dict[str, float | str] = {}
    for trial in trials:
        if trial.seconds:
            figures |= {f"{trial.label}, recall": trial.recall, f"{trial.label}, seconds": median(trial.seconds)}
            figures |= {f"{trial.label}, first call seconds": trial.first_call_seconds}
            figures |= {f"{trial.label}, turns": len(trial.seconds)}
            figures |= {f"{trial.library} at {target:.2f}, seconds": median(trial.seconds) for target in trial.reached}
        else:
            figures[f"{trial.label}, outcome"] = trial.outcome
    return figures


if __name__ == "__main__":
    main()
