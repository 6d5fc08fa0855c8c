"""The next tasks of a person, under a lease, with what they look like; and the content of any example."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from ladle.campaign import Campaign
from ladle.errors import IdError, LadleError, NotFoundError
from ladle.labelling.answers import Told
from ladle.labelling.contract.tables import MICROSECONDS
from ladle.service.api import models
from ladle.service.api.answers import id_in_address, require_own
from ladle.service.api.json_bodies import JsonRoute
from ladle.service.api.once import OneTime
from ladle.service.config import ServiceConfig
from ladle.service.content import Content
from ladle.service.desk import OpenCampaign, TheDesk
from ladle.service.gate.identity import Annotators, SignedIn
from ladle.service.id_addresses import ID

router = APIRouter(include_in_schema=False, route_class=JsonRoute)
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


class NearDuplicate(BaseModel):
    """An example that may get the label of a task."""

    id: str
    content: ShownContent


class NextTask(BaseModel):
    """A task to label. id: as text, because a browser rounds large numbers. group: none where groups are off."""

    id: str
    content: ShownContent
    group: list[NearDuplicate] = []


class NextTasks(BaseModel):
    """The next tasks of a person. lease_until: in seconds since 1970. lease_left: in seconds, by the store's clock."""

    tasks: list[NextTask]
    lease_until: float
    lease_left: float


class TakeWish(BaseModel):
    """How many tasks a page wants to have in all, those that it has already included, and for how long."""

    size: Annotated[int, Field(ge=1, le=MOST_TASKS)]
    lease_seconds: Annotated[float, Field(gt=0, le=86_400)]


class GroupAnswer(BaseModel):
    """One answer for a task and its near-duplicates, without those that the person left out. Ids are text."""

    id: Annotated[str, Field(min_length=1, max_length=models.LONGEST_ID)]
    label: models.Label
    members: Annotated[list[str], Field(max_length=50)]
    left_out: Annotated[list[str], Field(max_length=50)] = []
    told_at: models.Moment
    seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)]


class GroupStored(BaseModel):
    """What became of an answer for a group, in labels."""

    accepted: int
    quarantined: int
    repeated: int


@router.post("/label/tasks")
def take(wish: TakeWish, request: Request, identity: Annotators, campaign: OpenCampaign, desk: TheDesk) -> NextTasks:
    """Take the next tasks, or renew the lease of those that this person has."""
    # A page that is loaded again and again, with enough tasks for long enough, is no event of the log.
    taken = desk.change(
        lambda: campaign.take(
            identity.name, wish.size, lease_seconds=wish.lease_seconds, renew_below_seconds=wish.lease_seconds / 2
        )
    )
    left = taken.lease_until.timestamp() - campaign._session.now() / MICROSECONDS
    ids = taken.ids.tolist()
    config: ServiceConfig = request.app.state.config
    groups = campaign.groups_of(identity.name, ids) if config.groups and ids else [[] for _ in ids]
    tasks = [
        NextTask(
            id=str(task),
            content=_shown(request, str(task)),
            group=[NearDuplicate(id=str(each), content=_shown(request, str(each), near=str(task))) for each in group],
        )
        for task, group in zip(ids, groups, strict=True)
    ]
    return NextTasks(tasks=tasks, lease_until=taken.lease_until.timestamp(), lease_left=left)


@router.post("/label/groups")
def tell_group(
    given: GroupAnswer, identity: Annotators, campaign: OpenCampaign, desk: TheDesk, once: OneTime
) -> GroupStored:
    """Store one answer for a task and its near-duplicates. Raises: NotFoundError, IdError, ArgumentError."""
    task = id_in_address(campaign, given.id)

    def change() -> Told:
        require_own(campaign, identity, [task])
        return campaign.tell_group(
            task,
            given.label,
            [id_in_address(campaign, each) for each in given.members],
            annotator=identity.name,
            key=once.key,
            told_at=given.told_at,
            seconds=given.seconds,
        )

    with once.claimed(given):
        told = desk.change(change)
    return GroupStored(accepted=told.accepted, quarantined=told.quarantined, repeated=told.repeated)


@router.get(f"/images/{{number}}/{ID}", response_class=Response)
def image(
    example_id: str, number: int, request: Request, identity: SignedIn, campaign: OpenCampaign, near: str | None = None
) -> Response:
    """The bytes of an image of an example. near: a task of the sender's, of which the example is a near-duplicate.

    Raises: NotFoundError, UnsafeFileError, FileFormatError.
    """
    found = id_in_address(campaign, example_id)
    config: ServiceConfig = request.app.state.config
    task = None if near is None or not config.groups else id_in_address(campaign, near)
    if task is not None and campaign.are_near(task, [found])[0]:
        require_own(campaign, identity, [task])
    else:
        require_own(campaign, identity, [found])
    content: Content = request.app.state.content
    read = content.image(example_id, number)
    return Response(read.data, media_type=read.media_type, headers=IMAGE_HEADERS)


@router.get(f"/content/{ID}")
def example(example_id: str, request: Request, identity: SignedIn, campaign: OpenCampaign) -> ShownContent:
    """What an example looks like. Raises: NotFoundError."""
    found = id_in_address(campaign, example_id)
    require_own(campaign, identity, [found])
    _require_known(campaign, found)
    return _shown(request, example_id)


def _require_known(campaign: Campaign, example_id: int | str) -> None:
    """Refuse an id that the pool does not have. Raises: NotFoundError."""
    try:
        campaign.ids.rows_of([example_id])
    except IdError as error:
        raise NotFoundError(f"the example {example_id!r}"[:200], wanted="be in the pool", got="none of it") from error


def _shown(request: Request, example_id: str, *, near: str | None = None) -> ShownContent:
    """What a page shows of an example. near: as in `image`. Content that cannot be read stops no other task."""
    content: Content = request.app.state.content
    try:
        found = content.shown(example_id)
    except LadleError as error:
        return ShownContent(text="", images=[], fields=[("this example cannot be shown", type(error).__name__)])
    return ShownContent(
        text=found.text,
        images=[address or image_address(example_id, number, near) for number, address in enumerate(found.images)],
        fields=list(found.fields),
    )


def image_address(example_id: str, number: int, near: str | None = None) -> str:
    """The address at which the service has an image of an example. near: as in `image`."""
    asked = "" if near is None else f"?near={quote(near, safe='')}"
    return f"/images/{number}/{quote(example_id, safe='')}{asked}"
