"""What a data set is to the lab: a pool to choose from, a test split to measure on, and what is known about both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.errors import ArgumentError, ShapeError


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """Labelled examples, split once and for all.

    inputs: (n, ...) the pool, one example a row, in any dtype its learner reads; read-only by convention.
    labels: (n,) int64, 0..classes-1: what the oracle knows; strategies and learners never see them directly.
    test_inputs, test_labels: likewise, touched by nothing but the final measurement of accuracy.
    class_names: what the labels mean. ids: (n,) the examples' names where they came from. licence: who may use them.
    Raises: ShapeError, ArgumentError when the parts do not fit each other.
    """

    name: str
    inputs: npt.NDArray[Any]
    labels: npt.NDArray[np.int64]
    test_inputs: npt.NDArray[Any]
    test_labels: npt.NDArray[np.int64]
    class_names: tuple[str, ...]
    ids: npt.NDArray[Any]
    licence: str

    def __post_init__(self) -> None:
        _check_same_length("inputs", self.inputs, "labels", self.labels)
        _check_same_length("inputs", self.inputs, "ids", self.ids)
        _check_same_length("test_inputs", self.test_inputs, "test_labels", self.test_labels)
        if self.inputs.shape[1:] != self.test_inputs.shape[1:]:
            raise ShapeError(
                "`test_inputs`",
                wanted=f"hold examples of shape {self.inputs.shape[1:]}, as the pool does",
                got=f"{self.test_inputs.shape[1:]}",
            )
        for name, labels in (("labels", self.labels), ("test_labels", self.test_labels)):
            if labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() >= len(self.class_names):
                raise ArgumentError(
                    f"`{name}`",
                    wanted=f"hold whole numbers from 0 to {len(self.class_names) - 1}, one per class name",
                    got=f"dtype {labels.dtype}, {labels.min()} to {labels.max()}",
                )

    def __len__(self) -> int:
        return len(self.inputs)


def as_features(inputs: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """`inputs` flattened to (n, features) float32; bytes are pixels and become 0..1."""
    flat = inputs.reshape(len(inputs), -1)
    return flat * np.float32(1 / 255) if flat.dtype == np.uint8 else flat.astype(np.float32, copy=False)


def _check_same_length(name: str, first: npt.NDArray[Any], other_name: str, other: npt.NDArray[Any]) -> None:
    if len(first) != len(other) or len(first) == 0:
        raise ShapeError(
            f"`{other_name}`",
            wanted=f"have as many rows as `{name}`, at least one",
            got=f"{len(other)} for {len(first)}",
        )
