"""The tables of a campaign as columns. Every store keeps them, and every rule reads them.

Times are whole microseconds since 1970, UTC. `row` is a row of the pool, `event` the number of the event that wrote the
table's row last. Labels are canonical JSON, see `ladle.labelling.labels`. Rows are added and changed, never removed.
`row` is negative for an example that was taken out of the pool: -1 for the first such example, and so on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ladle.labelling.contract.columns import Columns, Int64, Octets, Texts

MICROSECONDS = 1_000_000  # a second
EARLIEST, LATEST = -62_135_596_800 * MICROSECONDS, 253_402_300_799 * MICROSECONDS  # the years 1 to 9999
LATEST_DAYS = 1_157_407  # since 1970, of the times that people say: until the year 5138

NO_ROW = -(1 << 62)  # in requests and look-ups: an id that the campaign does not know; no table has it
REMOVED = "removed from the pool"  # for people: the reason of an exclusion that a replacement of the pool has written

OPEN, LABELLED, DISPUTED, EXCLUDED = range(4)  # the state of a task, see ladle.labelling.states
STATES = ("open", "labelled", "disputed", "excluded")
ASKED, TOLD, IMPORTED, ASSIGNED, ADJUDICATED = range(5)  # what made a task
ORIGINS = ("asked", "told", "imported", "assigned", "adjudicated")
CURRENT, SUPERSEDED, DELETED = range(3)  # the status of a label
STATUSES = ("current", "superseded", "deleted")
TOLD_LABEL, IMPORTED_LABEL = range(2)  # where a label comes from


@dataclass(frozen=True, slots=True, eq=False)
class CampaignTable(Columns):
    """The campaigns and their settings. A store keeps this table by itself, see `Store.founding`."""

    NAME: ClassVar[str] = "campaign"
    KEY: ClassVar[tuple[str, ...]] = ("name",)
    name: Texts
    settings: Texts


@dataclass(frozen=True, slots=True, eq=False)
class EventTable(Columns):
    """One row for each change, in order. `chain` seals an event together with all earlier ones."""

    NAME: ClassVar[str] = "event"
    KEY: ClassVar[tuple[str, ...]] = ("seq",)
    seq: Int64  # from 1
    at: Int64
    kind: Texts  # "create", "ask", "tell" ...
    actor: Texts
    key: Texts  # of the caller, unique for each kind; "" for none
    request: Texts  # the digest of the caller's request, which identifies a repeated call
    details: Texts  # JSON: the report of the change, and the number of rows of every table
    chain: Texts  # SHA-256 of the chain of the event before and of all the fields above


@dataclass(frozen=True, slots=True, eq=False)
class PoolPartTable(Columns):
    """One row for the first pool of the campaign, and one for each extension."""

    NAME: ClassVar[str] = "pool_part"
    KEY: ClassVar[tuple[str, ...]] = ("number",)
    number: Int64  # from 1
    rows: Int64  # of the whole pool, this part included
    dim: Int64
    dtype: Texts
    id_type: Texts  # "integer" or "text"
    digest: Texts  # of the ids of the whole pool, in row order
    source: Texts  # for people
    reopen: Texts  # JSON: the path and the names of the columns; "" for a pool that cannot be opened again
    event: Int64


@dataclass(frozen=True, slots=True, eq=False)
class BatchTable(Columns):
    """One row for each batch, the result of an ask."""

    NAME: ClassVar[str] = "batch"
    KEY: ClassVar[tuple[str, ...]] = ("number",)
    number: Int64  # from 1
    round: Int64
    key: Texts
    holder: Texts
    asked_at: Int64
    lease_until: Int64
    size: Int64
    passed_on: Int64  # tasks that came from an earlier batch with an expired lease
    story: Texts  # JSON: the story of the selection
    model: Texts
    scores_digest: Texts
    event: Int64


@dataclass(frozen=True, slots=True, eq=False)
class BatchRowsTable(Columns):
    """The rows of each batch. They are apart from `BatchTable` because they are long."""

    NAME: ClassVar[str] = "batch_rows"
    KEY: ClassVar[tuple[str, ...]] = ("number",)
    number: Int64  # of the batch
    row_list: Octets  # little-endian int64, in order of choice
    gold_list: Octets  # the gold rows among them, ascending
    event: Int64


@dataclass(frozen=True, slots=True, eq=False)
class TaskTable(Columns):
    """One row for each example that was asked for, has a label, was assigned to someone or decided by a lead."""

    NAME: ClassVar[str] = "task"
    KEY: ClassVar[tuple[str, ...]] = ("row",)
    row: Int64
    example_id: Texts  # the user's id; a number in digits
    origin: Int64
    state: Int64  # see ladle.labelling.states
    batch: Int64  # the last batch that asked for it; 0 for none
    place: Int64  # its place in this batch, from 0
    event: Int64


@dataclass(frozen=True, slots=True, eq=False)
class LabelTable(Columns):
    """One row for each version of the answer of one annotator for one example: a label, or a skip."""

    NAME: ClassVar[str] = "label"
    KEY: ClassVar[tuple[str, ...]] = ("number",)
    number: Int64  # from 1
    row: Int64
    annotator: Texts
    version: Int64  # from 1, for this example and annotator
    label: Texts  # "" for a skip: the annotator cannot tell
    told_at: Int64  # when it was given, by the caller's word
    recorded_at: Int64
    source: Texts
    status: Int64
    event: Int64  # the event that stored it
    ended: Int64  # the event that superseded or deleted it; 0 while it is current
    as_told: Texts  # the label as it was given, before its class was renamed or merged
    told_by: Texts  # the annotator as named then, before people were merged
    origin: Int64  # 0 told, 1 imported
    spent_ms: Int64  # how long the annotator worked on it; 0 when nobody said
    reason: Texts  # of a skip
    file: Texts  # the SHA-256 of the file that it came in; "" for none


@dataclass(frozen=True, slots=True, eq=False)
class LeaseTable(Columns):
    """One row for each task that an annotator has taken from the shared list."""

    NAME: ClassVar[str] = "lease"
    KEY: ClassVar[tuple[str, ...]] = ("row", "annotator")
    row: Int64
    annotator: Texts
    lease_until: Int64
    event: Int64
    since: Int64  # when the annotator took it


@dataclass(frozen=True, slots=True, eq=False)
class GoldTable(Columns):
    """One row for each example with a known label, which tests annotators."""

    NAME: ClassVar[str] = "gold"
    KEY: ClassVar[tuple[str, ...]] = ("row",)
    row: Int64
    example_id: Texts
    label: Texts  # "" once it was taken back
    event: Int64
    as_told: Texts  # the label as it was given, before its class was renamed or merged


@dataclass(frozen=True, slots=True, eq=False)
class ExclusionTable(Columns):
    """One row for each example that is or was excluded from labelling."""

    NAME: ClassVar[str] = "exclusion"
    KEY: ClassVar[tuple[str, ...]] = ("row",)
    row: Int64
    example_id: Texts
    reason: Texts
    at: Int64
    active: Int64  # 1, or 0 once it is included again
    event: Int64


@dataclass(frozen=True, slots=True, eq=False)
class QuarantineTable(Columns):
    """One row for each entry that was told and could not be stored as a label, with the reason."""

    NAME: ClassVar[str] = "quarantined"
    KEY: ClassVar[tuple[str, ...]] = ("number",)
    number: Int64  # from 1
    at: Int64
    example_id: Texts
    label: Texts  # JSON where JSON can hold it, otherwise Python's repr
    annotator: Texts
    source: Texts
    reason: Texts
    event: Int64
    file: Texts  # the path as the caller named it; "" for none
    place: Texts  # in that file, such as "line 7"
    closed: Int64  # the event that closed it; 0 while it is open
    closing: Texts  # why it was closed


@dataclass(frozen=True, slots=True, eq=False)
class ModelTable(Columns):
    """One row for each recorded version of the model."""

    NAME: ClassVar[str] = "model"
    KEY: ClassVar[tuple[str, ...]] = ("number",)
    number: Int64  # from 1
    version: Texts
    at: Int64
    round: Int64
    labelled: Int64  # labelled examples when it was recorded
    metrics: Texts  # JSON
    scores: Texts  # the path of its score file; "" for none
    scores_digest: Texts
    event: Int64


@dataclass(frozen=True, slots=True, eq=False)
class ArtefactTable(Columns):
    """One row for each file in the folder of the campaign's files."""

    NAME: ClassVar[str] = "artefact"
    KEY: ClassVar[tuple[str, ...]] = ("name",)
    name: Texts
    digest: Texts  # SHA-256 of its bytes
    file_bytes: Int64
    event: Int64


