"""Logistic regression on features: the same optimum as scikit-learn's, by the same L-BFGS.

It is implemented here because scikit-learn warns when it stops early, and a warning can be silenced only for all
threads at once; because it takes several labels an example, some of them unknown; and because features as they are may
differ in scale by orders of magnitude. The tests compare with scikit-learn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.lab.data.datasets import as_features
from ladle.lab.learners.feature_heads import HeadModel, as_targets, scaling
from ladle.lab.learners.learner import Model, check_warm
from ladle.numbers import number, switch, whole

Matrix = npt.NDArray[np.float32]
Exact = npt.NDArray[np.float64]
FLAT = 1e-4  # the largest slope at which the descent ends: scikit-learn's tolerance
NEARLY_FLAT = 1e-3  # the largest slope that counts as converged when float32 allows no further descent


@dataclass(frozen=True, slots=True)
class Logistic:
    """Logistic regression: minimises the sum of the rows' losses + |weights|^2 / (2 strength), to the optimum.

    strength: scikit-learn's C; biases are not penalised. iterations: of L-BFGS at most; the model says whether they
    were enough. standardise: whether each feature is brought to mean 0 and deviation 1 first, by the labelled examples.
    A fitted model's `embeddings` are the features that the layer reads, which are not learned.
    With several labels an example there is a regression for each class, over the examples that are known of it.
    Cost: 2 products of (labelled, features) with (features, classes) an iteration; 20 to 200 iterations as a rule.
    Repeats: set by the arguments, on one machine and with one BLAS thread; there is one optimum, whatever the seed.
    """

    strength: float = 1.0
    iterations: int = 1_000
    standardise: bool = False

    def __post_init__(self) -> None:
        number(self.strength, "`strength`", above=0)
        object.__setattr__(self, "iterations", whole(self.iterations, "`iterations`", least=1, wanted="be 1 or more"))
        object.__setattr__(self, "standardise", switch(self.standardise, "`standardise`"))

    @property
    def name(self) -> str:
        """A description in one line, for reports."""
        read = "standardised features" if self.standardise else "features as they are"
        return f"logistic regression, C = {self.strength:g}, on {read}"

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

        warm: where the descent begins; the optimum is the same.
        Raises: ArgumentError, ShapeError.
        """
        raw, targets = as_features(inputs), as_targets(labels, classes)
        multilabel = labels.ndim == 2
        shift, scale = scaling(raw, standardise=self.standardise)
        begin = np.zeros((raw.shape[1] + 1, classes))
        if warm is not None:
            before = check_warm(
                warm,
                HeadModel,
                lambda model: (
                    [each.shape for each in model.weights] == [(len(begin) - 1, classes)]
                    and model.multilabel == multilabel
                ),
            )
            begin = np.vstack([before.weights[0], before.biases[0]]).astype(np.float64)
        problem = _Problem((raw - shift) * scale, targets, 1 / self.strength, multilabel=multilabel)
        both, converged = problem.optimum(begin, self.iterations)
        whole_model = both.astype(np.float32)
        return HeadModel(shift, scale, (whole_model[:-1],), (whole_model[-1],), multilabel, converged)


class _Problem:
    """The mean loss of some features in coordinates in which its curvature is about 1 in each direction.

    Of each feature the mean is taken away, and the weight is measured in units of 1 / sqrt(variance / 4 + penalty).
    Without that, L-BFGS needs thousands of iterations for features whose scales differ by orders of magnitude. Weights,
    penalty and optimum are those of the features as they were given.
    """

    def __init__(self, features: Matrix, targets: Matrix, penalty: float, *, multilabel: bool) -> None:
        rows = len(features)
        self.targets, self.multilabel = targets, multilabel
        self.known = ~np.isnan(targets) if multilabel else None
        self.penalty = penalty / rows
        self.centre: Exact = features.mean(axis=0, dtype=np.float64)
        design = features - self.centre.astype(np.float32)
        self.centre = self.centre.astype(np.float32).astype(np.float64)  # what was taken away
        curvature = np.square(design, dtype=np.float64).mean(axis=0) / 4 + self.penalty
        self.size: Exact = np.sqrt(np.maximum(curvature, 1e-30))[:, None]
        design *= (1 / self.size[:, 0]).astype(np.float32)
        self.design = design

    def optimum(self, begin: Exact, iterations: int) -> tuple[Exact, bool]:
        """(features + 1, classes), weights over biases, of the features as they were given; whether it is the optimum.

        begin: of the same shape.
        """
        from scipy.optimize import minimize

        inside = np.vstack([begin[:-1] * self.size, begin[-1] + self.centre @ begin[:-1]])

        def loss(flat: Exact) -> tuple[float, Exact]:
            value, slope = self.loss(flat.reshape(inside.shape))
            return value, slope.ravel()

        # The loss is a mean over rows, so the tolerance means the same for any number of labels.
        found = minimize(
            loss,
            inside.ravel(),
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": iterations, "maxfun": 20 * iterations, "maxls": 50, "gtol": FLAT, "ftol": 1e-14},
        )
        both = found.x.reshape(inside.shape)
        weights = both[:-1] / self.size
        steepest = float(np.abs(found.jac).max())
        converged = steepest <= FLAT or (found.nit < iterations and steepest <= NEARLY_FLAT)
        return np.vstack([weights, both[-1] - self.centre @ weights]), converged

    def loss(self, both: Exact) -> tuple[float, Exact]:
        """Mean loss and its slope. both: (features + 1, classes), in the inner coordinates; products are in float32."""
        weights, bias = both[:-1], both[-1]
        rows = len(self.design)
        logits = (self.design @ weights.astype(np.float32)).astype(np.float64) + bias
        if self.known is not None:
            known = np.where(self.known, self.targets, 0)
            total = ((np.logaddexp(0, logits) - known * logits) * self.known).sum()
            push = (0.5 * (np.tanh(0.5 * logits) + 1) - known) * self.known
        else:
            logits -= logits.max(axis=1, keepdims=True)
            raised = np.exp(logits)
            totals = raised.sum(axis=1, keepdims=True)
            total = np.log(totals).sum() - (self.targets * logits).sum()
            push = raised / totals - self.targets
        scaled = weights / np.square(self.size)
        value = total / rows + self.penalty * (weights * scaled).sum() / 2
        slope = np.vstack([self.design.T @ push.astype(np.float32), push.sum(axis=0)]) / rows
        slope[:-1] += self.penalty * scaled
        return float(value), slope
