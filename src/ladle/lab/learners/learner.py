"""The contract of a learner: it is fitted, and the model then gives probabilities and embeddings.

Guarantees of every learner in this room:

- The fitted model depends on the arguments and the seed alone, with one thread of BLAS. Fitting keeps no state in the
  learner, so one learner may fit many models, also in several threads at once.
- `probabilities` has a column for every class, also for classes without a label, and its rows sum to 1. After a fit to
  several labels an example, each entry is the probability of that class by itself.
- `embeddings` is the layer below the outputs: one float32 row an example, of the same length for every model of the
  learner.
- With `warm`, an earlier model, fitting continues from that model and does not change it. A learner that cannot do so
  raises an ArgumentError.
- Nothing warns, nothing prints, and Ctrl-C raises KeyboardInterrupt.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from ladle.errors import ArgumentError

Made = TypeVar("Made")


class Model(Protocol):
    """A fitted learner; any class with these two methods is one."""

    def probabilities(self, inputs: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """Return the probability of each class.

        Parameters
        ----------
        inputs : ndarray, shape (n, ...)
            Examples of the kind that the learner was fitted to.

        Returns
        -------
        ndarray of float32, shape (n, classes)
            Each row sums to 1; after a fit to several labels an example, each entry is a probability by itself.
        """
        ...

    def embeddings(self, inputs: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """Return the layer below the outputs.

        Parameters
        ----------
        inputs : ndarray, shape (n, ...)
            Examples of the kind that the learner was fitted to.

        Returns
        -------
        ndarray of float32, shape (n, dim)
        """
        ...


class Learner(Protocol):
    """Fits models to labelled examples; any class with `name` and `fit` is one."""

    @property
    def name(self) -> str:
        """A description in one line, for reports."""
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
        """Fit a model.

        Parameters
        ----------
        inputs : ndarray, shape (n, ...)
            Labelled examples.
        labels : ndarray of int64, shape (n,) or (n, classes)
            Classes from 0 to classes - 1; some classes may have no example. Learners that take several labels an
            example read 1 as there, 0 as not there, and a negative number as unknown.
        classes : int
            How many classes there are.
        seed : int
            The root of all random draws.
        warm : Model, optional
            A model of the same learner to continue from.

        Returns
        -------
        Model

        Raises
        ------
        ArgumentError, ShapeError
            When inputs, labels or `warm` do not fit the learner.
        """
        ...


def check_warm(warm: Model, kind: type[Made], fits: Callable[[Made], bool]) -> Made:
    """`warm`, if it is of the `kind` that the learner makes and `fits` it. Raises: ArgumentError."""
    if not isinstance(warm, kind) or not fits(warm):
        got = "one of other sizes or options" if isinstance(warm, kind) else type(warm).__name__
        raise ArgumentError("`warm`", wanted=f"be a {kind.__name__} of this very learner and its classes", got=got)
    return warm


def refuse_warm(warm: Model | None, learner: str) -> None:
    """Raises: ArgumentError when `warm` is given to a learner that always starts from scratch."""
    if warm is not None:
        raise ArgumentError(
            "`warm_start`",
            wanted=f"be false for {learner}, which always starts afresh",
            got="true",
            remedy="Use linear-head, mlp-head, logistic, text or an image network to go on from the last model.",
        )


def check_single(labels: npt.NDArray[Any], learner: str) -> None:
    """Raises: ArgumentError when a learner of one label an example is given several."""
    if labels.ndim != 1:
        raise ArgumentError(
            "`labels`",
            wanted=f"be one an example for {learner}",
            got=f"shape {labels.shape}",
            remedy="Use linear-head or mlp-head for several labels an example.",
        )
