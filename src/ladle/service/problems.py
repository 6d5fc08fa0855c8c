"""Errors as answers: RFC 9457 problem details from the one table of `ladle.errors`, never a traceback."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ladle.errors import (
    CorruptFileError,
    LadleError,
    LimitError,
    SignInError,
    StoreBusyError,
    StoreError,
    outcome_of,
)

MEDIA_TYPE = "application/problem+json"
BUSY_SECONDS = 2  # after which a client may try again
LONGEST_INPUT = 200  # characters of a wrong value that an answer repeats


class ProblemResponse(JSONResponse):
    """A problem of RFC 9457 as JSON."""

    media_type = MEDIA_TYPE


def problem(status: int, title: str, detail: str, *, headers: Mapping[str, str] | None = None, **more: Any) -> Response:
    """A problem. title: the kind of error, the same for each of a kind. more: extension members."""
    content = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
    return ProblemResponse(content, status_code=status, headers={"Cache-Control": "no-store", **(headers or {})})


def of_error(error: LadleError, *, names_places: bool = True) -> Response:
    """A deliberate error as a problem, with its parts. names_places: whether it may name the database and its files."""
    status = status_of(error)
    if not names_places:
        error = without_places(error)
    headers = {}
    if isinstance(error, SignInError):
        headers["WWW-Authenticate"] = 'Bearer realm="ladle"'
    if isinstance(error, StoreBusyError):
        headers["Retry-After"] = str(BUSY_SECONDS)
    elif isinstance(error, LimitError) and status == 429:
        headers["Retry-After"] = str(error.retry_seconds)
    parts = {"subject": error.subject, "wanted": error.wanted, "got": error.got, "remedy": error.remedy}
    return problem(
        status,
        type(error).__name__,
        str(error),
        headers=headers,
        **{name: _text(part) for name, part in parts.items()},
    )


def status_of(error: LadleError) -> int:
    """The status of an error. A damaged file of the campaign is not the fault of the client."""
    return 500 if isinstance(error, CorruptFileError) else outcome_of(error).http_status


def without_places(error: LadleError) -> LadleError:
    """An error as others than leads see it: where the database and its files lie is left out."""
    if isinstance(error, StoreBusyError):
        remedy = "Nothing was changed: try again."
        return StoreBusyError("the campaign", wanted="be free for a moment", got="other work on it", remedy=remedy)
    if isinstance(error, (StoreError, CorruptFileError)):
        remedy = "A lead sees more, and `ladle campaign verify` sees all of it."
        return type(error)("the campaign", wanted="be readable", got="a fault of its database or files", remedy=remedy)
    return error


def of_validation(_request: Request, error: Exception) -> Response:
    """A request that does not fit its model: 422, with the place of each mistake, and what would be right there."""
    assert isinstance(error, RequestValidationError)
    found = [
        {
            "place": [_text(part) for part in each["loc"]],
            "message": f"must {_wanted(each)}",
            "got": "nothing" if each["type"] == "missing" else _shown(each.get("input")),
        }
        for each in error.errors()[:20]
    ]
    first = found[0] if found else {"place": [], "message": "must be valid", "got": "another one"}
    subject, wanted = ".".join(first["place"]), str(first["message"]).removeprefix("must ")
    detail = f"{subject} must {wanted}; got {first['got']}."
    return problem(
        422, "ArgumentError", detail, subject=subject, wanted=wanted, got=first["got"], remedy="", errors=found
    )


def _wanted(mistake: Mapping[str, Any]) -> str:
    """What a value should have been, as the words that follow "must"."""
    if mistake["type"] == "missing":
        return "be given"
    if mistake["type"] == "extra_forbidden":
        return "be left out: there is no such field"
    said = _text(mistake["msg"]).removeprefix("Value error, ")
    _, is_rule, rule = said.partition(" should ")
    return rule if is_rule else said if said.startswith("be ") else f"be valid ({said})"


def of_status(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """A problem of HTTP itself, such as a path that does not exist or a method that it does not have."""
    return problem(status, _TITLES.get(status, "HTTPError"), detail, headers=headers)


def said_of(status: int, detail: str, method: str, path: str) -> str:
    """An error of HTTP itself as a sentence, where the framework has only its title. path: of the request."""
    shown = _text(path[:LONGEST_INPUT])
    if status == 404:
        known = "; /v1/openapi.json lists all addresses" if path.startswith("/v1") else ""
        return f"There is nothing at {shown}{known}."
    return f"{method} is not possible at {shown}." if status == 405 else detail


def unforeseen(_request: Request, _error: Exception) -> Response:
    """A bug: 500, without a word of what happened inside; the log has it."""
    return problem(500, "LadleError", "An unforeseen error. The log of the service tells more.")


_TITLES = {404: "NotFoundError", 405: "MethodNotAllowed", 400: "BadRequest", 415: "UnsupportedMediaType"}


def _text(part: object) -> str:
    """Text that every client can read: halves of surrogate pairs are written as question marks."""
    return str(part).encode("utf-8", "replace").decode("utf-8")


def _shown(value: object) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False, default=repr)
    except (ValueError, RecursionError):
        text = repr(type(value).__name__)
    return _text(text[:LONGEST_INPUT])
