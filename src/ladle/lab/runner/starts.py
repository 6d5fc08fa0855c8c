"""The start that all strategies of a trial share: made once, and kept in the folder of the run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.arrays import Clusters
from ladle.errors import MismatchError
from ladle.lab.ledger.ledger import Ledger
from ladle.lab.ledger.records import StartRecord, pack_rows
from ladle.lab.protocol.experiment import GROWING, Experiment
from ladle.lab.runner.artifacts import read_artifacts, read_tree, write_artifacts
from ladle.lab.runner.stopwatch import Stopwatch
from ladle.lab.runner.workbench import Workbench


def start_key(experiment: Experiment, facts: Mapping[str, Any]) -> str:
    """A hash of everything that the starts of a run depend on. facts: the ledger's. Raises: MismatchError."""
    dials = experiment.model_dump(exclude={*GROWING, "dataset"})  # the content of the data set counts, not its name
    try:
        rows, digest, learner = facts["dataset"]["rows"], facts["dataset"]["digest"], facts["learner"]
    except KeyError as cause:
        raise MismatchError("the ledger", wanted="say what data it is of", got=f"no {cause}") from cause
    parts = json.dumps([dials, experiment.tree_size(rows), digest, learner], sort_keys=True)
    return hashlib.sha256(parts.encode()).hexdigest()


def start_folder(folder: Path, trial: int) -> Path:
    """Where the start of a trial is kept in the folder of a run."""
    return folder / "starts" / f"trial-{trial:03}"


def make_start(workbench: Workbench, trial: int, folder: Path, key: str) -> StartRecord:
    """Draw the seed set, train on it, score, embed and cluster the pool, and keep the result in the run's folder.

    A start that is there already, under the same key, is read. Raises: what learner and clustering raise; FileError,
    CorruptFileError.
    Source: Citovsky et al. 2021, algorithm 1, lines 1 to 3.
    """
    place = start_folder(folder, trial)
    artifacts = read_artifacts(place, key)
    if artifacts is None:
        experiment, watch = workbench.experiment, Stopwatch()
        rows = experiment.seed_rows(trial, len(workbench.dataset))
        with watch.timing("train"):
            model = workbench.fit(rows, experiment.seed_of(trial, "fit", 0))
        with watch.timing("evaluate"):
            metrics = workbench.measure(model)
        with watch.timing("score"):
            probabilities = model.probabilities(workbench.dataset.inputs)
        with watch.timing("embed"):
            embeddings = model.embeddings(workbench.dataset.inputs)
        with watch.timing("cluster"):
            tree = workbench.cluster(embeddings, trial)
        arrays: dict[str, npt.NDArray[Any]] = {"rows": rows, "probabilities": probabilities, "embeddings": embeddings}
        artifacts = write_artifacts(place, key, arrays, tree, {"metrics": metrics, "seconds": watch.seconds})
    rows = np.array(artifacts.arrays["rows"])
    clusters = artifacts.tree.cut(mean_size=workbench.experiment.mean_size)
    return StartRecord(
        trial=trial,
        labels=len(rows),
        metrics=artifacts.about["metrics"],
        certified=float(artifacts.tree.certified),
        clusters=int(clusters.max()) + 1,
        seconds=artifacts.about["seconds"],
        packed_rows=pack_rows(rows),
    )


def first_clusters(ledger: Ledger) -> Clusters | None:
    """(n,) the clusters of the pool in the run's first trial, at the experiment's mean size; None without its start.

    Raises: CorruptFileError. Cost: reads the tree, a second for six million rows.
    """
    starts = ledger.starts()
    if ledger.is_published() or not starts:
        return None
    experiment = ledger.experiment()
    tree = read_tree(start_folder(ledger.path.parent, starts[0].trial), start_key(experiment, ledger.facts()))
    return None if tree is None else tree.cut(mean_size=experiment.mean_size)
