"""Is each learner of the lab, with its defaults, as right as its counterpart in scikit-learn?

python -m benchmarks.learners.counterparts            # all sets that are there; adds a row for each to results/
python -m benchmarks.learners.counterparts --sets digits,robot --seeds 5 --labels 150,500

A learner and its counterpart are fitted to the same random labels and measured on the same test split, so the mean
difference over draws has a small error. Features are as they are, or standardised, for both alike. Counterparts:
LogisticRegression of linear-head and logistic; MLPClassifier((128,)), until it has converged, of mlp-head and mlp;
HashingVectorizer of 1 to 4 letters with LogisticRegression(C=30), the best C of 1, 10, 30 and 100, of text.

The five sets of sensors and signs are looked for in `natural` of the data folders (`LADLE_DATA`); digits, breast cancer
and wine come with scikit-learn; `made` is 3 classes x 8 features; `docstrings` are first lines of docstrings of
installed packages, and their package is their class.
"""

from __future__ import annotations

import argparse
import importlib.util
import re
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.record import append
from ladle.lab.data.feature_files import feature_file
from ladle.lab.data.locations import data_folders
from ladle.lab.protocol import catalogue
from ladle.threads import single_threaded_blas

NATURAL = ("har", "robot", "eeg", "occupancy", "signs")
CARRIED = ("digits", "breast_cancer", "wine")
PACKAGES = ("numpy", "scipy", "sklearn", "pandas", "matplotlib", "numba")
LEARNERS = ("linear-head", "mlp-head", "mlp")
Predict = Callable[[npt.NDArray[Any]], npt.NDArray[Any]]


@dataclass(frozen=True)
class Split:
    """Labelled examples to draw from, and those to test on."""

    inputs: npt.NDArray[Any]
    labels: npt.NDArray[np.int64]
    test_inputs: npt.NDArray[Any]
    test_labels: npt.NDArray[np.int64]


def natural(name: str) -> Split | None:
    """One of the sets in `natural`; None where it is not there."""
    for folder in data_folders():
        path = folder / "natural" / f"{name}.npz"
        if path.exists():
            found = feature_file(path=str(path))
            return Split(found.inputs, found.labels, found.test_inputs, found.test_labels)
    return None


def carried(name: str) -> Split:
    """One of scikit-learn's, half of it to test on."""
    from sklearn import datasets

    loaded = getattr(datasets, f"load_{name}")()
    return halved(loaded.data.astype(np.float32), loaded.target.astype(np.int64))


def made() -> Split:
    """Three classes that overlap, in eight features."""
    random = np.random.default_rng(0)
    labels = random.integers(0, 3, 6_000)
    inputs = random.normal(0, 1, (3, 8))[labels] + random.normal(0, 1.2, (6_000, 8))
    return halved(inputs.astype(np.float32), labels)


def docstrings() -> Split:
    """First lines of docstrings, and which package each is of."""
    texts, labels = [], []
    for label, package in enumerate(PACKAGES):
        found = importlib.util.find_spec(package)
        if found is None or found.origin is None:
            continue
        lines: set[str] = set()
        for path in Path(found.origin).parent.rglob("*.py"):
            lines |= set(re.findall(r'"""\s*([A-Z][^\n"]{20,90})', path.read_text(errors="ignore")))
        texts += sorted(lines)[:2_500]
        labels += [label] * min(len(lines), 2_500)
    return halved(np.array([text.encode("ascii", "ignore") for text in texts]), np.array(labels))


