"""What the lab asks of a learner: be fitted, then say how likely each class is and where each example lies.

Guarantees, for every learner in this room:

- The fitted model depends on the arguments and the seed alone, for a BLAS of one thread; fitting keeps no state in
  the learner, so one learner may fit many models, in several threads at once.
- `probabilities` has a column for every class, also for those no label named, and its rows sum to 1. Of a learner
  fitted to several labels an example (see below), each entry is the chance of that class by itself.
- `embeddings` is the layer under the outputs: one float32 row an example, of the same length for every model the
  learner makes.
- Given `warm`, a model it made before, fitting goes on from there and leaves that model as it was; a learner that
  cannot says so by an ArgumentError.
- Nothing warns and nothing prints; an interrupt is an interrupt.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from ladle.errors import ArgumentError

Made = TypeVar("Made")


class Model(Protocol):
    """A fitted learner."""

    def probabilities(self, inputs: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """(n, classes) float32, each row summing to 1."""
        ...

    def embeddings(self, inputs: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """(n, dim) float32, the penultimate layer."""
        ...


class Learner(Protocol):
    """Makes models out of labelled examples."""

    @property
    def name(self) -> str:
        """A line that says what it is, for reports."""
        ...

    def fit(
        self,
        inputs: npt.NDArray[Any],
        labels: npt.NDArray[np.int64],
        *,
        classes: int,
        seed: int,
        warm: Model | None = None,
    ) -> Model:
        """A model fitted to `inputs` (n, ...) and `labels` (n,), which are 0..classes-1; some may be missing.

        labels may be (n, classes) for learners that take several labels an example: 1 there, 0 not there, below 0
        unknown. warm: a model of the same learner to go on from.
        Raises: ArgumentError, ShapeError.
        """
        ...


def check_warm(warm: Model, kind: type[Made], fits: Callable[[Made], bool]) -> Made:
    """`warm`, if it is of the `kind` a learner makes, and this learner's own. Raises: ArgumentError."""
    if not isinstance(warm, kind) or not fits(warm):
        got = "one of other sizes or options" if isinstance(warm, kind) else type(warm).__name__
        raise ArgumentError("`warm`", wanted=f"be a {kind.__name__} of this very learner and its classes", got=got)
    return warm


def refuse_warm(warm: Model | None, learner: str) -> None:
    """For learners that always start afresh. Raises: ArgumentError when `warm` was given."""
    if warm is not None:
        raise ArgumentError(
            "`warm_start`",
            wanted=f"be false for {learner}, which always starts afresh",
            got="true",
            remedy="Use linear-head, mlp-head, logistic, text or an image network to go on from the last model.",
        )


def check_single(labels: npt.NDArray[Any], learner: str) -> None:
    """For learners of one label an example. Raises: ArgumentError when `labels` are several an example."""
    if labels.ndim != 1:
        raise ArgumentError(
            "`labels`",
            wanted=f"be one an example for {learner}",
            got=f"shape {labels.shape}",
            remedy="Use linear-head or mlp-head for several labels an example.",
        )
