"""Try settings of the demo on images that are in neither its pool nor its test split.

    sudo apt install dataset-fashion-mnist
    python scripts/tune_demo.py SEED_SIZE BATCH_SIZE ROUNDS TRIALS RATIO [RATIO ...]

Accuracy is measured on rows 30,000 to 39,999 of the published training file; the demo's pool is rows 0 to 29,999, its
test split comes from the test file. Prints one JSON object with curves and label savings.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Mapping
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from pack_fashion_mnist import POOL_ROWS, SOURCE, read_images, read_labels

from ladle.lab import Dataset, Experiment, read_experiment, run_experiment
from ladle.lab.data import fashion_mnist
from ladle.lab.protocol.experiment import StrategyEntry
from ladle.lab.runner.workbench import Sources
from ladle.report import ReportFacts, facts_of

VALIDATION = slice(POOL_ROWS, POOL_ROWS + 10_000)
SEED = 77  # not the demo's


def with_validation(name: str, options: Mapping[str, Any]) -> Dataset:
    """The demo's data set, measured on images that it does not use."""
    return dataclasses.replace(
        fashion_mnist(),
        test_inputs=read_images(SOURCE / "train-images-idx3-ubyte.gz")[VALIDATION],
        test_labels=read_labels(SOURCE / "train-labels-idx1-ubyte.gz")[VALIDATION].astype(np.int64),
    )


def stated(seed_size: int, batch_size: int, rounds: int, trials: int, ratios: list[float]) -> Experiment:
    """The demo with these dials, and Cluster-Margin at each of `ratios` beside its baselines."""
    demo = read_experiment("demo")
    entries = [
        StrategyEntry(name="cluster-margin", label=f"Cluster-Margin {ratio:g}", options={"candidate_ratio": ratio})
        for ratio in ratios
    ]
    dials = {"seed_size": seed_size, "batch_size": batch_size, "rounds": rounds, "trials": trials, "seed": SEED}
    return demo.model_copy(update={**dials, "strategies": (*entries, *demo.strategies[1:])})


def told(facts: ReportFacts) -> dict[str, Any]:
    """Curves, and savings against the baselines."""
    return {
        "labels": facts.labels,
        "accuracy": {each.strategy: np.round(each.mean, 4).tolist() for each in facts.main.curves},
        "savings": [dataclasses.asdict(each) for each in facts.main.savings if each.against in facts.baselines],
    }


if __name__ == "__main__":
    counts, ratios_given = [int(each) for each in sys.argv[1:5]], [float(each) for each in sys.argv[5:]]
    experiment = stated(*counts, ratios_given)  # type: ignore[call-arg, misc]
    sources = Sources(load=with_validation)
    with TemporaryDirectory() as folder, run_experiment(experiment, folder, sources=sources) as ledger:
        sys.stdout.write(json.dumps(told(facts_of(ledger)), indent=2) + "\n")
