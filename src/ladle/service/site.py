"""HTML pages: templates with everything escaped, and assets whose addresses change with their content."""

from __future__ import annotations

import hashlib
import json
from functools import cached_property, partial
from pathlib import Path
from typing import Annotated, Any

import jinja2
from fastapi import Depends, Request
from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from ladle.service.gate.roles import Identity
from ladle.service.shown_commands import HasPlace, command_of, serve_command
from ladle.service.words import FILTERS

TEMPLATES = Path(__file__).parent / "templates"
ASSETS = Path(__file__).parent / "assets"
YEAR_SECONDS = 365 * 24 * 3600
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
    ".webmanifest": "application/manifest+json",
}

# Page -> its title in the navigation, for those who may see it.
LABELLING = {"/label": "Label"}
OVERVIEWS = {
    "/overview": "Overview",
    "/map": "Map",
    "/batches": "Batches",
    "/tasks": "Tasks",
    "/resolved": "Resolved",
    "/clusters": "Clusters",
    "/people": "People",
    "/comments": "Comments",
    "/quarantine": "Quarantine",
    "/audit": "Audit",
}


class Site:
    """The templates and assets of the service.

    In a template, `asset("page.css")` is the address of an asset ("" where it was not built), `identity` the person who
    is signed in or None, `navigation` the pages that this person may see, `csrf` what a form repeats in a field `csrf`,
    `data|json` a value as JSON for a block `<script type="application/json">`, and `command_of("verify")` and
    `serve_command("--content TABLE")` whole commands for this campaign.
    """

    def __init__(self, campaign: HasPlace) -> None:
        loader = jinja2.FileSystemLoader(TEMPLATES)
        self._templates = jinja2.Environment(
            loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )
        self._templates.filters["json"] = json_block
        self._templates.filters.update(FILTERS)
        self._templates.globals["asset"] = self.address
        self._templates.globals["campaign_name"] = campaign.name
        self._templates.globals["command_of"] = partial(command_of, campaign)
        self._templates.globals["serve_command"] = partial(serve_command, campaign)

    @cached_property
    def assets(self) -> dict[str, bytes]:
        """The content of each asset by its path below `assets/`, read once."""
        paths = sorted(path for path in ASSETS.rglob("*") if path.suffix in TYPES and path.is_file())
        return {path.relative_to(ASSETS).as_posix(): path.read_bytes() for path in paths}

    @cached_property
    def digest(self) -> str:
        """The digest of all assets together: scripts import each other by names, so their addresses change together."""
        total = hashlib.sha256()
        for name, content in self.assets.items():
            total.update(f"{len(name)} {name} {len(content)}\n".encode() + content)
        return total.hexdigest()[:16]

    def address(self, name: str) -> str:
        """The address of an asset; "" for one that is not there, such as one that was not built."""
        return f"/assets/{self.digest}/{name}" if name in self.assets else ""

    def asset(self, digest: str, name: str) -> Response | None:
        """An asset as an answer that may be kept for a year; None where there is none of this content."""
        found = self.assets.get(name)
        if found is None or digest != self.digest:
            return None
        headers = {"Cache-Control": f"public, max-age={YEAR_SECONDS}, immutable"}
        return Response(found, media_type=TYPES[Path(name).suffix], headers=headers)

    def text(self, template: str, identity: Identity | None, **context: Any) -> str:
        """A template as HTML."""
        navigation: dict[str, str] = {}
        if identity is not None:
            navigation |= LABELLING if identity.may_label else {}
            navigation |= OVERVIEWS if identity.sees_all else {}
        csrf = "" if identity is None else identity.csrf
        found = self._templates.get_template(template)
        return found.render({"identity": identity, "navigation": navigation, "csrf": csrf, "path": "", **context})


class PageMaker:
    """Renders the pages of one request."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._site: Site = request.app.state.site

    def render(self, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
        """A page as an answer that nobody keeps. context: what the template reads."""
        identity = getattr(self._request.state, "identity", None)
        text = self._site.text(template, identity, path=self._request.url.path, **context)
        return HTMLResponse(text, status_code=status, headers={"Cache-Control": "no-store"})


def _pages(request: Request) -> PageMaker:
    return PageMaker(request)


Pages = Annotated[PageMaker, Depends(_pages)]


def json_block(value: Any) -> Markup:
    """A value as JSON that cannot end a block of script, whatever it holds."""
    text = json.dumps(value, ensure_ascii=True, default=str)
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))
