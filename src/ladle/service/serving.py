"""Running the service: its address, uvicorn and its workers, clients that send too slowly, the log."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import multiprocessing
import multiprocessing.connection
import signal
import socket
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.context import SpawnProcess
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from ladle.campaign import Campaign
from ladle.campaign.groups import check_one_label
from ladle.counts import counted
from ladle.errors import ArgumentError, FileError
from ladle.maps import require_umap
from ladle.notices import notice
from ladle.service.app import create_app, open_accounts
from ladle.service.config import ServiceConfig
from ladle.service.content import Content, open_content
from ladle.service.counters import shared_counts
from ladle.service.gate.roles import Role
from ladle.store.engine import checked_url, file_of

GRACE_SECONDS = 20  # for requests that are being answered when the service is told to stop
HEAD_SECONDS = 15.0  # for the lines before the body of a request
MOST_CONNECTIONS, BACKLOG = 1_000, 1_000
SWITCH_SECONDS = 0.002  # after which a thread lets another one run: the one that speaks with the network waits less
RESTART_SECONDS = 1.0  # before a worker that has ended is replaced


class JsonLines(logging.Formatter):
    """Lines of the log as JSON objects; those of requests are JSON already."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        text = record.getMessage()
        if record.name == "ladle.service":
            return text
        facts: dict[str, Any] = {"at": round(record.created, 3), "event": record.levelname.lower(), "text": text}
        if record.exc_info and record.exc_info[0] is not None:
            facts["trace"] = self.formatException(record.exc_info)
        return json.dumps(facts, ensure_ascii=True)


class PatientProtocol(H11Protocol):
    """Closes a connection whose next request does not come whole within a time, up to its body."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Wait for the rest of a request whose head is not whole as yet."""
        super().data_received(data)
        if self.cycle is None or self.cycle.response_complete:
            self._wait()
        else:
            self._stop_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(HEAD_SECONDS, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


@dataclass(frozen=True, slots=True)
class Opened:
    """A service whose address is taken, and which does not answer as yet. link: signs the lead in once; "" for none.

    content: as it was checked, for the process that serves it; None for several workers, which cannot be sent files
    without a name: each reads the content once.
    """

    config: ServiceConfig
    listener: socket.socket
    campaign: str
    link: str
    content: Content | None = None

    @property
    def address(self) -> str:
        """Where the service is."""
        return address_of(self.config, self.listener.getsockname()[1])


def opened(config: ServiceConfig, *, lead: str, always_link: bool = False) -> Opened:
    """Check the campaign, take the address and, where no lead can sign in as yet, make a link that does.

    Raises: as `Campaign.open`; ArgumentError for several workers on SQLite and for groups where a task needs several
    labels; FileError for an address that is taken.
    """
    if config.workers > 1 and file_of(checked_url(config.database)) is not None:
        raise ArgumentError(
            "`workers`",
            wanted="be 1 for a campaign in SQLite, which has one writer",
            got=str(config.workers),
            remedy="For several workers, keep the campaign in PostgreSQL: ladle campaign backup, restore.",
        )
    if config.umap:
        require_umap()
        if config.layout is not None:
            raise ArgumentError("`layout`", wanted="be given without UMAP", got="both")
    with Campaign.open(config.database, name=config.name, pool=config.pool, by="service") as campaign:
        if config.groups:
            check_one_label(campaign.settings.annotators_per_task, "groups")
        content = open_content(config.content, campaign.ids)  # its faults are told before anything is served
        if content.unknown_rows:
            rows = counted(content.unknown_rows, "row", "has")
            notice(f"{rows} of the content an id that the pool does not have: nobody sees that content.")
        name, listener = campaign.name, _listener(config)
        port = listener.getsockname()[1]
        with open_accounts(campaign, config) as accounts:
            accounts.forget_ended()
            needs_link = always_link or not accounts.has_lead()
            secret = accounts.add_link(lead, Role.LEAD) if needs_link else ""
    link = f"{address_of(config, port)}/sign-in/once?token={secret}" if secret else ""
    return Opened(config, listener, name, link, content if config.workers == 1 else None)


def address_of(config: ServiceConfig, port: int) -> str:
    """The address at which a browser of this machine finds the service."""
    host = "localhost" if config.is_loopback or config.host in ("0.0.0.0", "::") else config.host
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def run(service: Opened) -> None:
    """Answer requests until SIGTERM or Ctrl-C; those that have begun are answered. Raises: KeyboardInterrupt then."""
    if service.config.workers == 1:
        _serve(service.config, service.listener, service.content)
        return
    with shared_counts() as counts:
        workers = [_worker(service) for _ in range(service.config.workers)]
        try:
            while True:
                multiprocessing.connection.wait([each.sentinel for each in workers])
                time.sleep(RESTART_SECONDS)  # a worker that cannot start is not started all the time
                for ended in [each for each in workers if not each.is_alive()]:
                    counts.forget_waiting(ended.pid)
                    workers[workers.index(ended)] = _worker(service)
        finally:
            for each in workers:
                each.terminate()
            for each in workers:
                each.join(GRACE_SECONDS + 5)
                each.kill()


def _worker(service: Opened) -> SpawnProcess:
    """A new process that answers at the address of the service."""
    spawned = multiprocessing.get_context("spawn").Process(target=_work, args=(service.config, service.listener))
    spawned.start()
    return spawned


def _work(config: ServiceConfig, listener: socket.socket) -> None:
    """What a worker does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes: the first one ends the others
    with suppress(KeyboardInterrupt):
        _serve(config, listener)


def _serve(config: ServiceConfig, listener: socket.socket, content: Content | None = None) -> None:
    _log_as_json()
    options: dict[str, Any] = {
        "http": PatientProtocol,
        "ws": "none",
        "lifespan": "on",
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "proxy_headers": config.https,
        "forwarded_allow_ips": "127.0.0.1",  # only a proxy of this machine is believed
        "limit_concurrency": MOST_CONNECTIONS,
        "timeout_keep_alive": 30,
        "timeout_graceful_shutdown": GRACE_SECONDS,
        "reset_contextvars": True,  # notices of one request are not those of the next
    }
    app = create_app(config, content)
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.freeze()  # what was loaded by now stays: it is not looked through again and again
    uvicorn.Server(uvicorn.Config(app, **options)).run(sockets=[listener])


def _listener(config: ServiceConfig) -> socket.socket:
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((config.host, config.port))
        listener.listen(BACKLOG)  # whoever comes before the service can answer waits for it
    except OSError as cause:
        listener.close()
        remedy = "Name another port: --port PORT, or --port 0 for any that is free."
        place = f"the address {config.host}, port {config.port}"
        raise FileError(place, wanted="be free", got=cause.strerror or str(cause), remedy=remedy) from cause
    listener.set_inheritable(True)
    return listener


def _log_as_json() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    for name, level in (("ladle.service", logging.INFO), ("uvicorn", logging.WARNING)):
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.setLevel(level)
        logger.propagate = False
