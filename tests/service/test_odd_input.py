"""Odd texts, numbers and files from outside are refused, and never an unforeseen error."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from ladle.errors import NotFoundError
from ladle.service.content.content import _listed
from ladle.service.content.folder import ImageFolder
from tests.campaign.made import ids_of
from tests.service.served import Served


def test_links_in_a_circle_are_no_file(tmp_path: Path) -> None:
    (tmp_path / "a.png").symlink_to("b.png")
    (tmp_path / "b.png").symlink_to("a.png")
    folder = ImageFolder.open(tmp_path)
    assert folder.name_of("a") is None
    with pytest.raises(NotFoundError):
        folder.read("a.png")


def test_a_cell_of_brackets_is_a_name() -> None:
    assert _listed("[" * 100_000) == ["[" * 100_000]


def test_a_long_number_and_brackets_in_a_form_or_address_are_mistakes(served: Served) -> None:
    browser = served.browser()
    found = served.accounts.identify(browser.cookies[served.cookie], "session")
    assert found is not None
    form = {"csrf": found.csrf, "reason": "x", "numbers": "1" * 5_000}
    assert browser.post("/quarantine/close", data=form).status_code == 422
    assert served.lead.get(f"/examples/{'1' * 5_000}").status_code in (404, 422)


def test_content_of_no_example_is_not_found(served: Served) -> None:
    assert served.lead.get("/content/nosuchid").status_code == 404
    assert served.lead.get(f"/content/{ids_of(40)[0]}").status_code == 200


@pytest.mark.parametrize("at", [3e10, "30000000000", 1e300, -1e300, True])
def test_a_moment_is_in_seconds(served: Served, at: Any) -> None:
    """The year 2920, and no time in 1970 in milliseconds: it is refused, because it has not come."""
    (example,) = (each["id"] for each in served.annotator().post("/v1/take", json={"size": 1}).json()["tasks"])
    body = {"labels": [{"id": example, "label": "cat", "told_at": at}]}
    assert served.annotator().post("/v1/tell", json=body).status_code == 422
    assert len(served.campaign.labels()) == 0


def test_a_name_twice_in_an_object_is_refused(served: Served) -> None:
    content = b'{"ids": ["images/1.jpg"], "reason": "x", "reason": "y"}'
    answer = served.lead.post("/v1/exclude", content=content, headers={"content-type": "application/json"})
    assert (answer.status_code, "twice" in answer.json()["detail"]) == (400, True)


def test_damage_is_the_services_fault_and_only_leads_see_where(served: Served, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "birds.db") as connection:
        connection.execute(f"UPDATE {_table(connection, 'campaign')} SET seal = seal + 1")
    reader, lead = served.reader.get("/v1/progress"), served.lead.get("/v1/progress")
    assert (reader.status_code, lead.status_code) == (500, 500)
    assert str(tmp_path) not in reader.text
    assert str(tmp_path) in lead.text


def test_a_lost_count_is_noticed_before_a_wrong_one_is_written(served: Served, tmp_path: Path) -> None:
    (example,) = (each["id"] for each in served.annotator().post("/v1/take", json={"size": 1}).json()["tasks"])
    with sqlite3.connect(tmp_path / "birds.db") as connection:
        connection.execute(f"DELETE FROM {_table(connection, 'tally')}")
    before = served.campaign.last_event()
    body = {"labels": [{"id": example, "label": "cat"}]}
    answer = served.annotator().post("/v1/tell", json=body)
    assert (answer.status_code, answer.json()["title"]) == (500, "CorruptFileError")
    assert served.campaign.last_event() == before


def test_a_head_of_health_is_answered(served: Served) -> None:
    assert served.client().head("/healthz").status_code == 200


def test_strangers_do_not_learn_the_name_of_the_campaign(served: Served) -> None:
    assert "birds" not in served.client().get("/v1/openapi.json").json()["info"]["title"]


def _tables(connection: sqlite3.Connection) -> list[str]:
    return [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]


def _table(connection: sqlite3.Connection, word: str) -> str:
    return next(name for name in _tables(connection) if name.removesuffix("s").endswith(word))
