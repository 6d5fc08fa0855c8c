"""What labels have cost, and what those that were asked for will cost: counted in labels.

A label is paid for once it was told: every pair of an example and an annotator counts once, for ever, whether the label
agrees, was corrected or deleted. What was paid stays paid: where two people had both labelled an example before they
were merged, both labels stay counted. Skips and imported labels cost
nothing. Labels that open tasks of batches still lack are reserved, and one label for each disputed task of a batch. An
excluded task reserves nothing. An assignment reserves nothing: a task reserves its labels when it is asked for. States
are those of `ladle.labelling.states.as_counted`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from ladle.labelling.contract.tables import STATES, LabelTable, TaskTable, answers_of
from ladle.labelling.contract.tallies import Tally, paid_for, told_labels
from ladle.labelling.people import NameChange, person_before
from ladle.labelling.settings import Settings
from ladle.labelling.states import DISPUTED, OPEN


@dataclass(frozen=True, slots=True)
class Spend:
    """Labels that are paid for, and labels that are reserved for tasks of batches."""

    paid: int
    reserved: int

    def left(self, budget: int | None) -> int | None:
        """The labels of the budget that are neither paid for nor reserved, 0 at least; None without a budget."""
        return None if budget is None else max(0, budget - self.paid - self.reserved)


def spend_of(settings: Settings, task: TaskTable, label: LabelTable, paid: LabelTable) -> Spend:
    """The spend of a campaign. task, label: all of its rows, the tasks as counted. paid: as `payments`."""
    return Spend(len(paid), reserved_for(settings, task, label))


def spend_kept(settings: Settings, kept: Tally) -> Spend:
    """The same spend, from the kept counts of tasks and payments."""
    paid = sum(count for (sheet, *_), count in kept.items() if sheet == "payments")
    reserved = 0
    for (sheet, state, batch, answers), count in kept.items():
        if sheet == "tasks" and batch > 0:
            lacking = max(0, settings.annotators_per_task - answers) if state == STATES[OPEN] else 0
            reserved += count * (1 if state == STATES[DISPUTED] else lacking)
    return Spend(paid, reserved)


def payments(label: LabelTable, changes: Sequence[NameChange]) -> LabelTable:
    """The labels that were paid for, in the order of their numbers: those of `paid_for`, and second payments.

    label: every version of all answers. changes: every merge and rename of people. A label is a second payment where,
    when it was told, every earlier label of its pair belonged to somebody else: the two people were merged later. Cost:
    a sort of the labels, and a step per label and change for each example that was labelled under a former name.
    """
    told, paid = told_labels(label), paid_for(label)
    if not changes:
        return paid
    rows = np.unique(told.row[told.told_by != told.annotator])  # elsewhere each person has had one name
    mixed = told.take(np.isin(told.row, rows))
    earlier: dict[tuple[int, str], set[str]] = {}
    numbers = []
    for number, row, annotator, name, event in zip(
        *(column.tolist() for column in (mixed.number, mixed.row, mixed.annotator, mixed.told_by, mixed.event)),
        strict=True,
    ):
        names = earlier.setdefault((row, annotator), set())
        person = person_before(event, name, changes)
        if person not in {person_before(event, each, changes) for each in names}:
            numbers.append(number)
        names.add(name)
    kept = paid.number[~np.isin(paid.row, rows)]
    return told.take(np.isin(told.number, np.concatenate([kept, np.array(numbers, np.int64)])))


def reserved_for(settings: Settings, task: TaskTable, label: LabelTable) -> int:
    """The labels that tasks of batches still lack: those of open tasks, and one for each disputed task."""
    asked = task.batch > 0
    rows = task.row[asked & (task.state == OPEN)]
    answers = answers_of(label)
    places = np.searchsorted(rows, answers.row)
    inside = places < len(rows)
    inside[inside] = rows[places[inside]] == answers.row[inside]
    answered = np.bincount(places[inside], minlength=len(rows))
    lacking = np.maximum(0, settings.annotators_per_task - answered)
    return int(lacking.sum()) + int((asked & (task.state == DISPUTED)).sum())


def cost_of(labels: int, price: float | None) -> float | None:
    """What so many labels cost, without the errors of binary fractions; None where a label has no price."""
    return None if price is None else float(labels * Decimal(str(price)))
