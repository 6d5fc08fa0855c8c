"""The first page of a lead: how far the campaign is, who labels, what to do next, and what a lead does in a week."""

from __future__ import annotations

import math
import secrets
import tempfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Form, Request
from starlette.background import BackgroundTask
from starlette.responses import FileResponse, Response

from ladle.campaign import Campaign
from ladle.campaign.overview.progress import stopping
from ladle.campaign.status import Status, status
from ladle.campaign.work.asking import check_words, count_gold_to_ask, require_possible
from ladle.campaign.work.leases import tasks_of
from ladle.counts import counted
from ladle.labelling.control_words import control_lines
from ladle.labelling.records import Records
from ladle.service.api.recorded import FROM_RECORDED, check_recorded, recorded_scores
from ladle.service.desk import OpenCampaign, TheDesk
from ladle.service.gate.identity import Lead, Readers
from ladle.service.pages.dashboard.comments import comments_reading
from ladle.service.pages.dashboard.curve import Curve, curve_of
from ladle.service.pages.dashboard.doing import ListAction, confirm, do_with_rows, done, form_id, plan_of, typed_ids
from ladle.service.pages.dashboard.readings import FullReading, read_all
from ladle.service.shown_commands import command_of, with_commands
from ladle.service.site import Pages
from ladle.strategies import describe

router = APIRouter(include_in_schema=False)
MOST_CURVES = 6
USUAL_SIZE = 1_000  # of a batch
BACK = "/overview"


@router.get("/overview")
def overview_page(
    request: Request, pages: Pages, campaign: OpenCampaign, _identity: Readers, wait: bool = False
) -> Response:
    """Counts at once, and figures of all labels where they are known. wait: read all labels for them."""
    return pages.render(
        "dashboard/overview.html",
        figures=campaign.figures(),
        storage=campaign.storage(),
        actions=_actions(campaign),
        key=secrets.token_urlsafe(16),
        size=_usual_size(campaign),
        gold_to_ask=count_gold_to_ask(campaign._session),
        most_bytes=request.app.state.config.label_bytes,
        models=(models := campaign.models()),
        has_scores=any(each.scores for each in models),
        curves=curves_of(models),
        verdicts=stopping(models),
        **_of_all_labels(request, campaign, wait=wait),
    )


@router.get("/overview/people-and-models")
def overview_parts(request: Request, pages: Pages, campaign: OpenCampaign, _identity: Readers) -> Response:
    """The part of the overview that reads all labels, when it is known."""
    return pages.render("dashboard/overview_parts.html", **_of_all_labels(request, campaign, wait=True))


def _of_all_labels(request: Request, campaign: Campaign, *, wait: bool) -> dict[str, Any]:
    reading = status_reading(request, campaign, wait=wait)
    found: Status | None = reading.figure
    return {
        "reading": reading,
        "found": found,
        "steps": _steps(campaign, found),
        "control": _control(found),
        "disputes": _disputes(request, campaign, wait=wait),
        "comments": comments_reading(request, campaign, wait=wait).figure,
        "settings": campaign.settings,
    }


def _steps(campaign: Campaign, found: Status | None) -> list[tuple[str, str]]:
    """What to do next, each with its command for this campaign."""
    steps = () if found is None else found.steps
    return [(with_commands(campaign, each.message), command_of(campaign, each.command)) for each in steps]


def _usual_size(campaign: Campaign) -> int:
    """How many examples the form asks for before anybody types: within the budget left and the pool, at least 1."""
    figures, people = campaign.figures(), campaign.settings.annotators_per_task
    free = figures.pool - figures.asked - figures.labelled_unasked
    within = USUAL_SIZE if figures.left is None else figures.left // people
    return max(1, min(USUAL_SIZE, within, free))


def _control(found: Status | None) -> dict[str, str]:
    """What the control tells, as `ladle campaign progress` says it; nothing without one."""
    figures = None if found is None else found.progress.control
    return {} if found is None or figures is None else control_lines(figures, is_value=found.is_value)


def _disputes(request: Request, campaign: Campaign, *, wait: bool) -> dict[str, int] | None:
    """How many disputed examples there are of each kind, `disagree` and `skipped`; None where it is not known."""
    counts: dict[str, int] | None = read_all(
        request, campaign, "disputes", lambda: dict(Counter(each.why for each in campaign.disputes())), wait=wait
    ).figure
    return counts


def status_reading(request: Request, campaign: Campaign, *, wait: bool) -> FullReading:
    """All figures of the campaign and what to do next."""
    return read_all(request, campaign, "status", lambda: status(campaign), wait=wait)


def curves_of(models: Records) -> list[Curve]:
    """A curve for each metric of the recorded models, in order of first appearance."""
    rows = models.to_pylist()
    names = list(dict.fromkeys(name for row in rows for name in row["metrics"]))
    curves = []
    for name in names[:MOST_CURVES]:
        known = [row for row in rows if math.isfinite(row["metrics"].get(name, math.nan))]
        if known:
            versions, labelled = [row["version"] for row in known], [row["labelled"] for row in known]
            curves.append(curve_of(name, versions, labelled, [float(row["metrics"][name]) for row in known]))
    return curves


