"""What happens to every request before a route sees it, and to every answer before it leaves.

Before: the name of the host is checked (DNS rebinding), the body is read whole within limits of size and time. After:
headers that forbid foreign script, frames and sniffing; one line of JSON in the log; counts for `/metrics`.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol
from urllib.parse import parse_qsl

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ladle.errors import LadleError, StoreBusyError, TooLargeError
from ladle.service.config import ServiceConfig
from ladle.service.content.hosts import checked_hosts
from ladle.service.problems import of_error, of_status

CSRF_HEADER, CSRF_FIELD = "x-ladle-csrf", "csrf"
# Bodies at these addresses are read by their route, piece by piece.
UPLOADS = ("/v1/scores", "/v1/tell/file", "/overview/tell")
FORM = "application/x-www-form-urlencoded"
CSP = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:{images}",
        "connect-src 'self'",
        "font-src 'self'",
        "manifest-src 'self'",
        "worker-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ]
)
HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",  # with "no-referrer" a form would be sent with Origin: null
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
LOG = logging.getLogger("ladle.service")


class Counter(Protocol):
    """Counts requests."""

    def count(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count an answered request. route: the pattern of its path."""


class Guards:
    """The middleware around the whole application."""

    def __init__(self, app: ASGIApp, config: ServiceConfig, counter: Counter) -> None:
        self._app = app
        self._config = config
        self._counter = counter
        self._active = 0
        hosts = "".join(f" {host}" for host in checked_hosts(config.content.image_hosts))
        self._headers = {"content-security-policy": CSP.format(images=hosts), **HEADERS}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        watch = _Watch(scope, send, self._headers, https=self._config.https)
        self._active += 1
        try:
            refused = await self._answer(scope, receive, watch)
            if refused is not None:
                await refused(scope, receive, watch)
        finally:
            self._active -= 1
            self._counter.count(watch.route, scope["method"], watch.status, watch.seconds)
            LOG.info(watch.line())

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> ASGIApp | None:
        """Let the application answer; otherwise the answer that refuses the request."""
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        if len(hosts) != 1 or host_name(hosts[0]) not in self._config.hosts:
            detail = "The header Host must be a name of this service: see --allowed-host of `ladle serve`."
            return of_status(421, detail)
        if self._active > self._config.most_requests:
            return of_error(_busy(self._config.most_requests))
        if not scope.get("query_string", b"").isascii():
            return of_status(400, "The address must be written in ASCII, other characters as percent signs and digits.")
        if headers.get("content-encoding", "identity").lower() != "identity":
            return of_status(415, "The body must not be compressed.")
        if scope["path"] in UPLOADS:
            await self._app(scope, receive, send)
            return None
        try:
            body = await self._body(headers, receive)
        except LadleError as error:
            return of_error(error)
        except TimeoutError:
            return of_status(408, f"The body must come within {self._config.body_seconds:g} seconds.", CLOSE)
        scope.setdefault("state", {})["csrf_sent"] = csrf_sent(headers, body)
        await self._app(scope, _replay(body, receive), send)
        return None

    async def _body(self, headers: Headers, receive: Receive) -> bytes:
        """The whole body. Raises: TooLargeError; TimeoutError for a client that sends it too slowly."""
        most = self._config.body_bytes
        declared = headers.get("content-length", "")
        if declared.isdecimal() and int(declared[:19]) > most:
            raise too_large(int(declared[:19]), most)
        parts, total = [], 0
        async with asyncio.timeout(self._config.body_seconds):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return b""
                part = message.get("body", b"")
                total += len(part)
                if total > most:
                    raise too_large(total, most)
                parts.append(part)
                if not message.get("more_body", False):
                    return b"".join(parts)


CLOSE = {"Connection": "close"}


class _Watch:
    """Sends an answer with the headers of the service, and remembers what the log tells of it."""

    def __init__(self, scope: Scope, send: Send, headers: Mapping[str, str], *, https: bool) -> None:
        self._scope = scope
        self._send = send
        self._headers = headers
        self._https = https
        self._begun = time.perf_counter()
        self._id = secrets.token_hex(8)
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in self._headers.items():
                headers.setdefault(name, value)
            if self._https:
                headers.setdefault("strict-transport-security", "max-age=31536000")
            headers["x-request-id"] = self._id
        await self._send(message)

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._begun

    @property
    def route(self) -> str:
        """The pattern of the path, which holds no ids; "" for no route."""
        return str(getattr(self._scope.get("route"), "path", ""))

    def line(self) -> str:
        """One line of JSON without secrets: no query, no header, no body, no path beyond the pattern of its route."""
        identity = self._scope.get("state", {}).get("identity")
        client = self._scope.get("client")
        facts: dict[str, Any] = {
            "at": round(time.time(), 3),
            "event": "request",
            "request": self._id,
            "method": self._scope["method"],
            "route": self.route,
            "status": self.status,
            "ms": round(1000 * self.seconds, 1),
            "who": None if identity is None else identity.name,
            "from": client[0] if client else None,
        }
        return json.dumps(facts, ensure_ascii=True)


def host_name(host: str) -> str:
    """The name in a header Host, without the port, in lower case."""
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdecimal() else host).lower()


def csrf_sent(headers: Headers, body: bytes) -> str:
    """What a request repeats of its session: a header, or a field of a form."""
    sent = headers.get(CSRF_HEADER, "")
    if sent or not headers.get("content-type", "").lower().startswith(FORM):
        return sent
    try:
        fields = parse_qsl(body.decode("utf-8", "replace"), max_num_fields=1_000)
    except ValueError:
        return ""
    return dict(fields).get(CSRF_FIELD, "")


def too_large(size: int, most: int) -> TooLargeError:
    """The error for a body of this size."""
    return TooLargeError(
        "the body", wanted=f"have {most:,} bytes at most", got=f"{size:,}", remedy="Send it in several requests."
    )


def _busy(most: int) -> StoreBusyError:
    return StoreBusyError(
        "the service",
        wanted=f"have {most:,} requests in hand at most",
        got="more",
        remedy="Nothing was changed: try again.",
    )


def _replay(body: bytes, receive: Receive) -> Callable[[], Any]:
    """A body that was read, as the application receives it; then what the client does next."""
    sent = False

    async def again() -> Message:
        nonlocal sent
        if not sent:
            sent = True
            return {"type": "http.request", "body": body, "more_body": False}
        return await receive()

    return again
