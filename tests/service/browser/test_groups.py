"""Near-duplicates labelled together in a real browser."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

import ladle
from ladle.service.gate.roles import Role
from tests.service.browser.site import Site, site
from tests.service.browser.test_label_starts import in_view
from tests.service.browser.test_labelling import all_saved, ready, shown_id
from tests.service.browser.test_pages import violations

pytestmark = pytest.mark.long
COPIES, ORIGINALS, OTHERS = 30, 10, 150


@pytest.fixture
def copies(browser: Browser, tmp_path: Path) -> Iterator[Site]:
    """10 originals with 30 copies each, "o-c", among 150 other examples, with groups on."""
    generator = np.random.default_rng(0)
    singles = 10 * generator.standard_normal((ORIGINALS + OTHERS, 6))
    many = np.repeat(singles[:ORIGINALS], COPIES, axis=0)
    vectors = np.concatenate([many + 0.001 * generator.standard_normal(many.shape), singles[ORIGINALS:]])
    ids = [f"{row // COPIES}-{row % COPIES}" for row in range(len(many))] + [f"s-{row}" for row in range(OTHERS)]
    pool = ladle.open_pool(vectors.astype(np.float32), ids=ids)
    tree = ladle.cluster(pool, metric="sqeuclidean", mean_size=10)
    options = {"strategy": "cluster-margin", "tree": tree, "groups": True, "asked": 80}
    with site(tmp_path, browser, rows=len(ids), ids=ids, vectors=vectors.astype(np.float32), **options) as running:
        yield running


def test_one_key_labels_a_group_and_a_click_leaves_one_out(copies: Site) -> None:
    page = ready(copies.page(bypass_csp=True))
    for _ in range(80):  # to the first task with a group
        if page.locator(".group").count():
            break
        page.keyboard.press("1")
    task, buttons = shown_id(page), page.locator(".group button")
    count = buttons.count()
    assert count > 5
    expect(page.locator(".group img").first).to_have_js_property("complete", True)
    assert page.locator(".group img").first.evaluate("image => image.naturalWidth") == 28
    assert violations(page) == []
    left_out = buttons.nth(2).get_attribute("title")
    buttons.nth(2).click()
    expect(buttons.nth(2)).to_have_attribute("aria-pressed", "false")
    expect(page.locator(".group-words")).to_contain_text(f"also for these {count - 1}")
    members = {buttons.nth(place).get_attribute("title") for place in range(count)} - {left_out}
    page.keyboard.press("3")
    expect(page.locator("#task-id")).not_to_have_text(task)
    all_saved(page)
    rows = {row["id"]: row for row in copies.campaign.labels().to_pylist() if row["source"] == "group"}
    audited = {row["id"] for row in copies.campaign.comments().to_pylist()}
    assert set(rows) | audited == members | {task}
    assert {(row["label"], row["annotator"]) for row in rows.values()} == {("dress", "ann")}
    assert left_out not in copies.labels()
    page.keyboard.press("Backspace")  # a group comes back as it was answered
    assert shown_id(page) == task
    expect(buttons).to_have_count(count)
    expect(buttons.nth(2)).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("4")
    all_saved(page)
    assert copies.labels()[task] == "shirt"
    assert copies.campaign.verify().ok


def test_a_group_is_recognised_and_its_answers_are_in_view(copies: Site) -> None:
    page = ready(copies.page(viewport={"width": 1280, "height": 900}))
    for _ in range(80):
        if page.locator(".group").count():
            break
        page.keyboard.press("1")
    images = page.locator(".group img")
    expect(images.first).to_have_js_property("complete", True)
    assert in_view(page, ".choice, .actions button")
    assert in_view(page, ".group li:nth-child(-n+5)")
    for box, fit in images.evaluate_all(
        "all => all.map((each) => [each.getBoundingClientRect(), getComputedStyle(each).objectFit])"
    ):
        assert abs(box["width"] - box["height"]) < 2  # whole, in a square
        assert box["width"] > 60
        assert fit == "contain"
    clipped = ".group button .images"
    assert page.locator(clipped).evaluate_all("all => all.every((each) => each.scrollHeight <= each.clientHeight + 1)")
    buttons = page.locator(".group button")
    for place in range(buttons.count() - 1):
        buttons.nth(place).click()
    expect(page.locator(".group-words")).to_contain_text("also for this near-duplicate.")


def test_all_of_a_pool_with_copies_and_its_audit(copies: Site) -> None:
    page = ready(copies.page())
    end = time.monotonic() + 120
    while time.monotonic() < end and "no task for you now" not in page.locator("#empty").inner_text():
        before = page.locator("#task-id").inner_text()
        page.keyboard.press("2")
        page.wait_for_function(
            "before => document.getElementById('task-id').innerText !== before "
            "|| !document.getElementById('empty').hidden",
            arg=before,
        )
        if page.locator("#empty").is_visible():
            all_saved(page)
    expect(page.locator("#empty")).to_contain_text("no task for you now")
    all_saved(page)
    audit = copies.campaign.group_audit()
    assert audit.labels > 100
    assert audit.waiting == 0
    assert audit.precision is not None
    assert audit.precision.share == 1.0
    single = [row for row in copies.campaign.labels().to_pylist() if row["source"] == "page"]
    assert {row["id"] for row in copies.campaign.comments().to_pylist()} <= {row["id"] for row in single}
    assert len(page.evaluate("ladleTimes")) < len(copies.labels()) / 2  # keys, each for several labels
    assert copies.campaign.verify().ok


def test_an_image_of_a_group_is_for_who_has_its_task(copies: Site) -> None:
    page = ready(copies.page())
    for _ in range(80):
        if page.locator(".group").count():
            break
        page.keyboard.press("1")
    address = str(page.locator(".group img").first.get_attribute("src"))
    assert page.request.get(copies.address + address).status == 200
    assert page.request.get(copies.address + address.split("?")[0]).status == 404
    assert copies.page("bob").request.get(copies.address + address).status == 404
    stranger = address.split("?")[0] + "?near=" + "s-0"
    assert page.request.get(copies.address + stranger).status == 404


def test_the_lead_sees_the_error_of_groups(copies: Site) -> None:
    campaign = copies.campaign
    tasks = campaign.take("ann", 80).ids.tolist()
    answered: set[str] = set()
    for task, members in zip(tasks, campaign.groups_of("ann", tasks), strict=True):
        if task not in answered:
            campaign.tell_group(task, "coat", members, annotator="ann", key=task)
            answered |= {task, *members}
    audited = [row["id"] for row in campaign.comments().to_pylist()]
    campaign.tell(audited, ["coat"] * (len(audited) - 1) + ["boot"], annotator="ann")
    page = copies.page("lea", Role.LEAD, "/people?wait=true", bypass_csp=True)
    part = page.locator("section", has=page.get_by_role("heading", name="Labels given for groups"))
    expect(part).to_contain_text(f"1 of {len(audited)} members got another label")
    assert violations(page) == []
