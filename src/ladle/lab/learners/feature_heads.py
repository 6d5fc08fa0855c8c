"""Heads on frozen features: a linear layer, or a hidden and a linear layer, fitted by Adam in NumPy.

They take several labels an example, some of them unknown, and can continue from an earlier model.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.arrays import row_blocks
from ladle.errors import ArgumentError, ShapeError
from ladle.lab.data.datasets import as_features
from ladle.lab.learners.convergence import Descent, LaterMean
from ladle.lab.learners.learner import Model, check_warm
from ladle.numbers import number, switch, whole
from ladle.seeds import stream

Matrix = npt.NDArray[np.float32]
BETAS, TINY = (0.9, 0.999), 1e-8  # of Adam


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class HeadModel:
    """(x - shift) * scale, then, layer by layer, x W + b, with rectifiers between; softmax or sigmoids at the end.

    weights, biases: one or two of each, (inputs, outputs) and (outputs,). converged: whether the fit came to its end;
    None where it had a fixed number of epochs.
    """

    shift: Matrix
    scale: Matrix
    weights: tuple[Matrix, ...]
    biases: tuple[Matrix, ...]
    multilabel: bool
    converged: bool | None = None

    def probabilities(self, inputs: npt.NDArray[Any]) -> Matrix:
        """(n, classes) float32. Cost: a product a layer, in blocks."""

        def outputs(part: npt.NDArray[Any]) -> Matrix:
            return squashed(self._hidden(part) @ self.weights[-1] + self.biases[-1], multilabel=self.multilabel)

        return self._in_blocks(inputs, outputs, self.weights[-1].shape[1])

    def embeddings(self, inputs: npt.NDArray[Any]) -> Matrix:
        """(n, dim) float32, the input of the last layer: the hidden layer, or the features, standardised if told."""
        return self._in_blocks(inputs, self._hidden, self.weights[-1].shape[0])

    def __repr__(self) -> str:
        sizes = [self.weights[0].shape[0], *(each.shape[1] for each in self.weights)]
        return f"HeadModel({' -> '.join(map(str, sizes))}{', several labels' if self.multilabel else ''})"

    def _in_blocks(self, inputs: npt.NDArray[Any], make: Callable[[npt.NDArray[Any]], Matrix], width: int) -> Matrix:
        answer = np.empty((len(inputs), width), np.float32)
        for block in row_blocks(len(inputs), self.weights[0].shape[0] * 4):
            answer[block] = make(inputs[block])
        return answer

    def _hidden(self, inputs: npt.NDArray[Any]) -> Matrix:
        layer: Matrix = (as_features(inputs) - self.shift) * self.scale
        for weights, biases in zip(self.weights[:-1], self.biases[:-1], strict=True):
            layer = np.maximum(layer @ weights + biases, 0)
        return layer


@dataclass(frozen=True, slots=True)
class Head:
    """A linear or a two-layer head on features, by Adam.

    hidden: width of the hidden layer; 0: none. epochs: passes over the labelled examples; 0: until the loss no longer
    falls, see `ladle.lab.learners.convergence`. decay: of weights, decoupled, as a share of the learning rate.
    standardise: whether each feature is brought to mean 0 and deviation 1 first, by the labelled examples.

    The learning rate is fixed and the weights of the later epochs are averaged, as in `ladle.lab.learners.mlp`.
    Cost: 3 products of (labelled, features) with (features, hidden or classes) an epoch.
    Repeats: set by the arguments and the seed, on one machine and with one BLAS thread.
    Source: Kingma & Ba 2015, "Adam"; Loshchilov & Hutter 2019, "Decoupled weight decay regularization".
    """

    hidden: int = 0
    epochs: int = 0
    minibatch: int = 200
    learning_rate: float = 1e-3
    decay: float = 0.01
    standardise: bool = False

    def __post_init__(self) -> None:
        for option, least in (("hidden", 0), ("epochs", 0), ("minibatch", 1)):
            object.__setattr__(
                self, option, whole(getattr(self, option), f"`{option}`", least=least, wanted=f"be {least} or more")
            )
        number(self.learning_rate, "`learning_rate`", above=0)
        number(self.decay, "`decay`", least=0)
        object.__setattr__(self, "standardise", switch(self.standardise, "`standardise`"))

    @property
    def name(self) -> str:
        """A description in one line, for reports."""
        kind = f"MLP head, one hidden layer of {self.hidden}" if self.hidden else "linear head"
        length = f"{self.epochs} epochs of Adam" if self.epochs else "Adam until it has converged"
        # Standardised features are not named: they were in every head before there was a choice.
        return f"{kind}, {length}{'' if self.standardise else ', on features as they are'}"

    def fit(
        self,
        inputs: npt.NDArray[Any],
        labels: npt.NDArray[np.int64],
        *,
        classes: int,
        seed: int,
        warm: Model | None = None,
    ) -> HeadModel:
        """Fit to features, or to uint8 pixels as 0..1. labels: (n,), or (n, classes) with those below 0 unknown.

        Raises: ArgumentError, ShapeError.
        """
        features, targets = as_features(inputs), as_targets(labels, classes)
        multilabel = labels.ndim == 2
        if warm is None:
            shift, scale = scaling(features, standardise=self.standardise)
            parameters = self._begin(features.shape[1], classes, seed)
            if not self.standardise:  # large numbers would begin with large outputs, and be learnt by heart
                parameters[0] /= np.float32(max(1, np.sqrt(np.square(features, dtype=np.float64).mean())))
        else:
            sizes = [each.shape for each in self._begin(features.shape[1], classes, seed)]
            before = check_warm(
                warm,
                HeadModel,
                lambda model: (
                    [each.shape for each in (*model.weights, *model.biases)] == sizes and model.multilabel == multilabel
                ),
            )
            shift, scale = before.shift, before.scale
            parameters = [each.copy() for each in (*before.weights, *before.biases)]
        progress = Descent(self.epochs)
        averaged = self._descend((features - shift) * scale, targets, parameters, seed, progress, multilabel=multilabel)
        layers = len(averaged) // 2
        weights, biases = tuple(averaged[:layers]), tuple(averaged[layers:])
        return HeadModel(shift, scale, weights, biases, multilabel, progress.converged)

    def _begin(self, features: int, classes: int, seed: int) -> list[Matrix]:
        """Weights of each layer, then biases: uniform by He et al. 2015 under a rectifier, else by Glorot."""
        sizes = [features, *([self.hidden] if self.hidden else []), classes]
        draw = stream(seed, "head weights")
        weights = []
        for layer, (wide, narrow) in enumerate(pairwise(sizes)):
            last = layer == len(sizes) - 2
            limit = np.sqrt(6 / (wide + narrow if last else wide))
            weights.append((draw.random((wide, narrow), np.float32) * 2 - 1) * np.float32(limit))
        return [*weights, *(np.zeros(size, np.float32) for size in sizes[1:])]

    def _descend(
        self,
        features: Matrix,
        targets: Matrix,
        parameters: list[Matrix],
        seed: int,
        progress: Descent,
        *,
        multilabel: bool,
    ) -> list[Matrix]:
        """The mean of the parameters at the ends of the later epochs; `parameters` are overwritten."""
        layers = len(parameters) // 2
        first = [np.zeros_like(each) for each in parameters]
        second = [np.zeros_like(each) for each in parameters]
        later = LaterMean(self.epochs)
        step, is_last = 0, False
        while not is_last:
            order = stream(seed, "head order", progress.done).permutation(len(features))
            total, steps = 0.0, 0
            for start in range(0, len(order), self.minibatch):
                batch_pos = order[start : start + self.minibatch]
                slopes, loss = gradients(features[batch_pos], targets[batch_pos], parameters, multilabel=multilabel)
                total += loss * len(batch_pos)
                step, steps = step + 1, steps + 1
                rate = self.learning_rate * np.sqrt(1 - BETAS[1] ** step) / (1 - BETAS[0] ** step)
                for place, slope in enumerate(slopes):
                    shrink = 1 - self.learning_rate * self.decay if place < layers else 1.0
                    step_by_adam(parameters[place], slope, first[place], second[place], rate, shrink)
            later.add(progress.done, parameters)
            is_last = progress.is_last(total / len(order), steps)
        return later.mean()


def step_by_adam(value: Matrix, slope: Matrix, first: Matrix, second: Matrix, rate: float, shrink: float) -> None:
    """Move `value` against its slope, in place, after shrinking it; first, second: running moments, moved as well."""
    first += np.float32(1 - BETAS[0]) * (slope - first)
    second += np.float32(1 - BETAS[1]) * (slope * slope - second)
    value *= np.float32(shrink)
    value -= np.float32(rate) * first / (np.sqrt(second) + np.float32(TINY))


def gradients(
    features: Matrix, targets: Matrix, parameters: list[Matrix], *, multilabel: bool
) -> tuple[list[Matrix], float]:
    """Slopes of the mean loss over the rows, one for each of `parameters`; and that loss.

    The loss is cross-entropy; with several labels an example, the sum over its known classes.
    targets: (rows, classes), 0 to 1, NaN where unknown.
    """
    layers = len(parameters) // 2
    weights, biases = parameters[:layers], parameters[layers:]
    entered = [features]
    for matrix, bias in zip(weights[:-1], biases[:-1], strict=True):
        entered.append(np.maximum(entered[-1] @ matrix + bias, 0))
    likely = squashed(entered[-1] @ weights[-1] + biases[-1], multilabel=multilabel)
    loss = cross_entropy(likely, targets, multilabel=multilabel)
    push = np.nan_to_num(likely - targets, copy=False, nan=0.0) * np.float32(1 / len(features))
    weight_slopes: list[Matrix] = []
    bias_slopes: list[Matrix] = []
    for layer in reversed(range(layers)):
        weight_slopes.insert(0, entered[layer].T @ push)
        bias_slopes.insert(0, push.sum(axis=0))
        if layer:
            push = (push @ weights[layer].T) * (entered[layer] > 0)
    return [*weight_slopes, *bias_slopes], loss


def cross_entropy(likely: Matrix, targets: Matrix, *, multilabel: bool) -> float:
    """The mean over rows of the loss that `gradients` is of. likely: (rows, classes), what the model says."""
    if multilabel:
        known = ~np.isnan(targets)
        right = np.where(targets == 1, likely, 1 - likely)[known]
    else:
        right = likely[targets == 1]
    return float(-np.log(np.maximum(right, np.float32(TINY))).sum(dtype=np.float64) / len(likely))


def squashed(logits: Matrix, *, multilabel: bool) -> Matrix:
    """Probabilities of (n, classes) logits, which are overwritten: sigmoids with several labels, else softmax."""
    if multilabel:
        halves: Matrix = np.tanh(logits * np.float32(0.5))  # the sigmoid that cannot overflow
        return np.float32(0.5) * (halves + 1)
    logits -= logits.max(axis=1, keepdims=True)
    np.exp(logits, out=logits)
    logits /= logits.sum(axis=1, keepdims=True)
    return logits


def scaling(features: Matrix, *, standardise: bool) -> tuple[Matrix, Matrix]:
    """(shift, scale) of `standard`, or those that leave the features as they are."""
    if standardise:
        return standard(features)
    width = features.shape[1]
    return np.zeros(width, np.float32), np.ones(width, np.float32)


def standard(features: Matrix) -> tuple[Matrix, Matrix]:
    """(shift, scale) that give each feature mean 0 and deviation 1; a constant feature becomes 0."""
    shift: Matrix = features.mean(axis=0, dtype=np.float64).astype(np.float32)
    deviation = features.std(axis=0, dtype=np.float64)
    scale: Matrix = np.divide(1, deviation, out=np.zeros_like(deviation), where=deviation > 1e-6).astype(np.float32)
    return shift, scale


def as_targets(labels: npt.NDArray[Any], classes: int) -> Matrix:
    """(n, classes) float32: one-hot for labels (n,); for (n, classes), 1, 0, and NaN where they are below 0.

    Raises: ArgumentError, ShapeError.
    """
    if classes < 1 or (classes < 2 and labels.ndim == 1):
        raise ArgumentError("`classes`", wanted="be 2 or more", got=repr(classes))
    if labels.ndim == 1:
        one_hot: Matrix = np.eye(classes, dtype=np.float32)[labels]
        return one_hot
    if labels.ndim != 2 or labels.shape[1] != classes:
        raise ShapeError("`labels`", wanted=f"have shape (n,) or (n, {classes})", got=f"{labels.shape}")
    return np.where(labels < 0, np.float32(np.nan), labels.astype(np.float32))
