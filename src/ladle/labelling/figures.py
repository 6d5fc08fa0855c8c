"""How far a campaign has come: counts that are kept in the store (`Figures`), and all that is told (`Progress`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from ladle.counts import counted, of_number
from ladle.labelling.control_figures import ControlFigures
from ladle.labelling.records import Records
from ladle.stopping import Verdict as StopVerdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How far a campaign has come, in counts. Each means what it means in `Progress`, where that has it too.

    Attributes
    ----------
    name : str
        The name of the campaign.
    at_event : int
        The last event that is counted.
    pool, asked, labelled, labelled_unasked, outstanding, disputed, disputed_unasked, excluded : int
        Examples, as in `Progress`.
    rounds, quarantined, labels, imported : int
        As in `Progress`.
    spend, reserved : int
        Labels that are paid for, and labels that tasks of batches still lack.
    budget, left : int or None
        None for no limit.
    cost : float or None
        What the labels cost in the currency of now; None where a label has no price.
    currency : str
        The word for what the cost is in.
    costs : mapping of str to float
        What the labels cost, by currency.
    unpriced : int
        Labels paid for that have no price.
    labels_per_day : float or None
        The speed over the last seven days, counted in whole hours of UTC; None before there is a day of labels.
    seconds_left : float or None
        The time that the reserved labels take at that speed; None when the speed is 0 or not known.
    agreement : float or None
        The share of pairs of labels of one example that are equal; None without any, and of values.
    annotators : mapping of str to int
        The current labels of each annotator, by name.
    today : mapping of str to int
        The labels that each annotator has given since midnight in UTC and that stand, corrections left out.
    classes : mapping of str to int
        How many current labels name each class, by its canonical JSON; empty of values.
    """

    name: str
    at_event: int
    pool: int
    asked: int
    labelled: int
    labelled_unasked: int
    outstanding: int
    disputed: int
    disputed_unasked: int
    excluded: int
    rounds: int
    quarantined: int
    labels: int
    imported: int
    spend: int
    reserved: int
    budget: int | None
    left: int | None
    cost: float | None
    currency: str
    costs: Mapping[str, float]
    unpriced: int
    labels_per_day: float | None
    seconds_left: float | None
    agreement: float | None
    annotators: Mapping[str, int]
    today: Mapping[str, int]
    classes: Mapping[str, int]


@dataclass(frozen=True, slots=True, repr=False)
class Progress:
    """How far a campaign has come. A figure that is not known is None.

    Attributes
    ----------
    name : str
        The name of the campaign.
    pool : int
        Examples in the pool.
    asked : int
        Examples that were asked for, those that were excluded since among them.
    labelled, outstanding : int
        Of the examples that were asked for: how many are labelled, and how many are open or disputed. The others are
        excluded. `labelled` is not the number of all labelled examples: `labelled + labelled_unasked` is. A percentage
        of labelled examples is always `labelled` of `asked`.
    labelled_unasked : int
        Labelled examples that no ask has chosen, such as imported ones. `labelled` does not count them.
    disputed, disputed_unasked : int
        Disputed examples, and how many of them no ask has chosen. A gold example is never disputed: its label is known,
        so it counts as labelled once enough people have answered.
    excluded : int
        Excluded examples.
    rounds : int
        Batches that were asked for.
    quarantined : int
        Open entries in quarantine.
    labels, imported : int
        Current labels of all annotators, and how many of them were imported.
    spend : int
        Labels paid for: every pair of an example and an annotator with a told label, whether the label still stands or
        not, and also after two names of one person were merged. Skips and imported labels are free.
    reserved : int
        Labels that tasks of batches still lack.
    budget, left : int or None
        The labels that may be paid for and reserved, and how many of them are left; None for no limit.
    cost : float or None
        What the labels paid for cost in the currency of now: each at the price that held when it was told. None where
        a label has no price. A price that was not set counts as the first that was set afterwards.
    currency : str
        The word for what the cost is in.
    costs : dict of str to float
        What the labels paid for cost, by currency, where it was changed.
    unpriced : int
        Labels paid for that have no price, which `cost` and `costs` leave out.
    labels_per_day : float or None
        The speed over the last seven days, without imports and labels that were deleted; None before there is a day of
        labels.
    seconds_left : float or None
        The time that the reserved labels take at that speed; None when the speed is 0 or not known.
    agreement : float or None
        The share of pairs of labels of one example that are equal, as `Agreement.share`; None without any.
    annotators : Records
        One row for each: annotator, labels, imported (of these labels), gold_right, gold_seen (both 0 of values,
        which are not right or wrong), agreement (as `share` of `Agreement.annotators`) and labels_per_day (NaN when
        unknown), last_told_at (of the last answer that stands, a label or a skip; None without any).
    reviews : Records
        Whose work is due for a review, and why; as `Reader.reviews`.
    curve : Records
        One row for each recorded model: version, at, round, labelled, metrics, scores, scores_digest.
    stopping : tuple of ladle.stopping.Verdict
        The verdicts of the stopping rules that have enough data.
    control : ControlFigures or None
        What the control tells; None for a campaign without one, or whose ids cannot be read.
    not_read : tuple of str
        The fields that were not read, because the campaign has many labels; `Campaign.progress(people=True)` reads
        them. The tables `annotators` and `reviews` then refuse to be used, and `control` is None. `labels_per_day` is
        counted in whole hours of UTC then.
    """

    name: str
    pool: int
    asked: int
    labelled: int
    labelled_unasked: int
    outstanding: int
    rounds: int
    excluded: int
    disputed: int
    disputed_unasked: int
    quarantined: int
    labels: int
    imported: int
    spend: int
    reserved: int
    budget: int | None
    left: int | None
    cost: float | None
    currency: str
    costs: dict[str, float]
    unpriced: int
    labels_per_day: float | None
    seconds_left: float | None
    agreement: float | None
    annotators: Records
    reviews: Records
    curve: Records
    stopping: tuple[StopVerdict, ...] = ()
    control: ControlFigures | None = None
    not_read: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The progress as plain values that JSON can hold. A table that was not read is None."""
        others = ("annotators", "reviews", "curve", "stopping", "control", "not_read")
        plain = {name: getattr(self, name) for name in self.__slots__ if name not in others}
        tables = {
            name: None if name in self.not_read else _plain_rows(getattr(self, name))
            for name in ("annotators", "reviews", "curve")
        }
        control = None if self.control is None else self.control.to_dict()
        verdicts = [verdict.to_dict() for verdict in self.stopping]
        return plain | tables | {"stopping": verdicts, "control": control, "not_read": list(self.not_read)}

    def __str__(self) -> str:
        text = (
            f"{self.name}: {self.labelled:,} of {counted(self.asked, 'example')} asked for "
            f"{of_number(self.labelled, 'is')} labelled, {self.outstanding:,} outstanding, after "
            f"{counted(self.rounds, 'round')}; pool of {self.pool:,}."
        )
        text += f" {counted(self.labelled_unasked, 'other', 'is')} labelled." if self.labelled_unasked else ""
        return text + (f" {self.disputed:,} disputed." if self.disputed else "")

    def __repr__(self) -> str:
        return f"<Progress {self}>"


def _plain_rows(records: Records) -> list[dict[str, Any]]:
    def plain(value: Any) -> Any:
        if isinstance(value, datetime):
            return value.isoformat()
        return None if isinstance(value, float) and np.isnan(value) else value

    return [{name: plain(value) for name, value in row.items()} for row in records.to_pylist()]
