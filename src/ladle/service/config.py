"""The options of `ladle serve`."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ladle.campaign.session.session import Database
from ladle.errors import ArgumentError
from ladle.numbers import number, whole
from ladle.service.content import ContentSources

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")
MIB = 1024 * 1024
NO_CONTENT = ContentSources()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceConfig:
    """How a campaign is served.

    Attributes
    ----------
    database : str, path or Store
        As in `Campaign.open`.
    name : str or None
        The campaign; None where the database has only one.
    pool : object
        As in `Campaign.open`: where the pool is, if it has moved.
    host : str
        The address to listen on.
    port : int
        The port; 0 for any that is free.
    workers : int
        Processes that answer; more than one needs PostgreSQL.
    allowed_hosts : tuple of str
        Names under which browsers may reach the service, beside the loopback ones and `host` itself.
    https : bool
        Whether people reach the service over https, by a proxy: cookies are sent over https alone then.
    session_seconds : float
        How long a browser stays signed in.
    body_bytes : int
        The largest body of a request.
    upload_bytes : int
        The largest file of scores.
    label_bytes : int
        The largest file of labels, and the most that a Parquet file of labels may hold when it is unpacked.
    body_seconds : float
        How long a client may take to send a body.
    wait_seconds : float
        How long a change may wait for others before it is answered with 503.
    most_requests : int
        Requests in hand at a time; more are answered with 503.
    sign_in_tries : int
        Failed attempts to sign in, a minute and address, before an address has to wait.
    requests_a_minute : int
        Requests that one person may make in a minute.
    content : ContentSources
        What the examples look like, and the guidelines.
    groups : bool
        Whether annotators may be shown near-duplicates together, and label them by one key.
    task_seconds : float
        How long a task that the labelling page has taken is leased.
    layout : path or None
        Where the examples lie on the map: a file of two numbers for each; None for the principal components.
    umap : bool
        Whether UMAP lays out the map; not with `layout`.
    clock : callable
        Returns seconds since 1970: for sessions, tokens and rates.
    campaign_clock : callable or None
        As `clock` of `Campaign.open`.
    """

    database: Database
    name: str | None = None
    pool: object = None
    host: str = "127.0.0.1"
    port: int = 8765
    workers: int = 1
    allowed_hosts: tuple[str, ...] = ()
    https: bool = False
    session_seconds: float = 12 * 3600.0
    body_bytes: int = 16 * MIB
    upload_bytes: int = 4096 * MIB
    label_bytes: int = 256 * MIB
    body_seconds: float = 30.0
    wait_seconds: float = 10.0
    most_requests: int = 256
    sign_in_tries: int = 10
    requests_a_minute: int = 6_000
    content: ContentSources = NO_CONTENT
    groups: bool = False
    task_seconds: float = 1800.0
    layout: Path | None = None
    umap: bool = False
    clock: Callable[[], float] = time.time
    campaign_clock: Callable[[], float] | None = None

    def __post_init__(self) -> None:
        whole(self.port, "`port`", least=0, most=65_535)
        sizes = ("body_bytes", "upload_bytes", "label_bytes")
        for name in (*sizes, "workers", "most_requests", "sign_in_tries", "requests_a_minute"):
            whole(getattr(self, name), f"`{name}`", least=1)
        for name in ("session_seconds", "body_seconds", "wait_seconds", "task_seconds"):
            number(getattr(self, name), f"`{name}`", above=0)
        if not self.host or any(each.isspace() for each in self.host):
            raise ArgumentError("`host`", wanted="be an address such as 127.0.0.1", got=repr(self.host))

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the service."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def hosts(self) -> frozenset[str]:
        """The names that the header `Host` may have, in lower case and without a port."""
        own = f"[{self.host}]" if ":" in self.host else self.host
        return frozenset(each.lower() for each in (*LOOPBACK_NAMES, own, *self.allowed_hosts))
