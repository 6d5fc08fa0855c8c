"""Where all strategies of a trial start: made once, and kept in the folder of the run."""

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
from ladle.lab.runner.artifacts import keep, kept, kept_tree
from ladle.lab.runner.stopwatch import Stopwatch
from ladle.lab.runner.workbench import Bench


def start_key(experiment: Experiment, facts: Mapping[str, Any]) -> str:
    """What the starts of a run depend on, as one word. facts: the ledger's."""
    dials = experiment.model_dump(exclude={*GROWING, "dataset"})  # of the data, what they hold
    try:
        rows, found, learner = facts["dataset"]["rows"], facts["dataset"]["digest"], facts["learner"]
    except KeyError as cause:
        raise MismatchError("the ledger", wanted="say what data it is of", got=f"no {cause}") from cause
    told = json.dumps([dials, experiment.tree_size(rows), found, learner], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()


def start_folder(folder: Path, trial: int) -> Path:
    """Where the start of a trial is kept in the folder of a run."""
    return folder / "starts" / f"trial-{trial:03}"


def begun(bench: Bench, trial: int, folder: Path, key: str) -> StartRecord:
    """Seed set drawn uniformly, model trained on it, pool scored, embedded and clustered; kept in the run's folder.

    Where it is kept already, it is read. Raises: what learner and clustering raise; FileError, CorruptFileError.
    Source: Citovsky et al. 2021, algorithm 1, lines 1 to 3.
    """
    place = start_folder(folder, trial)
    found = kept(place, key)
    if found is None:
        experiment, watch = bench.experiment, Stopwatch()
        rows = experiment.seed_rows(trial, len(bench.dataset))
        with watch.timing("train"):
            model = bench.fit(rows, experiment.seed_of(trial, "fit", 0))
        with watch.timing("evaluate"):
            metrics = bench.measured(model)
        with watch.timing("score"):
            probabilities = model.probabilities(bench.dataset.inputs)
        with watch.timing("embed"):
            embeddings = model.embeddings(bench.dataset.inputs)
        with watch.timing("cluster"):
            tree = bench.clustered(embeddings, trial)
        arrays: dict[str, npt.NDArray[Any]] = {"rows": rows, "probabilities": probabilities, "embeddings": embeddings}
        found = keep(place, key, arrays, tree, {"metrics": metrics, "seconds": watch.seconds})
    rows = np.array(found.arrays["rows"])
    clusters = found.tree.cut(mean_size=bench.experiment.mean_size)
    return StartRecord(
        trial=trial,
        labels=len(rows),
        metrics=found.about["metrics"],
        certified=float(found.tree.certified),
        clusters=int(clusters.max()) + 1,
        seconds=found.about["seconds"],
        packed_rows=pack_rows(rows),
    )


def first_clusters(ledger: Ledger) -> Clusters | None:
    """(n,) the pool's clusters in the first trial there is, at the experiment's mean size; None where no start is kept.

    Raises: CorruptFileError. Cost: reads the tree, a second for six million rows.
    """
    starts = ledger.starts()
    if ledger.is_published() or not starts:
        return None
    experiment = ledger.experiment()
    tree = kept_tree(start_folder(ledger.path.parent, starts[0].trial), start_key(experiment, ledger.facts()))
    return None if tree is None else tree.cut(mean_size=experiment.mean_size)
