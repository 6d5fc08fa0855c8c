"""The labelling page in a browser: digit classes, who takes tasks when, the end of tasks without a network, phones."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from ladle.service.gate.roles import Role
from tests.service.browser.site import Site, site
from tests.service.browser.test_labelling import all_saved, label_all, ready, shown_id

pytestmark = pytest.mark.long
DIGITS = list("0123456789")
GARMENTS = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]


def leased(shop: Site, name: str) -> int:
    return sum(row["tasks"] for row in shop.campaign.holdings().to_pylist() if row["who"] == name)


def test_a_digit_answers_the_class_of_its_name(browser: Browser, tmp_path: Path) -> None:
    with site(tmp_path, browser, labels=DIGITS) as shop:
        page = ready(shop.page())
        given = {}
        for digit in DIGITS:
            given[shown_id(page)] = digit
            before = shown_id(page)
            page.keyboard.press(digit)
            expect(page.locator("#task-id")).not_to_have_text(before)
        all_saved(page)
        assert shop.labels() == given
        shown = [each.split() for each in page.locator(".choice").all_inner_texts()]
        assert shown == [[each, each] for each in DIGITS]
        page.locator("summary", has_text="Keys").click()
        assert page.locator("#class-keys dt").all_inner_texts() == DIGITS
        assert page.locator("#class-keys dd").all_inner_texts() == DIGITS
        expect(page.locator(".skip-key")).to_have_text([".", "."])
        page.keyboard.press(".")
        expect(page.locator("#skip-dialog")).to_be_visible()


def test_a_lead_who_looks_takes_nothing(shop: Site) -> None:
    page = shop.page("lea", Role.LEAD)
    start = page.get_by_role("button", name="Start labelling")
    expect(start).to_be_visible()
    page.wait_for_load_state("networkidle")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_load_state("networkidle")
    expect(page.locator("#empty")).to_be_hidden()
    assert len(shop.campaign.holdings()) == 0
    assert not [row for row in shop.campaign.audit().to_pylist() if row["kind"] == "take"]
    start.click()
    ready(page)
    expect(start).to_be_hidden()
    label_all(page, 2)
    all_saved(page)
    assert leased(shop, "lea") > 0


def test_a_page_that_is_opened_again_takes_no_more_tasks(browser: Browser, tmp_path: Path) -> None:
    with site(tmp_path, browser, rows=100) as shop:
        page = ready(shop.page("bob"))
        label_all(page, 3)
        all_saved(page)
        page.wait_for_load_state("networkidle")
        before = leased(shop, "bob")
        assert 16 <= before <= 27  # those that were on the way come on top
        for _ in range(3):
            page.reload()
            ready(page)
            page.wait_for_load_state("networkidle")
            assert leased(shop, "bob") == before


def test_what_is_not_saved_is_said_when_the_tasks_run_out(browser: Browser, tmp_path: Path) -> None:
    with site(tmp_path, browser, rows=40, asked=5) as shop:
        context = shop.context()
        page = context.new_page()
        page.goto(shop.address + "/label")
        ready(page)
        context.set_offline(True)
        for _ in range(5):
            page.keyboard.press("1")
        expect(page.locator("#empty")).to_contain_text("cannot be reached")
        saved = page.locator("#saved")
        expect(saved).to_have_text(re.compile("No connection: 5 answers not saved yet, kept in this browser"))
        expect(saved).to_be_in_viewport()
        context.set_offline(False)
        all_saved(page)
        assert len(shop.labels()) == 5


def test_control_and_enter_save_a_comment(shop: Site) -> None:
    page = ready(shop.page())
    example = shown_id(page)
    page.keyboard.press(";")
    page.keyboard.type("two\n")
    page.keyboard.type("coats")
    expect(page.locator("#comment-dialog .primary")).to_contain_text("Ctrl+Enter")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#comment-dialog")).to_be_hidden()
    all_saved(page)
    assert [(row["id"], row["text"]) for row in shop.campaign.comments().to_pylist()] == [(example, "two\ncoats")]


def in_view(page: Page, selector: str) -> bool:
    """Whether all of these elements are wholly in the window, and none is cut by a box that scrolls."""
    script = """elements => elements.every((each) => {
      const box = each.getBoundingClientRect();
      const parents = [];
      for (let one = each.parentElement; one; one = one.parentElement) parents.push(one);
      const cuts = parents.some((one) => getComputedStyle(one).overflowY !== "visible" && one !== document.body
        && one !== document.documentElement && one.getBoundingClientRect().bottom < box.bottom - 1);
      return !cuts && box.top >= 0 && box.left >= 0 && box.bottom <= innerHeight + 1 && box.right <= innerWidth;
    })"""
    return bool(page.locator(selector).evaluate_all(script))


def test_ten_classes_are_in_view_on_a_phone(browser: Browser, tmp_path: Path) -> None:
    with site(tmp_path, browser, labels=GARMENTS) as shop:
        page = ready(shop.page(viewport={"width": 360, "height": 740}))
        for _ in range(12):
            page.keyboard.press("1")
        all_saved(page)
        assert page.locator(".choice").count() == 10
        assert in_view(page, ".choice, .actions button, .state, .state span")
        panel = page.locator(".answers").bounding_box()
        assert panel is not None
        assert panel["height"] < 0.38 * 740
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        ends = page.locator(".answers, #guidelines").evaluate_all(
            "each => [each[0].getBoundingClientRect().bottom, each[1].getBoundingClientRect().top]"
        )
        assert 0 <= ends[1] - ends[0] <= 24  # the guidelines follow at once, and nothing lies on them
        assert page.locator(".task-card").evaluate("each => each.getBoundingClientRect().bottom") <= (
            page.locator(".answers").evaluate("each => each.getBoundingClientRect().top")
        )
