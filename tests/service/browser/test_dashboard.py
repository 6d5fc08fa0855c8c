"""A lead looks at the pages and the map in a real browser: every page in three sizes and two themes; the map."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

import ladle
from ladle.maps.zorder import cells_of
from ladle.service.gate.roles import Role
from tests.service.browser.site import CLASSES, Site, site
from tests.service.browser.test_pages import SIZES, violations

pytestmark = pytest.mark.long
ROWS = 400
PAGES = (
    *("/overview", "/map", "/batches", "/batches/1", "/clusters", "/tasks?state=disputed", "/people", "/audit"),
    "/resolved",
    *("/quarantine", "/examples/image-0001", "/map/list?shape=0,0;65536,0;65536,65536;0,65536"),
)


@pytest.fixture(scope="module")
def led(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A campaign with two rounds, people who disagree, models, an exclusion and entries in quarantine."""
    folder = tmp_path_factory.mktemp("led")
    rng = np.random.default_rng(0)
    vectors = (np.repeat(rng.normal(size=(8, 6)), ROWS // 8, axis=0) * 6 + rng.normal(size=(ROWS, 6))).astype(
        np.float32
    )
    np.save(folder / "pool.npy", vectors)
    with site(folder, browser, rows=ROWS, asked=60, vectors=vectors, annotators_per_task=2, price=0.1) as running:
        fill(running.campaign, folder)
        running.page("lea", Role.LEAD, "/map").wait_for_selector("#map")
        yield running


def fill(campaign: ladle.Campaign, folder: Path) -> None:
    batch = campaign.batch(1)
    campaign.tell(batch.ids[:40], [CLASSES[row % 4] for row in batch.rows[:40]], annotator="ann")
    campaign.tell(batch.ids[:40], [CLASSES[(row + (row % 9 == 0)) % 4] for row in batch.rows[:40]], annotator="bob")
    campaign.exclude(batch.ids[59:], reason="blurred")
    campaign.tell(["nobody", str(batch.ids[1])], ["boot", "bot"], annotator="ann")
    np.save(folder / "scores.npy", np.random.default_rng(1).dirichlet([1] * 4, ROWS).astype(np.float32))
    campaign.record_model("v1", metrics={"accuracy": 0.61, "loss": 1.1}, scores=folder / "scores.npy")
    campaign.record_model("v2", metrics={"accuracy": 0.74, "loss": 0.8})


def lead(led: Site, path: str, **options: object) -> Page:
    page = led.page("lea", Role.LEAD, path, **options)
    page.wait_for_load_state("networkidle")
    return page


def drawn(page: Page, what: str) -> None:
    """Wait until the map has drawn this: the colour of its tiles, and how many points."""
    expect(page.locator("#map")).to_have_attribute("data-drawn", what)


def pixels_of(page: Page) -> int:
    """How many pixels of the layer of points are not empty, as the browser shows them."""
    shot = page.locator("#points").screenshot()
    from io import BytesIO

    from PIL import Image

    colours = np.array(Image.open(BytesIO(shot)).convert("RGB")).astype(int)
    return int((colours.max(axis=2) - colours.min(axis=2) > 60).sum())  # grey and paper have nearly equal bands


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES, ids=lambda size: str(size[0]))
def test_every_page_fits_and_is_accessible(led: Site, size: tuple[int, int], theme: str) -> None:
    errors: list[str] = []
    context = led.context(
        "lea", Role.LEAD, viewport={"width": size[0], "height": size[1]}, color_scheme=theme, bypass_csp=True
    )
    page = context.new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("response", lambda answer: errors.append(answer.url) if answer.status >= 400 else None)
    for path in PAGES:
        page.goto(led.address + path)
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0], path
        assert violations(page) == [], path
    assert errors == []
    context.close()


def test_the_policy_of_content_is_kept(led: Site) -> None:
    """Without `bypass_csp`: the browser reports what the policy forbids."""
    errors: list[str] = []
    page = led.page("lea", Role.LEAD, "/overview")
    page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
    for path in PAGES:
        page.goto(led.address + path)
        page.wait_for_load_state("networkidle")
    assert errors == []


