"""What a run records before it begins: the digest of the data, the learner, the machine, the versions."""

from __future__ import annotations

import hashlib
import os
import platform
from dataclasses import fields, is_dataclass
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle._version import __version__
from ladle.arrays import row_blocks
from ladle.errors import ArgumentError, MismatchError
from ladle.hardware import cpu, gpus
from ladle.lab.data.datasets import Dataset
from ladle.lab.data.unlearnable import only_in_test
from ladle.lab.ledger.ledger import Ledger
from ladle.lab.measures.redundancy import compared_rows, near_limit
from ladle.lab.protocol import own_code
from ladle.lab.runner.workbench import Sources, Workbench

NAMED_CLASSES = 1_000
_PACKAGES = ("numpy", "scipy", "numba", "scikit-learn", "torch", "onnxruntime")


def run_facts(workbench: Workbench) -> dict[str, Any]:
    """The facts of a run, as plain numbers, text and lists.

    dataset, with the classes that are only in its test split; learner and learner_options; near_limit, and
    near_by_chance, the share of uniform batches within it, both None where near-duplicates cannot be told;
    near_compared: how many rows of a batch are compared with the rest of it; versions, machine; began: date and time.
    """
    dataset = workbench.dataset
    size, limit = workbench.experiment.batch_size, None
    if _is_comparable(dataset):
        limit = near_limit(dataset.inputs, size, seed=workbench.experiment.seed)
    return {
        "dataset": {
            "name": dataset.name,
            "rows": len(dataset),
            "test_rows": len(dataset.test_labels),
            "classes": len(dataset.class_names),
            "class_names": list(dataset.class_names[:NAMED_CLASSES]),
            "only_in_test": only_in_test(dataset),
            "licence": dataset.licence,
            "source": dataset.source,
            "digest": digest(dataset),
        },
        "learner": workbench.learner.name,
        "learner_options": _options(workbench.learner),
        "near_limit": None if limit is None else limit.distance,
        "near_by_chance": None if limit is None else limit.by_chance,
        "near_compared": compared_rows(size),
        "versions": {**_versions(), **own_code.versions(workbench.experiment.names())},
        "machine": {
            "system": platform.system(),
            "processor": cpu(),
            "cores": os.cpu_count() or 1,
            "gpus": gpus(),
        },
        "began": datetime.now().astimezone().isoformat(timespec="seconds"),
    }


def digest(dataset: Dataset) -> str:
    """SHA-256, in hex, of the inputs and labels of both splits. Cost: reads all of them once."""
    total = hashlib.sha256()
    for array in (dataset.inputs, dataset.labels, dataset.test_inputs, dataset.test_labels):
        total.update(f"{array.dtype.str} {array.shape}".encode())
        for block in row_blocks(len(array), max(1, array[:1].nbytes)):
            total.update(_content(array[block]))
    return total.hexdigest()


def dataset_of(ledger: Ledger, sources: Sources | None = None) -> Dataset:
    """Load the data set of a run again, to show examples of it.

    sources: what makes the data set; by default the catalogue.
    Raises: ArgumentError for a published ledger, whose batches have no rows to show; MismatchError when the data have
    changed; what loading raises. Cost: that of loading, and of a digest of all data.
    """
    if ledger.is_published():
        raise ArgumentError(
            "examples",
            wanted="be asked of the run itself",
            got=f"{ledger.path}, published without the rows of its batches",
        )
    dataset = Workbench.of(ledger.experiment(), sources or Sources()).dataset
    if digest(dataset) != ledger.facts()["dataset"]["digest"]:
        raise MismatchError(
            "examples", wanted="show the data of the run", got="other data of that name", remedy="Restore the data."
        )
    return dataset


def _is_comparable(dataset: Dataset) -> bool:
    """Whether the inputs are numbers or texts: `as_features` makes vectors of these, and a cosine compares them."""
    return dataset.inputs.dtype.kind in "fiubS"


def _content(array: npt.NDArray[Any]) -> bytes:
    if array.dtype.hasobject:  # text of any length: its bytes in the array are addresses
        return "\x1f".join(str(each) for each in array.ravel()).encode()
    return np.ascontiguousarray(array).tobytes()


def _options(learner: object) -> dict[str, Any]:
    """All dials of a learner, also those at their defaults: another version may have other defaults."""
    dials = {part.name: getattr(learner, part.name) for part in (fields(learner) if is_dataclass(learner) else ())}
    return {name: value for name, value in dials.items() if isinstance(value, (bool, int, float, str))}


def _versions() -> dict[str, str]:
    installed = {"ladle": __version__, "python": platform.python_version()}
    for package in _PACKAGES:
        try:
            installed[package] = version(package)
        except PackageNotFoundError:
            continue
    return installed
