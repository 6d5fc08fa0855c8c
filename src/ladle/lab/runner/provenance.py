"""What a run notes down before it begins: the data by its digest, the learner, the machine, the versions."""

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
from ladle.hardware import cpu, gpus
from ladle.lab.data.datasets import Dataset
from ladle.lab.measures.redundancy import asked_rows, near_limit
from ladle.lab.protocol import own_code
from ladle.lab.runner.workbench import Bench

NAMED_CLASSES = 1_000
_PACKAGES = ("numpy", "scipy", "numba", "scikit-learn", "torch", "onnxruntime")


def surveyed(bench: Bench) -> dict[str, Any]:
    """The facts of a run, as plain numbers, text and lists.

    dataset; learner and learner_options; near_limit, None where the inputs are no numbers; near_compared, rows of a
    batch that are asked for near-duplicates in it; versions, machine; began, a date.
    """
    dataset = bench.dataset
    size, limit = bench.experiment.batch_size, None
    if comparable(dataset):
        limit = near_limit(dataset.inputs, size, seed=bench.experiment.seed)
    return {
        "dataset": {
            "name": dataset.name,
            "rows": len(dataset),
            "test_rows": len(dataset.test_labels),
            "classes": len(dataset.class_names),
            "class_names": list(dataset.class_names[:NAMED_CLASSES]),
            "licence": dataset.licence,
            "source": dataset.source,
            "digest": digest(dataset),
        },
        "learner": bench.learner.name,
        "learner_options": _options(bench.learner),
        "near_limit": limit,
        "near_compared": asked_rows(size),
        "versions": {**_versions(), **own_code.versions(bench.experiment.names())},
        "machine": {
            "system": platform.system(),
            "processor": cpu(),
            "cores": os.cpu_count() or 1,
            "gpus": gpus(),
        },
        "began": datetime.now().astimezone().isoformat(timespec="seconds"),
    }


def digest(dataset: Dataset) -> str:
    """SHA-256 of inputs and labels of both splits, in hex. Cost: reads all of them once."""
    total = hashlib.sha256()
    for array in (dataset.inputs, dataset.labels, dataset.test_inputs, dataset.test_labels):
        total.update(f"{array.dtype.str} {array.shape}".encode())
        for block in row_blocks(len(array), max(1, array[:1].nbytes)):
            total.update(_content(array[block]))
    return total.hexdigest()


def comparable(dataset: Dataset) -> bool:
    """Whether the inputs are numbers or texts, of which `as_features` makes what a cosine can compare."""
    return dataset.inputs.dtype.kind in "fiubS"


def _content(array: npt.NDArray[Any]) -> bytes:
    if array.dtype.hasobject:  # text of any length; its bytes would be addresses
        return "\x1f".join(str(each) for each in array.ravel()).encode()
    return np.ascontiguousarray(array).tobytes()


def _options(learner: object) -> dict[str, Any]:
    """All dials of a learner, those left at their defaults too, which another version may set otherwise."""
    told = {part.name: getattr(learner, part.name) for part in (fields(learner) if is_dataclass(learner) else ())}
    return {name: value for name, value in told.items() if isinstance(value, (bool, int, float, str))}


def _versions() -> dict[str, str]:
    found = {"ladle": __version__, "python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
