"""What a lead changes about people writes: two names merged, a name changed, a team set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ladle.labelling.contract.columns import Columns, repeated, texts
from ladle.labelling.contract.events import Effects
from ladle.labelling.contract.tables import (
    CURRENT,
    SUPERSEDED,
    AssignmentTable,
    BatchTable,
    LabelTable,
    LeaseTable,
    PersonTable,
)
from ladle.labelling.contract.tallies import paid_for
from ladle.labelling.rules.tell import KnownRows, overlay, rejudge
from ladle.labelling.settings import Settings


@dataclass(frozen=True, slots=True, eq=False)
class WorkOfPeople:
    """What two names have to do: leases and assignments of both, and their batches. at: now."""

    lease: LeaseTable
    assignment: AssignmentTable
    batch: BatchTable
    at: int

    def report(self, old: str) -> dict[str, int]:
        """How much of it another name gets from `old`."""
        mine = self.assignment.take((self.assignment.assignee == old) & (self.assignment.active == 1))
        return {"batches": int((self.batch.holder == old).sum()), "assigned": len(mine)}


def merge(
    settings: Settings,
    known: KnownRows,
    work: WorkOfPeople,
    *,
    old: str,
    into: str,
    named: Sequence[str],
    fresh: PersonTable,
) -> Effects:
    """Make one person of two. known: all examples that `old` has answered. `told_by` of labels keeps the old name.

    fresh: those of the two who are no person yet, because they had batches and assignments alone. named: the two as the
    caller named them, maybe by other names that they have; a repeat is known by these.

    Of two current answers of the two for one example the later one stands; of one time, the one that came later. Both
    stay paid for: the report says how many examples both names had labelled, see `spending`.
    """
    labels = _of_one(known.label, (old, into), into, event=known.event)
    changed = labels.take(_differ(known.label, labels))
    rows = np.unique(changed.row)
    moved = rejudge("merge people", settings, known, overlay(known.label, changed), rows)
    people = PersonTable.joined([known.people, fresh])
    numbers = dict(zip(people.name.tolist(), people.number.tolist(), strict=True))
    mine = (people.number == numbers[old]) | (people.merged_into == numbers[old])
    merged = people.take(mine)
    merged = replace(merged, merged_into=repeated(numbers[into], len(merged)), event=repeated(known.event, len(merged)))
    is_fresh = np.isin(merged.number, fresh.number)
    founded = PersonTable.joined([fresh.take(~np.isin(fresh.number, merged.number)), merged.take(is_fresh)])
    ended = int((changed.status == SUPERSEDED).sum() - (_same(known.label, changed).status == SUPERSEDED).sum())
    report = {
        "merged": old,
        "into": into,
        **answers_of_person(known.label, old),
        "superseded": ended,
        "tasks": len(rows),
    }
    report["paid_twice"] = len(paid_for(known.label)) - len(paid_for(labels))  # what was paid stays paid
    report |= work.report(old) | ({} if list(named) == [old, into] else {"named": list(named)})
    added, others = _handed_over(work, old, into, event=known.event)
    added = (*added, founded.take(np.argsort(founded.number)))
    return Effects(added=added, changed=(changed, moved, merged.take(~is_fresh), *others), report=report)


def merge_holders(people: PersonTable, work: WorkOfPeople, *, old: str, into: str, event: int) -> Effects:
    """Give the batches, the assignments and the members of one name to another; neither is the name of a person."""
    members = people.take(people.team == old)
    members = replace(members, team=repeated(into, len(members)), event=repeated(event, len(members)))
    added, others = _handed_over(work, old, into, event=event)
    report = {"merged": old, "into": into, "people": len(members), **work.report(old)}
    return Effects(added=added, changed=(members, *others), report=report)


def rename(known: KnownRows, work: WorkOfPeople, *, old: str, new: str) -> Effects:
    """Give a person another name. known: all examples that the person has answered.

    The old name belongs to the person from now on, so that a late file under it counts.
    """
    labels = known.label.take(known.label.annotator == old) if len(known.label) else known.label
    renamed = replace(labels, annotator=repeated(new, len(labels)))
    people, event = known.people, known.event
    person = people.take(people.name == old)
    alias = people.take(people.name == new)  # a former name of the same person
    number = person.number
    row = replace(person, name=texts([new]), event=repeated(event, 1))
    report = {"renamed": old, "to": new, **answers_of_person(labels, old), **work.report(old)}
    added, others = _handed_over(work, old, new, event=event)
    if len(alias):  # names are kept once each: the two rows change their names
        other = replace(alias, name=texts([old]), event=repeated(event, 1))
        return Effects(added=added, changed=(renamed, row, other, *others), report=report)
    next_number = repeated(int(people.number.max()) + 1, 1)
    former = PersonTable(next_number, texts([old]), texts([""]), number, repeated(event, 1))
    return Effects(added=(former, *added), changed=(renamed, row, *others), report=report)


def set_team(people: PersonTable, name: str, team: str, *, event: int) -> Effects:
    """Put a person into a team; "" for none."""
    person = people.take(people.name == name)
    before = str(person.team[0])
    changed = replace(person, team=texts([team]), event=repeated(event, 1))
    report = {"person": name, "team": team, "before": before}
    return Effects(changed=() if before == team else (changed,), report=report)


def answers_of_person(label: LabelTable, name: str) -> dict[str, int]:
    """How many labels and how many skips a person has, all versions counted."""
    mine = label.take(label.annotator == name) if len(label) else label
    skips = int((mine.label == "").sum()) if len(mine) else 0
    return {"labels": len(mine) - skips, "skips": skips}


def _of_one(label: LabelTable, names: tuple[str, str], into: str, *, event: int) -> LabelTable:
    """All versions of two people as those of one, in the order in which they came; one of them at most stands."""
    annotator, version = label.annotator.copy(), label.version.copy()
    status, ended = label.status.copy(), label.ended.copy()
    by_row: dict[int, list[int]] = {}
    for place in np.argsort(label.number).tolist():
        if label.annotator[place] in names:
            by_row.setdefault(int(label.row[place]), []).append(place)
    for places in by_row.values():
        current = [place for place in places if status[place] == CURRENT]
        stands = max(current, key=lambda place: (label.told_at[place], label.number[place]), default=-1)
        for count, place in enumerate(places, start=1):
            annotator[place], version[place] = into, count
            if place in current and place != stands:
                status[place], ended[place] = SUPERSEDED, event
    return replace(label, annotator=annotator, version=version, status=status, ended=ended)


def _differ(before: LabelTable, after: LabelTable) -> np.ndarray:
    names = ("annotator", "version", "status")
    differ = np.zeros(len(before), bool)
    for name in names:
        differ |= np.asarray(before.column(name) != after.column(name), bool)
    return differ


def _same(label: LabelTable, chosen: LabelTable) -> LabelTable:
    """The rows of `label` with the numbers of `chosen`."""
    return label.take(np.isin(label.number, chosen.number))


def _handed_over(
    work: WorkOfPeople, old: str, into: str, *, event: int
) -> tuple[tuple[Columns, ...], tuple[Columns, ...]]:
    """Leases, assignments and batches of one name as those of another: rows to add, and rows that change.

    Batches keep the event of their lease, which tells whether it has ended by its time.
    """
    live = work.lease.take((work.lease.annotator == old) & (work.lease.lease_until > work.at))
    theirs = work.lease.take(work.lease.annotator == into)
    known = np.isin(live.row, theirs.row)
    until = dict(zip(live.row.tolist(), live.lease_until.tolist(), strict=True))
    longer = theirs.take(np.isin(theirs.row, live.row))
    latest = [max(now, until[row]) for row, now in zip(longer.row.tolist(), longer.lease_until.tolist(), strict=True)]
    longer = replace(longer, lease_until=np.array(latest, np.int64), event=repeated(event, len(longer)))
    ended = replace(live, lease_until=repeated(work.at, len(live)), event=repeated(event, len(live)))
    fresh = live.take(~known)
    fresh = replace(fresh, annotator=repeated(into, len(fresh)), event=repeated(event, len(fresh)))
    tasks = work.assignment
    mine, others = tasks.take((tasks.assignee == old) & (tasks.active == 1)), tasks.take(tasks.assignee == into)
    there = np.isin(mine.row, others.row)
    again = others.take(np.isin(others.row, mine.row) & (others.active == 0))
    again = replace(again, active=repeated(1, len(again)), event=repeated(event, len(again)))
    gone = replace(mine, active=repeated(0, len(mine)), event=repeated(event, len(mine)))
    new = mine.take(~there)
    new = replace(new, assignee=repeated(into, len(new)), event=repeated(event, len(new)))
    held = work.batch.take(work.batch.holder == old)
    held = replace(held, holder=repeated(into, len(held)))
    return (fresh, new), (longer, ended, again, gone, held)