@dataclass(frozen=True, slots=True, eq=False)
class SettingsTable(Columns):
    """One row for each change of the settings. The last row is in force; without any, those of the beginning are."""

    NAME: ClassVar[str] = "settings"
    KEY: ClassVar[tuple[str, ...]] = ("number",)
    number: Int64  # from 1
    settings: Texts  # as `Settings.to_json` writes them
    event: Int64


@dataclass(frozen=True, slots=True, eq=False)
class PersonTable(Columns):
    """One row for each person who labels."""

    NAME: ClassVar[str] = "person"
    KEY: ClassVar[tuple[str, ...]] = ("number",)
    number: Int64  # from 1: the id of the person
    name: Texts  # no two people have the same
    team: Texts  # "" for none
    merged_into: Int64  # the number of the person that this name belongs to; 0 for this person
    event: Int64


@dataclass(frozen=True, slots=True, eq=False)
class AdjudicationTable(Columns):
    """One row for each example whose label a lead has decided, or had decided."""

    NAME: ClassVar[str] = "adjudication"
    KEY: ClassVar[tuple[str, ...]] = ("row",)
    row: Int64
    example_id: Texts
    label: Texts
    by: Texts
    reason: Texts
    at: Int64
    active: Int64  # 1, or 0 once it is undone
    event: Int64
    as_told: Texts  # the label as it was given, before its class was renamed or merged


