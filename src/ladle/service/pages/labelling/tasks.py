"""The next tasks of a person, under a lease, with what they look like; and the content of any example."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from ladle.service.api.answers import id_in_address, require_own
from ladle.service.content import Content
from ladle.service.desk import OpenCampaign, TheDesk
from ladle.service.gate.identity import Annotators, SignedIn

router = APIRouter(include_in_schema=False)
MOST_TASKS = 200  # in one request
IMAGE_HEADERS = {
    "Cache-Control": "private, max-age=3600",
    "X-Content-Type-Options": "nosniff",
    # An image that is opened by itself is no page of this service.
    "Content-Security-Policy": "default-src 'none'; sandbox",
}


class ShownContent(BaseModel):
    """What a page shows of an example. images: addresses."""

    text: str
    images: list[str]
    fields: list[tuple[str, str]]


class NextTask(BaseModel):
    """A task to label. id: as text, because a browser rounds large numbers."""

    id: str
    content: ShownContent


class NextTasks(BaseModel):
    """The next tasks of a person. lease_until: in seconds since 1970."""

    tasks: list[NextTask]
    lease_until: float


class TakeWish(BaseModel):
    """How many tasks a page wants to have in all, those that it has already included, and for how long."""

    size: Annotated[int, Field(ge=1, le=MOST_TASKS)]
    lease_seconds: Annotated[float, Field(gt=0, le=86_400)]


@router.post("/label/tasks")
def take(wish: TakeWish, request: Request, identity: Annotators, campaign: OpenCampaign, desk: TheDesk) -> NextTasks:
    """Take the next tasks, or renew the lease of those that this person has."""
    with desk.one_writer():
        taken = campaign.take(identity.name, wish.size, lease_seconds=wish.lease_seconds)
    tasks = [NextTask(id=str(each), content=_shown(request, str(each))) for each in taken.ids.tolist()]
    return NextTasks(tasks=tasks, lease_until=taken.lease_until.timestamp())


@router.get("/content/{example_id:path}/image/{number}", response_class=Response)
def image(example_id: str, number: int, request: Request, identity: SignedIn, campaign: OpenCampaign) -> Response:
    """The bytes of an image of an example. Raises: NotFoundError, UnsafeFileError, FileFormatError."""
    require_own(campaign, identity, [id_in_address(campaign, example_id)])
    content: Content = request.app.state.content
    found = content.image(example_id, number)
    return Response(found.data, media_type=found.media_type, headers=IMAGE_HEADERS)


@router.get("/content/{example_id:path}")
def example(example_id: str, request: Request, identity: SignedIn, campaign: OpenCampaign) -> ShownContent:
    """What an example looks like. Raises: NotFoundError."""
    require_own(campaign, identity, [id_in_address(campaign, example_id)])
    return _shown(request, example_id)


def _shown(request: Request, example_id: str) -> ShownContent:
    content: Content = request.app.state.content
    found = content.shown(example_id)
    return ShownContent(
        text=found.text,
        images=[address or image_address(example_id, number) for number, address in enumerate(found.images)],
        fields=list(found.fields),
    )


def image_address(example_id: str, number: int) -> str:
    """The address at which the service has an image of an example."""
    return f"/content/{quote(example_id, safe='')}/image/{number}"
