"""Annotators who label over HTTP, while the service is killed and started again: how long they wait, what is lost.

python -m benchmarks.service.load [--store sqlite|postgres] [--annotators 50] [--seconds 60] [--kills 3]
                                  [--tasks 100000] [--think 1.0] [--workers 1] [--record]

The service is a process of its own at a port of this machine. Every annotator takes 20 tasks at a time and tells one
label after another, each with an Idempotency-Key, after a time to think. A request that is not answered, because the
service was killed, is sent again until it is. In the end every acknowledged label is looked for in the campaign, which
is verified: it has to be there once. A wait is the time from the first byte sent to the whole answer; requests that met
a dead service are counted apart, by the time until they were acknowledged. After a start all annotators come at once
with what they could not send, so waits that began within 5 seconds of a start are counted apart too.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from tests.store.servers import Server

import ladle
from benchmarks import record
from ladle.service.app import open_accounts
from ladle.service.config import ServiceConfig
from ladle.service.gate.roles import Role

WAITS = ("tell", "take", "tell after a start", "take after a start")
SIZES = ("store", "annotators", "seconds", "kills", "tasks", "think", "workers")
TAKEN = 20  # tasks at a time
RETRY_SECONDS = 0.1
SETTLE_SECONDS = 5.0  # after a start, until what has gathered is answered
PATIENCE_SECONDS = 30.0  # for the service to start


@dataclass
class Annotator:
    """One person at a keyboard. sent: what each key says. acknowledged: the keys that were answered."""

    name: str
    token: str
    sent: dict[str, tuple[str, str]] = field(default_factory=dict)
    acknowledged: set[str] = field(default_factory=set)
    wait_seconds: dict[str, list[float]] = field(default_factory=lambda: {path: [] for path in WAITS})
    late_seconds: list[float] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class Line:
    """A connection to the service that speaks just enough HTTP."""

    def __init__(self, port: int, token: str) -> None:
        self._port = port
        self._head = f"Host: localhost:{port}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, path: str, body: Any, key: str) -> tuple[int, Any]:
        """The status and the answer. Raises: OSError, EOFError when the service is gone."""
        try:
            if self._streams is None:
                self._streams = await asyncio.open_connection("127.0.0.1", self._port)
            reader, writer = self._streams
            content = json.dumps(body).encode()
            own = f"Idempotency-Key: {key}\r\nContent-Length: {len(content)}\r\n\r\n"
            writer.write(f"POST /v1/{path} HTTP/1.1\r\n{self._head}{own}".encode() + content)
            answer = await reader.readuntil(b"\r\n\r\n")
            lines = answer.decode("latin-1").split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
            return int(lines[0].split()[1]), json.loads(await reader.readexactly(int(headers["content-length"])))
        except (OSError, EOFError):
            self.close()
            raise

    def close(self) -> None:
        """Drop the connection."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def answered(
    annotator: Annotator, line: Line, path: str, body: Any, key: str, until: float, service: Service
) -> Any:
    """The answer to a request, which is sent again until there is one; None when the time is over."""
    begun, tries = time.perf_counter(), 0
    while time.perf_counter() < until + PATIENCE_SECONDS:
        at = time.perf_counter()
        tries += 1
        try:
            status, answer = await line.post(path, body, key)
        except (OSError, EOFError):
            await asyncio.sleep(RETRY_SECONDS)
            continue
        if status in (429, 503):
            annotator.problems.append(f"{status} {answer['title']}")
            await asyncio.sleep(1)
            continue
        if status != 200:
            annotator.problems.append(f"{status} {answer.get('detail')}")
            return None
        now = time.perf_counter()
        if tries == 1:
            settled = at - service.ready_at > SETTLE_SECONDS
            annotator.wait_seconds[path if settled else f"{path} after a start"].append(now - at)
        else:
            annotator.late_seconds.append(now - begun)
        return answer
    annotator.problems.append(f"no answer to {path}")
    return None


async def label(annotator: Annotator, service: Service, port: int, until: float, think: float) -> None:
    """Label until the time is over."""
    chance, line, number = random.Random(annotator.name), Line(port, annotator.token), 0
    await asyncio.sleep(chance.uniform(0, think))
    while time.perf_counter() < until:
        number += 1
        taken = await answered(annotator, line, "take", {"size": TAKEN}, f"take-{number}", until, service)
        for task in (taken or {"tasks": []})["tasks"]:
            await asyncio.sleep(chance.uniform(0.5, 1.5) * think)
            if time.perf_counter() >= until:
                break
            key, word = f"{number}-{task['id']}", chance.choice(["cat", "dog"])
            annotator.sent[key] = (task["id"], word)
            body = {"labels": [{"id": task["id"], "label": word, "seconds": 1.0}]}
            if await answered(annotator, line, "tell", body, key, until, service) is not None:
                annotator.acknowledged.add(key)
    line.close()


