"""The list of the examples within a shape on the map, and what a lead does with it."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import Annotated, Any
from urllib.parse import urlencode

import numpy as np
from fastapi import APIRouter, Form, Query, Request
from starlette.responses import Response

from ladle.arrays import Rows
from ladle.errors import MismatchError
from ladle.service.gate.identity import Lead
from ladle.service.pages.dashboard.doing import ListAction, confirm, do_with_rows, label_of, plan_of
from ladle.service.pages.dashboard.previews import previews
from ladle.service.pages.map.drawing import TheAtlas
from ladle.service.pages.map.shapes import read_shape
from ladle.service.shown_commands import command_of
from ladle.service.site import Pages

router = APIRouter(include_in_schema=False)
PAGE = 60
LONGEST_SHAPE = 8_000  # characters
Shape = Annotated[str, Query(max_length=LONGEST_SHAPE)]
Picks = Annotated[list[int] | None, Query()]  # rows: a form would change the line breaks of an id
Words = Annotated[str, Form(max_length=1_000)]


@router.get("/map/list")
def list_page(
    request: Request, pages: Pages, atlas: TheAtlas, shape: Shape, page: Annotated[int, Query(ge=1, le=10**9)] = 1
) -> Response:
    """The examples within a shape, by row: how many, how many of each state, a page of them. Raises: ArgumentError."""
    rows = _rows(atlas, shape)
    part = rows[PAGE * (page - 1) : PAGE * page]
    states = dict.fromkeys(rows.tolist(), "unasked")
    known = atlas.coloured("state")
    layout = atlas.layout()
    of_task = dict(zip(layout.rows[known.places].tolist(), known.names.tolist(), strict=True)) if len(rows) else {}
    states |= {row: of_task[row] for row in states.keys() & of_task.keys()}
    ids = atlas.campaign.ids.at(part).to_pylist()
    return pages.render(
        "map/list.html",
        shape=shape,
        total=len(rows),
        digest=_digest(rows),
        counts=dict(Counter(states.values())),
        examples=[
            (each, row, states[row]) for each, row in zip(previews(request, map(str, ids)), part.tolist(), strict=True)
        ],
        page=page,
        pages=max(1, -(-len(rows) // PAGE)),
        labels=atlas.campaign.settings.labels,
    )


@router.get("/map/list.jsonl")
def list_file(
    atlas: TheAtlas, shape: Shape, label: Annotated[str, Query(max_length=1_000)] = "", pick: Picks = None
) -> Response:
    """The ids within a shape, or those ticked, as JSON lines, which hold ids with line breaks and numbers as they are.

    With a label, a file for `ladle campaign gold`; without, one for commands that take a list of ids.
    Raises: ArgumentError.
    """
    ids = _picked(atlas, _rows(atlas, shape), pick)
    known = {"label": label_of(atlas.campaign, label)} if label else {}
    text = "".join(json.dumps({"id": each, **known}, ensure_ascii=False) + "\n" for each in ids)
    name = "gold" if label else "ids"
    headers = {"Content-Disposition": f'attachment; filename="{name}.jsonl"', "Cache-Control": "no-store"}
    return Response(text, media_type="application/jsonl; charset=utf-8", headers=headers)


@router.post("/map/list/{action}")
def act_on_list(
    request: Request,
    pages: Pages,
    atlas: TheAtlas,
    _lead: Lead,
    action: ListAction,
    shape: Annotated[str, Form(max_length=LONGEST_SHAPE)],
    digest: Annotated[str, Form(max_length=64)],
    assign_words: Words = "",
    gold_words: Words = "",
    exclude_words: Words = "",
    words: Words = "",
    pick: Annotated[list[int] | None, Form()] = None,
    confirmed: Annotated[bool, Form()] = False,
) -> Response:
    """Exclude, make gold or assign the examples of a list, or those ticked in it, after a question.

    words: the reason, the label or the name; the page has a field of its own for each. pick: the rows of those ticked.

    Raises: MismatchError when the list is another one than the page showed; as `plan_of` and `do_with_rows`.
    """
    rows = _rows(atlas, shape)
    if _digest(rows) != digest:
        raise MismatchError(
            "the list",
            wanted="be the one that the page showed",
            got=f"another one, of {len(rows):,} examples",
            remedy="Open the list again: the pool has changed.",
        )
    ids = _picked(atlas, rows, pick)
    typed = {ListAction.ASSIGN: assign_words, ListAction.GOLD: gold_words, ListAction.EXCLUDE: exclude_words}
    plan = plan_of(atlas.campaign, action, ids, words or typed.get(action, ""))
    back = f"/map/list?{urlencode({'shape': shape})}"
    if confirmed:
        return do_with_rows(request, pages, atlas.campaign, plan, back)
    query = urlencode({"shape": shape, "pick": pick or []}, doseq=True)
    files = {
        "IDS.jsonl": f"/map/list.jsonl?{query}",
        "GOLD.jsonl": f"/map/list.jsonl?{query}&{urlencode({'label': plan.words})}",
    }
    fields = {"shape": shape, "digest": digest, "words": plan.words, "pick": pick or []}
    command = command_of(atlas.campaign, action, *plan.options)
    needed = {name: address for name, address in files.items() if name in plan.options}
    return confirm(pages, "Are you sure?", plan.question, fields, command, back, files=needed)


def _picked(atlas: TheAtlas, rows: Rows, pick: list[int] | None) -> list[Any]:
    """The ids of the rows that were ticked, or of all. Raises: MismatchError for a row that is not in the list."""
    ticked = np.unique(np.array(pick or [], np.int64))
    kept = np.intersect1d(rows, ticked) if pick else rows
    if pick and len(kept) < len(ticked):
        raise MismatchError("the ticked examples", wanted="be in the list", got=f"{len(kept):,} of {len(ticked):,}")
    found: list[Any] = atlas.campaign.ids.at(kept).to_pylist()
    return found


def _rows(atlas: TheAtlas, shape: str) -> Rows:
    layout = atlas.layout()
    return np.sort(layout.rows[layout.within_polygon(read_shape(shape))])


def _digest(rows: Rows) -> str:
    return hashlib.sha256(rows.astype("<i8").tobytes()).hexdigest()
