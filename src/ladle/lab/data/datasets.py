"""What a data set is to the lab: a pool to choose from, a test split to measure on, and what is known about both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.arrays import Rows
from ladle.errors import ArgumentError, ShapeError

TEXT_BUCKETS = 256  # of a text's features: enough to tell words apart, few enough for products of whole batches


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """Labelled examples, split once and for all.

    inputs: (n, ...) the pool, one example a row, in any dtype its learner reads; read-only by convention. Pixels are
    uint8, features floats, texts UTF-8 bytes of one width (dtype S, shape (n,)).
    labels: (n,) int64, 0..classes-1: what the oracle knows; strategies and learners never see them directly. With
    `multilabel`, (n, classes) int8: 1 where people said the class is there, 0 where they said it is not, -1 where
    nobody looked.
    test_inputs, test_labels: likewise, touched by nothing but the final measurement.
    class_names: what the labels mean. ids: (n,) the examples' names where they came from. licence: who may use them.
    originals: (n,) int64, where near-duplicates were made: which example of the pool before that each row copies.
    source: where the examples come from and how they were split, in a line.
    looks: where the inputs are features, what people would look at instead: rows (r,) to as many pictures or texts, of
    the same kinds as inputs; called only to show examples, so it may load what it needs.
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
    multilabel: bool = False
    originals: npt.NDArray[np.int64] | None = None
    source: str = ""
    looks: Callable[[Rows], npt.NDArray[Any]] | None = None

    def __post_init__(self) -> None:
        _check_same_length("inputs", self.inputs, "labels", self.labels)
        _check_same_length("inputs", self.inputs, "ids", self.ids)
        _check_same_length("test_inputs", self.test_inputs, "test_labels", self.test_labels)
        if self.originals is not None:
            _check_same_length("inputs", self.inputs, "originals", self.originals)
        if self.inputs.shape[1:] != self.test_inputs.shape[1:]:
            raise ShapeError(
                "`test_inputs`",
                wanted=f"hold examples of shape {self.inputs.shape[1:]}, as the pool does",
                got=f"{self.test_inputs.shape[1:]}",
            )
        for name, labels in (("labels", self.labels), ("test_labels", self.test_labels)):
            _check_labels(name, labels, len(self.class_names), self.multilabel)

    def __len__(self) -> int:
        return len(self.inputs)

    def seen(self, rows: Rows) -> npt.NDArray[Any]:
        """(r, ...) these rows of the pool as people look at them: the inputs, unless there are `looks`."""
        return self.inputs[rows] if self.looks is None else self.looks(rows)


def as_features(inputs: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """`inputs` as (n, features) float32: flattened; bytes are pixels and become 0..1.

    Texts (dtype S) become counts of their letter pairs and triples, hashed into `TEXT_BUCKETS` columns.
    """
    if inputs.dtype.kind == "S":
        from ladle.lab.data.ngrams import Ngrams

        return Ngrams(shortest=2, longest=3, buckets=TEXT_BUCKETS).counts(inputs)
    flat = inputs.reshape(len(inputs), -1)
    return flat * np.float32(1 / 255) if flat.dtype == np.uint8 else flat.astype(np.float32, copy=False)


def _check_labels(name: str, labels: npt.NDArray[Any], classes: int, multilabel: bool) -> None:
    shape = (len(labels), classes) if multilabel else (len(labels),)
    lowest, highest = (-1, 1) if multilabel else (0, classes - 1)
    if labels.shape != shape:
        raise ShapeError(f"`{name}`", wanted=f"have shape {shape}", got=f"{labels.shape}")
    if labels.dtype.kind not in "iu" or labels.min() < lowest or labels.max() > highest:
        each = "1 (there), 0 (not there) or -1 (nobody looked)" if multilabel else "one per class name"
        raise ArgumentError(
            f"`{name}`",
            wanted=f"hold whole numbers from {lowest} to {highest}, {each}",
            got=f"dtype {labels.dtype}, {labels.min()} to {labels.max()}",
        )


def _check_same_length(name: str, first: npt.NDArray[Any], other_name: str, other: npt.NDArray[Any]) -> None:
    if len(first) != len(other) or len(first) == 0:
        raise ShapeError(
            f"`{other_name}`",
            wanted=f"have as many rows as `{name}`, at least one",
            got=f"{len(other)} for {len(first)}",
        )