class Service:
    """`ladle serve` as a process."""

    def __init__(self, url: str, port: int, workers: int, log: Path) -> None:
        self._command = [sys.executable, "-m", "ladle", "serve", url, "--name", "birds", "--port", str(port)]
        self._command += ["--workers", str(workers)]
        self._port, self._log = port, log
        self._process: subprocess.Popen[bytes] | None = None
        self.ready_at = 0.0

    def start(self) -> float:
        """Start it: the seconds until it answers."""
        begun = time.perf_counter()
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdout=log, stderr=log, start_new_session=True, env=os.environ
            )
        while time.perf_counter() < begun + PATIENCE_SECONDS:
            try:
                with socket.create_connection(("127.0.0.1", self._port), 1) as line:
                    line.sendall(f"GET /readyz HTTP/1.1\r\nHost: localhost:{self._port}\r\n\r\n".encode())
                    if b" 200 " in line.recv(100):
                        self.ready_at = time.perf_counter()
                        return self.ready_at - begun
            except OSError:
                time.sleep(0.05)
        raise RuntimeError(f"the service did not start: {self._log.read_text()[-2000:]}")

    def kill(self) -> None:
        """Kill it and its workers, as they are."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def peak_mib(self) -> int:
        """The most memory that it has held, in MiB."""
        assert self._process is not None
        lines = Path(f"/proc/{self._process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM"))

    def stop(self) -> int:
        """Ask it to stop: its exit code."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(60)


async def run(service: Service, people: list[Annotator], port: int, arguments: argparse.Namespace) -> list[float]:
    """Let people label, and kill the service in between: the seconds of each start."""
    begun = time.perf_counter()
    until = begun + arguments.seconds
    work = [asyncio.create_task(label(each, service, port, until, arguments.think)) for each in people]
    starts = []
    for number in range(arguments.kills):
        await asyncio.sleep(begun + arguments.seconds * (number + 1) / (arguments.kills + 1) - time.perf_counter())
        await asyncio.to_thread(service.kill)
        starts.append(await asyncio.to_thread(service.start))
    await asyncio.gather(*work)
    return starts


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--store", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--annotators", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--tasks", type=int, default=100_000)
    parser.add_argument("--think", type=float, default=1.0)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--record", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, database(arguments.store, Path(folder)) as url:
        facts = measured(url, Path(folder), arguments)
    print(json.dumps(facts, indent=1))
    if arguments.record:
        flat = {name: json.dumps(value) if isinstance(value, (dict, list)) else value for name, value in facts.items()}
        sizes = {name: flat.pop(name) for name in SIZES}
        record.append("service_load", sizes, flat)
    sys.exit(bool(facts["lost"] or facts["doubled"] or facts["problems"] or not facts["verified"]))


def measured(url: str, folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """The figures of one run."""
    people = prepared(url, folder, arguments)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    service = Service(url, port, arguments.workers, folder / "log")
    first = service.start()
    starts = asyncio.run(run(service, people, port, arguments))
    exit_code = service.stop()
    with ladle.Campaign.open(url, name="birds") as campaign:
        stored = [(row.id, row.annotator, row.label) for row in campaign.labels()]
        verified = bool(campaign.verify())
    acknowledged = {(*each.sent[key][:1], each.name, each.sent[key][1]) for each in people for key in each.acknowledged}
    waits = {path: np.array([wait for each in people for wait in each.wait_seconds[path]]) for path in WAITS}
    late = [wait for each in people for wait in each.late_seconds]
    problems = [text for each in people for text in each.problems]
    return {
        **{
            name: getattr(arguments, name)
            for name in ("store", "annotators", "seconds", "kills", "tasks", "think", "workers")
        },
        "acknowledged": len(acknowledged),
        "lost": len(acknowledged - set(stored)),
        "doubled": len(stored) - len(set(stored)),
        "stored": len(stored),
        "verified": verified,
        **{f"{path} ms": percentiles(wait) for path, wait in waits.items()},
        "waited through a kill": {"requests": len(late), "longest s": round(max(late, default=0.0), 2)},
        "start s": [round(each, 2) for each in (first, *starts)],
        "problems": problems[:5],
        "exit code": exit_code,
        "load": round(os.getloadavg()[0], 1),
    }


def percentiles(wait: np.ndarray) -> dict[str, float]:
    """Of waits in seconds, in milliseconds."""
    if not len(wait):
        return {"count": 0}
    found = {f"p{share}": round(1000 * float(np.percentile(wait, share)), 1) for share in (50, 95, 99)}
    return {"count": len(wait), **found, "most": round(1000 * float(wait.max()), 1)}


def prepared(url: str, folder: Path, arguments: argparse.Namespace) -> list[Annotator]:
    """A campaign with all its examples asked for, and the people who label it."""
    rows = arguments.tasks
    pool = ladle.open_pool(np.zeros((rows, 2), np.float32), ids=[f"im{row}" for row in range(rows)])
    settings: dict[str, Any] = {"strategy": "uniform", "labels": ["cat", "dog"], "files": str(folder / "files")}
    with ladle.Campaign.create(url, name="birds", pool=pool, **settings) as campaign:
        campaign.ask(rows)
        with open_accounts(campaign, ServiceConfig(database=url)) as accounts:
            names = [f"annotator {number}" for number in range(arguments.annotators)]
            return [Annotator(name, accounts.add_token(name, Role.ANNOTATOR)[0]) for name in names]


@contextmanager
def database(store: str, folder: Path) -> Iterator[str]:
    """The URL of an empty database."""
    if store == "sqlite":
        yield f"sqlite:///{folder}/birds.db"
        return
    with Server.started() as server:
        yield server.uri


if __name__ == "__main__":
    main()
