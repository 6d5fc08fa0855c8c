"""An export of all labels over HTTP: how long it takes, and how much memory the service needs for it.

python -m benchmarks.service.exports [--labels 1000000] [--record]

The service is a process of its own. Its memory is the most that it has held (VmHWM), before the exports and after each.
"""

from __future__ import annotations

import argparse
import json
import socket
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx2 as httpx
import numpy as np

import ladle
from benchmarks import record
from benchmarks.service.load import Service
from ladle.service.app import open_accounts
from ladle.service.config import ServiceConfig
from ladle.service.gate.roles import Role

PIECE = 100_000  # labels of one tell


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--labels", type=int, default=1_000_000)
    parser.add_argument("--record", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        facts = measured(Path(folder), arguments.labels)
    print(json.dumps(facts, indent=1))
    if arguments.record:
        record.append("service_exports", {"labels": arguments.labels}, facts)


def measured(folder: Path, count: int) -> dict[str, Any]:
    """The figures of one run."""
    url, token = f"sqlite:///{folder}/birds.db", labelled(folder, count)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    service = Service(url, port, 1, folder / "log")
    service.start()
    facts: dict[str, Any] = {}
    with httpx.Client(base_url=f"http://localhost:{port}", headers={"authorization": f"Bearer {token}"}) as client:
        client.get("/v1/labels")
        facts["MiB before"] = service.peak_mib()
        for kind in ("jsonl", "csv", "parquet"):
            begun, size, first = time.perf_counter(), 0, 0.0
            with client.stream("GET", "/v1/exports/labels", params={"format": kind}, timeout=600) as answer:
                assert answer.status_code == 200
                for piece in answer.iter_raw():
                    first = first or time.perf_counter() - begun
                    size += len(piece)
            facts |= {f"{kind} s": time.perf_counter() - begun, f"{kind} first byte s": first, f"{kind} MB": size / 1e6}
            facts[f"MiB after {kind}"] = service.peak_mib()
    service.stop()
    return facts


def labelled(folder: Path, count: int) -> str:
    """A campaign with so many labels: the token of a reader."""
    url = f"sqlite:///{folder}/birds.db"
    pool = ladle.open_pool(np.zeros((count, 1), np.float32), ids=np.arange(count))
    settings: dict[str, Any] = {"strategy": "uniform", "labels": ["cat", "dog"], "files": str(folder / "files")}
    with ladle.Campaign.create(url, name="birds", pool=pool, **settings) as campaign:
        for first in range(0, count, PIECE):
            ids = np.arange(first, min(first + PIECE, count))
            campaign.tell(ids, ["cat"] * len(ids), annotator="ann")
        with open_accounts(campaign, ServiceConfig(database=url)) as accounts:
            return accounts.add_token("ray", Role.READER)[0]


if __name__ == "__main__":
    main()
