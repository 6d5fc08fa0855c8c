"""The bundled script of others: pages of lists without a whole load, and the same pages without the bundle."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from ladle.service.gate.roles import Role
from ladle.service.site import ASSETS
from tests.service.browser.site import site

pytestmark = pytest.mark.long
BUNDLE = ASSETS / "built" / "htmx.js"


@pytest.mark.parametrize("has_bundle", [True, False], ids=["bundle", "no bundle"])
def test_the_next_page_of_a_list(browser: Browser, tmp_path: Path, has_bundle: bool) -> None:
    if has_bundle and not BUNDLE.exists():
        pytest.skip("needs the bundle: make assets")
    with site(tmp_path, browser, rows=250) as shop:
        page = shop.context("lea", Role.LEAD).new_page()
        problems: list[str] = []
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        if not has_bundle:
            page.route("**/built/htmx.js", lambda route: route.abort())
        page.goto(f"{shop.address}/tasks")
        page.evaluate("window.isSame = true")
        first = page.locator("tbody tr").first.inner_text()
        page.locator(".pager a", has_text="Next").first.click()
        expect(page.locator("tbody tr").first).not_to_have_text(first)
        assert page.evaluate("window.isSame === true") is has_bundle
        expect(page).to_have_url(re.compile(r"\?"))
        expect(page.locator("main")).to_have_count(1)
        page.go_back()
        expect(page.locator("tbody tr").first).to_contain_text(first.split()[0])
        assert [text for text in problems if "htmx" not in text and "ERR_FAILED" not in text] == []
