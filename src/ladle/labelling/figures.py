"""The counts of a campaign that a page shows: they are kept in the store, so that no task and no label is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


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
