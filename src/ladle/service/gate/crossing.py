"""Requests that another site makes a browser send (CSRF): refused, because a cookie goes with them unasked."""

from __future__ import annotations

import hmac
from urllib.parse import urlsplit

from starlette.requests import Request

from ladle.errors import AccessError
from ladle.service.gate.roles import Identity

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


def check_origin(request: Request) -> None:
    """Refuse a change that a page of another site sends. Raises: AccessError."""
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin")
    if site not in ("same-origin", "none"):
        raise _foreign(site)
    if origin is not None and urlsplit(origin).netloc.lower() != request.headers.get("host", "").lower():
        raise _foreign(origin[:100])


def check_session_change(request: Request, identity: Identity) -> None:
    """Refuse a change of a browser's session from another site, or without the secret of its pages.

    A token is no cookie: no browser sends it unasked. Raises: AccessError.
    """
    if not identity.is_session or request.method in SAFE_METHODS:
        return
    check_origin(request)
    check_secret(identity, getattr(request.state, "csrf_sent", "") or request.headers.get("x-ladle-csrf", ""))


def check_secret(identity: Identity, sent: str) -> None:
    """Refuse what a session sends without the secret of its pages. Raises: AccessError."""
    if identity.is_session and not hmac.compare_digest(sent.encode("utf-8", "replace"), identity.csrf.encode()):
        raise AccessError(
            "a change from a browser",
            wanted="repeat the secret of its page in the header X-Ladle-CSRF or the field csrf",
            got="another one" if sent else "none",
            remedy="Reload the page.",
        )


def _foreign(origin: str) -> AccessError:
    return AccessError("a change from a browser", wanted="come from a page of this service", got=origin)
