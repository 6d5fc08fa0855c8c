"""`/label`: the frame of the labelling page, with what its script needs to know."""

from __future__ import annotations

import time
from typing import Any

from fastapi import APIRouter, Request
from markupsafe import Markup
from pydantic import BaseModel
from starlette.responses import HTMLResponse

from ladle.labelling.settings import Settings
from ladle.service.config import ServiceConfig
from ladle.service.content import Content
from ladle.service.desk import OpenCampaign
from ladle.service.gate.identity import Annotators
from ladle.service.site import Pages

router = APIRouter(include_in_schema=False)
AHEAD = 24  # tasks that the page keeps ready
REASONS = ("Cannot tell", "Bad image or text", "None of the classes fits", "Not for people to see")
FLAG = "Flag: a lead should look at this."


class SessionNow(BaseModel):
    """Who is signed in now, for a page that was opened earlier."""

    name: str
    campaign: str
    csrf: str


@router.get("/label")
def label_page(request: Request, identity: Annotators, campaign: OpenCampaign, pages: Pages) -> HTMLResponse:
    """The page without a task: its script takes the first ones."""
    config: ServiceConfig = request.app.state.config
    content: Content = request.app.state.content
    settings = campaign.settings
    about = {
        **_about(settings, identity.name, config),
        "has_number_ids": campaign.ids.kind == "integer",
        "starts_by_click": identity.is_lead,  # who only looks at the page takes no tasks
    }
    guidelines = Markup(content.guidelines)  # made by `read_guidelines`, which escapes any HTML of the file
    return pages.render("label.html", settings=about, guidelines=guidelines, reasons=REASONS)


@router.get("/label/session")
def session(identity: Annotators, campaign: OpenCampaign) -> SessionNow:
    """Who is signed in, and the secret that this session repeats."""
    return SessionNow(name=identity.name, campaign=campaign.name, csrf=identity.csrf)


@router.get("/label/today")
def today(identity: Annotators, campaign: OpenCampaign, since: float) -> dict[str, int]:
    """How many tasks this person has labelled since a moment, the midnight of the browser."""
    return {"labels": campaign.labels_given(identity.name, since=since)}


def _about(settings: Settings, annotator: str, config: ServiceConfig) -> dict[str, Any]:
    labels = settings.labels
    return {
        "campaign": settings.name,
        "annotator": annotator,
        "labels": {"kind": labels.kind, "classes": labels.classes, "low": labels.low, "high": labels.high},
        "ahead": AHEAD,
        "lease_seconds": config.task_seconds,
        "groups": config.groups and settings.annotators_per_task == 1,
        "flag": FLAG,
        "now": 1000 * time.time(),
    }
