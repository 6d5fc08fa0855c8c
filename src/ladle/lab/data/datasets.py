"""The data sets of the lab: a pool to choose from, a test split to measure on, and what is known about both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.arrays import Rows
from ladle.errors import ArgumentError, ShapeError

TEXT_BUCKETS = 256  # features of a text: enough to tell words apart, and cheap in products of whole batches


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """Labelled examples, split into a pool and a test split.

    Parameters
    ----------
    name : str
        What reports call it.
    inputs : ndarray, shape (n, ...)
        The pool, one example a row, read-only by convention: pixels as uint8, features as floats, texts as UTF-8 bytes
        of one width (dtype S, shape (n,)).
    labels : ndarray of int64, shape (n,), or of int8, shape (n, classes)
        Classes from 0 to classes - 1, which only the oracle reads. With `multilabel`: 1 where people said that the
        class is there, 0 where they said that it is not, -1 where nobody looked.
    test_inputs, test_labels : ndarray
        The same of the test split, which is read only to measure models.
    class_names : tuple of str
        The names of the classes.
    ids : ndarray, shape (n,)
        The names of the pool's examples at their source.
    licence : str
        The terms of use.
    multilabel : bool, optional
        Whether an example may have several classes.
    originals : ndarray of int64, shape (n,), optional
        Where rows are known to be copies: the number of the original of each row, such as the row of the earlier pool
        that a made near-duplicate copies. Reports count the distinct originals of batches.
    source : str, optional
        Where the examples come from and how they were split, in one line.
    looks : callable, optional
        Where the inputs are features: a function of rows (r,) that returns the same examples as images or texts, to be
        shown. It is called only then, so it may load data.

    Raises
    ------
    ShapeError, ArgumentError
        When the parts do not fit each other.
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

    def __repr__(self) -> str:
        classes = f"{len(self.class_names):,} {'labels' if self.multilabel else 'classes'}"
        return f"Dataset({self.name!r}: {len(self):,} rows, {len(self.test_labels):,} to test on, {classes})"

    def __len__(self) -> int:
        return len(self.inputs)

    def seen(self, rows: Rows) -> npt.NDArray[Any]:
        """Return rows of the pool as they are shown to people.

        Parameters
        ----------
        rows : ndarray of int64, shape (r,)

        Returns
        -------
        ndarray, shape (r, ...)
            What `looks` returns, or without it the inputs.
        """
        return self.inputs[rows] if self.looks is None else self.looks(rows)


def as_features(inputs: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """`inputs` as (n, features) float32: flattened; uint8 is scaled to 0..1.

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
    each = "1 (there), 0 (not there) or -1 (nobody looked)" if multilabel else "one per class name"
    wanted = f"hold whole numbers from {lowest} to {highest}, {each}"
    if labels.dtype.kind not in "iu":
        raise ArgumentError(f"`{name}`", wanted=wanted, got=f"dtype {labels.dtype}")
    if labels.min() < lowest or labels.max() > highest:
        place = np.unravel_index(int(np.argmax((labels < lowest) | (labels > highest))), labels.shape)
        raise ArgumentError(f"`{name}`", wanted=wanted, got=f"{labels[place]} in row {place[0]:,}")


def _check_same_length(name: str, first: npt.NDArray[Any], other_name: str, other: npt.NDArray[Any]) -> None:
    if len(first) != len(other) or len(first) == 0:
        raise ShapeError(
            f"`{other_name}`",
            wanted=f"have as many rows as `{name}`, at least one",
            got=f"{len(other)} for {len(first)}",
        )
