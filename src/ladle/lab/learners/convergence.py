"""When a fit by epochs has converged, and the mean of the parameters over its later epochs.

A number of epochs says nothing of the number of steps: 30 epochs of 150 examples in minibatches of 200 are 30 steps.
A fit without a fixed number of epochs goes on until its loss no longer falls, by scikit-learn's rule, and takes at
least `LEAST_STEPS` steps.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float32]

LEAST_STEPS = 500  # of a fit until it has converged: early losses may be level, or rise
MOST_EPOCHS = 1_000  # of a fit until it has converged
TOLERANCE, PATIENCE = 1e-4, 10  # scikit-learn's: the loss must fall by so much in so many epochs


class Descent:
    """Whether the epochs of a fit are at their end. epochs: how many; 0: until the loss no longer falls.

    After the last epoch, `converged` says whether the loss had stopped falling; with a fixed number of epochs it is
    None, because nobody asked.
    """

    __slots__ = ("_best", "_epochs", "_level", "_steps", "converged", "done")

    def __init__(self, epochs: int) -> None:
        self._epochs = epochs
        self._best, self._level, self._steps = float("inf"), 0, 0
        self.done = 0
        self.converged: bool | None = None

    def is_last(self, loss: float, steps: int) -> bool:
        """Count an epoch of so many steps with this mean loss, and return whether it is the last."""
        self.done += 1
        if self._epochs:
            return self.done >= self._epochs
        self._steps += steps
        self._level = self._level + 1 if loss > self._best - TOLERANCE else 0
        self._best = min(self._best, loss)
        self.converged = self._level >= PATIENCE and self._steps >= LEAST_STEPS
        return self.converged or self.done >= MOST_EPOCHS


class LaterMean:
    """The mean of parameters over the later half of the epochs.

    epochs: how many there will be. 0: nobody knows; then the mean begins anew at epochs 1, 2, 4, 8, ..., and the one
    before the last beginning counts: it is over at least the last half of the epochs and at most the last three
    quarters.
    """

    __slots__ = ("_counts", "_epochs", "_parts")

    def __init__(self, epochs: int) -> None:
        self._epochs = epochs
        self._parts: list[list[Matrix]] = []  # sums: the older one, then the newer one
        self._counts: list[int] = []

    def add(self, epoch: int, parameters: Sequence[Matrix]) -> None:
        """Add the parameters at the end of an epoch, from 0; they are copied."""
        begins = epoch == self._epochs // 2 if self._epochs else (epoch + 1) & epoch == 0
        if begins:
            self._parts = [*self._parts[-1:], [np.zeros_like(each) for each in parameters]]
            self._counts = [*self._counts[-1:], 0]
        for place, sums in enumerate(self._parts):
            for total, value in zip(sums, parameters, strict=True):
                np.add(total, value, out=total)
            self._counts[place] += 1

    def mean(self) -> list[Matrix]:
        """The mean, in arrays of its own."""
        share = np.float32(1 / self._counts[0])
        return [total * share for total in self._parts[0]]
