"""Scenarios of the commands that make several steps of one, or files: `ladle campaign round`, `tell`, `export`."""

from __future__ import annotations

import contextlib
import csv
import os
import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import numpy as np

from benchmarks.reliability import birds
from benchmarks.reliability.birds import BY_CLOCK
from benchmarks.reliability.scenarios import Act, Scenario, Snapshot, whole_or_not
from benchmarks.reliability.snapshots import DATABASE, problems, snapshot
from ladle.cli.campaign.exporting import What, export
from ladle.cli.campaign.telling import tell
from ladle.cli.campaign.whole_round import run_round
from ladle.formats import FORMATS


def _quietly(work: Callable[[], None]) -> None:
    """A command, by the clock that stands still; its output is dropped."""
    still = mock.patch.object(time, "time", return_value=BY_CLOCK)
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere), still:
        work()


def _labels_came(folder: Path) -> None:
    """A batch is out, its labels have come back in a file, and there are new scores."""
    birds.with_batch(folder)
    with birds.opened(folder) as campaign:
        ids = campaign.batch(key="round 1").ids.tolist()
    with (folder / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["id", "label"], *zip(ids, ["cat", "dog"] * 6, strict=True)])
    np.save(folder / "scores.npy", birds.probabilities())


def _round(folder: Path) -> None:
    _quietly(
        lambda: run_round(
            12,
            folder / "batch-2.csv",
            db=str(folder / DATABASE),
            scores=folder / "scores.npy",
            labels=[folder / "labels.csv"],
            annotator="ann",
            model="m1",
            metrics=["accuracy=0.81"],
            as_json=True,
            quiet=True,
        )
    )


def _snapshot_with_files(folder: Path) -> Snapshot:
    """The campaign and the batches written."""
    return snapshot(folder) | {path.name: path.read_bytes() for path in folder.glob("batch-*")}


def _tell_file(folder: Path) -> None:
    _quietly(lambda: tell(folder / "labels.csv", db=str(folder / DATABASE), annotator="ann", as_json=True))


def _export(what: What, name: str) -> Scenario:
    file = f"out{FORMATS[name].suffixes[0]}"

    def do(folder: Path) -> None:
        _quietly(lambda: export(what, folder / file, db=str(folder / DATABASE), as_json=True))

    def file_snapshot(folder: Path) -> Snapshot:
        return {file: (folder / file).read_bytes()} if (folder / file).exists() else {}

    return whole_or_not(Act(f"export {what.value} {name}", birds.full, do, file_snapshot, problems))


COMMANDS = (
    whole_or_not(Act("round", _labels_came, _round, _snapshot_with_files, problems, in_steps=True)),
    whole_or_not(Act("tell a file", _labels_came, _tell_file, snapshot, problems)),
    *(_export(What.BATCH, name) for name in FORMATS),
    *(_export(What.RESOLVED, name) for name in FORMATS),
)
