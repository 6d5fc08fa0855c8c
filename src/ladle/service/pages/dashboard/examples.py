"""A task's story: all that happened to one example, what it shows, and a lead's final word."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from ladle.service.desk import OpenCampaign, TheDesk
from ladle.service.gate.identity import Lead, Readers
from ladle.service.id_addresses import ID
from ladle.service.pages.dashboard.comments import Comments, comments_reading
from ladle.service.pages.dashboard.doing import done, form_id, label_of, labels_typed, typed_id
from ladle.service.pages.dashboard.previews import whole_content
from ladle.service.shown_commands import command_of, examples_of
from ladle.service.site import Pages

router = APIRouter(include_in_schema=False)


@router.get(f"/examples/{ID}")
def example_page(
    request: Request, pages: Pages, campaign: OpenCampaign, _identity: Readers, example_id: str
) -> Response:
    """The story of one example, and what a lead can do about it. Raises: NotFoundError."""
    story = campaign.story(typed_id(campaign, example_id))
    known: Comments | None = comments_reading(request, campaign, wait=False).figure
    return pages.render(
        "dashboard/example.html",
        story=story,
        comments=() if known is None else known.of(str(story.id)),
        labels=campaign.settings.labels,
        shown=whole_content(request, str(story.id)),
        words=command_of(campaign, "story", names=[story.id]),
    )


@router.post("/decide")
def decide(
    pages: Pages,
    campaign: OpenCampaign,
    desk: TheDesk,
    _lead: Lead,
    example: Annotated[str, Form(min_length=1, max_length=10_000)],
    label: Annotated[str, Form(max_length=1_000)] = "",
    reason: Annotated[str, Form(max_length=1_000)] = "",
    undo: Annotated[bool, Form()] = False,
) -> Response:
    """Decide the label of an example finally, or take the decision back. example: its id in JSON.

    Raises: as `form_id` and `Campaign.adjudicate`.
    """
    example_id = form_id(campaign, example)
    with desk.one_writer():
        if undo:
            changed = campaign.undo_adjudication([example_id])
            said = "The final word is taken back." if changed else "There was no final word."
            options: list[object] = [*examples_of([example_id]), "--undo"]
        else:
            campaign.adjudicate([example_id], [label_of(campaign, label)], reason=reason)
            said = f"The final word on it is {label}."
            options = [
                *examples_of([example_id]),
                *labels_typed(campaign, label),
                *([f"--reason={reason}"] if reason else []),
            ]
    command = command_of(campaign, "adjudicate", *options)
    return done(pages, f"Example {example_id}", [said], command, f"/examples/{quote(str(example_id), safe='')}")
