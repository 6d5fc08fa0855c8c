"""Labels to an error, by distribution, dimension and batch size, and the improvement factors beta.

    python -m benchmarks.theory.labels run FILE.jsonl [--sources gaussian,ball] [--dims 2,3] [--sizes 2,8] [--trials 50]
    python -m benchmarks.theory.labels table FILE.jsonl

`run` appends one line for each finished trial of a learner, trial after trial over all cells; the same command goes on
where it was. The separator of a trial is the same for all learners, sources and batch sizes of one dimension.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Iterable
from itertools import product
from pathlib import Path

import numpy as np

from ladle.theory import distribution, labels_bound, learn

LEARNERS = ("margin-based", "uniform-in-band", "cluster-margin", "cluster-margin-v")
LARGEST_CLUSTERED = 512  # batches of Cluster-Margin: it clusters ten times as many examples in each round
RESAMPLES = 2_000
ROTATION_INVARIANT = {"gaussian", "ball", "sphere"}  # the bound is for these


def run(
    target: Path,
    sources: list[str],
    dims: list[int],
    sizes: list[int],
    learners: list[str],
    trials: int,
    error: float,
) -> None:
    done = {_key(record) for record in _records(target)}
    for trial in range(trials):
        for source, dim, size, learner in product(sources, dims, sizes, learners):
            wanted = {"source": source, "dim": dim, "size": size, "learner": learner, "error": error, "trial": trial}
            if _key(wanted) in done or (learner == "cluster-margin" and size > LARGEST_CLUSTERED):
                continue
            begun = time.process_time()
            most = 400 * (size + dim)
            curve = learn(
                learner, distribution(source, dim), batch_size=size, error=error, seed=trial, most_labels=most
            )
            record = {
                **wanted,
                "labels": curve.labels_to(error),
                "batches": len(curve.labels),
                "seconds": round(time.process_time() - begun, 4),
            }
            with target.open("a") as file:
                file.write(json.dumps(record) + "\n")


def table(target: Path) -> list[str]:
    """Lines of Markdown: mean labels with 95% intervals, the bound, and both factors beta."""
    cells: dict[tuple[str, int, int], dict[str, dict[int, float]]] = {}
    for record in _records(target):
        cell = cells.setdefault((record["source"], record["dim"], record["size"]), {})
        if record["labels"] is not None:
            cell.setdefault(record["learner"], {})[record["trial"]] = record["labels"]
        else:
            cell.setdefault(record["learner"], {})[record["trial"]] = math.inf
    header = "| distribution | d | k | trials | " + " | ".join(LEARNERS)
    lines = [f"{header} | least | beta | beta of the sampler | log2 k |", "|---" * (8 + len(LEARNERS)) + "|"]
    for (source, dim, size), of_learner in sorted(cells.items()):
        trials = sorted(set.intersection(*(set(values) for values in of_learner.values())))
        values = {name: np.array([values[trial] for trial in trials]) for name, values in of_learner.items()}
        means = [_mean_text(values[name]) if name in values else "" for name in LEARNERS]
        betas = [_ratio_text(values.get(name), values.get("cluster-margin-v")) for name in LEARNERS[:2]]
        error = next(iter(_records(target)))["error"]
        least = f"{labels_bound(dim, size, error):.4g}" if source in ROTATION_INVARIANT else ""
        lines.append(
            f"| {source} | {dim} | {size:,} | {len(trials)} | {' | '.join(means)} | {least} | {' | '.join(betas)} | "
            f"{math.log2(size):.0f} |"
        )
    return lines


def _mean_text(values: np.ndarray) -> str:
    failed = int(np.isinf(values).sum())
    if failed:
        return f"not in {failed} of {len(values)}"
    if len(values) < 2:
        return f"{values.mean():.4g}"
    half = 1.96 * values.std(ddof=1) / math.sqrt(len(values))
    return f"{values.mean():.4g} ± {half:.2g}"


def _ratio_text(above: np.ndarray | None, below: np.ndarray | None) -> str:
    """The ratio of mean labels with a 95% interval by resampled trials."""
    if above is None or below is None or len(above) < 2 or np.isinf(above).any() or np.isinf(below).any():
        return ""
    drawn = np.random.default_rng(0).integers(len(above), size=(RESAMPLES, len(above)))
    low, high = np.quantile(above[drawn].mean(axis=1) / below[drawn].mean(axis=1), [0.025, 0.975])
    return f"{above.mean() / below.mean():.2f} ({low:.2f} to {high:.2f})"


def _records(target: Path) -> Iterable[dict[str, object]]:
    return [json.loads(line) for line in target.read_text().splitlines()] if target.exists() else []


def _key(record: dict[str, object]) -> tuple[object, ...]:
    return tuple(record[name] for name in ("source", "dim", "size", "learner", "error", "trial"))


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", choices=["run", "table"])
    parser.add_argument("file", type=Path)
    parser.add_argument("--sources", default="gaussian,ball,laplace")
    parser.add_argument("--dims", default="2,3,5,10")
    parser.add_argument("--sizes", default="2,8,32,128,512")
    parser.add_argument("--learners", default=",".join(LEARNERS))
    parser.add_argument("--trials", type=int, default=50)
    parser.add_argument("--error", type=float, default=2**-20)
    given = parser.parse_args()
    if given.work == "table":
        print("\n".join(table(given.file)))
        return
    dims, sizes = ([int(each) for each in text.split(",")] for text in (given.dims, given.sizes))
    sources, learners = given.sources.split(","), given.learners.split(",")
    run(given.file, sources, dims, sizes, learners, given.trials, given.error)


if __name__ == "__main__":
    _main()
