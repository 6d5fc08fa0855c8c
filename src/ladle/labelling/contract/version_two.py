"""The second version of the tables, and what it adds to the rows of the first. Migrations and old backups read it.

It is never edited: databases and backups of the first version are out there. A row is a tuple of the values of its
fields, in the order of version one on the way in and of version two on the way out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from ladle.labelling.contract.columns import Columns, Int64, Texts
from ladle.labelling.contract.events import chain_of
from ladle.labelling.contract.tables import ExclusionTable, GoldTable, LabelTable, QuarantineTable, TaskTable
from ladle.labelling.contract.tallies import ExampleRows, paid_for, quarantine_tallied, tallied, tally_rows

Row = tuple[Any, ...]
NEW_TABLES = ("settings", "person", "adjudication", "assignment", "comment", "control", "tally")


def label_row(row: Row, *, is_import: bool) -> Row:
    """A label. is_import: whether its event was an import."""
    annotator, label = row[2], row[4]
    return (*row, label, annotator, int(is_import), 0, "", "")


def lease_row(row: Row, *, since: int) -> Row:
    """A lease. since: when its event was, in microseconds."""
    return (*row, since)


def gold_row(row: Row) -> Row:
    """A gold example: its label is as it was given."""
    return (*row, row[2])


def quarantine_row(row: Row) -> Row:
    """An entry of the quarantine, which stays open."""
    return (*row, "", "", 0, "")


def person_rows(names: Iterable[str], *, event: int) -> list[Row]:
    """The people of these names, in this order, each once. Labels without a name belong to nobody."""
    distinct = [name for name in dict.fromkeys(names) if name]
    return [(number, name, "", 0, event) for number, name in enumerate(distinct, start=1)]


def tallies(tables: Mapping[str, Sequence[Row]], *, event: int) -> list[Row]:
    """The kept counts of these tables of version two: task, label, gold, exclusion and quarantined.

    A campaign of version one had one price and merged no people, so every first label was paid for at that price.
    """
    label = LabelTable.of(tables["label"])
    examples = ExampleRows(
        TaskTable.of(tables["task"]), label, GoldTable.of(tables["gold"]), ExclusionTable.of(tables["exclusion"])
    )
    counts = tallied(examples)
    counts.update(quarantine_tallied(QuarantineTable.of(tables["quarantined"])))
    if paid := len(paid_for(label)):
        counts["payments", "", 0, 0] = paid
    return list(tally_rows(counts, event).tuples())


def upgrade_event(last: Row, *, people: int, tallies: int, at: int) -> Row:
    """The event that records the upgrade. last: the last event of the campaign. at: in microseconds."""
    seq, details, chain = int(last[0]) + 1, json.loads(last[6]), last[7]
    new = {"person": people, "tally": tallies}
    rows: Mapping[str, int] = details["rows"] | {name: count for name, count in new.items() if count}
    told = {"from": "0001", "to": "0002", "people": people}
    text = json.dumps({"told": told, "rows": rows}, ensure_ascii=False, sort_keys=True)
    event = (seq, at, "upgrade", "ladle", "", "", text)
    return (*event, chain_of(str(chain), event))


def upgraded(tables: Mapping[str, list[Row]], *, at: int) -> dict[str, list[Row]]:
    """All tables of a campaign of version one, by name, as version two has them. at: of the event that records it."""
    facts = {row[0]: (int(row[1]), str(row[2])) for row in tables["event"]}
    labels = [label_row(row, is_import=facts.get(row[9], (0, ""))[1] == "import") for row in tables["label"]]
    leases = [lease_row(row, since=facts.get(row[3], (0, ""))[0]) for row in tables["lease"]]
    last = max(tables["event"], key=lambda row: row[0])
    names = [row[2] for row in tables["label"]] + [row[1] for row in tables["lease"]]
    people = person_rows(names, event=int(last[0]) + 1)
    new = {"settings": [], "person": people, "adjudication": [], "assignment": [], "comment": [], "control": []}
    quarantined = [quarantine_row(row) for row in tables["quarantined"]]
    gold = [gold_row(row) for row in tables["gold"]]
    rewritten = {"label": labels, "lease": leases, "gold": gold, "quarantined": quarantined}
    counts = tallies({**tables, **rewritten}, event=int(last[0]) + 1)
    event = [*tables["event"], upgrade_event(last, people=len(people), tallies=len(counts), at=at)]
    return {**tables, **new, **rewritten, "tally": counts, "event": event}


@dataclass(frozen=True, slots=True, eq=False)
class LabelTableTwo(Columns):
    """See `ladle.labelling.contract.tables`."""

    NAME: ClassVar[str] = "label"
    KEY: ClassVar[tuple[str, ...]] = ("number",)
    number: Int64
    row: Int64
    annotator: Texts
    version: Int64
    label: Texts
    told_at: Int64
    recorded_at: Int64
    source: Texts
    status: Int64
    event: Int64
    ended: Int64
    as_told: Texts
    told_by: Texts
    origin: Int64
    spent_ms: Int64
    reason: Texts
    file: Texts


@dataclass(frozen=True, slots=True, eq=False)
class LeaseTableTwo(Columns):
    """See `ladle.labelling.contract.tables`."""

    NAME: ClassVar[str] = "lease"
    KEY: ClassVar[tuple[str, ...]] = ("row", "annotator")
    row: Int64
    annotator: Texts
    lease_until: Int64
    event: Int64
    since: Int64


@dataclass(frozen=True, slots=True, eq=False)
class GoldTableTwo(Columns):
    """See `ladle.labelling.contract.tables`."""

    NAME: ClassVar[str] = "gold"
    KEY: ClassVar[tuple[str, ...]] = ("row",)
    row: Int64
    example_id: Texts
    label: Texts
    event: Int64
    as_told: Texts


@dataclass(frozen=True, slots=True, eq=False)
class QuarantineTableTwo(Columns):
    """See `ladle.labelling.contract.tables`."""

    NAME: ClassVar[str] = "quarantined"
    KEY: ClassVar[tuple[str, ...]] = ("number",)
    number: Int64
    at: Int64
    example_id: Texts
    label: Texts
    annotator: Texts
    source: Texts
    reason: Texts
    event: Int64
    file: Texts
    place: Texts
    closed: Int64
    closing: Texts


@dataclass(frozen=True, slots=True, eq=False)
class SettingsTableTwo(Columns):
    """See `ladle.labelling.contract.tables`."""

    NAME: ClassVar[str] = "settings"
    KEY: ClassVar[tuple[str, ...]] = ("number",)
    number: Int64
    settings: Texts
    event: Int64


@dataclass(frozen=True, slots=True, eq=False)
class PersonTableTwo(Columns):
    """See `ladle.labelling.contract.tables`."""

    NAME: ClassVar[str] = "person"
    KEY: ClassVar[tuple[str, ...]] = ("number",)
    number: Int64
    name: Texts
    team: Texts
    merged_into: Int64
    event: Int64


@dataclass(frozen=True, slots=True, eq=False)
class AdjudicationTableTwo(Columns):
    """See `ladle.labelling.contract.tables`."""

    NAME: ClassVar[str] = "adjudication"
    KEY: ClassVar[tuple[str, ...]] = ("row",)
    row: Int64
    example_id: Texts
    label: Texts
    by: Texts
    reason: Texts
    at: Int64
    active: Int64
    event: Int64
    as_told: Texts


@dataclass(frozen=True, slots=True, eq=False)
class AssignmentTableTwo(Columns):
    """See `ladle.labelling.contract.tables`."""

    NAME: ClassVar[str] = "assignment"
    KEY: ClassVar[tuple[str, ...]] = ("row", "assignee")
    row: Int64
    assignee: Texts
    example_id: Texts
    at: Int64
    active: Int64
    event: Int64


@dataclass(frozen=True, slots=True, eq=False)
class CommentTableTwo(Columns):
    """See `ladle.labelling.contract.tables`."""

    NAME: ClassVar[str] = "comment"
    KEY: ClassVar[tuple[str, ...]] = ("number",)
    number: Int64
    row: Int64
    example_id: Texts
    annotator: Texts
    text: Texts
    told_at: Int64
    event: Int64


@dataclass(frozen=True, slots=True, eq=False)
class ControlTableTwo(Columns):
    """See `ladle.labelling.contract.tables`."""

    NAME: ClassVar[str] = "control"
    KEY: ClassVar[tuple[str, ...]] = ("row",)
    row: Int64
    example_id: Texts
    batch: Int64
    drawn: Int64
    predicted: Texts
    event: Int64


@dataclass(frozen=True, slots=True, eq=False)
class TallyTableTwo(Columns):
    """See `ladle.labelling.contract.tables`."""

    NAME: ClassVar[str] = "tally"
    KEY: ClassVar[tuple[str, ...]] = ("key",)
    key: Texts
    sheet: Texts
    name: Texts
    number: Int64
    level: Int64
    count: Int64
    event: Int64


@dataclass(frozen=True, slots=True, eq=False)
class EventTableTwo(Columns):
    """See `ladle.labelling.contract.tables`."""

    NAME: ClassVar[str] = "event"
    KEY: ClassVar[tuple[str, ...]] = ("seq",)
    seq: Int64
    at: Int64
    kind: Texts
    actor: Texts
    key: Texts
    request: Texts
    details: Texts
    chain: Texts
