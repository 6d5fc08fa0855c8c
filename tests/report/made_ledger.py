"""Ledgers written by hand: a run of four strategies whose ways through its trials are known."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from ladle.lab.ledger.ledger import Ledger
from ladle.lab.ledger.records import RoundRecord, StartRecord, pack_rows
from ladle.lab.protocol.experiment import Experiment

LABELS = (100, 150, 200, 250)
# Where each strategy's mean curve goes after the seed set, which is at .50 for all.
HEIGHTS = {
    "Cluster-Margin 10": (0.64, 0.72, 0.76),
    "Margin": (0.60, 0.68, 0.74),
    "Uni<form>|x": (0.58, 0.64, 0.70),  # a label that would break a page or a table that forgot to escape
    "Entropy": (0.60, 0.68, 0.74),
}
NAMES = {"Cluster-Margin 10": "cluster-margin", "Margin": "margin", "Uni<form>|x": "uniform", "Entropy": "entropy"}
_STEPS = {"score": 0.2, "select": 0.01, "train": 1.5, "evaluate": 0.1}


def made_experiment(**changed):
    strategies = [
        {"name": NAMES[label], "label": label, "options": {"candidate_ratio": 10} if "Cluster" in label else {}}
        for label in changed.pop("labels", HEIGHTS)
    ]
    fields = {
        "name": "made", "title": "A made-up run", "dataset": {"name": "toy"}, "learner": {"name": "toy"},
        "seed_size": 100, "batch_size": 50, "rounds": 3, "trials": 6, "seed": 5, "metrics": ["accuracy", "macro_f1"],
        "strategies": strategies,
    }  # fmt: skip
    return Experiment.model_validate(fields | changed)


def height(label, trial, number):
    """The accuracy of one measurement: the strategy's mean, the trial's luck, and a little of its own."""
    luck = 0.004 * (trial % 3 - 1)
    if number == 0:
        return 0.5 + luck
    own = 0.002 * ((trial * (2 + list(HEIGHTS).index(label)) + number * 3) % 5 - 2)
    return HEIGHTS[label][number - 1] + luck + own


def made_ledger(
    path: Path,
    *,
    trials=6,
    unfinished=(),
    shift=0.0,
    facts=True,
    seed_sets=0,
    digest="ab12",
    noted=None,
    data=None,
    stories=None,
    fits=None,
    **changed,
):
    """A ledger at `path`. unfinished: (label, trial) that lack their last round. shift: added to every accuracy.

    noted, data: further facts of the run and of its data set. stories: by label, a function of trial and round. fits:
    a function of the round, to facts on the fit of its model.
    """
    experiment = made_experiment(**{"trials": trials, **changed})
    known = {
        "dataset": {
            "name": "Toys", "rows": 400, "class_names": ["cat", "d<o>g", "fish"], "licence": "free", "digest": digest
        },
        "learner": "a toy", "near_limit": 0.0125, "machine": {"processor": "a made-up one", "cores": 2},
    }  # fmt: skip
    known = known | (noted or {}) | {"dataset": known["dataset"] | (data or {})}
    ledger = Ledger.create(path, experiment.to_toml(), known)
    ledger._connection.execute("PRAGMA synchronous = OFF")  # made in memory's time: nobody pulls this plug
    for trial in range(trials):
        first = height("", trial, 0) + shift
        rows = np.arange(100) + trial + 1000 * seed_sets
        ledger.add_start(
            StartRecord(
                trial, 100, _metrics(first), 1.0, 40, {"train": 1.0, "embed": 0.5, "cluster": 2.0}, pack_rows(rows)
            )
        )
        for label in experiment_labels(experiment):
            for number in range(1, experiment.rounds + 1 - ((label, trial) in unfinished)):
                value = height(label, trial, number) + shift
                record = _round(label, trial, number, value, facts)
                record = replace(record, facts={**record.facts, **(fits(number) if fits else {})})
                told = (stories or {}).get(label)
                ledger.add_round(
                    record if told is None else replace(record, facts={**record.facts, "story": told(trial, number)})
                )
    return ledger


def experiment_labels(experiment):
    return [entry.label for entry in experiment.strategies]


def _round(label, trial, number, value, facts):
    rows = np.arange(50) * 4 + number
    place = list(HEIGHTS).index(label)
    told = {
        "clusters_touched": 40 - 5 * place, "near_duplicates": 2 * place + trial % 2, "near_compared": 50,
        "class_counts": [20 + place, 20 - place, 10], "margins": [0.0, 0.1, 0.2, 0.3, 0.4],
    }  # fmt: skip
    steps = _STEPS | {"select": 0.02 * (place + 1)}
    return RoundRecord(
        trial, label, number, 100 + 50 * number, _metrics(value), steps, told if facts else {}, pack_rows(rows)
    )


def _metrics(value):
    return {"accuracy": value, "macro_f1": value - 0.05}
