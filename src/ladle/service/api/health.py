"""Whether the service lives, whether it can answer, and its counts for Prometheus."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import Response

from ladle.service.counters import Counters
from ladle.service.desk import desk_of
from ladle.service.gate.identity import Readers

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """The answer of a service that lives or is ready."""

    status: Literal["ok"] = "ok"


@router.head("/healthz", include_in_schema=False)
@router.get("/healthz", summary="Whether the process lives")
def healthz() -> Health:
    """Answer without a look at the database. Open to everybody."""
    return Health()


@router.get("/readyz", summary="Whether the campaign can be read")
def readyz(request: Request) -> Health:
    """Read the settings of the campaign. Open to everybody. A database that fails is answered with 500 or 503."""
    desk_of(request).campaign.settings  # noqa: B018 - reads the database
    return Health()


@router.get("/metrics", summary="Counts for Prometheus", response_class=Response)
def metrics(request: Request, _identity: Readers) -> Response:
    """Requests by route, method and status, their times, and changes that wait, as text: of all workers together."""
    counters: Counters = request.app.state.counters
    return Response(counters.text(desk_of(request).waiting), media_type="text/plain; version=0.0.4; charset=utf-8")
