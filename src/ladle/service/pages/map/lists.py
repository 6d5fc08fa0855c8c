"""The list of the examples within a shape on the map, and what a lead does with it."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Form, Query, Request
from starlette.responses import Response

from ladle.arrays import Rows
from ladle.errors import MismatchError
from ladle.service.gate.identity import Lead
from ladle.service.pages.dashboard.doing import ListAction, do_with_rows
from ladle.service.pages.dashboard.previews import previews
from ladle.service.pages.map.drawing import TheAtlas
from ladle.service.pages.map.shapes import read_shape
from ladle.service.site import Pages

router = APIRouter(include_in_schema=False)
PAGE = 60
LONGEST_SHAPE = 8_000  # characters
Shape = Annotated[str, Query(max_length=LONGEST_SHAPE)]


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
        examples=list(zip(previews(request, map(str, ids)), (states[row] for row in part.tolist()), strict=True)),
        page=page,
        pages=max(1, -(-len(rows) // PAGE)),
        labels=atlas.campaign.settings.labels,
    )


@router.get("/map/list.txt")
def list_text(atlas: TheAtlas, shape: Shape) -> Response:
    """The ids within a shape, one a line, for `--ids` of the command line. Raises: ArgumentError."""
    ids = atlas.campaign.ids.at(_rows(atlas, shape)).to_pylist()
    headers = {"Content-Disposition": 'attachment; filename="ids.txt"', "Cache-Control": "no-store"}
    return Response("".join(f"{each}\n" for each in ids), media_type="text/plain; charset=utf-8", headers=headers)


@router.post("/map/list/{action}")
def act_on_list(
    request: Request,
    pages: Pages,
    atlas: TheAtlas,
    _lead: Lead,
    action: ListAction,
    shape: Annotated[str, Form(max_length=LONGEST_SHAPE)],
    digest: Annotated[str, Form(max_length=64)],
    words: Annotated[str, Form(max_length=1_000)],
) -> Response:
    """Exclude, make gold or assign the examples of a list. words: the reason, the label or the name.

    Raises: MismatchError when the list is another one than the page showed; as `do_with_rows`.
    """
    rows = _rows(atlas, shape)
    if _digest(rows) != digest:
        raise MismatchError(
            "the list",
            wanted="be the one that the page showed",
            got=f"another one, of {len(rows):,} examples",
            remedy="Open the list again: the pool has changed.",
        )
    ids = atlas.campaign.ids.at(rows).to_pylist()
    return do_with_rows(request, pages, atlas.campaign, action, ids, words, back=f"/map/list?shape={shape}")


def _rows(atlas: TheAtlas, shape: str) -> Rows:
    layout = atlas.layout()
    return np.sort(layout.rows[layout.within_polygon(read_shape(shape))])


def _digest(rows: Rows) -> str:
    return hashlib.sha256(rows.astype("<i8").tobytes()).hexdigest()
