"""`/v1`: what the campaign says of itself: batches, tasks, labels, progress, stories, the log."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query

from ladle.errors import ArgumentError
from ladle.labelling.pages import Page
from ladle.service.api import models
from ladle.service.api.answers import PROBLEMS, id_in_address
from ladle.service.api.lead import batch_answer
from ladle.service.api.plain import plain
from ladle.service.desk import OpenCampaign
from ladle.service.gate.identity import Readers
from ladle.service.id_addresses import ID

router = APIRouter(prefix="/v1", tags=["reading"], responses=PROBLEMS)
MOST_ROWS = 1_000  # of a page over HTTP
After = Annotated[str | None, Query(max_length=100, description="The `next` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=MOST_ROWS, description="Rows at most.")]
Number = Annotated[int, Path(ge=1, lt=2**63, description="The number of a batch.")]
_NEXT: dict[str, Any] = {"next page": {"parameters": {"query.after": "$response.body#/next"}}}


def _next(operation: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"links": {name: {"operationId": operation, **link} for name, link in _NEXT.items()}}}


def page_answer(page: Page, *, hidden: tuple[str, ...] = ()) -> models.PageAnswer:
    """A page of records. hidden: columns to leave out."""
    items = [{name: plain(value) for name, value in row.items() if name not in hidden} for row in page.rows.to_pylist()]
    return models.PageAnswer(items=items, next=page.next)


@router.get("/progress", operation_id="progress")
def progress(_identity: Readers, campaign: OpenCampaign) -> dict[str, Any]:
    """How far the campaign has come, in counts that the database keeps: quick for any size."""
    found: dict[str, Any] = plain(campaign.figures())
    return found


@router.get(
    "/batches",
    operation_id="batches",
    responses={
        200: {"links": {"first": {"operationId": "batch", "parameters": {"number": "$response.body#/items/0/number"}}}}
    },
)
def batches(_identity: Readers, campaign: OpenCampaign) -> models.RowsAnswer:
    """All batches: size, who has each, how it was chosen."""
    return models.RowsAnswer(items=plain(campaign.batches()))


@router.get("/batches/{number}", operation_id="batch")
def batch(number: Number, _identity: Readers, campaign: OpenCampaign) -> models.BatchAnswer:
    """A batch, without its examples."""
    return batch_answer(campaign.batch(number))


@router.get("/batches/{number}/tasks", operation_id="batch_tasks")
def batch_tasks(
    number: Number,
    _identity: Readers,
    campaign: OpenCampaign,
    after: Annotated[int, Query(ge=0, lt=2**63, description="How many tasks to pass over.")] = 0,
    limit: Limit = 100,
) -> models.PageAnswer:
    """The examples of a batch as it was asked, in the order in which they are to be labelled."""
    found = campaign.batch(number)
    rows = range(min(after, len(found)), min(after + limit, len(found)))
    items = [{"id": plain(found.ids[each]), "row": int(found.rows[each]), "order": each} for each in rows]
    more = rows.stop < len(found)
    return models.PageAnswer(items=items, next=str(rows.stop) if more else None)


@router.get("/tasks", operation_id="tasks", responses=_next("tasks"))
def tasks(
    _identity: Readers,
    campaign: OpenCampaign,
    state: Literal["open", "labelled", "disputed", "excluded"] | None = None,
    batch: Annotated[int | None, Query(ge=0, lt=2**63)] = None,
    annotator: Annotated[str | None, Query(min_length=1, max_length=models.LONGEST_NAME)] = None,
    label: Annotated[str | None, Query(max_length=models.LONGEST_TEXT)] = None,
    assigned_to: Annotated[str | None, Query(min_length=1, max_length=models.LONGEST_NAME)] = None,
    cluster: Annotated[int | None, Query(ge=0, lt=2**31)] = None,
    comment: Annotated[
        str | None, Query(max_length=models.LONGEST_TEXT, description="The text of a comment; empty for any.")
    ] = None,
    after: After = None,
    limit: Limit = 100,
) -> models.PageAnswer:
    """Tasks by state, batch, annotator, label, assignee, cluster or comment. A page may be short before the end: `next`
    tells it."""
    found = campaign.task_page(
        state=state,
        batch=batch,
        annotator=annotator,
        label=None if label is None else label_in_address(campaign, label),
        assigned_to=assigned_to,
        cluster=cluster,
        comment=comment,
        after=after,
        limit=limit,
    )
    return page_answer(found)


@router.get("/resolved", operation_id="resolved", responses=_next("resolved"))
def resolved(
    _identity: Readers,
    campaign: OpenCampaign,
    batch: Annotated[int | None, Query(ge=0, lt=2**63)] = None,
    label: Annotated[str | None, Query(max_length=models.LONGEST_TEXT)] = None,
    after: After = None,
    limit: Limit = 100,
) -> models.PageAnswer:
    """The label that stands for each example, of a batch or of one label. All of them: GET /v1/exports/resolved."""
    said = None if label is None else label_in_address(campaign, label)
    return page_answer(campaign.resolved_page(batch=batch, label=said, after=after, limit=limit))


@router.get("/labels", operation_id="labels", responses=_next("labels"))
def labels(_identity: Readers, campaign: OpenCampaign, after: After = None, limit: Limit = 100) -> models.PageAnswer:
    """All versions of all labels and skips, in the order in which they came. Larger pages: GET /v1/exports/labels."""
    return page_answer(campaign.label_page(after=after, limit=limit))


@router.get("/audit", operation_id="audit", responses=_next("audit"))
def audit(_identity: Readers, campaign: OpenCampaign, after: After = None, limit: Limit = 100) -> models.PageAnswer:
    """All changes of the campaign, the newest first."""
    return page_answer(campaign.audit_page(after=after, limit=limit))


@router.get("/quarantine", operation_id="quarantine", responses=_next("quarantine"))
def quarantine(
    _identity: Readers, campaign: OpenCampaign, open_only: bool = True, after: After = None, limit: Limit = 100
) -> models.PageAnswer:
    """What was told and could not be stored as a label, with the reason."""
    return page_answer(campaign.quarantine_page(open_only=open_only, after=after, limit=limit))


@router.get("/people", operation_id="people")
def people(_identity: Readers, campaign: OpenCampaign) -> models.RowsAnswer:
    """The people who label: team, labels, last answer, other names."""
    return models.RowsAnswer(items=plain(campaign.people.list()))


@router.get("/disputes", operation_id="disputes")
def disputes(_identity: Readers, campaign: OpenCampaign, limit: Limit = 100) -> models.RowsAnswer:
    """The disputed examples with everyone's answers, the oldest dispute first."""
    return models.RowsAnswer(items=plain(campaign.disputes()[:limit]))


@router.get(f"/examples/{ID}/story", operation_id="story")
def story(
    example_id: Annotated[str, Path(max_length=models.LONGEST_ID, description="The id of an example.", min_length=1)],
    _identity: Readers,
    campaign: OpenCampaign,
) -> models.StoryAnswer:
    """All that happened to one example. Annotators do not see it: it tells the answers of others, and what is gold."""
    found = campaign.story(id_in_address(campaign, example_id))
    lines = [models.StoryLine(at=at, what=what) for at, what in found.lines]
    return models.StoryAnswer(
        id=plain(found.id), row=found.row, state=found.state, label=plain(found.label), lines=lines
    )


def label_in_address(campaign: Any, text: str) -> Any:
    """The label that a part of an address stands for: a class by its name; JSON for several classes and for numbers."""
    labels = campaign.settings.labels
    if labels.kind == "single":
        names = {str(each): each for each in labels.classes or ()}
        return names.get(text, text)
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        wanted = "be a number" if labels.kind == "value" else 'be a list of classes in JSON, such as ["cat"]'
        raise ArgumentError("`label`", wanted=wanted, got=repr(text)[:100]) from None
