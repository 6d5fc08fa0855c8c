"""`/v1`: the work of people who label: take, tell, skip, comment, release."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from ladle.counts import counted, of_number
from ladle.errors import AccessError
from ladle.labelling.answers import Told
from ladle.service.api import models
from ladle.service.api.answers import PROBLEMS, require_own, worker_of
from ladle.service.api.json_bodies import JsonRoute
from ladle.service.api.once import OneTime
from ladle.service.desk import OpenCampaign, TheDesk
from ladle.service.gate.identity import Annotators, SignedIn
from ladle.service.gate.roles import Identity

router = APIRouter(prefix="/v1", tags=["labelling"], responses=PROBLEMS, route_class=JsonRoute)
_ID = "$response.body#/tasks/0/id"
_LINKS: dict[str, Any] = {
    "tell": {
        "operationId": "tell",
        "requestBody": {"labels": [{"id": _ID, "label": "cat"}]},
        "description": "Tell the label of the first task.",
    },
    "skip": {"operationId": "skip", "requestBody": {"skips": [{"id": _ID, "reason": "too dark"}]}},
    "comment": {"operationId": "comment", "requestBody": {"comments": [{"id": _ID, "text": "two birds"}]}},
    "release": {"operationId": "release", "requestBody": {"ids": [_ID]}},
}


@router.get("/me", operation_id="me")
def me(identity: SignedIn, campaign: OpenCampaign) -> models.Me:
    """Who is signed in, and which labels the campaign takes."""
    settings = campaign.settings
    labels = settings.labels
    return models.Me(
        name=identity.name,
        role=identity.role,
        campaign=campaign.name,
        kind=labels.kind,
        classes=None if labels.classes is None else list(labels.classes),
        low=labels.low,
        high=labels.high,
        annotators_per_task=settings.annotators_per_task,
        lease_seconds=settings.lease_seconds,
    )


@router.post("/take", operation_id="take", responses={200: {"links": _LINKS}})
def take(
    body: models.TakeBody, identity: Annotators, campaign: OpenCampaign, desk: TheDesk, once: OneTime
) -> models.TakenAnswer:
    """Take the next tasks under a lease. Tasks that one has already come first, with a longer lease."""
    annotator = worker_of(identity, body.annotator)
    if body.share and not identity.is_lead:
        raise AccessError("`share`", wanted="be said by a lead", got=f"{identity.name!r}, an annotator")

    def change() -> models.TakenAnswer:
        taken = campaign.take(
            annotator, body.size, lease_seconds=body.lease_seconds, share=body.share, disputed=body.disputed
        )
        pairs = zip(taken.ids.tolist(), taken.rows.tolist(), strict=True)
        return models.TakenAnswer(
            annotator=taken.annotator,
            tasks=[models.TakenTask(id=example_id, row=row) for example_id, row in pairs],
            lease_until=taken.lease_until,
            renewed=taken.renewed,
            passed_on=taken.passed_on,
        )

    return once.run(body, models.TakenAnswer, change, within=desk.change)


@router.post("/tell", operation_id="tell")
def tell(
    body: models.TellBody, identity: Annotators, campaign: OpenCampaign, desk: TheDesk, once: OneTime
) -> models.ToldAnswer:
    """Store labels. Another label of the same annotator for an example is a new version."""
    annotator = worker_of(identity, body.annotator)
    ids = [each.id for each in body.labels]

    def change() -> Told:
        require_own(campaign, identity, ids)
        return campaign.tell(
            ids,
            [each.label for each in body.labels],
            annotator=annotator,
            key=once.key,
            source=body.source,
            told_at=[each.told_at for each in body.labels],
            seconds=[each.seconds for each in body.labels],
        )

    with once.claimed(body):
        return told_answer(desk.change(change), identity)


@router.post("/skip", operation_id="skip")
def skip(
    body: models.SkipBody, identity: Annotators, campaign: OpenCampaign, desk: TheDesk, once: OneTime
) -> models.ToldAnswer:
    """Store that labels cannot be told: one is not asked for these examples again."""
    annotator = worker_of(identity, body.annotator)
    ids = [each.id for each in body.skips]

    def change() -> Told:
        require_own(campaign, identity, ids)
        return campaign.skip(
            ids,
            annotator=annotator,
            reason=[each.reason for each in body.skips],
            key=once.key,
            told_at=[each.told_at for each in body.skips],
            seconds=[each.seconds for each in body.skips],
        )

    with once.claimed(body):
        return told_answer(desk.change(change), identity)


@router.post("/comment", operation_id="comment")
def comment(
    body: models.CommentBody, identity: Annotators, campaign: OpenCampaign, desk: TheDesk, once: OneTime
) -> models.CountAnswer:
    """Store comments on examples. The same comment again changes nothing."""
    annotator = worker_of(identity, body.annotator)
    ids = [each.id for each in body.comments]

    def change() -> models.CountAnswer:
        require_own(campaign, identity, ids)
        new = campaign.comment(ids, [each.text for each in body.comments], annotator=annotator)
        return models.CountAnswer(changed=new)

    return once.run(body, models.CountAnswer, change, within=desk.change)


@router.post("/release", operation_id="release")
def release(
    body: models.ReleaseBody, identity: Annotators, campaign: OpenCampaign, desk: TheDesk, once: OneTime
) -> models.CountAnswer:
    """Give tasks back, so that others may take them at once."""
    annotator = worker_of(identity, body.annotator)

    def change() -> models.CountAnswer:
        if body.ids is not None:
            require_own(campaign, identity, body.ids)
        return models.CountAnswer(changed=campaign.release(annotator, body.ids))

    return once.run(body, models.CountAnswer, change, within=desk.change)


def told_answer(told: Told, identity: Identity) -> models.ToldAnswer:
    """The counts of a tell. What others have answered is not an annotator's to see."""
    notices = list(told.notices)
    if told.quarantined:
        answers, where = counted(told.quarantined, "answer"), ": see /v1/quarantine" if identity.sees_all else ""
        notices.append(f"{answers} {of_number(told.quarantined, 'is')} in the quarantine and no label{where}.")
    return models.ToldAnswer(
        labels=told.labels,
        accepted=told.accepted,
        changed=told.changed,
        repeated=told.repeated,
        quarantined=told.quarantined,
        disputed=told.disputed if identity.sees_all else None,
        labelled=told.labelled if identity.sees_all else None,
        skipped=told.skipped,
        older=told.older,
        repeat_of_key=told.repeat_of_key,
        notices=notices,
    )
