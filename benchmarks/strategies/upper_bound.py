"""How much of the gap to an upper bound strategies close, on scikit-learn's digits with logistic regression.

    python -m benchmarks.strategies.upper_bound FOLDER [TRIALS]

The digits (1,797 images of 8 x 8 grey values; a pool of 1,258, and 539 to test on) are written into FOLDER, and the run
is kept there: the same command goes on with it. Prints the learning curves and the shares as Markdown. About four
minutes of one processor.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from ladle.lab import run_experiment
from ladle.lab.protocol.files import parse_experiment
from ladle.report import facts_of
from ladle.report.rows import Table, areas_table, bound_text, curves_table, gaps_table

PROTOCOL = """
name = "digits-upper-bound"
title = "Digits, batches of 40, with an upper bound"
dataset = {{name = "feature-file", path = "{path}", test_share = 0.3}}
learner = {{name = "logistic"}}
seed_size = 30
batch_size = 40
rounds = 4
trials = {trials}
seed = 0
mean_size = 10
metrics = ["accuracy"]

[[strategies]]
name = "uniform"
label = "Uniform"

[[strategies]]
name = "margin"
label = "Margin"

[[strategies]]
name = "entropy"
label = "Entropy"

[[strategies]]
name = "cluster-margin"
label = "Cluster-Margin 1.25"
options = {{candidate_ratio = 1.25}}

[[strategies]]
name = "auto"
label = "Auto"

[[strategies]]
name = "badge"
label = "BADGE"

[[strategies]]
name = "upper-bound"
label = "Upper bound"
options = {{candidates = 100, parts = 4, validation_rows = 300}}
"""


def write_digits(path: Path) -> None:
    """The digits as a file that the lab reads."""
    from sklearn.datasets import load_digits

    inputs, labels = load_digits(return_X_y=True)
    np.savez(path, inputs=inputs.astype(np.float32), labels=labels)


def markdown(table: Table) -> str:
    """The table as Markdown."""
    header, lines = table
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [header, ["---"] * len(header), *lines])


def main(folder: Path, trials: int) -> None:
    """Run what is left, and print the tables."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "digits.npz"
    if not path.exists():
        write_digits(path)
    experiment = parse_experiment(PROTOCOL.format(path=path, trials=trials))
    with run_experiment(experiment, folder / "run") as ledger:
        facts = facts_of(ledger)
    tables = [curves_table(facts, facts.main), areas_table(facts, facts.main), gaps_table(facts, facts.main)]
    sys.stdout.write("\n\n".join([*map(markdown, tables), bound_text(facts, facts.main)]) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 10)
