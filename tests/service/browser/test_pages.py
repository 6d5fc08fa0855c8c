"""What the labelling page looks like and what it lets through: sizes, themes, accessibility, hostile content."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from ladle.labelling.labels import Labels
from ladle.service.content import ContentSources
from tests.service.browser.site import Site, site
from tests.service.browser.test_labelling import all_saved, ready, shown_id

pytestmark = pytest.mark.long
AXE = Path(__file__).parents[3] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
SIZES = [(360, 740), (1280, 800), (2560, 1440)]
HOSTILE = "<img src=x onerror=\"document.title='hacked'\"><script>document.title='hacked'</script>\"'&"


def violations(page: Page) -> list[str]:
    """What axe finds wrong with the page as it is now. Playwright's own world is not under the page's policy."""
    if not AXE.exists():
        pytest.skip("needs axe-core: npm ci in frontend/")
    page.evaluate(AXE.read_text() + "; 0")
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [f"{each['id']}: {node['html'][:120]}" for each in found["violations"] for node in each["nodes"]]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES, ids=lambda size: str(size[0]))
def test_the_page_fits_and_is_accessible(shop: Site, size: tuple[int, int], theme: str) -> None:
    width, height = size
    page = ready(
        shop.page(viewport={"width": width, "height": height}, color_scheme=theme, bypass_csp=True)  # for axe
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    box = page.locator(".choice").first.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= height  # the answers are in view
    assert box["height"] >= (44 if width == 360 else 24)
    assert violations(page) == []
    page.keyboard.press("1")
    page.keyboard.press("Backspace")
    expect(page.locator("#earlier")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("0")
    expect(page.locator("#skip-dialog")).to_be_visible()
    assert violations(page) == []


def test_the_sign_in_page_is_accessible(shop: Site) -> None:
    page = shop.browser.new_context(bypass_csp=True).new_page()
    page.goto(shop.address + "/sign-in")
    assert violations(page) == []


def test_a_person_signs_in_by_a_password_and_labels(shop: Site) -> None:
    from ladle.service.gate.roles import Role

    shop.accounts.add_user("ann", Role.ANNOTATOR, "a long password of hers")
    page = shop.browser.new_page()
    page.goto(shop.address + "/label")
    page.get_by_label("Name").fill("ann")
    page.get_by_label("Password").fill("a long password of hers")
    page.get_by_role("button", name="Sign in").click()
    ready(page)
    page.keyboard.press("2")
    all_saved(page)
    assert len(shop.labels()) == 1


def test_the_page_works_without_a_mouse_and_says_what_happens(shop: Site) -> None:
    page = ready(shop.page())
    first = shown_id(page)
    for _ in range(40):  # Tab reaches the buttons
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.className") == "choice":
            break
    page.keyboard.press("Enter")
    expect(page.locator("#task-id")).not_to_have_text(first)
    expect(page.locator("#live")).to_have_text("boot.")
    page.locator("summary", has_text="Keys").click()
    page.get_by_label("Single keys answer").uncheck()
    second = shown_id(page)
    page.keyboard.press("1")
    assert shown_id(page) == second


def test_hostile_ids_text_classes_and_comments_are_only_text(browser: Browser, tmp_path: Path) -> None:
    ids = [f"{HOSTILE}/{number}" for number in range(40)]
    rows = [{"id": each, "text": HOSTILE, HOSTILE: HOSTILE, "image": f"{HOSTILE}.png"} for each in ids]
    (tmp_path / "content.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "guide.md").write_text(HOSTILE)
    (tmp_path / "images").mkdir()
    content = ContentSources(tmp_path / "content.jsonl", None, tmp_path / "images", tmp_path / "guide.md")
    labels = [HOSTILE, f"{HOSTILE} too"]
    with site(tmp_path, browser, ids=ids, content=content, labels=labels) as shop:
        page = shop.context(HOSTILE[:60]).new_page()
        problems: list[str] = []
        page.on("dialog", lambda dialog: problems.append(dialog.message))
        page.goto(shop.address + "/label")
        ready(page)
        title = page.title()
        assert shown_id(page) == ids[0]
        page.keyboard.press(";")
        page.get_by_role("textbox", name="Comment").fill(HOSTILE)
        page.get_by_role("button", name="Save", exact=True).click()
        page.keyboard.press("1")
        page.keyboard.press("Backspace")
        expect(page.locator("#earlier-answer")).to_have_text(HOSTILE)
        all_saved(page)
        assert page.title() == title
        assert page.locator("main script:not([type])").count() == 0
        assert page.locator("[onerror]").count() == 0
        assert problems == []
        assert shop.labels() == {ids[0]: HOSTILE}
        assert shop.campaign.comments().to_pylist()[0]["text"] == HOSTILE


def test_the_policy_of_the_page_stops_script_that_is_not_its_own(shop: Site) -> None:
    page = ready(shop.page())
    page.evaluate("""() => {
        window.refused = []
        document.addEventListener('securitypolicyviolation', (event) => window.refused.push(event.effectiveDirective))
        const image = `<img src=x onerror="document.title='hacked'">`
        document.body.insertAdjacentHTML('beforeend', image)
    }""")
    page.wait_for_function("window.refused.length > 0")
    assert page.evaluate("window.refused") == ["script-src-attr"]
    assert page.title() != "hacked"


def test_several_classes_for_an_example(browser: Browser, tmp_path: Path) -> None:
    with site(tmp_path, browser, labels=Labels.multi(["red", "green", "blue"])) as shop:
        page = ready(shop.page())
        first = shown_id(page)
        for key in ("1", "3", "Enter"):
            page.keyboard.press(key)
        second = shown_id(page)
        assert second != first
        page.keyboard.press("Enter")  # none of them
        page.keyboard.press("Backspace")
        page.keyboard.press("Backspace")
        expect(page.locator("[aria-pressed=true]")).to_have_count(2)
        page.keyboard.press("3")
        page.keyboard.press("Enter")
        all_saved(page)
        assert shop.labels() == {first: ["red"], second: []}


def test_a_value_for_an_example(browser: Browser, tmp_path: Path) -> None:
    with site(tmp_path, browser, labels=Labels.value(0, 5)) as shop:
        page = ready(shop.page())
        first = shown_id(page)
        page.keyboard.type("3.25")
        page.keyboard.press("Enter")
        expect(page.locator("#task-id")).not_to_have_text(first)
        second = shown_id(page)
        page.keyboard.type("7")
        page.keyboard.press("Enter")
        assert shown_id(page) == second  # out of range: the field says so
        page.locator("#value").fill("")
        page.keyboard.press("Backspace")
        expect(page.locator("#value")).to_have_value("3.25")
        page.locator("#value").fill("0")
        page.keyboard.press("Enter")
        all_saved(page)
        assert shop.labels() == {first: 0.0}


def test_classes_of_ones_own(browser: Browser, tmp_path: Path) -> None:
    with site(tmp_path, browser, labels=None) as shop:
        page = ready(shop.page())
        first = shown_id(page)
        page.keyboard.type("clog 2")
        page.keyboard.press("Enter")
        expect(page.locator("#task-id")).not_to_have_text(first)
        second = shown_id(page)
        page.get_by_role("button", name="clog 2").click()
        all_saved(page)
        assert shop.labels() == {first: "clog 2", second: "clog 2"}


def test_many_classes_are_searched(browser: Browser, tmp_path: Path) -> None:
    names = [f"class {number}" for number in range(60)] + ["zebra crossing"]
    with site(tmp_path, browser, labels=names) as shop:
        page = ready(shop.page())
        first = shown_id(page)
        page.keyboard.press("/")
        page.keyboard.type("cross zeb")
        expect(page.locator(".choice:visible")).to_have_count(1)
        page.keyboard.press("Enter")
        expect(page.locator("#task-id")).not_to_have_text(first)
        expect(page.locator(".choice:visible")).to_have_count(61)
        second = shown_id(page)
        page.keyboard.press("z")  # the last class with a key
        all_saved(page)
        assert shop.labels() == {first: "zebra crossing", second: "class 34"}


def test_numbers_as_ids_beyond_what_a_browser_counts(browser: Browser, tmp_path: Path) -> None:
    ids = [2**53 + 2 * number + 1 for number in range(40)]
    with site(tmp_path, browser, ids=ids) as shop:
        page = ready(shop.page())
        assert shown_id(page) == str(ids[0])
        page.keyboard.press("!")
        page.keyboard.press("2")
        all_saved(page)
        assert shop.labels() == {str(ids[0]): "coat"}
        assert [row["id"] for row in shop.campaign.comments().to_pylist()] == [ids[0]]


def test_zoom(shop: Site) -> None:
    page = ready(shop.page())
    width = "document.querySelector('#task img').clientWidth"
    before = page.evaluate(width)
    page.keyboard.press("+")
    assert page.evaluate(width) == pytest.approx(2 * before, abs=2)
    page.keyboard.press("-")
    assert page.evaluate(width) == pytest.approx(before, abs=2)
    page.locator(".frame").click()
    assert page.evaluate(width) == pytest.approx(2 * before, abs=2)


def test_another_annotator_does_not_see_what_one_has_not_taken(shop: Site) -> None:
    ann, bob = shop.page("ann"), shop.page("bob")
    ready(ann)
    ready(bob)
    address = ann.locator("#task img").get_attribute("src")
    assert ann.request.get(shop.address + str(address)).status == 200
    assert bob.request.get(shop.address + str(address)).status == 404
    assert shop.browser.new_context().request.get(shop.address + str(address)).status == 401


def test_key_to_next_task_takes_a_twentieth_of_a_second_at_most(browser: Browser, tmp_path: Path) -> None:
    with site(tmp_path, browser, rows=130) as shop:
        page = ready(shop.page())
        for number in range(120):
            ready(page)  # a script without a thought may be quicker than the tasks come
            before = shown_id(page)
            page.keyboard.press(str(number % 4 + 1))
            expect(page.locator("#task-id")).not_to_have_text(before)
        page.wait_for_function("() => ladleTimes.length === 120")
        times = sorted(page.evaluate("ladleTimes"))
        assert len(times) == 120
        assert times[len(times) // 2] < 50, times  # measured figures are in docs/results/labelling.md
        all_saved(page)
