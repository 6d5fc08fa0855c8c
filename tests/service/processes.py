"""`ladle serve` as a process at a port of this machine."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2 as httpx


@dataclass
class Running:
    """A service that answers. started: what it printed."""

    process: subprocess.Popen[str]
    started: dict[str, Any]
    log: Path

    @property
    def address(self) -> str:
        found: str = self.started["address"]
        return found

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])

    def client(self, token: str = "") -> httpx.Client:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=self.address, headers=headers, timeout=30)

    def stop(self) -> int:
        """Ask it to stop: its exit code."""
        self.process.terminate()
        return self.process.wait(60)


@contextmanager
def running(url: str, folder: Path, *options: str) -> Iterator[Running]:
    """A service, which is ended with the block."""
    log = folder / "service.log"
    command = [sys.executable, "-m", "ladle", "serve", url, "--port", "0", "--json", *options]
    with log.open("w") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, log.read_text()
            yield Running(process, json.loads(line), log)
        finally:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()
