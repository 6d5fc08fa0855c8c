"""The tables of a campaign, as columns: what every store keeps and every rule reads.

Times are whole microseconds since 1970, UTC. `row` is the row of the pool, `event` the number of the event that wrote
the row last. Labels are canonical JSON, see `ladle.labelling.labels`. Rows are added and changed, never removed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ladle.labelling.columns import Columns, Int64, Octets, Texts

MICROSECONDS = 1_000_000  # a second
EARLIEST, LATEST = -62_135_596_800 * MICROSECONDS, 253_402_300_799 * MICROSECONDS  # the years 1 to 9999, of calendars

ASKED, TOLD, IMPORTED = range(3)  # where a task came from
ORIGINS = ("asked", "told", "imported")
CURRENT, SUPERSEDED, DELETED = range(3)  # what became of a label
STATUSES = ("current", "superseded", "deleted")


@dataclass(frozen=True, slots=True, eq=False)
class Founding(Columns):
    """The campaign itself: what it was founded with. Stores keep it by themselves, see `Store.founding`."""

    NAME: ClassVar[str] = "campaign"
    KEY: ClassVar[tuple[str, ...]] = ("name",)
    name: Texts
    settings: Texts


@dataclass(frozen=True, slots=True, eq=False)
class Event(Columns):
    """What happened, in order: one row for every change. `chain` seals it together with all before it."""

    NAME: ClassVar[str] = "event"
    KEY: ClassVar[tuple[str, ...]] = ("seq",)
    seq: Int64  # from 1
    at: Int64
    kind: Texts  # "create", "ask", "tell" ...
    actor: Texts
    key: Texts  # given by the caller, once a kind; "" for none
    request: Texts  # digest of what the caller said, so that a repeat is known
    details: Texts  # JSON: what was said and what came of it
    chain: Texts  # SHA-256 of the chain before and all of the above


@dataclass(frozen=True, slots=True, eq=False)
class PoolPart(Columns):
    """The pool as it was when the campaign began, and each time it grew."""

    NAME: ClassVar[str] = "pool_part"
    KEY: ClassVar[tuple[str, ...]] = ("number",)
    number: Int64  # from 1
    rows: Int64  # of the whole pool, up to this part
    dim: Int64
    dtype: Texts
    id_type: Texts  # "integer" or "text"
    digest: Texts  # of the ids of the whole pool, in row order
    source: Texts  # for people
    reopen: Texts  # JSON: the path and the names of its columns; "" when it cannot be opened again
    event: Int64


@dataclass(frozen=True, slots=True, eq=False)
class Batch(Columns):
    """What one ask chose."""

    NAME: ClassVar[str] = "batch"
    KEY: ClassVar[tuple[str, ...]] = ("number",)
    number: Int64  # from 1
    round: Int64
    key: Texts
    holder: Texts
    asked_at: Int64
    lease_until: Int64
    size: Int64
    passed_on: Int64  # tasks of it that lapsed elsewhere before
    story: Texts  # JSON: the selection's
    model: Texts
    scores_digest: Texts
    event: Int64


@dataclass(frozen=True, slots=True, eq=False)
class BatchRows(Columns):
    """The examples of a batch, as they were chosen; apart from the batches, because they are long."""

    NAME: ClassVar[str] = "batch_rows"
    KEY: ClassVar[tuple[str, ...]] = ("number",)
    number: Int64  # of the batch
    row_list: Octets  # little-endian int64, in order of choice
    gold_list: Octets  # those of them that were put in to test annotators, ascending
    event: Int64


@dataclass(frozen=True, slots=True, eq=False)
class Task(Columns):
    """An example that was asked for, or told of unasked."""

    NAME: ClassVar[str] = "task"
    KEY: ClassVar[tuple[str, ...]] = ("row",)
    row: Int64
    example_id: Texts  # the user's id; a number in digits
    origin: Int64
    state: Int64  # see ladle.labelling.states
    batch: Int64  # the batch that holds it, the last one asked; 0 for none
    place: Int64  # in that batch, from 0: its priority
    event: Int64


@dataclass(frozen=True, slots=True, eq=False)
class Label(Columns):
    """One answer of one annotator about one example: every version is kept."""

    NAME: ClassVar[str] = "label"
    KEY: ClassVar[tuple[str, ...]] = ("number",)
    number: Int64  # from 1
    row: Int64
    annotator: Texts
    version: Int64  # from 1, counted for this example and annotator
    label: Texts
    told_at: Int64  # when it was given, as the caller says
    recorded_at: Int64
    source: Texts
    status: Int64
    event: Int64  # that brought it
    ended: Int64  # the event that superseded or deleted it; 0 while current


@dataclass(frozen=True, slots=True, eq=False)
class Lease(Columns):
    """A task taken by one annotator from the shared list."""

    NAME: ClassVar[str] = "lease"
    KEY: ClassVar[tuple[str, ...]] = ("row", "annotator")
    row: Int64
    annotator: Texts
    lease_until: Int64
    event: Int64


@dataclass(frozen=True, slots=True, eq=False)
class Gold(Columns):
    """An example whose label is known, to test annotators with."""

    NAME: ClassVar[str] = "gold"
    KEY: ClassVar[tuple[str, ...]] = ("row",)
    row: Int64
    example_id: Texts
    label: Texts
    event: Int64


@dataclass(frozen=True, slots=True, eq=False)
class Exclusion(Columns):
    """An example that is not to be labelled, or was not for a time."""

    NAME: ClassVar[str] = "exclusion"
    KEY: ClassVar[tuple[str, ...]] = ("row",)
    row: Int64
    example_id: Texts
    reason: Texts
    at: Int64
    active: Int64  # 1, or 0 once it is included again
    event: Int64


@dataclass(frozen=True, slots=True, eq=False)
class Quarantined(Columns):
    """Something told that could not be taken: kept as it came, with the reason."""

    NAME: ClassVar[str] = "quarantined"
    KEY: ClassVar[tuple[str, ...]] = ("number",)
    number: Int64  # from 1
    at: Int64
    example_id: Texts
    label: Texts  # JSON where JSON can say it, else Python's repr
    annotator: Texts
    source: Texts
    reason: Texts
    event: Int64


@dataclass(frozen=True, slots=True, eq=False)
class Model(Columns):
    """A version of the model that was trained on the labels of its time."""

    NAME: ClassVar[str] = "model"
    KEY: ClassVar[tuple[str, ...]] = ("number",)
    number: Int64  # from 1
    version: Texts
    at: Int64
    round: Int64
    labelled: Int64  # examples labelled when it was recorded
    metrics: Texts  # JSON
    scores: Texts  # path of its score file; "" for none
    scores_digest: Texts
    event: Int64


@dataclass(frozen=True, slots=True, eq=False)
class Artefact(Columns):
    """A file that belongs to the campaign, in its folder of files."""

    NAME: ClassVar[str] = "artefact"
    KEY: ClassVar[tuple[str, ...]] = ("name",)
    name: Texts
    digest: Texts  # SHA-256 of its bytes
    file_bytes: Int64
    event: Int64


KINDS: tuple[type[Columns], ...] = (
    Event,
    PoolPart,
    Batch,
    BatchRows,
    Task,
    Label,
    Lease,
    Gold,
    Exclusion,
    Quarantined,
    Model,
    Artefact,
)
