"""Assignments of examples to people and teams: what they write, and which of them keep a task for their assignee."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import replace
from typing import Any

import numpy as np

from ladle.labelling.contract.columns import Int64, repeated
from ladle.labelling.contract.events import Effects
from ladle.labelling.contract.tables import ASSIGNED, AssignmentTable, LabelTable, LeaseTable, TaskTable, answers_of
from ladle.labelling.people import People
from ladle.labelling.rules.pool import NamedExamples
from ladle.labelling.rules.tell import KnownRows
from ladle.labelling.states import EXCLUDED, OPEN


def assign(
    named: NamedExamples,
    assignee: str,
    assignments: AssignmentTable,
    leases: LeaseTable,
    people: People,
    known: KnownRows,
) -> Effects:
    """Assign these examples to a person or a team. An example without a task gets one.

    assignments, leases: all of these examples. Examples that are assigned to this assignee already stay as they are,
    and those that this person, or all of this team, have answered are left out. The others are taken from people who
    have them under a lease and to whom they are not assigned: the lease ends.
    """
    answered = answered_by(known.label)
    is_done = np.array([people.have_answered(assignee, answered.get(row, ())) for row in named.row.tolist()], bool)
    left_out = named.example_id[is_done].tolist()
    named = NamedExamples(named.row[~is_done], named.example_id[~is_done])
    assignments = assignments.take(np.isin(assignments.row, named.row))
    mine = assignments.take(assignments.assignee == assignee)
    fresh = ~np.isin(named.row, mine.row)
    count = int(fresh.sum())
    new = AssignmentTable(
        row=named.row[fresh],
        assignee=repeated(assignee, count),
        example_id=named.example_id[fresh],
        at=repeated(known.at, count),
        active=repeated(1, count),
        event=repeated(known.event, count),
    )
    again = mine.take(mine.active == 0)
    back = replace(
        again,
        at=repeated(known.at, len(again)),
        active=repeated(1, len(again)),
        event=repeated(known.event, len(again)),
    )
    ended = _taken_from_others(leases, AssignmentTable.joined([assignments, new, back]), people, known)
    ended = ended.take(np.isin(ended.row, [*new.row.tolist(), *back.row.tolist()]))
    report: dict[str, Any] = {
        "assigned": count + len(again),
        "to": assignee,
        "taken_from": dict(sorted(Counter(ended.annotator.tolist()).items())),
        "left_out": left_out,
        "ids": [*new.example_id.tolist(), *back.example_id.tolist()],
    }
    id_of = dict(zip(named.row.tolist(), named.example_id.tolist(), strict=True))
    if len(ended):
        report["leases_ended"] = [[id_of[row], who] for row, who in ended.each_key()]
    return Effects(added=(new_tasks(named, ASSIGNED, OPEN, known), new), changed=(back, ended), report=report)


def _taken_from_others(
    leases: LeaseTable, assignments: AssignmentTable, people: People, known: KnownRows
) -> LeaseTable:
    """The leases, ended now, of people who have a task that is kept for others."""
    kept = assignees_of(assignments, answered_by(known.label), people)
    others = [
        until > known.at and row in kept and not any(people.belongs(annotator, name) for name in kept[row])
        for row, annotator, until, _, _ in leases.tuples()
    ]
    live = leases.take(np.array(others, bool))
    return replace(live, lease_until=repeated(known.at, len(live)), event=repeated(known.event, len(live)))


def unassign(assignments: AssignmentTable, *, event: int, at: int) -> Effects:
    """End these assignments."""
    active = assignments.take(assignments.active == 1)
    count = len(active)
    ended = replace(active, active=repeated(0, count), at=repeated(at, count), event=repeated(event, count))
    to = sorted(set(active.assignee.tolist()))
    report: dict[str, Any] = {"ended": count, "to": to, "ids": active.example_id.tolist()}
    if len(to) > 1:
        report["assignees"] = active.assignee.tolist()  # one for each id
    return Effects(changed=(ended,), report=report)


def new_tasks(named: NamedExamples, origin: int, state: int, known: KnownRows) -> TaskTable:
    """Tasks in this state for the examples that have none; excluded ones are excluded."""
    fresh = ~np.isin(named.row, known.task.row)
    rows, count = named.row[fresh], int(fresh.sum())
    states = np.where(np.isin(rows, known.excluded), EXCLUDED, state).astype(np.int64)
    zeros, event = repeated(0, count), repeated(known.event, count)
    return TaskTable(rows, named.example_id[fresh], repeated(origin, count), states, zeros, zeros, event)


def assignees_of(
    assignments: AssignmentTable, answered: dict[int, Collection[str]], people: People
) -> dict[int, list[str]]:
    """The people and teams for whom an assignment keeps each row: those who have not answered it yet.

    answered: the people who have, by row. Rows that are kept for nobody are left out.
    """
    kept: dict[int, list[str]] = defaultdict(list)
    for row, assignee, _, _, active, _ in assignments.tuples():
        if active and not people.have_answered(assignee, answered.get(row, ())):
            kept[row].append(assignee)
    return dict(kept)


def answered_by(label: LabelTable) -> dict[int, Collection[str]]:
    """The people who have answered each row, with a label or a skip."""
    found: dict[int, Collection[str]] = defaultdict(set)
    current = answers_of(label)
    for row, annotator in zip(current.row.tolist(), current.annotator.tolist(), strict=True):
        found[row].add(annotator)  # type: ignore[attr-defined]
    return dict(found)


def kept_rows(assignments: AssignmentTable, label: LabelTable, people: People) -> Int64:
    """The rows that an assignment keeps for someone, ascending. label: of the assigned rows."""
    return np.array(sorted(assignees_of(assignments, answered_by(label), people)), np.int64)
