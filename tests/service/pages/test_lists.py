"""Resolved labels, members of clusters, tasks by cluster and by comment: on pages and over `/v1`."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from ladle.service.pages.dashboard import lists
from ladle.service.pages.labelling.page import FLAG
from tests.service.pages.conftest import HTML, ROWS
from tests.service.pages.reading import Element, read_page
from tests.service.served import Served


def page(led: Served, path: str, status: int = 200) -> Element:
    answer = led.lead.get(path, headers=HTML)
    assert answer.status_code == status, answer.text
    return read_page(answer.text)


def every_row(led: Served, path: str) -> list[list[str]]:
    """The rows of a list over all its pages."""
    rows: list[list[str]] = []
    while path:
        found = page(led, path)
        rows += found.rows()
        path = next((each.attributes["href"] for each in found.all("a", rel="next")), "")
    return rows


@pytest.mark.parametrize("size", [3, 100])
def test_resolved_labels_page_by_page(led: Served, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "PAGE", size)
    led.campaign.add_gold(led.campaign.ids.at([150]).to_pylist(), ["dog"])
    whole = [(str(each.id), str(each.label), each.how) for each in led.campaign.resolved()]
    assert len(whole) > size or size == 100
    assert {how for *_, how in whole} == {"gold", "adjudicated", "majority"}
    for label in ("", "cat", "dog"):
        rows = every_row(led, f"/resolved?{urlencode({'label': label})}")
        assert sorted(tuple(row[:3]) for row in rows) == sorted(each for each in whole if label in ("", each[1]))
    listed = led.lead.get("/v1/resolved", params={"limit": 1000, "label": "dog"}).json()["items"]
    assert sorted(each["id"] for each in listed) == sorted(example for example, label, _ in whole if label == "dog")
    assert every_row(led, "/resolved?batch=2") == []
    assert page(led, "/resolved?label=kitten", 422).all("p", role="alert")
    assert page(led, "/resolved?batch=two", 422).all("p", role="alert")


def test_labels_that_are_estimated_together_are_read_on_a_click(led: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    led.campaign.set(agreement="dawid-skene")
    assert page(led, "/resolved").rows()
    monkeypatch.setattr(lists, "is_small", lambda _: False)
    asked = page(led, "/resolved?label=cat")
    assert asked.rows() == []
    (link,) = [each for each in asked.all("a") if each.text == "Read them now"]
    assert page(led, link.attributes["href"]).rows()
    led.campaign.set(agreement="majority")
    assert page(led, "/resolved").rows()


def test_from_a_cluster_to_its_members(led: Served) -> None:
    clusters = led.campaign.map.clusters_of_tasks()
    first = clusters[0]
    links = {each.attributes["href"] for each in page(led, "/clusters?wait=true").all("a")}
    assert {f"/clusters/{first.cluster}", f"/tasks?cluster={first.cluster}"} <= links
    members = page(led, f"/clusters/{first.cluster}")
    rows = range(int(first.cluster) * 10, int(first.cluster) * 10 + 10)
    assert [each.text for each in members.all("span", **{"class": "thumb-id"})] == [
        str(each) for each in led.campaign.ids.at(list(rows)).to_pylist()
    ]
    assert f"10 members in the pool; {first.asked} " in members.text
    assert len(every_row(led, f"/tasks?cluster={first.cluster}")) == first.asked
    for number in (20, -1, 10**12):
        assert led.lead.get(f"/clusters/{number}").status_code == 404
    assert page(led, "/tasks?cluster=20", 422).all("p", role="alert")


def test_members_come_in_pages(led: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "THUMBS", 4)
    seen = [
        each.text
        for number in (1, 2, 3)
        for each in page(led, f"/clusters/0?page={number}").all("span", **{"class": "thumb-id"})
    ]
    assert seen == [str(each) for each in led.campaign.ids.at(list(range(10))).to_pylist()]


def test_a_campaign_without_clusters(empty: Served) -> None:
    assert empty.lead.get("/clusters/0").status_code == 404
    assert "without clusters" in page(empty, "/tasks?cluster=0", 422).text
    assert "No resolved label" in page(empty, "/resolved").text


def test_tasks_with_flags_and_comments(led: Served) -> None:
    first = led.campaign.batch(1)
    flagged, noted = str(first.ids[5]), str(first.ids[1])
    led.campaign.comment([flagged], FLAG, annotator="ann")

    assert [row[0] for row in every_row(led, "/tasks?noted=flagged")] == [flagged]
    both = every_row(led, "/tasks?" + urlencode({"noted": "commented or flagged"}))
    assert sorted(row[0] for row in both) == sorted([flagged, noted])
    of_ann = urlencode({"noted": "flagged", "annotator": "ann", "label": "cat"})
    assert [row[0] for row in every_row(led, f"/tasks?{of_ann}")] == [flagged]
    over_http: Any = led.lead.get("/v1/tasks", params={"comment": FLAG}).json()["items"]
    assert [each["id"] for each in over_http] == [flagged]


@pytest.mark.parametrize("query", ["", "state=labelled", "state=open", "batch=1", "batch=2&state=open", "cluster=3"])
def test_the_total_is_the_number_of_tasks_on_all_pages(
    led: Served, query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "PAGE", 7)
    count = len(every_row(led, f"/tasks?{query}"))
    assert 0 < count < ROWS
    assert f"{count} task{'' if count == 1 else 's'} pass" in page(led, f"/tasks?{query}").text
    assert "these filters" not in page(led, "/tasks?annotator=ann").text
