"""Multinomial logistic regression on features: the same optimum as scikit-learn's, by the same L-BFGS.

It is implemented here because scikit-learn warns when it stops early, and a warning can be silenced only for all
threads at once. The tests compare with scikit-learn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.lab.data.datasets import as_features
from ladle.lab.learners.feature_heads import HeadModel, as_targets, standard
from ladle.lab.learners.learner import Model, check_single, check_warm
from ladle.numbers import number, whole

Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Logistic:
    """Logistic regression: minimises cross-entropy + |weights|^2 / (2 strength) over standardised features.

    strength: scikit-learn's C; biases are not penalised. iterations: of L-BFGS at most. A fitted model's `embeddings`
    are the standardised features, which are not learned.
    Cost: 2 products of (labelled, features) with (features, classes) an iteration.
    Repeats: set by the arguments, on one machine and with one BLAS thread; there is one optimum, whatever the seed.
    """

    strength: float = 0.01
    iterations: int = 200

    def __post_init__(self) -> None:
        number(self.strength, "`strength`", above=0)
        object.__setattr__(self, "iterations", whole(self.iterations, "`iterations`", least=1, wanted="be 1 or more"))

    @property
    def name(self) -> str:
        """A description in one line, for reports."""
        return f"logistic regression, C = {self.strength:g}"

    def fit(
        self,
        inputs: npt.NDArray[Any],
        labels: npt.NDArray[np.int64],
        *,
        classes: int,
        seed: int,
        warm: Model | None = None,
    ) -> HeadModel:
        """Fit to features, or to uint8 pixels as 0..1. warm: where the descent begins; the optimum is the same.

        Raises: ArgumentError, ShapeError.
        """
        from scipy.optimize import minimize

        check_single(labels, "logistic")
        raw, targets = as_features(inputs), as_targets(labels, classes)
        shift, scale = standard(raw)
        features = (raw - shift) * scale
        begin = np.zeros((features.shape[1] + 1, classes))
        if warm is not None:
            before = check_warm(
                warm, HeadModel, lambda model: [each.shape for each in model.weights] == [(len(begin) - 1, classes)]
            )
            begin = np.vstack([before.weights[0], before.biases[0]]).astype(np.float64)
        penalty = 1 / self.strength

        def loss(flat: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
            both = flat.reshape(begin.shape)
            value, slope = _loss(features, targets, both, penalty)
            return value, slope.ravel()

        # The loss is a mean over rows, so the tolerance means the same for any number of labels.
        optimum = minimize(
            loss, begin.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": self.iterations, "gtol": 1e-5}
        )
        both = optimum.x.reshape(begin.shape).astype(np.float32)
        return HeadModel(shift, scale, (both[:-1],), (both[-1],), multilabel=False)


def _loss(
    features: Matrix, targets: Matrix, both: npt.NDArray[np.float64], penalty: float
) -> tuple[float, npt.NDArray[np.float64]]:
    """Mean loss and its slope. both: (features + 1, classes), weights over biases; products are in float32."""
    weights, bias = both[:-1], both[-1]
    logits = (features @ weights.astype(np.float32)).astype(np.float64) + bias
    logits -= logits.max(axis=1, keepdims=True)
    totals = np.exp(logits).sum(axis=1, keepdims=True)
    logs = logits - np.log(totals)
    rows = len(features)
    value = -(targets * logs).sum() / rows + penalty * np.square(weights).sum() / (2 * rows)
    push = np.exp(logs) - targets
    slope = np.vstack([features.T @ push.astype(np.float32), push.sum(axis=0)]) / rows
    slope[:-1] += penalty * weights / rows
    return float(value), slope
