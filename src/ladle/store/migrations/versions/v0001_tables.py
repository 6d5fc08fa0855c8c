"""Schema version 1: the tables of a campaign."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    _campaigns()
    for name, key, columns, clustered in _TABLES:
        op.create_table(
            name,
            sa.Column("campaign", sa.Integer, sa.ForeignKey("ladle_campaign.number"), nullable=False),
            *(sa.Column(column, _TYPES[holds], nullable=False) for column, holds in columns),
            sa.Column("seal", sa.BigInteger, nullable=False),
            sa.PrimaryKeyConstraint("campaign", *key),
            sqlite_with_rowid=not clustered,
        )
    keyed = sa.text("key <> ''")
    op.create_index(
        "ladle_event_key",
        "ladle_event",
        ["campaign", "key", "kind"],
        unique=True,
        sqlite_where=keyed,
        postgresql_where=keyed,
    )
    op.create_index("ladle_label_row", "ladle_label", ["campaign", "row"])
    op.create_index("ladle_lease_annotator", "ladle_lease", ["campaign", "annotator"])
    waiting = sa.text("state IN (0, 2) AND batch > 0")
    op.create_index(
        "ladle_task_waiting",
        "ladle_task",
        ["campaign", "batch", "place"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )


def _campaigns() -> None:
    op.create_table(
        "ladle_campaign",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("settings", sa.Text, nullable=False),
        sa.Column("seal", sa.BigInteger, nullable=False),
    )


_TYPES = {"number": sa.BigInteger, "text": sa.Text, "octets": sa.LargeBinary}
# name, key beside the campaign, columns, whether SQLite keeps the rows in the order of their keys
_TABLES = (
    (
        "ladle_event",
        ("seq",),
        (
            ("seq", "number"),
            ("at", "number"),
            ("kind", "text"),
            ("actor", "text"),
            ("key", "text"),
            ("request", "text"),
            ("details", "text"),
            ("chain", "text"),
        ),
        False,
    ),
    (
        "ladle_pool_part",
        ("number",),
        (
            ("number", "number"),
            ("rows", "number"),
            ("dim", "number"),
            ("dtype", "text"),
            ("id_type", "text"),
            ("digest", "text"),
            ("source", "text"),
            ("reopen", "text"),
            ("event", "number"),
        ),
        False,
    ),
    (
        "ladle_batch",
        ("number",),
        (
            ("number", "number"),
            ("round", "number"),
            ("key", "text"),
            ("holder", "text"),
            ("asked_at", "number"),
            ("lease_until", "number"),
            ("size", "number"),
            ("passed_on", "number"),
            ("story", "text"),
            ("model", "text"),
            ("scores_digest", "text"),
            ("event", "number"),
        ),
        False,
    ),
    (
        "ladle_batch_rows",
        ("number",),
        (
            ("number", "number"),
            ("row_list", "octets"),
            ("gold_list", "octets"),
            ("event", "number"),
        ),
        False,
    ),
    (
        "ladle_task",
        ("row",),
        (
            ("row", "number"),
            ("example_id", "text"),
            ("origin", "number"),
            ("state", "number"),
            ("batch", "number"),
            ("place", "number"),
            ("event", "number"),
        ),
        True,
    ),
    (
        "ladle_label",
        ("number",),
        (
            ("number", "number"),
            ("row", "number"),
            ("annotator", "text"),
            ("version", "number"),
            ("label", "text"),
            ("told_at", "number"),
            ("recorded_at", "number"),
            ("source", "text"),
            ("status", "number"),
            ("event", "number"),
            ("ended", "number"),
        ),
        True,
    ),
    (
        "ladle_lease",
        ("row", "annotator"),
        (
            ("row", "number"),
            ("annotator", "text"),
            ("lease_until", "number"),
            ("event", "number"),
        ),
        True,
    ),
    (
        "ladle_gold",
        ("row",),
        (
            ("row", "number"),
            ("example_id", "text"),
            ("label", "text"),
            ("event", "number"),
        ),
        True,
    ),
    (
        "ladle_exclusion",
        ("row",),
        (
            ("row", "number"),
            ("example_id", "text"),
            ("reason", "text"),
            ("at", "number"),
            ("active", "number"),
            ("event", "number"),
        ),
        True,
    ),
    (
        "ladle_quarantined",
        ("number",),
        (
            ("number", "number"),
            ("at", "number"),
            ("example_id", "text"),
            ("label", "text"),
            ("annotator", "text"),
            ("source", "text"),
            ("reason", "text"),
            ("event", "number"),
        ),
        False,
    ),
    (
        "ladle_model",
        ("number",),
        (
            ("number", "number"),
            ("version", "text"),
            ("at", "number"),
            ("round", "number"),
            ("labelled", "number"),
            ("metrics", "text"),
            ("scores", "text"),
            ("scores_digest", "text"),
            ("event", "number"),
        ),
        False,
    ),
    (
        "ladle_artefact",
        ("name",),
        (
            ("name", "text"),
            ("digest", "text"),
            ("file_bytes", "number"),
            ("event", "number"),
        ),
        False,
    ),
)
