"""The assets of the pages: style, script, pictures."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from ladle.errors import NotFoundError
from ladle.service.site import Site

router = APIRouter(include_in_schema=False)


@router.get("/assets/{digest}/{name:path}")
def asset(request: Request, digest: str, name: str) -> Response:
    """An asset of the content that its address names. Raises: NotFoundError for any other."""
    site: Site = request.app.state.site
    found = site.asset(digest, name)
    if found is None:
        raise NotFoundError("the asset", wanted="be one of the service", got="none of this name and content")
    return found
