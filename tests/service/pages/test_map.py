"""What the script of the map asks for: legends, points, tiles, the nearest example."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from ladle.campaign.pool_map import CampaignMap
from ladle.errors import FileError
from ladle.maps.tiles import pixel_counts
from ladle.maps.zorder import cells_of
from ladle.service.pages.map import atlas
from tests.service.pages.conftest import HTML, ROWS
from tests.service.pages.reading import read_page
from tests.service.served import Served

PATHS = ("/map/ready", "/map/legend/state", "/map/points/state", "/map/tiles/0/0/0.png", "/map/nearest?x=1&y=1&reach=9")


@pytest.mark.parametrize("path", [*PATHS, "/map/list.jsonl?shape=0,0;9,0;9,9"])
def test_who_may_see_it(led: Served, path: str) -> None:
    assert led.lead.get(path).status_code in (200, 204)
    assert led.reader.get(path).status_code in (200, 204)
    assert led.annotator().get(path).status_code == 403
    assert led.client().get(path).status_code == 401


def unpacked(content: bytes) -> np.ndarray:
    return np.frombuffer(content, "<u2").reshape(3, -1)


@pytest.mark.parametrize("by", ["state", "round", "label", "annotator", "margin", "cluster"])
def test_points_lie_where_the_layout_says(led: Served, by: str) -> None:
    legend = led.lead.get(f"/map/legend/{by}").json()
    x, y, value = unpacked(led.lead.get(f"/map/points/{by}").content)
    assert legend["drawn"] == "points"
    assert legend["shown"] == legend["total"] == len(x)
    layout = led.campaign.map.layout()
    cell_of = dict(
        zip(layout.rows.tolist(), zip(*(axis.tolist() for axis in cells_of(layout.codes)), strict=True), strict=True)
    )
    if by in ("state", "round", "label", "annotator"):
        known = {each.row: each.value for each in led.campaign.map.colours(by)}
        expected = sorted((*cell_of[row], name) for row, name in known.items())
        names = [hue["name"] for hue in legend["hues"]]
        assert (
            sorted((*each, names[line]) for *each, line in zip(x.tolist(), y.tolist(), value.tolist(), strict=True))
            == expected
        )
        for hue in legend["hues"]:
            assert hue["count"] == sum(name == hue["name"] for name in known.values())
    else:
        assert len(x) == ROWS
    assert len({hue["colour"] for hue in legend["hues"]}) == len(legend["hues"])


def test_what_by_annotator_means_is_said(led: Served) -> None:
    labels = {each.id: each.annotator for each in led.campaign.labels() if each.label is not None}
    legend = led.lead.get("/map/legend/annotator").json()
    expected = {name: list(labels.values()).count(name) for name in set(labels.values())}
    assert {hue["name"]: hue["count"] for hue in legend["hues"]} == expected
    assert "last label" in legend["note"]
    assert "skips do not count" in legend["note"]
    choices = [each.text for each in read_page(led.lead.get("/map", headers=HTML).text).all("option")]
    assert "by annotator of the last label" in choices


def test_margins_are_ranked(led: Served) -> None:
    known = led.campaign.map.margins()
    assert known is not None
    layout = led.campaign.map.layout()
    value = unpacked(led.lead.get("/map/points/margin").content)[2]
    margins = known[1][layout.rows]
    for line in range(7):
        assert margins[value == line].max() <= margins[value == line + 1].min()
    assert "v1" in led.lead.get("/map/legend/margin").json()["note"]


def test_colours_follow_the_campaign(led: Served) -> None:
    count = {hue["name"]: hue["count"] for hue in led.lead.get("/map/legend/state").json()["hues"]}
    led.campaign.exclude(led.campaign.batch(2).ids[:3], reason="x")
    now = {hue["name"]: hue["count"] for hue in led.lead.get("/map/legend/state").json()["hues"]}
    assert now["excluded"] == count["excluded"] + 3


def test_more_names_than_colours_are_joined(led: Served) -> None:
    for number in range(9):
        led.campaign.tell(led.campaign.ids.at([100 + number]).to_pylist(), ["cat"], annotator=f"p{number}")
    legend = led.lead.get("/map/legend/annotator").json()
    assert len(legend["hues"]) == 7
    assert legend["hues"][-1]["name"].endswith("others")
    assert sum(hue["count"] for hue in legend["hues"]) == legend["total"]


def test_more_points_than_are_drawn(led: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(atlas, "MOST_POINTS", 15)
    monkeypatch.setattr("ladle.service.pages.map.drawing.MOST_POINTS", 15)
    legend = led.lead.get("/map/legend/state").json()
    assert legend["shown"] == unpacked(led.lead.get("/map/points/state").content).shape[1] <= 15 < legend["total"]
    for by in ("margin", "cluster"):
        assert led.lead.get(f"/map/legend/{by}").json()["drawn"] == "tiles"
        answer = led.lead.get(f"/map/tiles/0/0/0.png?by={by}")
        drawn = np.array(Image.open(io.BytesIO(answer.content)).convert("RGBA"))
        assert np.array_equal(drawn[..., 3] > 0, pixel_counts(led.campaign.map.layout(), 0, 0, 0) > 0)


def test_tiles_are_kept_by_browsers(led: Served) -> None:
    answer = led.lead.get("/map/tiles/1/0/1.png?v=1")
    assert answer.headers["content-type"] == "image/png"
    assert "immutable" in answer.headers["cache-control"]
    assert "private" in answer.headers["cache-control"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/map/tiles/9/0/0.png", 422),
        ("/map/tiles/1/2/0.png", 422),
        ("/map/tiles/x/0/0.png", 422),
        ("/map/tiles/0/0/0.png?by=label", 404),
        ("/map/legend/taste", 404),
        ("/map/points/taste", 404),
        ("/map/nearest?x=nan&y=0&reach=1", 422),
        ("/map/nearest?x=0&y=0&reach=99999", 422),
    ],
)
def test_refusals(led: Served, path: str, status: int) -> None:
    assert led.lead.get(path).status_code == status


def test_the_nearest(led: Served) -> None:
    layout = led.campaign.map.layout()
    led.lead.get("/map/legend/state")
    place = 17
    x, y = (int(axis[0]) for axis in cells_of(layout.codes[place : place + 1]))
    found = led.lead.get(f"/map/nearest?x={x}&y={y}&reach=5").json()
    row = int(layout.rows[place])
    assert (found["id"], found["row"], found["x"], found["y"]) == (str(led.campaign.ids.at([row])[0]), row, x, y)
    states = {each.row: each.value for each in led.campaign.map.colours("state")}
    assert found["facts"].get("state") == states.get(row)
    assert led.lead.get("/map/nearest?x=0&y=0&reach=1").status_code == 204


class TestThePage:
    def test_when_the_layout_is_there(self, led: Served) -> None:
        led.lead.get("/map/ready")
        found = read_page(led.lead.get("/map", headers=HTML).text)
        assert "200 examples by the first two principal components" in found.text
        assert found.all("script", id="map-facts")

    def test_when_it_cannot_be_made(self, led: Served, monkeypatch: pytest.MonkeyPatch) -> None:
        def gone(pool: object, **options: object) -> None:
            raise FileError("the pool", wanted="be there", got="no such file")

        monkeypatch.setattr("ladle.maps.principal_positions", gone)
        answer = led.lead.get("/map/ready")
        assert (answer.status_code, answer.json()["subject"]) == (400, "the pool")
        assert "The map cannot be drawn: the pool must be there" in led.lead.get("/map", headers=HTML).text

    def test_while_it_is_being_made(self, led: Served, monkeypatch: pytest.MonkeyPatch) -> None:
        import threading

        go_on, real = threading.Event(), CampaignMap.layout

        def slow(self, given=None, **options):  # type: ignore[no-untyped-def]
            go_on.wait(20)
            return real(self, given, **options)

        monkeypatch.setattr("ladle.campaign.pool_map.CampaignMap.layout", slow)
        found = read_page(led.lead.get("/map", headers=HTML).text)
        assert "being worked out" in found.text
        go_on.set()
        assert led.lead.get("/map/ready").status_code == 204