class TestMap:
    @pytest.mark.parametrize("by", ["state", "round", "label", "annotator", "margin"])
    def test_colours(self, led: Site, by: str) -> None:
        page = lead(led, "/map")
        page.select_option("#colour", by)
        drawn(page, f"grey {ROWS if by == 'margin' else len(led.campaign.map.colours(by))}")
        assert pixels_of(page) > 100
        assert page.locator("#legend li").count() >= 1
        page.select_option("#colour", "")
        drawn(page, "grey 0")
        assert pixels_of(page) < 100

    def test_what_cannot_be_coloured_says_why(self, led: Site) -> None:
        page = lead(led, "/map")
        page.select_option("#colour", "cluster")
        expect(page.locator("#note")).to_contain_text("a campaign without clusters")

    def test_without_webgl(self, led: Site) -> None:
        context = led.context("lea", Role.LEAD)
        context.add_init_script(
            "const real = HTMLCanvasElement.prototype.getContext;"
            "HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {"
            "  return kind.startsWith('webgl') ? null : real.call(this, kind, ...rest); };"
        )
        page = context.new_page()
        page.goto(led.address + "/map")
        drawn(page, f"grey {len(led.campaign.map.colours('state'))}")
        assert pixels_of(page) > 100

    def test_hover_shows_the_example(self, led: Site) -> None:
        page = lead(led, "/map")
        drawn(page, f"grey {len(led.campaign.map.colours('state'))}")
        example, x, y = place_on_page(led, page, row=led.campaign.batch(1).rows[3])
        page.mouse.move(x, y)
        hover = page.locator("#hover")
        expect(hover).to_be_visible()
        expect(hover.locator("a")).to_have_text(example)
        assert hover.locator("img").evaluate("image => image.decode().then(() => image.naturalWidth)") == 28
        expect(hover).to_contain_text("state")

    def test_moving_and_scale(self, led: Site) -> None:
        page = lead(led, "/map")
        drawn(page, f"grey {len(led.campaign.map.colours('state'))}")
        before = page.locator("#map").screenshot()
        page.locator("#map").focus()
        for key in ("+", "+", "ArrowLeft"):
            page.keyboard.press(key)
        closer = until_another_picture(page, before)
        page.keyboard.press("Enter")
        page.keyboard.press("0")
        whole = until_another_picture(page, closer)
        box = page.locator("#map").bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + 300, box["y"] + 300)
        page.mouse.wheel(0, -400)
        until_another_picture(page, whole)

    def test_a_line_opens_the_list_and_the_list_is_assigned(self, led: Site) -> None:
        page = lead(led, "/map")
        drawn(page, f"grey {len(led.campaign.map.colours('state'))}")
        example, x, y = place_on_page(led, page, row=399)
        page.click("#lasso")
        page.mouse.move(x - 25, y - 25)
        page.mouse.down()
        for dx, dy in ((25, -25), (25, 25), (-25, 25), (-25, -24)):
            page.mouse.move(x + dx, y + dy, steps=6)
        page.mouse.up()
        page.wait_for_url("**/map/list?shape=*")
        ids = page.locator(".thumb-id").all_inner_texts()
        assert example in ids
        assert 1 <= len(ids) < 200
        page.fill("#to", "eve")
        page.get_by_role("button", name="Assign").click()
        page.get_by_role("button", name="Yes, do it").click()
        expect(page.locator(".notice.ok")).to_contain_text("assigned to eve")
        assert example in {str(each.id) for each in led.campaign.outstanding() if each.assigned_to == "eve"}

    def test_list_of_what_is_in_view(self, led: Site) -> None:
        page = lead(led, "/map")
        page.click("#in-view")
        expect(page.locator("h1")).to_have_text(f"{ROWS} examples from the map")


def until_another_picture(page: Page, before: bytes) -> bytes:
    """Wait until the map looks different: how it looks then. Fails after some seconds."""
    end = time.monotonic() + 10
    while (found := page.locator("#map").screenshot()) == before:
        assert time.monotonic() < end, "the map looks the same"
    return found


