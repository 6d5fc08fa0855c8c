"""What the routes of `/v1` share: whose work a request is, ids in addresses, and the errors that OpenAPI names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ladle.campaign import Campaign
from ladle.errors import AccessError, IdError, NotFoundError
from ladle.service.gate.accounts import checked_name
from ladle.service.gate.roles import Identity
from ladle.service.problems import MEDIA_TYPE

PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string", "description": "The kind of the error, as Python names it."},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
    },
}
_MEANINGS = {
    400: "The request cannot be read.",
    401: "Nobody is signed in.",
    403: "The person may not do this.",
    404: "There is no such example, batch or person, or it is not the annotator's own.",
    408: "The body came too slowly.",
    409: "Two things do not belong together.",
    413: "The body is too large.",
    415: "The body is not JSON, or is compressed.",
    421: "The header Host names another service.",
    422: "An argument is out of range, an id unknown, or a key stands for another request.",
    429: "Too many requests; Retry-After says how long to wait.",
    500: "An unforeseen error.",
    503: "The campaign is busy; Retry-After says how long to wait. Nothing was changed.",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The errors of a route for OpenAPI, those of every route among them."""
    listed = sorted({400, 401, 403, 404, 408, 409, 413, 415, 421, 422, 429, 500, 503, *statuses})
    return {each: {"description": _MEANINGS[each], "content": {MEDIA_TYPE: {"schema": PROBLEM}}} for each in listed}


PROBLEMS = problems()


def worker_of(identity: Identity, annotator: str | None) -> str:
    """Whose work a request is: the sender's, or for a lead that of somebody else. Raises: AccessError."""
    if annotator is None:
        return identity.name
    name = checked_name(annotator)
    if name != identity.name and not identity.is_lead:
        raise AccessError("`annotator`", wanted=f"be {identity.name!r}, who is signed in", got=repr(name))
    return name


def require_own(campaign: Campaign, identity: Identity, ids: Sequence[int | str]) -> None:
    """Refuse an annotator the examples that this annotator has not taken.

    They are answered as unknown ones, so that nobody learns which examples there are. Raises: NotFoundError.
    """
    if identity.sees_all:
        return
    try:
        own = campaign.has_taken(identity.name, list(ids))
    except IdError:
        own = None
    if own is None or not own.all():
        place = 0 if own is None else int((~own).argmax())
        raise NotFoundError(
            f"the example {ids[place]!r}"[:200],
            wanted=f"be one that {identity.name!r} has taken",
            got="another one, or none",
            remedy="Take it first: POST /v1/take.",
        )


def id_in_address(campaign: Campaign, text: str) -> int | str:
    """The id that a part of an address stands for. Raises: NotFoundError where the pool's ids are numbers."""
    if campaign.ids.kind != "integer":
        return text
    if text.removeprefix("-").isdecimal() and text.isascii() and len(text) < 20 and abs(int(text)) < 2**63:
        return int(text)
    raise NotFoundError(f"the example {text!r}"[:200], wanted="be in the pool", got="no number, as its ids are")
