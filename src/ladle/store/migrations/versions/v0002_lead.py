"""Schema version 2: what a data lead changes, and who answered what, how long it took and from which file.

Four tables get columns, so all of their rows are written anew with new seals. Every campaign gets an event that
records it and that founds the people who have labelled so far.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from ladle.labelling.contract import version_two
from ladle.labelling.contract.columns import Columns
from ladle.labelling.contract.tables import ExclusionTable, TaskTable
from ladle.labelling.contract.version_two import (
    AdjudicationTableTwo,
    AssignmentTableTwo,
    CommentTableTwo,
    ControlTableTwo,
    EventTableTwo,
    GoldTableTwo,
    LabelTableTwo,
    LeaseTableTwo,
    PersonTableTwo,
    QuarantineTableTwo,
    SettingsTableTwo,
    TallyTableTwo,
)

revision = "0002"
down_revision = "0001"

CHUNK_ROWS = 20_000
_TYPES = {"number": sa.BigInteger, "text": sa.Text, "octets": sa.LargeBinary}
_TALLIED = (TaskTable, LabelTableTwo, GoldTableTwo, ExclusionTable, QuarantineTableTwo)
Row = tuple[Any, ...]


# SQLite keeps the rows of these tables in the order of their keys.
_CLUSTERED = (
    *(LabelTableTwo, LeaseTableTwo, GoldTableTwo, AdjudicationTableTwo, AssignmentTableTwo),
    *(ControlTableTwo, TallyTableTwo),
)


def upgrade() -> None:
    """Write four tables anew, make seven, and record the upgrade in each campaign."""
    connection = op.get_bind()
    made = (SettingsTableTwo, PersonTableTwo, AdjudicationTableTwo, AssignmentTableTwo, CommentTableTwo)
    for new in (*made, ControlTableTwo, TallyTableTwo):
        _create(new, new.NAME)
    event = sa.table("ladle_event", *(sa.column(name) for name in ("campaign", "seq", "at", "kind")))
    query = sa.select(event.c.campaign, event.c.seq, event.c.at, event.c.kind)
    facts = {(row[0], row[1]): (int(row[2]), str(row[3])) for row in connection.execute(query)}
    people: dict[int, dict[str, None]] = {}

    def label(campaign: int, row: Row) -> Row:
        people.setdefault(campaign, {})[row[2]] = None
        return version_two.label_row(row, is_import=facts.get((campaign, row[9]), (0, ""))[1] == "import")

    def lease(campaign: int, row: Row) -> Row:
        people.setdefault(campaign, {})[row[1]] = None
        return version_two.lease_row(row, since=facts.get((campaign, row[3]), (0, ""))[0])

    def gold(_campaign: int, row: Row) -> Row:
        return version_two.gold_row(row)

    def quarantine(_campaign: int, row: Row) -> Row:
        return version_two.quarantine_row(row)

    _rewrite(connection, LabelTableTwo, label)
    _rewrite(connection, LeaseTableTwo, lease)
    _rewrite(connection, GoldTableTwo, gold)
    _rewrite(connection, QuarantineTableTwo, quarantine)
    op.create_index("ladle_label_row", "ladle_label", ["campaign", "row"])
    op.create_index("ladle_lease_annotator", "ladle_lease", ["campaign", "annotator"])
    op.create_index("ladle_assignment_assignee", "ladle_assignment", ["campaign", "assignee", "row"])
    op.create_index("ladle_task_state", "ladle_task", ["campaign", "state", "batch", "row"])
    op.create_index("ladle_quarantined_closed", "ladle_quarantined", ["campaign", "closed", "number"])
    current, short = sa.text("status = 0"), sa.text("status = 0 AND length(label) <= 200")
    for name, fields, condition in (
        ("ladle_label_annotator", ["annotator", "row"], current),
        ("ladle_label_label", ["label", "row", "number"], short),
    ):
        op.create_index(name, "ladle_label", ["campaign", *fields], sqlite_where=condition, postgresql_where=condition)
    disputed = sa.text("state = 2")
    op.create_index(
        "ladle_task_disputed",
        "ladle_task",
        ["campaign", "event", "row"],
        sqlite_where=disputed,
        postgresql_where=disputed,
    )
    op.create_index("ladle_tally_sheet", "ladle_tally", ["campaign", "sheet"])
    _record(connection, people)


def _record(connection: sa.Connection, people: dict[int, dict[str, None]]) -> None:
    """Add the people of every campaign, and the event of the upgrade."""
    campaigns = [row[0] for row in connection.execute(sa.text("SELECT number FROM ladle_campaign ORDER BY number"))]
    fields = ", ".join(f'"{name}"' for name in EventTableTwo.layout())
    for campaign in campaigns:
        query = sa.text(f"SELECT {fields} FROM ladle_event WHERE campaign = :number ORDER BY seq DESC LIMIT 1")
        last = connection.execute(query, {"number": campaign}).one_or_none()
        if last is None:
            continue
        rows = version_two.person_rows(people.get(campaign, {}), event=int(last[0]) + 1)
        tables = {kind.NAME: _rows_of(connection, kind, campaign) for kind in _TALLIED}
        counts = version_two.tallies(tables, event=int(last[0]) + 1)
        at = round(time.time() * 1_000_000)
        event = version_two.upgrade_event(tuple(last), people=len(rows), tallies=len(counts), at=at)
        _insert(connection, PersonTableTwo, "ladle_person", campaign, rows)
        _insert(connection, TallyTableTwo, "ladle_tally", campaign, counts)
        _insert(connection, EventTableTwo, "ladle_event", campaign, [event])


def _rows_of(connection: sa.Connection, kind: type[Columns], campaign: int) -> list[Row]:
    """All rows of one campaign in a table of version two."""
    table = sa.table(f"ladle_{kind.NAME}", sa.column("campaign"), *(sa.column(name) for name in kind.layout()))
    query = sa.select(*(table.c[name] for name in kind.layout())).where(table.c.campaign == campaign)
    return [tuple(row) for row in connection.execute(query.order_by(*(table.c[name] for name in kind.KEY)))]


def _rewrite(connection: sa.Connection, made: type[Columns], change: Callable[[int, Row], Row]) -> None:
    """Write a table anew with its new columns. change: from the campaign and the old row to the new row."""
    name, again = f"ladle_{made.NAME}", f"{made.NAME}_new"
    _create(made, again)
    for campaign, rows in _chunks(connection, made, name):
        _insert(connection, made, f"ladle_{again}", campaign, [change(campaign, row) for row in rows])
    op.drop_table(name)
    op.rename_table(f"ladle_{again}", name)


def _chunks(connection: sa.Connection, made: type[Columns], name: str) -> Iterator[tuple[int, list[Row]]]:
    """The old rows of a table, at most `CHUNK_ROWS` of one campaign at a time, in the order of their keys."""
    inspected = [column["name"] for column in sa.inspect(connection).get_columns(name)]
    fields = [field for field in made.layout() if field in inspected]
    table = sa.table(name, sa.column("campaign"), *(sa.column(field) for field in fields))
    keys = [table.c.campaign, *(table.c[key] for key in made.KEY)]
    after: Row | None = None
    while True:
        query = sa.select(table.c.campaign, *(table.c[field] for field in fields)).order_by(*keys).limit(CHUNK_ROWS)
        if after is not None:
            query = query.where(sa.tuple_(*keys) > sa.tuple_(*after))
        found = [tuple(row) for row in connection.execute(query)]
        for campaign in dict.fromkeys(row[0] for row in found):
            yield campaign, [row[1:] for row in found if row[0] == campaign]
        if len(found) < CHUNK_ROWS:
            return
        after = (found[-1][0], *(found[-1][1 + fields.index(key)] for key in made.KEY))


def _create(made: type[Columns], name: str) -> None:
    op.create_table(
        f"ladle_{name}",
        sa.Column("campaign", sa.Integer, sa.ForeignKey("ladle_campaign.number"), nullable=False),
        *(sa.Column(field, _TYPES[holds], nullable=False) for field, holds in made.layout().items()),
        sa.Column("seal", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("campaign", *made.KEY),
        sqlite_with_rowid=made not in _CLUSTERED,
    )


def _insert(connection: sa.Connection, made: type[Columns], name: str, campaign: int, rows: list[Row]) -> None:
    """Add rows with their seals."""
    if not rows:
        return
    columns = made.of(rows)
    names = ["campaign", *made.layout(), "seal"]
    table = sa.table(name, *(sa.column(each) for each in names))
    sealed = zip(columns.tuples(), columns.seals(campaign).tolist(), strict=True)
    values = [dict(zip(names, (campaign, *row, seal), strict=True)) for row, seal in sealed]
    connection.execute(sa.insert(table), values)
