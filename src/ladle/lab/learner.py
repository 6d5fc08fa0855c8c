"""What the lab asks of a learner: be fitted, then say how likely each class is and where each example lies.

Guarantees, for every learner in this room:

- The fitted model depends on the arguments and the seed alone, for a BLAS of one thread; fitting keeps no state in
  the learner, so one learner may fit many models, in several threads at once.
- `probabilities` has a column for every class, also for those no label named, and its rows sum to 1.
- `embeddings` is the layer under the outputs: one float32 row an example, of the same length for every model the
  learner makes.
- Nothing warns and nothing prints; an interrupt is an interrupt.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt


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

    def fit(self, inputs: npt.NDArray[Any], labels: npt.NDArray[np.int64], *, classes: int, seed: int) -> Model:
        """A model fitted to `inputs` (n, ...) and `labels` (n,), which are 0..classes-1; some may be missing.

        Raises: ArgumentError, ShapeError.
        """
        ...
