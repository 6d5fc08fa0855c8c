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
MOST_SAID, LONGEST_SECONDS = 5, 0.3  # acknowledgements before a kill, and the time after that
PATIENCE_SECONDS = 60.0  # for a client to say something


@dataclass(slots=True)
class Heard:
    """What clients said. told: keys of uploads. asked: ids by key. errors: how many of which kind."""

    told: set[str] = field(default_factory=set)
    asked: dict[str, list[int]] = field(default_factory=dict)
    errors: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def take(self, kind: str, key: str, ids: list[int]) -> None:
        if kind == "told":
            self.told.add(key)
        elif kind == "asked" and self.asked.setdefault(key, ids) != ids:
            self.wrong.append(f"another batch under {key}")
        elif kind == "error":
            name = key.split(":")[0]
            self.errors[name] = self.errors.get(name, 0) + 1
            self.wrong += unclear(key)

    def last(self) -> int:
        """The number of the last upload acknowledged."""
        return max((int(re.sub(r"\D", "", key)) for key in self.told), default=0)


def client(url: str, first: int, size: int, mouth: Connection) -> None:
    """Tell and ask without end, from upload `first` on; say what is acknowledged, and the error it ends with."""
    try:
        with ladle.Campaign.open(url, name=uploads.NAME) as campaign:
            mouth.send(("ready", "", []))
            for number in range(first, sys.maxsize):
                each = uploads.upload(f"day {number}", size)
                campaign.tell(each.ids, each.labels, annotator=each.annotator, key=each.key)
                mouth.send(("told", each.key, []))
                batch = campaign.ask(BATCH_SIZE, key=f"batch {number}")
                mouth.send(("asked", batch.key, batch.ids.tolist()))
    except Exception as error:  # whatever it is, it is a finding
        mouth.send(("error", f"{type(error).__name__}: {error}", []))


def life(url: str, size: int, kill: Callable[[int], None], when: tuple[int, float], heard: Heard) -> None:
    """One client: it goes on from the last upload acknowledged.

    when: after how many acknowledgements and, from then, how many seconds `kill` comes.
    """
    context = multiprocessing.get_context("fork")
    ear, mouth = context.Pipe(duplex=False)
    process = context.Process(target=client, args=(url, heard.last(), size, mouth))
    process.start()
    mouth.close()
    if not ear.poll(PATIENCE_SECONDS):
        heard.wrong.append("a client that does not begin")
        process.kill()
    said, seconds = when
    for _ in range(1 + said):
        heard.take(*ear.recv())
    until = time.monotonic() + seconds
    while ear.poll(max(0.0, until - time.monotonic())):
        heard.take(*ear.recv())
    kill(process.pid or 0)
    try:
        while ear.poll(PATIENCE_SECONDS):
            heard.take(*ear.recv())
        heard.wrong.append("a client that neither works nor ends")
        process.kill()
    except EOFError:
        pass
    process.join()


def missing(url: str, heard: Heard) -> list[str]:
    """What was acknowledged and is not there, or there twice."""
    with ladle.Campaign.open(url, name=uploads.NAME) as campaign:
        done = [(row.kind, row.key) for row in campaign.audit() if row.key]
        acknowledged = {("tell", key) for key in heard.told} | {("ask", key) for key in heard.asked}
        wrong = [f"acknowledged, and lost: {kind} {key}" for kind, key in sorted(acknowledged - set(done))]
        wrong += [f"{len(done) - len(set(done))} done twice"] * (len(done) != len(set(done)))
        wrong += [
            f"{key} was another batch"
            for key, ids in heard.asked.items()
            if ("ask", key) in done and campaign.batch(key=key).ids.tolist() != ids
        ]
    return wrong


def killed(server: Server, who: str, kills: int, size: int) -> Heard:
    """All lives."""
    heard, random = Heard(), np.random.default_rng(9)
    with uploads.founded(server.url) as campaign:  # all that is slow the first time is done before the clients fork off
        first = uploads.upload("day 0", size)
        campaign.tell(first.ids, first.labels, annotator=first.annotator, key=first.key)
        heard.told.add(first.key)
        heard.asked["batch 0"] = campaign.ask(BATCH_SIZE, key="batch 0").ids.tolist()
    for number in range(1, kills + 1):
        kill = (lambda pid: os.kill(pid, signal.SIGKILL)) if who == "client" else (lambda pid: server.kill())
        when = int(random.integers(MOST_SAID + 1)), float(random.uniform(0, LONGEST_SECONDS))
        life(server.url, size, kill, when, heard)
        server.start()
        heard.wrong += [f"kill {number}: {line}" for line in missing(server.url, heard)]
    with ladle.Campaign.open(server.url, name=uploads.NAME) as campaign:
        heard.wrong += uploads.wrong(campaign, heard.told, size, unheard=kills)
    return heard


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--who", choices=("client", "server"), default="client")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--labels", type=int, default=200, help="in an upload")
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args()
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as home, databases.server(Path(home)) as server:
        heard = killed(server, options.who, options.kills, options.labels)
    figures = {
        "uploads acknowledged": len(heard.told),
        "labels acknowledged": len(heard.told) * options.labels,
        "batches acknowledged": len(heard.asked),
        "clients that ended in an error": sum(heard.errors.values()),
        "wrong": len(heard.wrong),
        "seconds": time.perf_counter() - start,
    }
    print(json.dumps(figures | {"errors": heard.errors, "what": heard.wrong}))
    if options.record:
        sizes = {"who": options.who, "kills": options.kills, "labels": options.labels}
        record.append("server_kills", sizes, figures)
    sys.exit(1 if heard.wrong else 0)


if __name__ == "__main__":
    main()
