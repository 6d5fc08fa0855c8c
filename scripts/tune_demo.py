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
from pathlib import Path

import numpy as np
from pack_fashion_mnist import POOL_ROWS, SOURCE, read_images, read_labels

from ladle import ClusterMargin, Margin, Uniform
from ladle.lab import LabProtocol, Mlp, StrategyMaker, fashion_mnist, label_savings, run_study

VALIDATION = slice(POOL_ROWS, POOL_ROWS + 10_000)
SEED = 77  # not the demo's


def main(protocol: LabProtocol, ratios: list[float], source: Path = SOURCE) -> None:
    """Compare Cluster-Margin at several candidate ratios with Margin and Uniform."""
    dataset = dataclasses.replace(
        fashion_mnist(),
        test_inputs=read_images(source / "train-images-idx3-ubyte.gz")[VALIDATION],
        test_labels=read_labels(source / "train-labels-idx1-ubyte.gz")[VALIDATION].astype(np.int64),
    )
    makers: dict[str, StrategyMaker] = {
        f"Cluster-Margin {ratio:g}": lambda tree, ratio=ratio: ClusterMargin(  # type: ignore[misc]
            tree, mean_size=protocol.mean_size, candidate_ratio=ratio
        )
        for ratio in ratios
    }
    makers |= {"Margin": lambda tree: Margin(), "Uniform": lambda tree: Uniform()}
    study = run_study(dataset, Mlp(), makers, protocol)
    savings = [
        label_savings(protocol.labels, study.accuracy(name), study.accuracy(other), strategy=name, against=other)
        for other in ("Margin", "Uniform")
        for name in makers
        if name != other
    ]
    told = {
        "protocol": dataclasses.asdict(protocol),
        "accuracy": {name: study.accuracy(name).mean(axis=0).round(4).tolist() for name in makers},
        "savings": [dataclasses.asdict(each) for each in savings],
    }
    sys.stdout.write(json.dumps(told, indent=2) + "\n")


if __name__ == "__main__":
    seed_size, batch_size, rounds, trials, *ratios_given = sys.argv[1:]
    main(
        LabProtocol(int(seed_size), int(batch_size), int(rounds), int(trials), seed=SEED),
        [float(ratio) for ratio in ratios_given],
    )
