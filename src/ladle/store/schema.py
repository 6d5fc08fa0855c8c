"""The tables of `ladle.labelling.contract.tables` as SQLAlchemy tables, with the number of the campaign in every row.

Their names begin with `ladle_`, so that a database may hold other tables too. Every row has a `seal`, a checksum of all
its values, which is checked whenever the row is read. The `migrations` create these tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from ladle.labelling.contract.columns import Columns, Holds
from ladle.labelling.contract.tables import (
    KINDS,
    AdjudicationTable,
    AssignmentTable,
    ControlTable,
    EventTable,
    ExclusionTable,
    GoldTable,
    LabelTable,
    LeaseTable,
    QuarantineTable,
    TallyTable,
    TaskTable,
)

PREFIX = "ladle_"
SERVICE_PREFIX = f"{PREFIX}service_"  # of the tables in `accounts`, which no migration knows
CAMPAIGN, SEAL = "campaign", "seal"  # columns of every table
_TYPES: dict[Holds, type[sa.types.TypeEngine[Any]]] = {
    "number": sa.BigInteger,
    "text": sa.Text,
    "octets": sa.LargeBinary,
}

CLUSTERED = (
    TaskTable,
    LabelTable,
    LeaseTable,
    GoldTable,
    ExclusionTable,
    AdjudicationTable,
    AssignmentTable,
    ControlTable,
    TallyTable,
)  # short rows: SQLite stores them in the order of their keys

METADATA = sa.MetaData()

CAMPAIGNS = sa.Table(
    f"{PREFIX}campaign",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("settings", sa.Text, nullable=False),
    sa.Column(SEAL, sa.BigInteger, nullable=False),
)


def _table(kind: type[Columns]) -> sa.Table:
    return sa.Table(
        f"{PREFIX}{kind.NAME}",
        METADATA,
        sa.Column(CAMPAIGN, sa.Integer, sa.ForeignKey(CAMPAIGNS.c.number), primary_key=True, autoincrement=False),
        *(
            sa.Column(name, _TYPES[holds], primary_key=name in kind.KEY, nullable=False, autoincrement=False)
            for name, holds in kind.layout().items()
        ),
        sa.Column(SEAL, sa.BigInteger, nullable=False),
        sqlite_with_rowid=kind not in CLUSTERED,
    )


TABLES: dict[type[Columns], sa.Table] = {kind: _table(kind) for kind in KINDS}

# The conditions of partial indexes. A query must repeat one literally to use the index.
WAITING_TASK = sa.text("state IN (0, 2) AND batch > 0")
DISPUTED_TASK = sa.text("state = 2")
KEYED = sa.text("key <> ''")
CURRENT_LABEL = sa.text("status = 0")
LONGEST_INDEXED = 200  # characters of a label: PostgreSQL's indexes hold no text of more than 2,700 bytes
CURRENT_SHORT_LABEL = sa.text(f"status = 0 AND length(label) <= {LONGEST_INDEXED}")

_events, _labels, _tasks, _leases = TABLES[EventTable], TABLES[LabelTable], TABLES[TaskTable], TABLES[LeaseTable]
_assignments, _entries, _tallies = TABLES[AssignmentTable], TABLES[QuarantineTable], TABLES[TallyTable]
_ALL = sa.true()
SERVED: dict[tuple[type[Columns], str], tuple[str, sa.ColumnElement[bool] | sa.TextClause]] = {
    # For queries by a field: the name of their index, and its condition.
    (EventTable, "key"): (f"{PREFIX}event_key", KEYED),
    (LabelTable, "row"): (f"{PREFIX}label_row", _ALL),
    (TaskTable, "state"): (f"{PREFIX}task_state", _ALL),
    (LeaseTable, "annotator"): (f"{PREFIX}lease_annotator", _ALL),
    (AssignmentTable, "assignee"): (f"{PREFIX}assignment_assignee", _ALL),
    (QuarantineTable, "closed"): (f"{PREFIX}quarantined_closed", _ALL),
    (TallyTable, "sheet"): (f"{PREFIX}tally_sheet", _ALL),
}
PAGED: dict[tuple[type[Columns] | str, ...], tuple[str, sa.ColumnElement[bool] | sa.TextClause]] = {
    # For pages: the table and the fields that have one value, the name of their index, and its condition.
    (TaskTable, "state"): (f"{PREFIX}task_state", _ALL),
    (TaskTable, "state", "batch"): (f"{PREFIX}task_state", _ALL),
    (LabelTable, "annotator", "status"): (f"{PREFIX}label_annotator", CURRENT_LABEL),
    (LabelTable, "label", "status"): (f"{PREFIX}label_label", CURRENT_SHORT_LABEL),
    (AssignmentTable, "assignee", "active"): (f"{PREFIX}assignment_assignee", _ALL),
    (QuarantineTable, "closed"): (f"{PREFIX}quarantined_closed", _ALL),
}


def is_short(where: Mapping[str, object]) -> bool:
    """Whether the texts of a condition are short enough for the indexes."""
    return all(len(each) <= LONGEST_INDEXED for each in where.values() if isinstance(each, str))


INDEXES = (
    sa.Index(
        f"{PREFIX}event_key",
        _events.c[CAMPAIGN],
        _events.c.key,
        _events.c.kind,
        unique=True,
        sqlite_where=KEYED,
        postgresql_where=KEYED,
    ),
    sa.Index(f"{PREFIX}label_row", _labels.c[CAMPAIGN], _labels.c.row),
    sa.Index(f"{PREFIX}lease_annotator", _leases.c[CAMPAIGN], _leases.c.annotator),
    sa.Index(
        f"{PREFIX}task_waiting",
        _tasks.c[CAMPAIGN],
        _tasks.c.batch,
        _tasks.c.place,
        sqlite_where=WAITING_TASK,
        postgresql_where=WAITING_TASK,
    ),
    sa.Index(
        f"{PREFIX}task_disputed",
        _tasks.c[CAMPAIGN],
        _tasks.c.event,
        _tasks.c.row,
        sqlite_where=DISPUTED_TASK,
        postgresql_where=DISPUTED_TASK,
    ),
    sa.Index(f"{PREFIX}assignment_assignee", _assignments.c[CAMPAIGN], _assignments.c.assignee, _assignments.c.row),
    sa.Index(f"{PREFIX}task_state", _tasks.c[CAMPAIGN], _tasks.c.state, _tasks.c.batch, _tasks.c.row),
    sa.Index(
        f"{PREFIX}label_annotator",
        _labels.c[CAMPAIGN],
        _labels.c.annotator,
        _labels.c.row,
        sqlite_where=CURRENT_LABEL,
        postgresql_where=CURRENT_LABEL,
    ),
    sa.Index(
        f"{PREFIX}label_label",
        _labels.c[CAMPAIGN],
        _labels.c.label,
        _labels.c.row,
        _labels.c.number,
        sqlite_where=CURRENT_SHORT_LABEL,
        postgresql_where=CURRENT_SHORT_LABEL,
    ),
    sa.Index(f"{PREFIX}quarantined_closed", _entries.c[CAMPAIGN], _entries.c.closed, _entries.c.number),
    sa.Index(f"{PREFIX}tally_sheet", _tallies.c[CAMPAIGN], _tallies.c.sheet),
)
