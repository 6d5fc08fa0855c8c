"""The version of a database's schema, and its upgrade by Alembic in one transaction."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from ladle.errors import FileFormatError

VERSION_TABLE = "ladle_schema"
NEWEST = "0002"  # the last migration; a test compares them
_MIGRATIONS = Path(__file__).parent / "migrations"


def version_of(connection: sa.Connection) -> str:
    """The version of the schema in a database; "" when it has no tables of Ladle."""
    if not sa.inspect(connection).has_table(VERSION_TABLE):
        return ""
    version = connection.execute(sa.text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()
    return "" if version is None else str(version)


def check_version(connection: sa.Connection, name: str) -> None:
    """Refuse any schema but the newest. Raises: FileFormatError that says what to do."""
    version = version_of(connection)
    if version == NEWEST:
        return
    wanted = f"have tables of version {NEWEST}"
    if not version:
        raise FileFormatError(f"the database {name}", wanted=wanted, got="none of Ladle's")
    older = version < NEWEST
    raise FileFormatError(
        f"the database {name}",
        wanted=wanted,
        got=f"version {version}, of {'an older' if older else 'a newer'} Ladle",
        remedy=f"Back it up, then: ladle campaign migrate {name}" if older else "Update Ladle.",
    )


def upgrade(connection: sa.Connection) -> None:
    """Bring the schema to the newest version in the connection's transaction. An empty database gets the tables."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
