"""What people wrote about examples, and what they flagged, the newest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from ladle.campaign import Campaign
from ladle.service.desk import OpenCampaign
from ladle.service.gate.identity import Readers
from ladle.service.pages.dashboard.readings import FullReading, read_all
from ladle.service.pages.labelling.page import FLAG
from ladle.service.site import Pages

router = APIRouter(include_in_schema=False)
PAGE = 100


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment on an example. is_flag: whether it is the mark of the button "Flag", which has no words of its own."""

    id: str
    text: str
    annotator: str
    told_at: datetime
    is_flag: bool


@dataclass(frozen=True, slots=True)
class Comments:
    """All comments of a campaign, flags among them, the newest first."""

    rows: tuple[Comment, ...]

    @property
    def flags(self) -> tuple[Comment, ...]:
        """Those that are flags."""
        return tuple(each for each in self.rows if each.is_flag)

    @property
    def texts(self) -> int:
        """How many are no flags."""
        return len(self.rows) - len(self.flags)

    def of(self, example_id: str) -> tuple[Comment, ...]:
        """Those on one example."""
        return tuple(each for each in self.rows if each.id == example_id)


def comments_of(campaign: Campaign) -> Comments:
    """All comments. Cost: reads them all, and no task or label."""
    found = list(campaign.comments())[::-1]
    rows = (Comment(str(each.id), each.text, each.annotator, each.told_at, each.text == FLAG) for each in found)
    return Comments(tuple(rows))


def comments_reading(request: Request, campaign: Campaign, *, wait: bool) -> FullReading:
    """All comments, where they are known."""
    return read_all(request, campaign, "comments", lambda: comments_of(campaign), wait=wait)


@router.get("/comments")
def comments_page(
    request: Request,
    pages: Pages,
    campaign: OpenCampaign,
    _identity: Readers,
    flags: bool = False,
    page: Annotated[int, Query(ge=1, le=10**9)] = 1,
    wait: bool = False,
) -> Response:
    """Comments and flags, 100 a page. flags: these alone."""
    reading = comments_reading(request, campaign, wait=wait)
    found: Comments | None = reading.figure
    rows = () if found is None else found.flags if flags else found.rows
    return pages.render(
        "dashboard/comments.html",
        reading=reading,
        found=found,
        rows=rows[PAGE * (page - 1) : PAGE * page],
        flags=flags,
        page=page,
        pages=max(1, -(-len(rows) // PAGE)),
    )
