"""What a run notes down before it begins: the data by its digest, the learner, the machine, the versions."""

from __future__ import annotations

import hashlib
import os
import platform
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle._version import __version__
from ladle.arrays import Rows, row_blocks
from ladle.lab.bench import Bench
from ladle.lab.datasets import Dataset
from ladle.lab.redundancy import near_duplicates, near_limit
from ladle.seeds import stream

NEAR_ROWS = 5_000  # of a batch, as many are compared in pairs: all pairs of 100,000 would take longer than training
NAMED_CLASSES = 1_000
_PACKAGES = ("numpy", "scipy", "numba", "scikit-learn", "torch", "onnxruntime")


def surveyed(bench: Bench) -> dict[str, Any]:
    """The facts of a run, as plain numbers, text and lists: dataset, learner, near_limit (None where the inputs are no
    numbers), near_compared (rows of a batch that are compared for near-duplicates), versions, machine, began (a date).
    """
    dataset = bench.dataset
    compared = min(bench.experiment.batch_size, NEAR_ROWS)
    limit = near_limit(dataset.inputs, compared, seed=bench.experiment.seed) if comparable(dataset) else None
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
        "near_limit": limit,
        "near_compared": compared,
        "versions": _versions(),
        "machine": {
            "system": platform.system(),
            "processor": platform.machine(),
            "cores": os.cpu_count() or 1,
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


def near_in_batch(dataset: Dataset, rows: Rows, limit: float, seed: int) -> tuple[int, int]:
    """How many of a batch have another within `limit`, and how many were compared: all, or `NEAR_ROWS` drawn ones."""
    if len(rows) > NEAR_ROWS:
        rows = stream(seed, "near duplicates").choice(rows, NEAR_ROWS, replace=False)
    return near_duplicates(dataset.inputs, rows, limit), len(rows)


def _content(array: npt.NDArray[Any]) -> bytes:
    if array.dtype.hasobject:  # text of any length; its bytes would be addresses
        return "\x1f".join(str(each) for each in array.ravel()).encode()
    return np.ascontiguousarray(array).tobytes()


def _versions() -> dict[str, str]:
    found = {"ladle": __version__, "python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
