"""Whether the models of a run have fitted their labels, against a reference that is fitted to the same labels.

A model that has not learnt its labels changes which strategy wins, and its curves do not show it. So after batches
1, 2, 4, 8, ... of each strategy and trial, the run fits logistic regression (scikit-learn's settings: C = 1, on
standardised features, 50 iterations) to the same labels, and measures both on these labels and on the test split.
A model is taken for one that has not fitted where it is clearly behind in both: a model that is behind on its own
labels alone may be regularised well, and one behind on the test split alone may have fitted too well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

FACT, CONVERGED = "fit", "converged"  # names in the facts of a round
BEHIND_ON_LABELS, BEHIND_ON_TEST = 0.05, 0.03  # of the reference: a model this far behind in both has not fitted


@dataclass(frozen=True, slots=True)
class FitFacts:
    """Models and references with the same number of labels, in the mean over strategies and trials.

    Attributes
    ----------
    labels : int
        How many labels the models were fitted to.
    models : int
        How many models were compared.
    measure : str
        "accuracy", or "pooled_ap" with several labels an example.
    on_labels, on_test : float
        Of the models, on the labelled examples and on the test split.
    reference_on_labels, reference_on_test : float
        Of the references.
    """

    labels: int
    models: int
    measure: str
    on_labels: float
    on_test: float
    reference_on_labels: float
    reference_on_test: float

    @property
    def fitted(self) -> bool:
        """Whether the models are not clearly behind the references in both."""
        return (
            self.on_labels >= self.reference_on_labels - BEHIND_ON_LABELS
            or self.on_test >= self.reference_on_test - BEHIND_ON_TEST
        )


@dataclass(frozen=True, slots=True)
class RunFit:
    """What the rounds of a run say of the fits.

    Attributes
    ----------
    points : tuple of FitFacts
        By number of labels, ascending; empty for ledgers from before this was measured.
    stopped, told : int
        Models whose fit stopped at its limit of iterations or epochs, out of those that say whether it did.
    """

    points: tuple[FitFacts, ...]
    stopped: int
    told: int

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and strings, ready for JSON, with the warnings."""
        points = [
            {name: getattr(each, name) for name in FitFacts.__slots__} | {"fitted": each.fitted} for each in self.points
        ]
        return {"points": points, "stopped": self.stopped, "told": self.told, "warnings": list(self.warnings())}

    def warnings(self) -> tuple[str, ...]:
        """Sentences on models that have not fitted; none where nothing is wrong."""
        sentences = []
        behind = [each for each in self.points if not each.fitted]
        if behind:
            worst = max(behind, key=lambda each: each.reference_on_test - each.on_test)
            measure = {"pooled_ap": "pooled average precision"}.get(worst.measure, worst.measure)
            sentences.append(
                f"The learner has not fitted its labels: with {worst.labels:,} labels its {measure} is "
                f"{_percent(worst.on_labels)} on these labels and {_percent(worst.on_test)} on the test split; "
                f"logistic regression, fitted to the same labels, has {_percent(worst.reference_on_labels)} and "
                f"{_percent(worst.reference_on_test)}. Compare no strategies by it: leave `epochs` out or raise it, or "
                "set `standardise = true`."
            )
        if self.stopped:
            sentences.append(
                f"{self.stopped:,} of {self.told:,} fits stopped before they had converged, at their limit of "
                "iterations or epochs."
            )
        return tuple(sentences)


def run_fit(rounds: Iterable[tuple[int, Mapping[str, Any]]]) -> RunFit:
    """What rounds say of the fits. rounds: (labels held, facts) of each."""
    by_labels: dict[int, list[Mapping[str, Any]]] = {}
    told = []
    for labels, facts in rounds:
        if facts.get(CONVERGED) is not None:
            told.append(bool(facts[CONVERGED]))
        if facts.get(FACT):
            by_labels.setdefault(labels, []).append(facts[FACT])
    names = ("on_labels", "on_test", "reference_on_labels", "reference_on_test")
    points = tuple(
        FitFacts(
            labels,
            len(each),
            str(each[0]["measure"]),
            *(float(np.mean([one[name] for one in each])) for name in names),
        )
        for labels, each in sorted(by_labels.items())
    )
    return RunFit(points, len(told) - sum(told), len(told))


def _percent(share: float) -> str:
    return f"{100 * share:.1f}%"
