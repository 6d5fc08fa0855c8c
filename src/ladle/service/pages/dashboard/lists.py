"""Pages of lists: batches, clusters, tasks, people, the audit log."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from urllib.parse import quote, urlencode

import numpy as np
from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from ladle.campaign import Campaign
from ladle.campaign.groups import AUDIT_SHARE
from ladle.errors import LadleError, NotFoundError
from ladle.labelling.records import Records
from ladle.labelling.states import STATES
from ladle.service.desk import OpenCampaign
from ladle.service.gate.identity import Readers
from ladle.service.pages.dashboard.doing import label_of
from ladle.service.pages.dashboard.overview import status_reading
from ladle.service.pages.dashboard.previews import previews
from ladle.service.pages.dashboard.readings import SECONDS_A_MILLION, FullReading, is_small, read_all, rows_of
from ladle.service.pages.labelling.page import FLAG
from ladle.service.shown_commands import command_of
from ladle.service.site import Pages

router = APIRouter(include_in_schema=False)
PAGE = 100
GROUPS_WANTED = 0.95  # of the labels of groups should be right: below it the page warns
THUMBS = 60  # examples of a batch on one page
# What clusters are sorted by: the column, and whether the largest come first.
SORTS = {
    "size": ("size", True),
    "asked": ("asked", True),
    "uncertainty": ("margin", False),
    "disagreement": ("mixed", True),
    "disputes": ("disputed", True),
}

After = Annotated[str | None, Query(max_length=200)]
PageNumber = Annotated[int, Query(ge=1, le=10**9)]
Text = Annotated[str, Query(max_length=1_000)]
Sort = Literal["size", "asked", "uncertainty", "disagreement", "disputes"]
NOTED = {"flagged": FLAG, "commented or flagged": ""}  # a choice -> the text of a comment, "" for any
Noted = Literal["", "flagged", "commented or flagged"]
StateWord = Literal["", "open", "labelled", "disputed", "excluded"]


@router.get("/batches")
def batches_page(
    request: Request, pages: Pages, campaign: OpenCampaign, _identity: Readers, page: PageNumber = 1, wait: bool = False
) -> Response:
    """All batches, the newest first. wait: send the page when it is known how many tasks of each wait."""
    batches = campaign.asked()
    reading = read_all(request, campaign, "batches", campaign.batches, wait=wait)
    counted: Records | None = reading.figure
    stop = len(batches) - PAGE * (page - 1)
    part = list(batches[max(0, stop - PAGE) : max(0, stop)])[::-1]
    known = (
        {} if counted is None else dict(zip(counted["number"].tolist(), counted["outstanding"].tolist(), strict=True))
    )
    return pages.render(
        "dashboard/batches.html",
        batches=part,
        outstanding=known,
        reading=reading,
        total=len(batches),
        page=page,
        pages=_pages(len(batches), PAGE),
    )


@router.get("/batches/{number}")
def batch_page(
    request: Request, pages: Pages, campaign: OpenCampaign, _identity: Readers, number: int, page: PageNumber = 1
) -> Response:
    """What was chosen, in the order of choice, and why. Raises: NotFoundError."""
    part = campaign.chosen(number, first=THUMBS * (page - 1), count=THUMBS + 1)
    batch = next(each for each in campaign.asked() if each.number == number)
    return pages.render(
        "dashboard/batch.html",
        batch=batch,
        examples=previews(request, map(str, part["id"].tolist()[:THUMBS])),
        first=THUMBS * (page - 1),
        page=page,
        pages=max(_pages(batch.size, THUMBS), page + (len(part) > THUMBS)),
        words=command_of(campaign, "export batch", "--round", batch.round, "-o", "batch.csv"),
    )


@router.get("/clusters")
def clusters_page(
    request: Request,
    pages: Pages,
    campaign: OpenCampaign,
    _identity: Readers,
    by: Sort = "size",
    page: PageNumber = 1,
    wait: bool = False,
) -> Response:
    """The clusters that have tasks: by size, by uncertainty, by disagreement. wait: until they are counted."""
    problem, reading = "", FullReading()
    try:
        reading = read_all(request, campaign, "clusters", lambda: _clusters(campaign), wait=wait)
    except LadleError as error:
        problem = str(error)
    found = reading.figure
    rows: list[Any] = []
    count = 0
    if found is not None:
        figures, count = found[0], len(found[0])
        column, is_descending = SORTS[by]
        values = np.nan_to_num(figures[column].astype(np.float64), nan=np.inf)
        order = np.lexsort((figures["cluster"], -values if is_descending else values))
        part = order[PAGE * (page - 1) : PAGE * page]
        ids = campaign.ids.at(figures["first_row"][part]).to_pylist()
        rows = [(figures[int(place)], str(each)) for place, each in zip(part, ids, strict=True)]
    return pages.render(
        "dashboard/clusters.html",
        rows=rows,
        reading=reading,
        note="" if found is None else found[1],
        problem=problem,
        by=by,
        sorts=list(SORTS),
        total=count,
        page=page,
        pages=_pages(count, PAGE),
    )


@router.get("/clusters/{number}")
def cluster_page(
    request: Request, pages: Pages, campaign: OpenCampaign, _identity: Readers, number: int, page: PageNumber = 1
) -> Response:
    """The members of a cluster, by row of the pool, whether they have a task or not. Raises: NotFoundError."""
    clusters = campaign.map.clusters()
    rows = np.empty(0, np.int64) if clusters is None or number < 0 else np.flatnonzero(clusters == number)
    if not len(rows):
        raise NotFoundError(f"cluster {number}", wanted="be one of the campaign", got="no cluster of this number")
    part = rows[THUMBS * (page - 1) : THUMBS * page]
    return pages.render(
        "dashboard/cluster.html",
        number=number,
        examples=previews(request, map(str, campaign.ids.at(part).to_pylist())),
        total=len(rows),
        tasks=campaign.task_total(cluster=number),
        first=THUMBS * (page - 1),
        page=page,
        pages=_pages(len(rows), THUMBS),
    )


def _clusters(campaign: Campaign) -> tuple[Records, str]:
    """The figures of clusters, and why they say nothing of uncertainty; "" where they do."""
    note, margins = "", None
    try:
        known = campaign.map.margins()
        margins = None if known is None else known[1]
        note = "" if known is not None else "No recorded model has scores, so nothing is known of uncertainty."
    except LadleError as error:
        note = f"Nothing is known of uncertainty: {error}"
    return campaign.map.clusters_of_tasks(margins), note


@router.get("/tasks")
def tasks_page(
    pages: Pages,
    campaign: OpenCampaign,
    _identity: Readers,
    state: StateWord = "",
    batch: Text = "",
    annotator: Text = "",
    label: Text = "",
    assigned_to: Text = "",
    cluster: Text = "",
    noted: Noted = "",
    example: Annotated[str, Query(max_length=10_000)] = "",
    after: After = None,
) -> Response:
    """The tasks that pass all filters, 100 a page. example: an id, to whose page it leads.

    Raises: as `Reader.task_page`.
    """
    if example.strip():
        return RedirectResponse(f"/examples/{quote(example.strip(), safe='')}", status_code=303)
    given = {"state": state, "batch": batch, "annotator": annotator, "label": label, "assigned_to": assigned_to}
    given |= {"cluster": cluster, "noted": noted}
    filters: dict[str, Any] = {name: text for name, text in given.items() if text}
    query = dict(filters)
    problem, found, total = "", None, None
    try:
        for name in ("batch", "cluster"):
            if name in filters:
                filters[name] = _number_in(given[name])
        if "label" in filters:
            filters["label"] = label_of(campaign, label)
        if "noted" in filters:
            filters["comment"] = NOTED[filters.pop("noted")]
        found = campaign.task_page(**filters, after=after, limit=PAGE)
        total = campaign.task_total(**filters)
    except LadleError as error:
        problem = str(error)
    return pages.render(
        "dashboard/tasks.html",
        status=422 if problem else 200,
        rows=[] if found is None else list(found.rows),
        total=total,
        problem=problem,
        filters=given,
        noted=list(NOTED),
        states=STATES,
        classes=campaign.settings.labels.classes or (),
        is_first=after is None,
        first="/tasks?" + urlencode(query),
        next="" if found is None or found.next is None else "/tasks?" + urlencode({**query, "after": found.next}),
        is_value=campaign.settings.labels.kind == "value",
    )


@router.get("/resolved")
def resolved_page(
    request: Request,
    pages: Pages,
    campaign: OpenCampaign,
    _identity: Readers,
    batch: Text = "",
    label: Text = "",
    after: After = None,
    wait: bool = False,
) -> Response:
    """The resolved labels that pass all filters, 100 a page. wait: also where each page reads all labels.

    Raises: as `Reader.resolved_page`.
    """
    given = {"batch": batch, "label": label}
    query = {name: text for name, text in given.items() if text}
    is_together = campaign.settings.agreement == "dawid-skene" and not (wait or is_small(campaign))
    problem, found = "", None
    try:
        filters: dict[str, Any] = {"batch": _number_in(batch)} if batch else {}
        if label:
            filters["label"] = label_of(campaign, label)
        found = None if is_together else campaign.resolved_page(**filters, after=after, limit=PAGE)
    except LadleError as error:
        problem = str(error)
    onward = {**query, **({"wait": "true"} if wait else {})}
    return pages.render(
        "dashboard/resolved.html",
        status=422 if problem else 200,
        rows=[] if found is None else list(found.rows),
        problem=problem,
        filters=given,
        is_together=is_together,
        seconds=SECONDS_A_MILLION["resolved"] * rows_of(campaign) / 1_000_000,
        full="/resolved?" + urlencode({**query, "wait": "true"}),
        classes=campaign.settings.labels.classes or (),
        figures=campaign.figures(),
        is_first=after is None,
        first="/resolved?" + urlencode(onward),
        next="" if found is None or found.next is None else "/resolved?" + urlencode({**onward, "after": found.next}),
        words=command_of(campaign, "export", "labels", "-o", "labels.csv"),
    )


def _number_in(text: str) -> int | str:
    """A whole number that was typed; other texts as they are, for the campaign to refuse."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else text


