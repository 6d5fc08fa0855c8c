"""Signing in by a password or by a link that works once, and signing out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from ladle.service.config import ServiceConfig
from ladle.service.gate.accounts import Accounts
from ladle.service.gate.crossing import check_origin
from ladle.service.gate.identity import SignedIn, session_secret
from ladle.service.gate.rates import Rate
from ladle.service.site import Pages
from ladle.store.accounts import Credential

router = APIRouter(include_in_schema=False)
WRONG = "That name and password do not belong together."


@router.get("/")
def first_page(identity: SignedIn) -> Response:
    """Go to the first page of a role."""
    return RedirectResponse(identity.role.home[0], status_code=303)


@router.get("/sign-in")
def sign_in_page(pages: Pages, next: str = "/") -> Response:  # noqa: A002 - the name in the address
    """Ask for a name and a password."""
    return pages.render("sign-in.html", message="", next=own_path(next))


@router.post("/sign-in")
def sign_in(
    request: Request,
    pages: Pages,
    name: Annotated[str, Form(max_length=1_000)],
    password: Annotated[str, Form(max_length=10_000)],
    next: Annotated[str, Form(max_length=2_000)] = "/",  # noqa: A002
) -> Response:
    """Begin a session. Raises: LimitError after too many failures; AccessError for a form of another site."""
    check_origin(request)
    accounts: Accounts = request.app.state.accounts
    tries: Rate = request.app.state.tries
    address = request.client.host if request.client else ""
    tries.check(address)
    begun = accounts.sign_in(name, password)
    if begun is None:
        tries.spend(address)
        return pages.render("sign-in.html", status=401, message=WRONG, next=own_path(next))
    return signed_in_at(request, own_path(next), *begun)


@router.get("/sign-in/once")
def sign_in_once(request: Request, pages: Pages, token: str, next: str = "/") -> Response:  # noqa: A002
    """Begin the session of a link. Raises: LimitError after too many failures."""
    accounts: Accounts = request.app.state.accounts
    tries: Rate = request.app.state.tries
    address = request.client.host if request.client else ""
    tries.check(address)
    begun = accounts.use_link(token)
    if begun is None:
        tries.spend(address)
        used = "This link was used before, or is too old. Start `ladle serve` again, or sign in with a password."
        return pages.render("sign-in.html", status=401, message=used, next="/")
    return signed_in_at(request, own_path(next), *begun)


@router.post("/sign-out")
def sign_out(request: Request, identity: SignedIn) -> Response:
    """End a session, on the server too."""
    accounts: Accounts = request.app.state.accounts
    if identity.is_session:
        accounts.sign_out(session_secret(request))
    answer = RedirectResponse("/sign-in", status_code=303)
    answer.delete_cookie(request.app.state.cookie, path="/")
    answer.headers["clear-site-data"] = '"cache"'  # and not "storage", which has answers that were not sent yet
    return answer


def signed_in_at(request: Request, address: str, secret: str, session: Credential) -> Response:
    """Go to a page with the cookie of a new session."""
    config: ServiceConfig = request.app.state.config
    answer = RedirectResponse(address, status_code=303)
    seconds = max(1, session.expires_at - session.made_at)
    name, is_secure = request.app.state.cookie, config.https
    answer.set_cookie(name, secret, max_age=seconds, path="/", httponly=True, samesite="lax", secure=is_secure)
    answer.headers["cache-control"] = "no-store"
    return answer


def own_path(address: str) -> str:
    """A path of this service; "/" for any other address, so that no sign-in ends on a foreign site."""
    is_own = (
        address.startswith("/") and address[1:2] not in ("/", "\\") and address.isprintable() and "\\" not in address
    )
    return address if is_own else "/"
