"""What the control of a campaign tells, as its callers get it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from ladle.labelling.records import Records


@dataclass(frozen=True, slots=True)
class ControlEstimate:
    """A share, or a mean, with its interval of 95%.

    Attributes
    ----------
    value, low, high : float
        The share or mean, and the ends of the interval.
    count : int
        How many labels it is from.
    """

    value: float
    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True)
class LabelsSaved:
    """The labels that a campaign has saved against uniform labelling, as far as that can be told.

    Attributes
    ----------
    least : int or None
        Uniform labelling needs at least so many labels more for the same accuracy: the lower end of an interval of 95%
        that has no upper one. None where it cannot be told yet.
    labels : int
        The labelled examples of the campaign.
    why : str
        What the figure rests on, or why it cannot be told.
    curve : sequence of (labels, accuracy)
        The learning curve of uniform labelling, from nested parts of the control.
    accuracy : float or None
        That with all labels, on members of the control that the learner did not see; None where it was not measured.
    """

    least: int | None
    labels: int
    why: str
    curve: Sequence[tuple[int, float]] = ()
    accuracy: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """The figure as plain values that JSON can hold."""
        plain = {name: getattr(self, name) for name in self.__slots__ if name != "curve"}
        return plain | {"curve": [list(point) for point in self.curve]}

    def __str__(self) -> str:
        if self.least is None:
            return f"cannot be told yet: {self.why}"
        return f"{self.least:,} at least, beside {self.labels:,} labels: {self.why}"


@dataclass(frozen=True, slots=True, repr=False)
class ControlFigures:
    """What the control tells: all intervals are of 95%.

    Attributes
    ----------
    share : float
        The share of coming batches that is drawn for the control.
    population : int
        Examples that the figures are about: those of the pool that are not excluded.
    members, waiting : int
        Members of the control among them, and how many of these have no label.
    batch : int
        The figures are of the members up to this batch, the last one up to which 95% of them are labelled; 0 for none.
    labelled : int
        The labelled members up to that batch.
    classes : Records
        One row for each class: label, share (of the population that has it), low, high, labels (that the figure is
        from), all_labels (whether it is from all labels of the campaign, or from those of the control alone).
    tests : Records
        One row for each batch whose scores were probabilities of classes: batch, model, accuracy, low, high, tests
        (labelled members that came with it without a label: the accuracy of the model on the examples without a label
        then), waiting, at (of the ask). The accuracy is NaN until 95% of them have a label.
    sample : Records
        One row for each of these labelled members, in their random order: row, label. The first m of them are a uniform
        sample, so models trained on nested beginnings draw the learning curve of uniform labelling. Not in `to_dict`.
    accuracy : ControlEstimate or None
        Of the scores that were given to `Campaign.control`; None where it cannot be told yet.
    accuracy_of : str
        What that accuracy is of, or why it cannot be told; "" without scores.
    mean : ControlEstimate or None
        Of the labels of the population, where labels are numbers. None for classes, and where it cannot be told yet:
        before 30 members up to that batch are labelled, and while all their labels are equal.
    """

    share: float
    population: int
    members: int
    waiting: int
    batch: int
    labelled: int
    classes: Records
    tests: Records
    sample: Records
    accuracy: ControlEstimate | None = None
    accuracy_of: str = ""
    mean: ControlEstimate | None = None

    def to_dict(self) -> dict[str, Any]:
        """The figures as plain values that JSON can hold."""
        others = ("classes", "tests", "sample", "accuracy", "mean")
        plain = {name: getattr(self, name) for name in self.__slots__ if name not in others}
        estimates = {"accuracy": _plain(self.accuracy), "mean": _plain(self.mean)}
        return plain | {"classes": _rows(self.classes), "tests": _rows(self.tests), **estimates}

    @property
    def last_test(self) -> Any:
        """The newest row of `tests` with an accuracy; None without one."""
        known = [row for row in self.tests if not np.isnan(row.accuracy)]
        return known[-1] if known else None

    def __repr__(self) -> str:
        return f"<ControlFigures of {self.labelled:,} labelled members, up to batch {self.batch}>"


def _plain(found: ControlEstimate | None) -> dict[str, Any] | None:
    return None if found is None else {name: getattr(found, name) for name in found.__slots__}


def _rows(records: Records) -> list[dict[str, Any]]:
    def plain(value: Any) -> Any:
        if isinstance(value, datetime):
            return value.isoformat()
        return None if isinstance(value, float) and np.isnan(value) else value

    return [{name: plain(value) for name, value in row.items()} for row in records.to_pylist()]