@router.get("/people")
def people_page(
    request: Request, pages: Pages, campaign: OpenCampaign, _identity: Readers, wait: bool = False
) -> Response:
    """The people who label: names and teams, labels, speed, gold, agreement, what they have."""
    status = status_reading(request, campaign, wait=wait)
    reading = read_all(
        request,
        campaign,
        "people",
        lambda: (campaign.people.list(), campaign.holdings(), campaign.group_audit()),
        wait=wait,
    )
    is_known = status.figure is not None and reading.figure is not None
    commands = {
        "Two names of one person": command_of(campaign, "person merge NAME OTHER"),
        "Another name": command_of(campaign, "person rename NAME NEW"),
        "A team": command_of(campaign, "person team NAME TEAM"),
    }
    return pages.render(
        "dashboard/people.html",
        is_known=is_known,
        reading=reading,
        progress=status.figure.progress if is_known else None,
        people=reading.figure[0] if is_known else [],
        holdings=reading.figure[1] if is_known else [],
        audit=reading.figure[2] if is_known else None,
        share=AUDIT_SHARE,
        wanted=GROUPS_WANTED,
        figures=campaign.figures(),
        commands=commands,
    )


@router.get("/audit")
def audit_page(pages: Pages, campaign: OpenCampaign, _identity: Readers, after: After = None) -> Response:
    """All changes, the newest first, 100 a page."""
    found = campaign.audit_page(after=after, limit=PAGE)
    return pages.render(
        "dashboard/audit.html",
        rows=list(found.rows),
        is_first=after is None,
        next="" if found.next is None else "/audit?" + urlencode({"after": found.next}),
        words=command_of(campaign, "audit"),
    )


def _pages(count: int, size: int) -> int:
    return max(1, -(-count // size))
