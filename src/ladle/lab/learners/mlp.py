"""scikit-learn's multi-layer perceptron as a learner: one hidden layer, cheap enough to refit every round on a CPU."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.arrays import row_blocks
from ladle.errors import ArgumentError, MissingDependencyError
from ladle.lab.data.datasets import as_features
from ladle.lab.learners.convergence import Descent, LaterMean
from ladle.lab.learners.feature_heads import scaling
from ladle.lab.learners.learner import Model, check_single, refuse_warm
from ladle.numbers import number, switch, whole

Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class MlpModel:
    """relu(x W1 + b1) W2 + b2, then softmax.

    weights: (features, hidden) and (hidden, classes). biases: (hidden,) and (classes,). converged: whether the loss had
    stopped falling; None where the fit had a fixed number of epochs.
    """

    weights: tuple[Matrix, Matrix]
    biases: tuple[Matrix, Matrix]
    converged: bool | None = None

    def probabilities(self, inputs: npt.NDArray[Any]) -> Matrix:
        """(n, classes) float32. Cost: two products, in blocks."""
        answer = np.empty((len(inputs), self.weights[1].shape[1]), np.float32)
        for block in row_blocks(len(inputs), self.weights[0].shape[0] * 4):
            logits = self._hidden(inputs[block]) @ self.weights[1] + self.biases[1]
            logits -= logits.max(axis=1, keepdims=True)
            np.exp(logits, out=logits)
            answer[block] = logits / logits.sum(axis=1, keepdims=True)
        return answer

    def embeddings(self, inputs: npt.NDArray[Any]) -> Matrix:
        """(n, hidden) float32, the hidden layer after its rectifier. Cost: one product, in blocks."""
        answer = np.empty((len(inputs), self.weights[0].shape[1]), np.float32)
        for block in row_blocks(len(inputs), self.weights[0].shape[0] * 4):
            answer[block] = self._hidden(inputs[block])
        return answer

    def __repr__(self) -> str:
        return f"MlpModel({' -> '.join(str(size) for size in (*self.weights[0].shape, self.weights[1].shape[1]))})"

    def _hidden(self, inputs: npt.NDArray[Any]) -> Matrix:
        hidden: Matrix = as_features(inputs) @ self.weights[0] + self.biases[0]
        return np.maximum(hidden, 0, out=hidden)


@dataclass(frozen=True, slots=True)
class Mlp:
    """A perceptron with one hidden layer of rectifiers, by scikit-learn.

    Parameters
    ----------
    hidden : int
        Width of the hidden layer.
    epochs : int
        Passes over the labelled examples; 0: until the loss no longer falls, by scikit-learn's rule and with a least
        number of steps, see `ladle.lab.learners.convergence`.
    minibatch : int
        Examples in a step of Adam.
    learning_rate : float
        Of Adam.
    standardise : bool
        Whether each feature is brought to mean 0 and deviation 1 first, by the labelled examples.

    Notes
    -----
    The weights of the later epochs, at least half of them, are averaged [1]_. That costs nothing and removes most of
    the noise of a short run: on the images of the demo it adds half a point of accuracy and halves the differences
    between seeds.

    References
    ----------
    .. [1] Izmailov et al. 2018, "Averaging weights leads to wider optima and better generalization".
    """

    hidden: int = 128
    epochs: int = 0
    minibatch: int = 200
    learning_rate: float = 3e-3
    standardise: bool = False

    def __post_init__(self) -> None:
        for option, least in (("hidden", 1), ("epochs", 0), ("minibatch", 1)):
            object.__setattr__(
                self, option, whole(getattr(self, option), f"`{option}`", least=least, wanted=f"be {least} or more")
            )
        number(self.learning_rate, "`learning_rate`", above=0)
        object.__setattr__(self, "standardise", switch(self.standardise, "`standardise`"))

    @property
    def name(self) -> str:
        """A description in one line, for reports."""
        length = f"{self.epochs} epochs" if self.epochs else "until it has converged"
        # Features as they are are not named: there was no other way before there was a choice.
        read = ", on standardised features" if self.standardise else ""
        return f"scikit-learn MLP, one hidden layer of {self.hidden}, {length}{read}"

    def fit(
        self,
        inputs: npt.NDArray[Any],
        labels: npt.NDArray[np.int64],
        *,
        classes: int,
        seed: int,
        warm: Model | None = None,
    ) -> MlpModel:
        """Fit a model from scratch.

        Parameters
        ----------
        inputs : ndarray, shape (n, ...)
            Features; uint8 is taken as pixels and scaled to 0..1.
        labels : ndarray of int64, shape (n,)
            Classes from 0 to classes - 1.
        classes : int
            2 or more.
        seed : int
            Of the initial weights and the order of the examples.
        warm : None
            This learner cannot continue from a model.

        Returns
        -------
        MlpModel

        Raises
        ------
        MissingDependencyError
            Without scikit-learn.
        ArgumentError
            For fewer than 2 classes, several labels an example, or a `warm` model.

        Notes
        -----
        Cost: 3 products of (n, features) with (features, hidden) an epoch; 1.3 s for 6,000 images of 784 pixels, one
        core. Repeatability: set by the arguments, on one machine and with one thread of BLAS.
        """
        try:
            from sklearn.neural_network import MLPClassifier
        except ImportError as cause:
            raise MissingDependencyError(
                "the package scikit-learn",
                wanted="be installed to train a perceptron",
                got="no such package",
                remedy='Run: pip install "ladle[lab]"',
            ) from cause
        refuse_warm(warm, "mlp")
        check_single(labels, "mlp")
        if classes < 2:
            raise ArgumentError("`classes`", wanted="be 2 or more", got=repr(classes))
        raw = as_features(inputs)
        shift, scale = scaling(raw, standardise=self.standardise)
        features = (raw - shift) * scale if self.standardise else raw
        # A RandomState, not a number: with a number, partial_fit would shuffle every epoch in the same way.
        legacy_random = np.random.RandomState(seed % 2**32)
        minibatch = min(self.minibatch, len(features))
        perceptron = MLPClassifier(
            (self.hidden,), batch_size=minibatch, learning_rate_init=self.learning_rate, random_state=legacy_random
        )
        later, progress, is_last = LaterMean(self.epochs), Descent(self.epochs), False
        while not is_last:
            # partial_fit is one epoch, and gives no warning that the fit has not converged.
            perceptron.partial_fit(features, labels, classes=np.arange(classes))
            if perceptron.n_iter_ == 0:  # scikit-learn catches Ctrl-C: an epoch without an end was interrupted
                raise KeyboardInterrupt
            later.add(progress.done, [*perceptron.coefs_, *perceptron.intercepts_])
            is_last = progress.is_last(perceptron.loss_, -(-len(features) // minibatch))
        first, second, first_bias, second_bias = later.mean()
        if self.standardise:  # the first layer reads features as they are
            first = scale[:, None] * first
            first_bias = first_bias - shift @ first
        if classes == 2:  # scikit-learn then has one output, the log-odds of the second class
            second = np.hstack([np.zeros_like(second), second])
            second_bias = np.append(np.float32(0), second_bias)
        return MlpModel((first, second), (first_bias, second_bias), progress.converged)
