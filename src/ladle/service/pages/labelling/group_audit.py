"""`/people/groups`: how right the labels of groups are, a part of the page of people that is loaded after it."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import HTMLResponse

from ladle.campaign.groups import AUDIT_SHARE
from ladle.service.desk import OpenCampaign
from ladle.service.gate.identity import Readers
from ladle.service.site import Pages

router = APIRouter(include_in_schema=False)
WANTED = 0.95  # of the labels of groups should be right: below it the part is a warning


@router.get("/people/groups")
def group_audit(_identity: Readers, campaign: OpenCampaign, pages: Pages) -> HTMLResponse:
    """The part; nothing where no label was given for a group."""
    audit = campaign.group_audit()
    return pages.render("dashboard/group_audit.html", audit=audit, share=AUDIT_SHARE, wanted=WANTED)