def _actions(campaign: Campaign) -> dict[str, Any]:
    """What each form of the page shows beside it: the command that does the same. Whether an ask can be made here."""
    needs = set(describe(campaign.settings.strategy).needs)
    scores = " --scores SCORES.parquet" if needs & {"scores", "probabilities"} else ""
    return {
        "needs": sorted(needs),
        "can_ask": needs <= FROM_RECORDED,
        "ask": command_of(campaign, f"ask{scores} --size COUNT -o batch.csv"),
        "release": command_of(campaign, "release", "--annotator", "NAME"),
        "exclude": command_of(campaign, "exclude", "IDS.jsonl", "--reason", "TEXT"),
        "tell": command_of(campaign, "tell", "LABELS.csv", "--annotator", "NAME"),
        "backup": command_of(campaign, "backup", "-o", "backup.zip"),
        "export": command_of(campaign, "export", "labels", "-o", "labels.csv"),
    }


@router.post("/overview/ask")
def ask(
    pages: Pages,
    campaign: OpenCampaign,
    desk: TheDesk,
    _lead: Lead,
    size: Annotated[int, Form(ge=1)],
    key: Annotated[str, Form(min_length=1, max_length=100)],
    gold: Annotated[int, Form(ge=0)] = 0,
    holder: Annotated[str, Form(max_length=200)] = "",
    confirmed: Annotated[bool, Form()] = False,
) -> Response:
    """Choose the next batch, by the scores of the last recorded model where the strategy needs some.

    Raises: as `Campaign.ask`; ArgumentError where the strategy needs what only the command line can give.
    """
    otherwise = f"Or use the command: {_actions(campaign)['ask']}"
    takes_scores = check_recorded(campaign, otherwise=otherwise)
    given = recorded_scores(campaign, otherwise=otherwise)
    # What would fail is refused before the question. An ask that was made already needs no room a second time.
    check_words(campaign._session, size, gold, holder, None, None)
    if not confirmed:
        arrays = {name: values for name, values in given.items() if name == "margins"}
        require_possible(campaign._session, size, gold, arrays)
    options: list[object] = ["--size", size, "-o", "batch.csv", *(["--gold", gold] if gold else [])]
    options += [f"--holder={holder}"] if holder else []
    options += ["--scores", "SCORES.parquet"] if takes_scores else []
    command = command_of(campaign, "ask", *options)
    if not confirmed:
        question = (
            f"Choose {counted(size, 'example')} by {campaign.settings.strategy}? Then they are out for labelling and "
            "reserved in the budget; an ask cannot be taken back."
        )
        fields = {"size": size, "gold": gold, "holder": holder, "key": key}
        return confirm(pages, "Ask for a batch", question, fields, command, BACK)
    with desk.one_writer():
        batch = campaign.ask(size, gold=gold, holder=holder, key=f"page {key}", **given)
    lines = [f"Batch {batch.number} has {counted(len(batch), 'example')}.", *batch.notices]
    return done(pages, f"Batch {batch.number}", lines, command, f"/batches/{batch.number}")


@router.post("/overview/release")
def release(
    pages: Pages,
    campaign: OpenCampaign,
    desk: TheDesk,
    _lead: Lead,
    annotator: Annotated[str, Form(min_length=1, max_length=200)],
    confirmed: Annotated[bool, Form()] = False,
) -> Response:
    """Release all tasks that a person has. Raises: as `Campaign.release`."""
    command = command_of(campaign, "release", f"--annotator={annotator}")
    if not confirmed:
        waiting = tasks_of(campaign._session, annotator)
        question = (
            f"Release all tasks that {annotator} has and has not answered ({counted(waiting, 'task')})? "
            "Others can take them at once."
        )
        return confirm(pages, "Release tasks", question, {"annotator": annotator}, command, BACK)
    with desk.one_writer():
        released = campaign.release(annotator)
    return done(pages, f"Tasks of {annotator}", [f"{counted(released, 'task', 'is')} released."], command, BACK)


@router.post("/overview/{action}-examples")
def change_examples(
    request: Request,
    pages: Pages,
    campaign: OpenCampaign,
    _lead: Lead,
    action: ListAction,
    ids: Annotated[str, Form(max_length=1_000_000)] = "",
    example: Annotated[str, Form(max_length=10_000)] = "",
    words: Annotated[str, Form(max_length=1_000)] = "",
) -> Response:
    """Exclude, include, assign or make gold the examples whose ids were typed, or the one of a page, as JSON.

    Raises: as `plan_of` and `do_with_rows`.
    """
    chosen = [form_id(campaign, example)] if example else typed_ids(campaign, ids)
    back = f"/examples/{quote(str(chosen[0]), safe='')}" if example else BACK
    return do_with_rows(request, pages, campaign, plan_of(campaign, action, chosen, words), back)


@router.post("/overview/backup")
def backup(campaign: OpenCampaign, desk: TheDesk, _lead: Lead) -> Response:
    """Send a backup as a file. Raises: as `Campaign.backup`."""
    folder = Path(tempfile.mkdtemp(prefix="ladle-backup-"))
    path = folder / "backup.zip"
    try:
        with desk.one_writer():
            campaign.backup(path)
    except BaseException:
        _remove(path)
        raise
    name = "".join(each if each.isascii() and each.isalnum() else "-" for each in campaign.name)
    file_name = f"{name}-{datetime.now(UTC):%Y%m%d-%H%M%S}.zip"
    headers = {"Cache-Control": "no-store"}
    return FileResponse(
        path,
        media_type="application/zip",
        filename=file_name,
        headers=headers,
        background=BackgroundTask(_remove, path),
    )


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.parent.rmdir()
