"""`/v1`: what a lead changes: batches, exclusions, gold, final words, the quarantine."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from ladle.labelling.answers import Batch
from ladle.service.api import models
from ladle.service.api.answers import PROBLEMS
from ladle.service.api.json_bodies import JsonRoute
from ladle.service.api.once import Once, OneTime
from ladle.service.api.plain import plain
from ladle.service.api.uploads import TheScores
from ladle.service.desk import Desk, OpenCampaign, TheDesk
from ladle.service.gate.identity import Lead

router = APIRouter(prefix="/v1", tags=["lead"], responses=PROBLEMS, route_class=JsonRoute)
_NUMBER = {"number": "$response.body#/number"}
_LINKS: dict[str, Any] = {
    "batch": {"operationId": "batch", "parameters": _NUMBER},
    "tasks of the batch": {"operationId": "tasks", "parameters": {"query.batch": "$response.body#/number"}},
    "ids of the batch": {"operationId": "batch_tasks", "parameters": _NUMBER},
}
_ASKING = threading.Lock()  # one ask at a time: each may take all processors, and a strategy may take minutes


@router.post("/ask", operation_id="ask", responses={200: {"links": _LINKS}})
def ask(
    body: models.AskBody, _identity: Lead, campaign: OpenCampaign, once: OneTime, scores: TheScores
) -> models.BatchAnswer:
    """Choose the examples to label next, as a new batch. Labelling goes on meanwhile.

    Without numbers, by the scores of the last recorded model: `model` of the answer names it.
    """
    given = {"model": body.model, "scores_digest": body.scores, **scores.arrays(campaign, body)}
    if body.scores == "last":
        given["scores_digest"] = None  # that of the margins
    with once.claimed(body), _ASKING:
        batch = campaign.ask(
            body.size,
            **given,
            key=once.key,
            holder=body.holder,
            lease_seconds=body.lease_seconds,
            gold=body.gold,
        )
    return batch_answer(batch)


def _counted(body: BaseModel, desk: Desk, once: Once, change: Callable[[], int]) -> models.CountAnswer:
    """Make a change, once for its key, and say how many examples or entries it changed. Raises: as `Once.run`."""

    def answer() -> models.CountAnswer:
        with desk.one_writer():
            return models.CountAnswer(changed=change())

    return once.run(body, models.CountAnswer, answer)


@router.post("/exclude", operation_id="exclude")
def exclude(
    body: models.ExcludeBody, _identity: Lead, campaign: OpenCampaign, desk: TheDesk, once: OneTime
) -> models.CountAnswer:
    """Exclude examples from labelling, training and asking. Their labels are kept."""

    return _counted(body, desk, once, lambda: campaign.exclude(body.ids, reason=body.reason))


@router.post("/include", operation_id="include")
def include(
    body: models.IdsBody, _identity: Lead, campaign: OpenCampaign, desk: TheDesk, once: OneTime
) -> models.CountAnswer:
    """End the exclusion of examples."""

    return _counted(body, desk, once, lambda: campaign.include(body.ids))


@router.post("/gold", operation_id="add_gold")
def add_gold(
    body: models.GoldBody, _identity: Lead, campaign: OpenCampaign, desk: TheDesk, once: OneTime
) -> models.CountAnswer:
    """Add examples with a known label, which test annotators."""

    ids, labels = [each.id for each in body.gold], [each.label for each in body.gold]
    return _counted(body, desk, once, lambda: campaign.add_gold(ids, labels))


@router.post("/gold/remove", operation_id="remove_gold")
def remove_gold(
    body: models.IdsBody, _identity: Lead, campaign: OpenCampaign, desk: TheDesk, once: OneTime
) -> models.CountAnswer:
    """Take gold back: the examples are ordinary ones again."""

    return _counted(body, desk, once, lambda: campaign.withdrawals.remove_gold(body.ids))


@router.post("/adjudicate", operation_id="adjudicate")
def adjudicate(
    body: models.AdjudicateBody, _identity: Lead, campaign: OpenCampaign, desk: TheDesk, once: OneTime
) -> models.CountAnswer:
    """Decide labels. The final word of a lead stands whatever annotators have said or will say."""

    ids, labels = [each.id for each in body.labels], [each.label for each in body.labels]
    return _counted(body, desk, once, lambda: campaign.adjudicate(ids, labels, reason=body.reason))


@router.post("/adjudicate/undo", operation_id="undo_adjudication")
def undo_adjudication(
    body: models.IdsBody, _identity: Lead, campaign: OpenCampaign, desk: TheDesk, once: OneTime
) -> models.CountAnswer:
    """Take final words back. Each task gets the state that its labels give."""

    return _counted(body, desk, once, lambda: campaign.undo_adjudication(body.ids))


@router.post("/quarantine/close", operation_id="close_quarantined")
def close_quarantined(
    body: models.CloseBody, _identity: Lead, campaign: OpenCampaign, desk: TheDesk, once: OneTime
) -> models.CountAnswer:
    """Close entries of the quarantine. They stay on record."""
    return _counted(body, desk, once, lambda: campaign.withdrawals.close_quarantined(body.numbers, reason=body.reason))


@router.post("/assign", operation_id="assign")
def assign(
    body: models.AssignBody, _identity: Lead, campaign: OpenCampaign, desk: TheDesk, once: OneTime
) -> models.AssignedAnswer:
    """Assign examples to a person or a team. `take` gives them to these people first, and to nobody else."""

    def answer() -> models.AssignedAnswer:
        with desk.one_writer():
            found = campaign.assign(body.ids, to=body.to)
            return models.AssignedAnswer(
                examples=found.examples, taken_from=dict(found.taken_from), left_out=found.left_out
            )

    return once.run(body, models.AssignedAnswer, answer)


@router.post("/unassign", operation_id="unassign")
def unassign(
    body: models.UnassignBody, _identity: Lead, campaign: OpenCampaign, desk: TheDesk, once: OneTime
) -> models.CountAnswer:
    """End the assignments of examples; with `to`, those to this person or team alone."""

    return _counted(body, desk, once, lambda: campaign.unassign(body.ids, to=body.to))


def batch_answer(batch: Batch) -> models.BatchAnswer:
    """A batch without its examples."""
    return models.BatchAnswer(
        number=batch.number,
        round=batch.round,
        size=len(batch),
        key=batch.key,
        holder=batch.holder,
        asked_at=batch.asked_at,
        lease_until=batch.lease_until,
        model=batch.model,
        passed_on=batch.passed_on,
        renewed=batch.renewed,
        story=plain(batch.story),
        notices=list(batch.notices),
    )
