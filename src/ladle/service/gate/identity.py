"""Who sends a request: a bearer token, or the cookie of a browser's session. As types of a route's arguments.

`SignedIn` is anyone, `Lead` a lead, `Annotators` an annotator or a lead, `Readers` a reader or a lead. A route without
one of them is open to everybody, and a test lists these.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.security import APIKeyCookie, HTTPBearer

from ladle.errors import AccessError, SignInError
from ladle.service.gate.accounts import Accounts
from ladle.service.gate.crossing import check_origin, check_session_change
from ladle.service.gate.rates import Rate
from ladle.service.gate.roles import Identity, Role

COOKIE = "ladle_session"  # how the name of every cookie of Ladle begins
_WITH_ARTICLE = {Role.LEAD: "a lead", Role.ANNOTATOR: "an annotator", Role.READER: "a reader"}
# They only describe the API: `signed_in` reads the headers itself, and answers with the errors of Ladle.
_BEARER = HTTPBearer(auto_error=False, description="A token made by `ladle serve token add`.")
_SESSION = APIKeyCookie(name=COOKIE, auto_error=False, description="A browser's session.")


def cookie_name(url: str, campaign: str) -> str:
    """The name of the cookie of a campaign's sessions.

    Browsers send cookies to all ports of a host, so services under one host name need cookies of different names. Two
    services of one campaign share its accounts, and so the cookie. url: the database, without a password.
    """
    return f"{COOKIE}_{sha256(f'{url} {campaign}'.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def session_secret(request: Request) -> str:
    """What the cookie of a session holds; "" without one."""
    return request.cookies.get(request.app.state.cookie, "")


def with_cookie_name(schema: dict[str, Any], name: str) -> dict[str, Any]:
    """An OpenAPI schema, which then says what the cookie is called."""
    schema["components"]["securitySchemes"][_SESSION.scheme_name]["name"] = name
    return schema


def signed_in(
    request: Request,
    _bearer: Annotated[object, Depends(_BEARER)] = None,
    _session: Annotated[object, Depends(_SESSION)] = None,
) -> Identity:
    """The person who sends a request.

    Raises: SignInError for nobody; LimitError for too many requests; AccessError for a change from another site.
    """
    found = _sender(request)
    check_session_change(request, found)
    return found


def _sender(request: Request) -> Identity:
    """The person who sends a request. Raises: SignInError; LimitError."""
    accounts: Accounts = request.app.state.accounts
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    found = None
    if scheme:
        found = accounts.identify(token.strip(), "token") if scheme.lower() == "bearer" else None
    elif secret := session_secret(request):
        found = accounts.identify(secret, "session")
    if found is None:
        raise SignInError(
            "this request",
            wanted="come from a person who is signed in",
            got="no token or session that works",
            remedy="Sign in, or send the header: Authorization: Bearer TOKEN.",
        )
    request.state.identity = found
    rate: Rate = request.app.state.rate
    rate.spend(found.name)
    return found


def _with_role(*roles: Role) -> Callable[[Identity], Identity]:
    def check(identity: Annotated[Identity, Depends(signed_in)]) -> Identity:
        _require(identity, roles)
        return identity

    return check


def _require(identity: Identity, roles: tuple[Role, ...]) -> None:
    if identity.role not in roles:
        raise AccessError(
            "this request",
            wanted=f"come from {' or '.join(_WITH_ARTICLE[role] for role in roles)}",
            got=f"{identity.name!r}, whose role is {identity.role}",
            remedy=f"{identity.role.meaning} A lead gives another role: ladle serve user.",
        )


def uploading_lead(request: Request) -> Identity:
    """A lead who sends a form with a file, whose secret is not read as yet: the route calls `check_secret` for it.

    Raises: as `signed_in`; AccessError for another role.
    """
    found = _sender(request)
    _require(found, (Role.LEAD,))
    if found.is_session:
        check_origin(request)
    return found


lead_only = _with_role(Role.LEAD)
annotators = _with_role(Role.LEAD, Role.ANNOTATOR)
readers = _with_role(Role.LEAD, Role.READER)

SignedIn = Annotated[Identity, Depends(signed_in)]
Lead = Annotated[Identity, Depends(lead_only)]
Annotators = Annotated[Identity, Depends(annotators)]
Readers = Annotated[Identity, Depends(readers)]
UploadingLead = Annotated[Identity, Depends(uploading_lead)]
