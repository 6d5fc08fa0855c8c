"""People label in a real browser: by keyboard, back and forth, without a network, two at once."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from ladle.service.gate.roles import Role
from tests.service.browser.site import CLASSES, Site, site

pytestmark = pytest.mark.long
SAVED = "All answers are saved."


def shown_id(page: Page) -> str:
    return page.locator("#task-id").inner_text()


def ready(page: Page) -> Page:
    expect(page.locator("#work")).to_be_visible()
    return page


def all_saved(page: Page) -> None:
    expect(page.locator("#saved")).to_have_text(SAVED, timeout=30_000)


def label_all(page: Page, count: int, *, first: int = 0) -> dict[str, str]:
    """Answer tasks by key, each with a class that depends on its id; what was answered."""
    given = {}
    for _ in range(count):
        expect(page.locator("#work")).to_be_visible()
        example = shown_id(page)
        place = (int(example.split("-")[1]) + first) % len(CLASSES)
        page.keyboard.press(str(place + 1))
        expect(page.locator("#task-id")).not_to_have_text(example)
        given[example] = CLASSES[place]
    return given


def test_two_hundred_labels_by_keyboard(browser: Browser, tmp_path: Path) -> None:
    with site(tmp_path, browser, rows=210) as shop:
        page = ready(shop.page("ann"))
        given = label_all(page, 200)
        all_saved(page)
        assert shop.labels() == given
        expect(page.locator("#today")).to_have_text("200")
        assert {row["annotator"] for row in shop.campaign.labels().to_pylist()} == {"ann"}
        assert {row["source"] for row in shop.campaign.labels().to_pylist()} == {"page"}
        assert all(row["seconds"] > 0 for row in shop.campaign.labels().to_pylist())
        assert shop.campaign.verify().problems == ()
        page.reload()
        expect(page.locator("#today")).to_have_text("200")


def test_undo_any_number_of_steps_makes_new_versions(shop: Site) -> None:
    page = ready(shop.page())
    given = label_all(page, 6)
    order = list(given)
    for _ in range(5):
        page.keyboard.press("Backspace")
    assert shown_id(page) == order[1]
    expect(page.locator("#earlier-answer")).to_have_text(given[order[1]])
    page.keyboard.press("4")  # another answer
    assert shown_id(page) == order[2]
    page.keyboard.press("ArrowRight")  # keep that one
    assert shown_id(page) == order[3]
    page.keyboard.press("Control+z")
    assert shown_id(page) == order[2]
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    assert shown_id(page) not in given
    page.keyboard.press("ArrowRight")  # nothing is ahead
    label_all(page, 1)
    all_saved(page)
    expected = given | {order[1]: CLASSES[3]}
    labels = shop.labels()
    assert {example: labels[example] for example in expected} == expected
    versions = [row for row in shop.campaign.labels().to_pylist() if row["id"] == order[1]]
    assert [row["version"] for row in versions] == ([1, 2] if given[order[1]] != CLASSES[3] else [1])
    for _ in range(20):
        page.keyboard.press("Backspace")
    assert shown_id(page) == order[0]
    expect(page.locator("#undo")).to_be_disabled()


def test_nothing_is_lost_without_a_network(shop: Site) -> None:
    context = shop.context()
    page = context.new_page()
    page.goto(shop.address + "/label")
    ready(page)
    before = label_all(page, 3)
    all_saved(page)
    context.set_offline(True)
    offline = label_all(page, 5)
    expect(page.locator("#saved")).to_have_text(
        re.compile("No connection: 5 answers not saved yet, kept in this browser")
    )
    assert shop.labels() == before
    context.set_offline(False)
    all_saved(page)
    assert shop.labels() == before | offline
    assert len(shop.campaign.labels()) == 8


def test_answers_outlive_a_page_that_is_closed(shop: Site) -> None:
    context = shop.context()
    page = context.new_page()
    page.goto(shop.address + "/label")
    ready(page)
    context.set_offline(True)
    given = label_all(page, 4)
    page.close()  # a closed lid: no time to say anything
    context.set_offline(False)
    assert shop.labels() == {}
    again = context.new_page()
    again.goto(shop.address + "/label")
    ready(again)
    all_saved(again)
    assert shop.labels() == given
    assert shown_id(again) not in given


def test_an_answer_whose_acknowledgement_was_lost_is_stored_once(shop: Site) -> None:
    page = shop.context().new_page()
    lost = []

    def lose(route: object) -> None:
        if len(lost) < 2:
            lost.append(route.fetch())  # type: ignore[attr-defined]
            route.abort()  # type: ignore[attr-defined]
        else:
            route.continue_()  # type: ignore[attr-defined]

    page.route("**/v1/tell", lose)
    page.goto(shop.address + "/label")
    ready(page)
    given = label_all(page, 3)
    all_saved(page)
    assert len(lost) == 2
    assert shop.labels() == given
    assert len(shop.campaign.labels()) == 3


def test_a_busy_service_is_asked_again(shop: Site) -> None:
    page = shop.context().new_page()
    refused = []

    def busy(route: object) -> None:
        if len(refused) < 2:
            refused.append(1)
            route.fulfill(status=503, headers={"Retry-After": "1"}, body=json.dumps({"detail": "busy"}))  # type: ignore[attr-defined]
        else:
            route.continue_()  # type: ignore[attr-defined]

    page.route("**/v1/tell", busy)
    page.goto(shop.address + "/label")
    given = label_all(ready(page), 2)
    all_saved(page)
    assert shop.labels() == given


def test_what_the_service_refuses_is_shown_and_kept(shop: Site) -> None:
    page = ready(shop.page())
    shop.campaign.classes.remove("boot")
    example = shown_id(page)
    page.keyboard.press("1")
    refused = page.locator("#refused")
    expect(refused).to_be_visible()
    expect(refused).to_contain_text(f"{example}, boot")
    page.reload()
    expect(refused).to_be_visible()
    page.get_by_role("button", name="Drop them").click()
    expect(refused).to_be_hidden()
    assert shop.labels() == {}


def test_a_session_that_ended_keeps_answers_until_the_person_is_back(shop: Site) -> None:
    context = shop.context()
    page = context.new_page()
    page.goto(shop.address + "/label")
    ready(page)
    context.clear_cookies()
    given = label_all(page, 2)
    expect(page.locator("#signed-out")).to_be_visible()
    assert shop.labels() == {}
    other = context.new_page()
    other.goto(f"{shop.address}/sign-in/once?token={shop.accounts.add_link('ann', Role.ANNOTATOR)}")
    page.bring_to_front()
    page.evaluate("dispatchEvent(new Event('online'))")
    all_saved(page)
    expect(page.locator("#signed-out")).to_be_hidden()
    assert shop.labels() == given


def test_answers_are_not_sent_in_the_name_of_another_person(shop: Site) -> None:
    context = shop.context("ann")
    page = context.new_page()
    page.goto(shop.address + "/label")
    ready(page)
    context.clear_cookies()
    label_all(page, 2)
    expect(page.locator("#signed-out")).to_be_visible()
    other = context.new_page()
    other.goto(f"{shop.address}/sign-in/once?token={shop.accounts.add_link('bob', Role.ANNOTATOR)}")
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator("#signed-out-words")).to_contain_text("Now bob is signed in")
    assert shop.labels() == {}


def test_two_people_at_once_never_have_the_same_task(browser: Browser, tmp_path: Path) -> None:
    with site(tmp_path, browser, rows=100) as shop:
        ann, bob = ready(shop.page("ann")), ready(shop.page("bob"))
        given = [{}, {}]
        for _ in range(20):
            for place, page in enumerate((ann, bob)):
                given[place] |= label_all(page, 1, first=place)
        all_saved(ann)
        all_saved(bob)
        assert not given[0].keys() & given[1].keys()
        assert shop.labels() == given[0] | given[1]
        assert shop.campaign.progress().disputed == 0


def test_a_second_window_waits_and_may_take_over(shop: Site) -> None:
    context = shop.context()
    first, second = context.new_page(), context.new_page()
    first.goto(shop.address + "/label")
    ready(first)
    second.goto(shop.address + "/label")
    expect(second.locator("#elsewhere")).to_be_visible()
    second.get_by_role("button", name="Label here").click()
    ready(second)
    expect(first.locator("#elsewhere")).to_be_visible()
    before = shown_id(first)
    first.keyboard.press("1")
    assert shown_id(first) == before
    given = label_all(second, 2)
    all_saved(second)
    assert shop.labels() == given


def test_skip_flag_and_comment(shop: Site) -> None:
    page = ready(shop.page())
    first = shown_id(page)
    page.keyboard.press("0")
    page.get_by_role("button", name="Cannot tell").click()
    expect(page.locator("#task-id")).not_to_have_text(first)
    second = shown_id(page)
    page.keyboard.press("!")
    page.keyboard.press(";")
    page.get_by_role("textbox", name="Comment").fill("a sleeve is <i>missing</i>")
    page.get_by_role("button", name="Save", exact=True).click()
    page.keyboard.press("0")
    page.get_by_label("Another reason").fill("too dark")
    page.keyboard.press("Enter")
    expect(page.locator("#task-id")).not_to_have_text(second)
    all_saved(page)
    rows = {row["id"]: row for row in shop.campaign.labels().to_pylist()}
    assert (rows[first]["label"], rows[first]["reason"]) == (None, "Cannot tell")
    assert rows[second]["reason"] == "too dark"
    comments = [(row["id"], row["text"], row["annotator"]) for row in shop.campaign.comments().to_pylist()]
    assert comments == [
        (second, "Flag: a lead should look at this.", "ann"),
        (second, "a sleeve is <i>missing</i>", "ann"),
    ]


def test_the_end_of_the_tasks_is_said(browser: Browser, tmp_path: Path) -> None:
    with site(tmp_path, browser, rows=40, asked=3) as shop:
        page = ready(shop.page())
        for _ in range(3):
            page.keyboard.press("1")
        expect(page.locator("#empty")).to_contain_text("no task for you now")
        all_saved(page)
        assert len(shop.labels()) == 3
