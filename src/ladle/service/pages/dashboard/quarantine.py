"""The quarantine: what was told and is no label, why, and the way to mend each kind."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query
from starlette.responses import Response

from ladle.counts import counted
from ladle.errors import ArgumentError
from ladle.service.desk import OpenCampaign, TheDesk
from ladle.service.gate.identity import Lead, Readers
from ladle.service.pages.dashboard.doing import confirm, done
from ladle.service.pages.dashboard.mending import mend_of
from ladle.service.shown_commands import command_of
from ladle.service.site import Pages

router = APIRouter(include_in_schema=False)
PAGE = 100
BACK = "/quarantine"


@router.get("/quarantine")
def quarantine_page(
    pages: Pages,
    campaign: OpenCampaign,
    _identity: Readers,
    every: bool = False,
    after: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """The entries, 100 a page. every: closed ones too."""
    found = campaign.quarantine_page(open_only=not every, after=after, limit=PAGE)
    rows = [(each, mend_of(each.reason, is_answered=each.is_answered)) for each in found.rows]
    mends = {mend.kind: mend for each, mend in rows if each.is_open}
    query = {"every": "true"} if every else {}
    return pages.render(
        "dashboard/quarantine.html",
        rows=rows,
        mends=[(mend, command_of(campaign, mend.command)) for mend in mends.values()],
        every=every,
        is_first=after is None,
        next="" if found.next is None else "/quarantine?" + urlencode({**query, "after": found.next}),
    )


@router.post("/quarantine/close")
def close(
    pages: Pages,
    campaign: OpenCampaign,
    desk: TheDesk,
    _lead: Lead,
    reason: Annotated[str, Form(min_length=1, max_length=1_000)],
    number: Annotated[list[int] | None, Form()] = None,
    numbers: Annotated[str, Form(max_length=100_000)] = "",
    answered: Annotated[bool, Form()] = False,
    confirmed: Annotated[bool, Form()] = False,
) -> Response:
    """Close entries: those that were ticked, or all that are answered since. An entry cannot be opened again.

    numbers: the ticked ones again, with commas, in the form that confirms. Raises: as `close_quarantined`.
    """
    chosen = [*(number or []), *(_number(each) for each in numbers.split(",") if each.strip())]
    if not chosen and not answered:
        raise ArgumentError("the entries", wanted="be ticked in the list", got="none")
    options = ["--answered"] if answered else chosen
    command = command_of(campaign, "quarantine close", *options, f"--reason={reason}")
    if not confirmed:
        which = "all entries that are answered since" if answered else counted(len(chosen), "entry")
        question = f"Close {which}? They stay on record, and cannot be opened again."
        fields = {"reason": reason, "numbers": ",".join(map(str, chosen))} | ({"answered": "true"} if answered else {})
        return confirm(pages, "Close entries", question, fields, command, BACK)
    with desk.one_writer():
        closed = campaign.withdrawals.close_quarantined(None if answered else chosen, reason=reason, answered=answered)
    return done(pages, "Quarantine", [f"{counted(closed, 'entry', 'is')} closed."], command, BACK)


def _number(text: str) -> int:
    """The number of an entry. Raises: ArgumentError."""
    written = text.strip()
    if not (written.isascii() and written.isdecimal() and len(written) < 19):
        raise ArgumentError("the entries", wanted="be named by their numbers", got=repr(written[:80]))
    return int(written)
