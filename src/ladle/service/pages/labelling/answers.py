"""What the labelling page sends: labels, skips, comments. Each has a key, so that it may be sent more than once."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header
from pydantic import BaseModel, Field

from ladle.labelling.answers import Told
from ladle.service.desk import OpenCampaign, TheDesk
from ladle.service.gate.identity import Annotators
from ladle.service.pages.labelling.tasks import as_ids, check_taken

router = APIRouter(include_in_schema=False)
SOURCE = "page"

Key = Annotated[str, Header(alias="Idempotency-Key", min_length=8, max_length=200)]
ExampleId = Annotated[str, Field(min_length=1, max_length=10_000)]
Label = str | int | float | list[str | int]


class Given(BaseModel):
    """When an answer was given, in seconds since 1970, and how long the person worked on it."""

    id: ExampleId
    told_at: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    seconds: Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)]


class LabelGiven(Given):
    """A label."""

    label: Label


class SkipGiven(Given):
    """An answer without a label."""

    reason: Annotated[str, Field(min_length=1, max_length=1_000)]


class CommentGiven(BaseModel):
    """What a person says of an example, with a label or without."""

    id: ExampleId
    text: Annotated[str, Field(min_length=1, max_length=10_000)]


class Stored(BaseModel):
    """What became of an answer. quarantined: it is no label of the campaign, and was put aside."""

    accepted: int
    quarantined: int
    repeated: bool

    @classmethod
    def of(cls, told: Told) -> Stored:
        """The report of a tell."""
        accepted = told.accepted + told.skipped + told.repeated
        return cls(accepted=accepted, quarantined=told.quarantined, repeated=told.repeat_of_key)


@router.post("/label/answers")
def tell(given: LabelGiven, key: Key, identity: Annotators, campaign: OpenCampaign, desk: TheDesk) -> Stored:
    """Store a label: a new version where this person has labelled the example before. Raises: AccessError, IdError."""
    ids = as_ids(campaign, [given.id])
    check_taken(campaign, identity.name, ids)
    with desk.one_writer():
        return Stored.of(campaign.tell(ids, [given.label], **_said(given, key, identity.name)))


@router.post("/label/skips")
def skip(given: SkipGiven, key: Key, identity: Annotators, campaign: OpenCampaign, desk: TheDesk) -> Stored:
    """Store a skip with its reason. Raises: AccessError, IdError."""
    ids = as_ids(campaign, [given.id])
    check_taken(campaign, identity.name, ids)
    with desk.one_writer():
        return Stored.of(campaign.skip(ids, reason=given.reason, **_said(given, key, identity.name)))


@router.post("/label/comments")
def comment(given: CommentGiven, identity: Annotators, campaign: OpenCampaign, desk: TheDesk) -> Stored:
    """Store a comment; the same one again changes nothing. Raises: AccessError, IdError."""
    ids = as_ids(campaign, [given.id])
    check_taken(campaign, identity.name, ids)
    with desk.one_writer():
        new = campaign.comment(ids, given.text, annotator=identity.name)
    return Stored(accepted=1, quarantined=0, repeated=new == 0)


def _said(given: Given, key: str, annotator: str) -> dict[str, Any]:
    return {
        "annotator": annotator,
        "source": SOURCE,
        "key": f"page {key}",
        "told_at": given.told_at,
        "seconds": given.seconds,
    }
