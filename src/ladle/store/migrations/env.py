"""How Alembic runs Ladle's migrations: on the connection it is handed, inside the caller's transaction."""

from __future__ import annotations

from alembic import context

from ladle.store.schema import METADATA
from ladle.store.upgrade import VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table=VERSION_TABLE,
    transactional_ddl=True,  # SQLite too, where the transaction is our own
)
context.run_migrations()
