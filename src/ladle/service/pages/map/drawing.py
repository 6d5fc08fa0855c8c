"""The page of the map, and what its script asks for: legends, tiles, points, the example under the pointer."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel
from starlette.responses import Response

from ladle.errors import LadleError, NotFoundError
from ladle.maps import class_tile, density_tile, value_tile
from ladle.maps.tiles import DEEPEST
from ladle.maps.zorder import CELLS, cells_of
from ladle.service.config import ServiceConfig
from ladle.service.desk import desk_of
from ladle.service.gate.identity import Readers
from ladle.service.pages.dashboard.readings import is_small
from ladle.service.pages.map.atlas import BY_POOL, BY_TASK, MOST_POINTS, WORDS, Atlas, Coloured, packed_points
from ladle.service.remembered import PAGE_SECONDS, remembered_of
from ladle.service.site import Pages

router = APIRouter(include_in_schema=False)
TILE_TYPE, POINTS_TYPE = "image/png", "application/octet-stream"
KEPT = {"Cache-Control": "private, max-age=31536000, immutable"}  # the address names the version
FRESH = {"Cache-Control": "no-store"}
FARTHEST_REACH = 4_096  # cells


def atlas_of(request: Request, identity: Readers) -> Atlas:
    """The map, in the name of the person who is signed in."""
    campaign = desk_of(request).acting(identity.name)
    config: ServiceConfig = request.app.state.config
    return Atlas(campaign, remembered_of(request), config.layout, config.umap)


TheAtlas = Annotated[Atlas, Depends(atlas_of)]


class Legend(BaseModel):
    """What the script draws for a colour. hues: name, colour and count of each value. shown: points, of so many."""

    by: str
    drawn: Literal["points", "tiles"]
    hues: list[dict[str, Any]]
    shown: int
    total: int
    note: str


class Found(BaseModel):
    """The example nearest to the pointer."""

    id: str
    row: int
    x: int
    y: int
    facts: dict[str, str]


@router.get("/map")
def map_page(pages: Pages, atlas: TheAtlas) -> Response:
    """The map, or what is being done for it."""
    layout, problem = None, ""
    try:
        layout = atlas.layout(seconds=PAGE_SECONDS)
    except TimeoutError:
        pass
    except LadleError as error:
        problem = str(error)
    facts = None
    if layout is not None:
        version = f"{len(layout)}-{layout.codes[0]}-{layout.codes[-1]}-{int(layout.rows[0])}"
        facts = {
            "version": f"{atlas.key().replace(' ', '-')}-{version}",
            "examples": len(layout),
            "cells": CELLS,
            "deepest": DEEPEST,
            "colours": [*BY_TASK, *BY_POOL],
        }
    choices = {by: WORDS.get(by, by) for by in (*BY_TASK, *BY_POOL)}
    first = "state" if is_small(atlas.campaign) else ""
    return pages.render("map/map.html", layout=layout, facts=facts, problem=problem, choices=choices, first=first)


@router.get("/map/ready")
def map_ready(atlas: TheAtlas) -> Response:
    """Wait until the layout is made. Raises: as `CampaignMap.layout`."""
    atlas.layout()
    return Response(status_code=204, headers=FRESH)


@router.get("/map/tiles/{zoom}/{x}/{y}.png")
def tile(atlas: TheAtlas, zoom: int, x: int, y: int, by: str = "") -> Response:
    """A tile: grey by density, or coloured by the mean margin or the cluster. Raises: ArgumentError, NotFoundError."""
    layout = atlas.layout()
    if not by:
        drawn = density_tile(layout, zoom, x, y)
    elif by in BY_POOL:
        found = atlas.coloured(by)
        values = found.values
        if by == "margin":
            drawn = value_tile(layout, (values / max(1, len(found.legend) - 1)).astype("float32"), zoom, x, y)
        else:
            drawn = class_tile(layout, (values + 1).astype("uint8"), zoom, x, y)
    else:
        raise NotFoundError("the tiles", wanted=f"be coloured by {' or '.join(BY_POOL)}", got=repr(by))
    return Response(drawn, media_type=TILE_TYPE, headers=FRESH if by else KEPT)


@router.get("/map/legend/{by}")
def legend(atlas: TheAtlas, by: str) -> Legend:
    """What a colour means. Raises: NotFoundError."""
    found = atlas.coloured(by)
    drawn = _drawn(found)
    shown = len(found.drawn()[0]) if drawn == "points" else len(found.places)
    hues = [asdict(each) for each in found.legend]
    return Legend(by=by, drawn=drawn, hues=hues, shown=shown, total=len(found.places), note=found.note)


@router.get("/map/points/{by}")
def points(atlas: TheAtlas, by: str) -> Response:
    """x, y and value of each point: three arrays of little-endian uint16, one after another. Raises: NotFoundError."""
    found = atlas.coloured(by)
    return Response(packed_points(atlas.layout(), found), media_type=POINTS_TYPE, headers=FRESH)


@router.get("/map/nearest", responses={204: {"description": "No example is near."}})
def nearest(
    atlas: TheAtlas,
    x: Annotated[float, Query(ge=0, le=CELLS)],
    y: Annotated[float, Query(ge=0, le=CELLS)],
    reach: Annotated[int, Query(ge=1, le=FARTHEST_REACH)],
) -> Response:
    """The example nearest to a cell, within a reach."""
    layout = atlas.layout()
    place = layout.nearest(x, y, reach)
    if place is None:
        return Response(status_code=204, headers=FRESH)
    row = int(layout.rows[place])
    across, down = cells_of(layout.codes[place : place + 1])
    found = Found(
        id=str(atlas.campaign.ids.at([row])[0].as_py()),
        row=row,
        x=int(across[0]),
        y=int(down[0]),
        facts=atlas.facts_at(place),
    )
    return Response(found.model_dump_json(), media_type="application/json", headers=FRESH)


def _drawn(found: Coloured) -> Literal["points", "tiles"]:
    return "tiles" if found.by in BY_POOL and len(found.places) > MOST_POINTS else "points"
