"""A client, or the PostgreSQL server itself, killed in the middle of tells and asks: what was acknowledged stays.

python -m benchmarks.reliability.server_kills [--who client|server] [--kills 100] [--labels 200] [--record]

A client tells one upload after another (uploads.py) and asks for a batch after each, saying what is acknowledged. At a
random moment it, or all processes of the server, are killed by signal 9. The server is started again where it was
killed; the next client goes on from the last upload that was acknowledged, which it repeats. After every kill what had
been acknowledged is looked for; in the end all labels are held against the plain model, and the campaign is verified.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import re
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

import ladle
from benchmarks import record
from benchmarks.reliability import databases, uploads
from benchmarks.reliability.databases import Server
from benchmarks.reliability.scenarios import unclear

BATCH_SIZE = 20
MOST_REPORTS, LONGEST_SECONDS = 5, 0.3  # acknowledgements before a kill, and the time after that
PATIENCE_SECONDS = 60.0  # for a client to say something


@dataclass(slots=True)
class Acknowledged:
    """What clients reported. uploads: keys. batches: ids by key. errors: how many of each kind."""

    uploads: set[str] = field(default_factory=set)
    batches: dict[str, list[int]] = field(default_factory=dict)
    errors: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def take(self, kind: str, key: str, ids: list[int]) -> None:
        if kind == "upload":
            self.uploads.add(key)
        elif kind == "batch" and self.batches.setdefault(key, ids) != ids:
            self.wrong.append(f"another batch under {key}")
        elif kind == "error":
            name = key.split(":")[0]
            self.errors[name] = self.errors.get(name, 0) + 1
            self.wrong += unclear(key)

    def last(self) -> int:
        """The number of the last upload acknowledged."""
        return max((int(re.sub(r"\D", "", key)) for key in self.uploads), default=0)


def client(url: str, first: int, size: int, sending: Connection) -> None:
    """Tell and ask without end, from upload `first` on; say what is acknowledged, and the error it ends with."""
    try:
        with ladle.Campaign.open(url, name=uploads.NAME) as campaign:
            sending.send(("ready", "", []))
            for number in range(first, sys.maxsize):
                each = uploads.upload(f"day {number}", size)
                campaign.tell(each.ids, each.labels, annotator=each.annotator, key=each.key)
                sending.send(("upload", each.key, []))
                batch = campaign.ask(BATCH_SIZE, key=f"batch {number}")
                sending.send(("batch", batch.key, batch.ids.tolist()))
    except Exception as error:  # whatever it is, it is a finding
        sending.send(("error", f"{type(error).__name__}: {error}", []))


def life(url: str, size: int, kill: Callable[[int], None], when: tuple[int, float], reported: Acknowledged) -> None:
    """One client: it goes on from the last upload acknowledged.

    when: after how many acknowledgements and, from then, how many seconds `kill` comes.
    """
    context = multiprocessing.get_context("fork")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=client, args=(url, reported.last(), size, sending))
    process.start()
    sending.close()
    if not receiving.poll(PATIENCE_SECONDS):
        reported.wrong.append("a client that does not begin")
        process.kill()
    reports, seconds = when
    for _ in range(1 + reports):
        reported.take(*receiving.recv())
    until = time.monotonic() + seconds
    while receiving.poll(max(0.0, until - time.monotonic())):
        reported.take(*receiving.recv())
    kill(process.pid or 0)
    try:
        while receiving.poll(PATIENCE_SECONDS):
            reported.take(*receiving.recv())
        reported.wrong.append("a client that neither works nor ends")
        process.kill()
    except EOFError:
        pass
    process.join()


def missing(url: str, reported: Acknowledged) -> list[str]:
    """What was acknowledged and is not there, or there twice."""
    with ladle.Campaign.open(url, name=uploads.NAME) as campaign:
        done = [(row.kind, row.key) for row in campaign.audit() if row.key]
        acknowledged = {("tell", key) for key in reported.uploads} | {("ask", key) for key in reported.batches}
        wrong = [f"acknowledged, and lost: {kind} {key}" for kind, key in sorted(acknowledged - set(done))]
        wrong += [f"{len(done) - len(set(done))} done twice"] * (len(done) != len(set(done)))
        wrong += [
            f"{key} was another batch"
            for key, ids in reported.batches.items()
            if ("ask", key) in done and campaign.batch(key=key).ids.tolist() != ids
        ]
    return wrong


def killed(server: Server, who: str, kills: int, size: int) -> Acknowledged:
    """All lives."""
    reported, random = Acknowledged(), np.random.default_rng(9)
    with uploads.founded(server.url) as campaign:  # all that is slow the first time is done before the clients fork off
        first = uploads.upload("day 0", size)
        campaign.tell(first.ids, first.labels, annotator=first.annotator, key=first.key)
        reported.uploads.add(first.key)
        reported.batches["batch 0"] = campaign.ask(BATCH_SIZE, key="batch 0").ids.tolist()
    for number in range(1, kills + 1):
        kill = (lambda pid: os.kill(pid, signal.SIGKILL)) if who == "client" else (lambda pid: server.kill())
        when = int(random.integers(MOST_REPORTS + 1)), float(random.uniform(0, LONGEST_SECONDS))
        life(server.url, size, kill, when, reported)
        server.start()
        reported.wrong += [f"kill {number}: {line}" for line in missing(server.url, reported)]
    with ladle.Campaign.open(server.url, name=uploads.NAME) as campaign:
        reported.wrong += uploads.wrong(campaign, reported.uploads, size, unheard=kills)
    return reported


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--who", choices=("client", "server"), default="client")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--labels", type=int, default=200, help="in an upload")
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args()
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as home, databases.server(Path(home)) as server:
        reported = killed(server, options.who, options.kills, options.labels)
    figures = {
        "uploads acknowledged": len(reported.uploads),
        "labels acknowledged": len(reported.uploads) * options.labels,
        "batches acknowledged": len(reported.batches),
        "clients that ended in an error": sum(reported.errors.values()),
        "wrong": len(reported.wrong),
        "seconds": time.perf_counter() - start,
    }
    print(json.dumps(figures | {"errors": reported.errors, "what": reported.wrong}))
    if options.record:
        sizes = {"who": options.who, "kills": options.kills, "labels": options.labels}
        record.append("server_kills", sizes, figures)
    sys.exit(1 if reported.wrong else 0)


if __name__ == "__main__":
    main()
