"""Requests changed at random, bit by bit and value by value, and sent to the application without a network."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote

from fastapi import FastAPI


@dataclass(frozen=True)
class RawRequest:
    """What goes over a wire. path: with the query, as octets."""

    method: str
    path: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


ODD: list[Any] = [
    *(None, True, False, 0, -1, 1, 2**31, 2**63, 2**64, -(2**63) - 1, 10**400, 0.5, 1e308, -0.0),
    *("", " ", "\x00", "\ud800", "\u202e", "é" * 300, "x" * 5000, "images/1.jpg", "../../etc/passwd", "<script>"),
    *("=1+1", "' OR 1=1 --", "NaN", "1", "cat", "{{7*7}}", "%00", "\r\nSet-Cookie: a=b"),
    *([], {}, [[]], [None], [0] * 50, {"id": 1}, {"": ""}, [[[[[[]]]]]]),
]
OCTETS = [
    b"\x00",
    b"\xff",
    b"\n",
    b'"',
    b"{",
    b"}",
    b"[",
    b"]",
    b"%",
    b"&",
    b"=",
    b"/",
    b"..",
    b"%2f",
    b"%00",
    b"1e999",
]
HEADERS = [
    *((b"content-type", b"text/html"), (b"content-type", b"application/json; charset=utf-16"), (b"content-type", b"")),
    *((b"content-type", b"multipart/form-data"), (b"content-type", b"multipart/form-data; boundary=x")),
    *(
        (b"content-length", b"0"),
        (b"content-length", b"-1"),
        (b"content-length", b"9" * 30),
        (b"content-encoding", b"gzip"),
    ),
    *(
        (b"idempotency-key", b"a" * 300),
        (b"idempotency-key", b"\xff"),
        (b"idempotency-key", b"k"),
        (b"cookie", b"\xff=\xff"),
    ),
    *((b"accept", b"text/html"), (b"accept", b"\xff"), (b"origin", b"null"), (b"transfer-encoding", b"chunked")),
    *((b"authorization", b"Bearer"), (b"authorization", b"Bearer \xff"), (b"host", b"evil"), (b"range", b"bytes=0-1")),
    *((b"x-forwarded-host", b"evil"), (b"expect", b"100-continue"), (b"cookie", b"ladle_session=" + b"x" * 43)),
]


def mutated(request: RawRequest, chance: random.Random) -> RawRequest:
    """A request with one to three changes."""
    for _ in range(chance.randint(1, 3)):
        change = chance.choice((_of_value, _of_value, _of_value, _of_octets, _of_path, _of_header, _of_method))
        request = change(request, chance)
    return request


def _of_value(request: RawRequest, chance: random.Random) -> RawRequest:
    try:
        value = json.loads(request.body)
    except (ValueError, RecursionError):
        return _of_path(request, chance)
    body = json.dumps(_changed(value, chance, 0))
    return replace(request, body=body.encode())


def _changed(value: Any, chance: random.Random, depth: int) -> Any:
    if depth > 6 or chance.random() < 0.25 or not isinstance(value, (dict, list)) or not value:
        return chance.choice(ODD)
    if isinstance(value, dict):
        name, action = chance.choice(sorted(value)), chance.random()
        if action < 0.15:
            return {each: kept for each, kept in value.items() if each != name}
        if action < 0.3:
            return value | {chance.choice(["extra", "", name.upper(), "annotator", "key"]): chance.choice(ODD)}
        return value | {name: _changed(value[name], chance, depth + 1)}
    place = chance.randrange(len(value))
    if chance.random() < 0.2:
        return value * chance.choice([0, 2, 20])
    return [*value[:place], _changed(value[place], chance, depth + 1), *value[place + 1 :]]


def _cut(text: bytes, chance: random.Random) -> bytes:
    place = chance.randint(0, len(text))
    until = min(len(text), place + chance.choice([0, 0, 1, 3, 20]))
    return text[:place] + chance.choice(OCTETS) * chance.choice([1, 1, 1, 8]) + text[until:]


def _of_octets(request: RawRequest, chance: random.Random) -> RawRequest:
    return replace(request, body=_cut(request.body, chance))


def _of_path(request: RawRequest, chance: random.Random) -> RawRequest:
    if chance.random() < 0.5:
        name = chance.choice(
            ["after", "limit", "state", "batch", "label", "format", "annotator", "history", "open_only"]
        )
        value = chance.choice(ODD)
        text = str(value) if not isinstance(value, int) or abs(value) < 2**70 else "9" * 30
        query = f"{name}={text}".encode("utf-8", "replace").replace(b" ", b"%20").replace(b"#", b"")
        return replace(request, path=request.path + (b"&" if b"?" in request.path else b"?") + query)
    return replace(request, path=b"/" + _cut(request.path[1:], chance))


def _of_header(request: RawRequest, chance: random.Random) -> RawRequest:
    name, value = chance.choice(HEADERS)
    if chance.random() < 0.7:
        return replace(request, headers=(*(each for each in request.headers if each[0] != name), (name, value)))
    return replace(request, headers=(*request.headers, (name, value)))


def _of_method(request: RawRequest, chance: random.Random) -> RawRequest:
    return replace(
        request, method=chance.choice(["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "X"])
    )


async def answered(app: FastAPI, request: RawRequest) -> tuple[int, bytes]:
    """The status and the body of an answer. Raises: what the application does not handle."""
    path, _, query = request.path.partition(b"?")
    sent: list[Any] = []
    bodies = [{"type": "http.request", "body": request.body, "more_body": False}]

    async def receive() -> Any:
        return bodies.pop() if bodies else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": _unquoted(path),
        "raw_path": path,
        "root_path": "",
        "query_string": query,
        "headers": [*request.headers],
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 8765),
        "state": {},
    }
    await app(scope, receive, send)
    body = b"".join(each.get("body", b"") for each in sent if each["type"] == "http.response.body")
    return sent[0]["status"], body


def _unquoted(path: bytes) -> str:
    """As a server decodes a path."""
    return unquote(path.decode("latin-1"))


async def send_all(app: FastAPI, seeds: Sequence[RawRequest], count: int, number: int = 0) -> Counter[int]:
    """Send so many mutants of the seeds: the statuses. Raises: AssertionError for an unforeseen error."""
    chance, statuses = random.Random(number), Counter[int]()
    for _ in range(count):
        request = mutated(chance.choice(seeds), chance)
        try:
            status, body = await answered(app, request)
        except Exception as error:
            raise AssertionError(f"unhandled for {request!r}"[:3000]) from error
        assert status < 500, f"{status} for {request!r}: {body[:500]!r}"[:3000]
        assert b"Traceback" not in body
        statuses[status] += 1
    return statuses


def run(app: FastAPI, seeds: Sequence[RawRequest], count: int, number: int = 0) -> Counter[int]:
    """As `send_all`, in a loop and a thread of its own: the tests of pages leave a loop that runs in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(send_all(app, seeds, count, number))).result()
