"""`create_app`: the application of one campaign."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from urllib.parse import quote

import anyio.to_thread
from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response

from ladle._version import __version__
from ladle.campaign import Campaign
from ladle.command_words import in_commands
from ladle.errors import ArgumentError, LadleError, SignInError
from ladle.labelling import MemoryStore
from ladle.service import problems
from ladle.service.api import exports, health, label_files, lead, reading, uploads, work
from ladle.service.config import ServiceConfig
from ladle.service.content import Content, open_content
from ladle.service.counters import Counters
from ladle.service.desk import Desk
from ladle.service.gate.accounts import Accounts
from ladle.service.gate.guards import Guards
from ladle.service.gate.identity import cookie_name, with_cookie_name
from ladle.service.gate.rates import Rate
from ladle.service.pages import asset_files, sign_in
from ladle.service.pages.dashboard import comments, examples, lists, overview, quarantine, telling
from ladle.service.pages.labelling import page, tasks
from ladle.service.pages.map import drawing
from ladle.service.pages.map import lists as map_lists
from ladle.service.remembered import Remembered
from ladle.service.site import Site
from ladle.store.accounts import AccountStore
from ladle.store.sql import SqlStore

# Requests that are answered at a time; others wait their turn. Python runs one thread at a time, so more threads would
# only make the one that speaks with the network wait longer for its turn.
THREADS = 12
ROUTERS: tuple[APIRouter, ...] = (
    *(health.router, work.router, lead.router, uploads.router, label_files.router, reading.router, exports.router),
    *(sign_in.router, asset_files.router, page.router, tasks.router),
    *(overview.router, lists.router, comments.router, examples.router, quarantine.router, telling.router),
    *(drawing.router, map_lists.router),
)


def create_app(config: ServiceConfig, content: Content | None = None) -> FastAPI:
    """The application that serves a campaign. content: what `config.content` names, where it is open already.

    `app.state` has `config`, `desk`, `kept` and `accounts`, `cookie`, `content`, `remembered`, `site`, `rate`, `tries`
    and `counters`.
    Raises: as `Campaign.open`; StoreError where the tables of accounts cannot be made.
    """
    desk = Desk(config)
    counters = Counters()

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
        yield
        app.state.remembered.close()
        desk.close()
        app.state.kept.close()

    app = FastAPI(
        title="Ladle",
        version=__version__,
        description="A labelling campaign over HTTP. Errors are problem details of RFC 9457.",
        lifespan=lifespan,
        docs_url=None,  # these pages load script from a CDN
        redoc_url=None,
        openapi_url="/v1/openapi.json",
        redirect_slashes=False,  # a redirection would name the host that the client sent
    )
    app.state.config, app.state.desk, app.state.counters = config, desk, counters
    app.state.kept = account_store_of(desk.campaign, config.wait_seconds)
    app.state.accounts = Accounts(app.state.kept, clock=config.clock, session_seconds=config.session_seconds)
    app.state.cookie = cookie = cookie_name(desk.campaign.url, desk.campaign.name)
    app.state.content = content or open_content(config.content, desk.campaign.ids)
    app.state.remembered = Remembered()
    app.state.site = Site(desk.campaign)
    app.state.rate = Rate(config.requests_a_minute, "the requests of one person", config.clock)
    app.state.tries = Rate(config.sign_in_tries, "failed attempts to sign in", config.clock)
    for router in ROUTERS:
        app.include_router(router)
    made = app.openapi
    app.openapi = lambda: with_cookie_name(made(), cookie)  # type: ignore[method-assign]
    app.add_exception_handler(LadleError, _of_error)
    app.add_exception_handler(RequestValidationError, _of_validation)
    app.add_exception_handler(HTTPException, _of_status)
    app.add_exception_handler(Exception, problems.unforeseen)
    app.add_middleware(Guards, config=config, counter=counters)
    return app


def account_store_of(campaign: Campaign, wait_seconds: float) -> AccountStore:
    """The tables of accounts in the database of a campaign. A campaign in memory has them in memory."""
    store = campaign._session.store
    url = store.url if isinstance(store, SqlStore) else None
    if url is None and not isinstance(store, MemoryStore):
        raise ArgumentError("`database`", wanted="be SQLite or PostgreSQL", got=type(store).__name__)
    kept = AccountStore(url, campaign.name, wait_seconds=wait_seconds)
    kept.create()
    return kept


@contextmanager
def open_accounts(campaign: Campaign, config: ServiceConfig) -> Iterator[Accounts]:
    """The accounts of a campaign, for commands."""
    kept = account_store_of(campaign, config.wait_seconds)
    try:
        yield Accounts(kept, clock=config.clock, session_seconds=config.session_seconds)
    finally:
        kept.close()


def is_page(request: Request) -> bool:
    """Whether a browser asks for a page, and no program for data."""
    wants_html = "text/html" in request.headers.get("accept", "")
    return wants_html and not request.url.path.startswith(("/v1/", "/content/", "/images/"))


def _of_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, LadleError)
    identity = getattr(request.state, "identity", None)
    is_lead = identity is not None and identity.is_lead
    if not is_page(request):
        return problems.of_error(error, names_places=is_lead)
    if isinstance(error, SignInError) and request.method == "GET":
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"/sign-in?next={quote(request.url.path + query, safe='')}", status_code=303)
    shown = error if is_lead else problems.without_places(error)
    return _problem_page(request, problems.status_of(error), str(in_commands(shown, ())))


def _of_validation(request: Request, error: Exception) -> Response:
    return (
        _problem_page(request, 422, "The form is not filled in as it must be.")
        if is_page(request)
        else (problems.of_validation(request, error))
    )


def _of_status(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    detail = problems.said_of(error.status_code, str(error.detail), request.method, request.url.path)
    if is_page(request):
        return _problem_page(request, error.status_code, detail)
    return problems.of_status(error.status_code, detail, error.headers)


def _problem_page(request: Request, status: int, detail: str) -> Response:
    site: Site = request.app.state.site
    identity = getattr(request.state, "identity", None)
    heading = {401: "Sign in first", 403: "Not allowed", 404: "Not found"}.get(status, "That did not work")
    text = site.text("problem.html", identity, path=request.url.path, status=status, heading=heading, detail=detail)
    return HTMLResponse(text, status_code=status, headers={"Cache-Control": "no-store"})