def halved(inputs: npt.NDArray[Any], labels: npt.NDArray[Any]) -> Split:
    """A seeded half to draw from, and the other to test on."""
    order = np.random.default_rng(0).permutation(len(inputs))
    pool, test = order[: len(order) // 2], order[len(order) // 2 :]
    return Split(inputs[pool], labels[pool], inputs[test], labels[test])


def split_of(name: str) -> Split | None:
    """The set of that name; None where its file is not there."""
    if name in NATURAL:
        return natural(name)
    return carried(name) if name in CARRIED else {"made": made, "docstrings": docstrings}[name]()


def of_ladle(name: str, options: dict[str, Any], split: Split, rows: npt.NDArray[Any], seed: int) -> Predict:
    """The learner with its defaults, fitted to `rows`."""
    classes = int(max(split.labels.max(), split.test_labels.max())) + 1
    model = catalogue.learner(name, options).fit(split.inputs[rows], split.labels[rows], classes=classes, seed=seed)
    return lambda inputs: model.probabilities(inputs).argmax(axis=1)


def of_scikit_learn(name: str, standardise: bool, split: Split, rows: npt.NDArray[Any], seed: int) -> Predict:
    """The counterpart of the learner, fitted to `rows`."""
    from sklearn.feature_extraction.text import HashingVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if name == "text":
        pieces = HashingVectorizer(analyzer="char_wb", ngram_range=(1, 4), n_features=2**13)
        fitted = make_pipeline(pieces, LogisticRegression(C=30, max_iter=200))
        fitted.fit([text.decode() for text in split.inputs[rows]], split.labels[rows])
        return lambda inputs: fitted.predict([text.decode() for text in inputs])
    linear = name == "linear-head"
    plain = LogisticRegression(max_iter=5_000) if linear else MLPClassifier((128,), max_iter=1_000, random_state=seed)
    fitted = make_pipeline(StandardScaler(), plain) if standardise else plain
    fitted.fit(features(split.inputs[rows]), split.labels[rows])
    return lambda inputs: fitted.predict(features(inputs))


def features(inputs: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Flat float32; pixels as 0..1, as learners of the lab read them."""
    flat = inputs.reshape(len(inputs), -1)
    return (flat / 255 if flat.dtype == np.uint8 else flat).astype(np.float32)


def pairs(name: str, split: Split, labels: int, seeds: int) -> Iterator[dict[str, Any]]:
    """For each learner that reads the set: its mean accuracy, that of its counterpart, and the difference."""
    kinds = [("text", False)] if name == "docstrings" else [(each, way) for each in LEARNERS for way in (False, True)]
    for learner, standardise in kinds:
        options = {} if learner == "text" else {"standardise": standardise}
        mine, theirs, seconds = [], [], [0.0, 0.0]
        for seed in range(seeds):
            rows = np.random.default_rng(seed).choice(len(split.inputs), labels, replace=False)
            for place, scores in enumerate((mine, theirs)):
                start = time.process_time()
                predict = (
                    of_scikit_learn(learner, standardise, split, rows, seed)
                    if place
                    else of_ladle(learner, options, split, rows, seed)
                )
                seconds[place] += (time.process_time() - start) / seeds
                scores.append(float((predict(split.test_inputs) == split.test_labels).mean()))
        difference = np.subtract(mine, theirs)
        yield {
            "learner": learner,
            "standardise": str(standardise).lower(),
            "accuracy": float(np.mean(mine)),
            "counterpart": float(np.mean(theirs)),
            "difference": float(difference.mean()),
            "difference_error": float(difference.std(ddof=1) / seeds**0.5) if seeds > 1 else 0.0,
            "cpu_seconds": seconds[0],
            "counterpart_cpu_seconds": seconds[1],
        }


def main() -> None:
    """Measure and record; the table is Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", default=",".join((*NATURAL, *CARRIED, "made", "docstrings")))
    parser.add_argument(
        "--labels", default="150,500,1000", help="how many labels to draw; more than half a set: left out"
    )
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--no-row", action="store_true", help="add no rows to results/")
    asked = parser.parse_args()
    warnings.filterwarnings("ignore", category=UserWarning)  # of scikit-learn, on features that differ in scale
    print("| set | labels | learner | standardise | Ladle | scikit-learn | difference | CPU s | theirs |")
    print("|---|---:|---|---|---:|---:|---:|---:|---:|")
    with single_threaded_blas():
        for name in asked.sets.split(","):
            split = split_of(name)
            if split is None:
                print(f"| {name} | not there |")
                continue
            for labels in (int(each) for each in asked.labels.split(",")):
                if labels > len(split.inputs):
                    continue
                for found in pairs(name, split, labels, asked.seeds):
                    print(
                        f"| {name} | {labels:,} | {found['learner']} | {found['standardise']} "
                        f"| {100 * found['accuracy']:.1f} | {100 * found['counterpart']:.1f} "
                        f"| {100 * found['difference']:+.1f} ± {100 * found['difference_error']:.1f} "
                        f"| {found['cpu_seconds']:.2f} | {found['counterpart_cpu_seconds']:.2f} |",
                        flush=True,
                    )
                    if not asked.no_row:
                        append("learners", {"set": name, "labels": labels, "seeds": asked.seeds}, found)


if __name__ == "__main__":
    main()