@dataclass(frozen=True, slots=True, eq=False)
class AssignmentTable(Columns):
    """One row for each example that is or was assigned to a person or a team."""

    NAME: ClassVar[str] = "assignment"
    KEY: ClassVar[tuple[str, ...]] = ("row", "assignee")
    row: Int64
    assignee: Texts  # the name of a person or of a team
    example_id: Texts
    at: Int64
    active: Int64  # 1, or 0 once it is ended
    event: Int64


@dataclass(frozen=True, slots=True, eq=False)
class CommentTable(Columns):
    """One row for each comment on an example."""

    NAME: ClassVar[str] = "comment"
    KEY: ClassVar[tuple[str, ...]] = ("number",)
    number: Int64  # from 1
    row: Int64
    example_id: Texts
    annotator: Texts
    text: Texts
    told_at: Int64
    event: Int64


@dataclass(frozen=True, slots=True, eq=False)
class ControlTable(Columns):
    """One row for each example of the control: the first ones of the pool in a random order, see `rules/control`."""

    NAME: ClassVar[str] = "control"
    KEY: ClassVar[tuple[str, ...]] = ("row",)
    row: Int64
    example_id: Texts
    batch: Int64  # the batch whose ask made it a member
    drawn: Int64  # 1 if that batch asked for it; 0 if it had a label already, or was out for labelling
    predicted: Texts  # the class that the model of that ask predicted, before the label came; "" for none
    event: Int64


@dataclass(frozen=True, slots=True, eq=False)
class TallyTable(Columns):
    """One row for each kept count, see `ladle.labelling.contract.tallies`. A count that is 0 again stays."""

    NAME: ClassVar[str] = "tally"
    KEY: ClassVar[tuple[str, ...]] = ("key",)
    key: Texts  # made of the four fields that follow
    sheet: Texts
    name: Texts
    number: Int64
    level: Int64
    count: Int64
    event: Int64


KINDS: tuple[type[Columns], ...] = (
    EventTable,
    PoolPartTable,
    BatchTable,
    BatchRowsTable,
    TaskTable,
    LabelTable,
    LeaseTable,
    GoldTable,
    ExclusionTable,
    QuarantineTable,
    ModelTable,
    ArtefactTable,
    SettingsTable,
    PersonTable,
    AdjudicationTable,
    AssignmentTable,
    CommentTable,
    ControlTable,
    TallyTable,
)


def answers_of(label: LabelTable) -> LabelTable:
    """The current answers: labels and skips."""
    return label.take(label.status == CURRENT)


def labels_of(label: LabelTable) -> LabelTable:
    """The current labels, without skips."""
    return label.take((label.status == CURRENT) & (label.label != "")) if len(label) else label


def gold_of(gold: GoldTable) -> GoldTable:
    """The examples that are gold, without those taken back."""
    return gold.take(gold.label != "") if len(gold) else gold