SEEN = """() => {
  const canvas = document.getElementById("tiles");
  const light = (rgb) => rgb.map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, band) => sum + v * [0.2126, 0.7152, 0.0722][band], 0);
  const card = getComputedStyle(canvas.parentElement).backgroundColor.match(/[0-9.]+/g).slice(0, 3).map(Number);
  const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  let least = Infinity;
  for (let at = 0; at < data.length; at += 4) {
    const alpha = data[at + 3] / 255;
    if (alpha < 0.58) continue; // the rim of a pixel of a tile, which covers a part of a pixel of the screen
    const [a, b] = [light([0, 1, 2].map((band) => alpha * data[at + band] + (1 - alpha) * card[band])), light(card)];
    least = Math.min(least, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05));
  }
  return least;
}"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_grey_point_of_the_map_is_seen(led: Site, theme: Literal["light", "dark"]) -> None:
    page = led.page("lea", Role.LEAD, "/map", color_scheme=theme)
    drawn(page, f"grey {len(led.campaign.map.colours('state'))}")
    page.wait_for_function(f"() => ({SEEN})() < Infinity")
    assert page.evaluate(SEEN) >= 2.95
    other: Literal["light", "dark"] = "dark" if theme == "light" else "light"
    page.emulate_media(color_scheme=other)  # the greys follow the theme
    page.wait_for_function(f"() => ({SEEN})() >= 2.95 && ({SEEN})() < Infinity")


def test_the_audit_log_fits_a_phone(led: Site) -> None:
    page = led.page("lea", Role.LEAD, "/audit", viewport={"width": 360, "height": 780})
    region = page.locator(".scroll")
    assert region.evaluate("box => box.scrollWidth <= box.clientWidth")
    first = page.locator("tbody tr").first
    assert "Seal" in first.locator("td").last.evaluate("cell => getComputedStyle(cell, '::before').content")
    bar = page.locator(".site-header nav ul")
    assert bar.evaluate("list => list.scrollLeft > 0")
    expect(page.locator("nav [aria-current]")).to_be_in_viewport()


def place_on_page(led: Site, page: Page, *, row: int) -> tuple[str, float, float]:
    """The id of an example and where it lies on the page while the whole map is shown."""
    layout = led.campaign.map.layout()
    place = int(np.flatnonzero(layout.rows == row)[0])
    cell = [float(axis[0]) + 0.5 for axis in cells_of(layout.codes[place : place + 1])]
    box = page.locator("#map").bounding_box()
    assert box is not None
    scale = min(box["width"], box["height"]) / 65_536
    x = box["x"] + box["width"] / 2 + (cell[0] - 32_768) * scale
    y = box["y"] + box["height"] / 2 + (cell[1] - 32_768) * scale
    return str(led.campaign.ids.at([row])[0]), x, y


def test_a_lead_reviews_disputes(led: Site) -> None:
    page = lead(led, "/overview")
    page.get_by_role("link", name=str(led.campaign.figures().disputed), exact=True).first.click()
    page.wait_for_url("**/tasks?state=disputed")
    example = page.locator("tbody tr th").first.inner_text()
    assert "ann: " in page.locator("tbody tr").first.inner_text()
    page.get_by_role("link", name=example).click()
    expect(page.locator(".story li").first).to_be_visible()
    page.select_option("#label", "dress")
    page.fill("#reason", "seen by two")
    page.get_by_role("button", name="Decide").click()
    expect(page.locator(".notice.ok")).to_contain_text("The final word on it is dress")
    page.get_by_role("link", name="Go on").click()
    expect(page.locator(".badge.ok")).to_have_text("labelled")
    assert [each.label for each in led.campaign.resolved() if each.id == example] == ["dress"]


def test_a_reader_has_no_buttons_that_change(led: Site) -> None:
    page = led.page("ray", Role.READER, "/overview")
    for path in PAGES:
        page.goto(led.address + path)
        assert page.locator("main form[method=post] button").count() == 0, path


def test_the_pages_print(led: Site) -> None:
    page = lead(led, "/overview")
    page.emulate_media(media="print")
    assert page.locator("nav").first.is_hidden()
    assert len(page.pdf()) > 10_000
