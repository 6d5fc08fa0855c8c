"""Every route is walked: without a token, in each role, and for tasks of somebody else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from ladle.service.app import ROUTERS
from ladle.service.gate.roles import Role
from tests.service.served import Served

# Routes that are open to everybody: they tell nothing of the campaign.
OPEN = {
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/sign-in"),
    ("POST", "/sign-in"),
    ("GET", "/sign-in/once"),
    ("GET", "/assets/{digest}/{name:path}"),
    ("GET", "/v1/openapi.json"),
}
LEAD, ANNOTATORS, READERS, ALL = {"lead"}, {"lead", "annotator"}, {"lead", "reader"}, {"lead", "annotator", "reader"}
# Every other route, and the roles that may call it. A new route fails the test below until it is here.
ROLES: dict[tuple[str, str], set[str]] = {
    ("GET", "/"): ALL,
    ("POST", "/sign-out"): ALL,
    ("GET", "/metrics"): READERS,
    ("GET", "/v1/me"): ALL,
    ("POST", "/v1/take"): ANNOTATORS,
    ("POST", "/v1/tell"): ANNOTATORS,
    ("POST", "/v1/skip"): ANNOTATORS,
    ("POST", "/v1/comment"): ANNOTATORS,
    ("POST", "/v1/release"): ANNOTATORS,
    ("POST", "/v1/ask"): LEAD,
    ("POST", "/v1/scores"): LEAD,
    ("POST", "/v1/tell/file"): LEAD,
    ("POST", "/v1/exclude"): LEAD,
    ("POST", "/v1/assign"): LEAD,
    ("POST", "/v1/unassign"): LEAD,
    ("POST", "/v1/include"): LEAD,
    ("POST", "/v1/gold"): LEAD,
    ("POST", "/v1/gold/remove"): LEAD,
    ("POST", "/v1/adjudicate"): LEAD,
    ("POST", "/v1/adjudicate/undo"): LEAD,
    ("POST", "/v1/quarantine/close"): LEAD,
    ("GET", "/v1/progress"): READERS,
    ("GET", "/v1/batches"): READERS,
    ("GET", "/v1/batches/{number}"): READERS,
    ("GET", "/v1/batches/{number}/tasks"): READERS,
    ("GET", "/v1/tasks"): READERS,
    ("GET", "/v1/resolved"): READERS,
    ("GET", "/v1/labels"): READERS,
    ("GET", "/v1/audit"): READERS,
    ("GET", "/v1/quarantine"): READERS,
    ("GET", "/v1/people"): READERS,
    ("GET", "/v1/disputes"): READERS,
    ("GET", "/v1/examples/{example_id:example_id}/story"): READERS,
    ("GET", "/v1/exports/{table}"): READERS,
    ("GET", "/label"): ANNOTATORS,
    ("GET", "/label/session"): ANNOTATORS,
    ("GET", "/label/today"): ANNOTATORS,
    ("POST", "/label/tasks"): ANNOTATORS,
    ("POST", "/label/groups"): ANNOTATORS,
    ("GET", "/content/{example_id:example_id}"): ALL,  # an annotator: of own tasks alone
    ("GET", "/images/{number}/{example_id:example_id}"): ALL,
    **dict.fromkeys(
        [("GET", f"/{page}") for page in ("overview", "map", "batches", "tasks", "resolved", "clusters")], READERS
    ),
    **dict.fromkeys([("GET", f"/{page}") for page in ("people", "comments", "quarantine", "audit")], READERS),
    ("GET", "/overview/people-and-models"): READERS,
    ("GET", "/batches/{number}"): READERS,
    ("GET", "/clusters/{number}"): READERS,
    ("GET", "/examples/{example_id:example_id}"): READERS,
    **dict.fromkeys([("GET", f"/map/{part}") for part in ("ready", "list", "list.jsonl", "nearest")], READERS),
    ("GET", "/map/legend/{by}"): READERS,
    ("GET", "/map/points/{by}"): READERS,
    ("GET", "/map/tiles/{zoom}/{x}/{y}.png"): READERS,
    ("POST", "/map/list/{action}"): LEAD,
    ("POST", "/decide"): LEAD,
    ("POST", "/overview/ask"): LEAD,
    ("POST", "/overview/tell"): LEAD,
    ("POST", "/overview/backup"): LEAD,
    ("POST", "/overview/release"): LEAD,
    ("POST", "/overview/{action}-examples"): LEAD,
    ("POST", "/quarantine/close"): LEAD,
}
VALUES = {"number": "1", "example_id:example_id": "images/0.jpg", "table": "labels", "by": "round", "action": "exclude"}
VALUES |= {"zoom": "0", "x": "0", "y": "0"}


def routes(of: Any) -> Iterator[tuple[str, str]]:
    """Every method and path of an application, also of the routers in it."""
    for route in of.routes:
        inner = getattr(route, "original_router", None) or (getattr(route, "routes", None) and route)
        path: str | None = getattr(route, "path", None)
        if path is not None:
            for method in sorted((getattr(route, "methods", None) or set()) - {"HEAD"}):
                yield method, path
        elif inner is not None:
            yield from routes(inner)


def address(path: str) -> str:
    return re.sub(r"\{([^}]+)\}", lambda found: VALUES[found.group(1)], path)


def test_every_route_says_who_may_call_it(served: Served) -> None:
    found = set(routes(served.app))
    assert found == OPEN | ROLES.keys()
    listed = [route for router in ROUTERS for route in router.routes]
    assert len(listed) <= len(found), "the walk has found every route of every router"
    assert all(isinstance(route, APIRoute | BaseRoute) for route in listed)


@pytest.mark.parametrize("accept", ["application/json", "text/html"])
def test_nobody_gets_through_without_a_token(served: Served, accept: str) -> None:
    before = served.campaign.last_event()
    for headers in (
        {},
        {"authorization": "Bearer " + "x" * 43},
        {"authorization": "Basic eDp5"},
        {"cookie": f"{served.cookie}=x"},
    ):
        for method, path in ROLES:
            answer = served.client().request(method, address(path), headers={"accept": accept, **headers}, json={})
            is_page = accept == "text/html" and method == "GET" and not path.startswith(("/v1", "/content", "/images"))
            assert answer.status_code == (303 if is_page else 401), (method, path)
            assert "images/" not in answer.text
    assert served.campaign.last_event() == before


@pytest.mark.parametrize("role", list(Role))
def test_a_role_calls_its_routes_alone(served: Served, role: Role) -> None:
    before = served.campaign.last_event()
    for method, path in ROLES:
        if role not in ROLES[method, path]:
            answer = served.client("mia", role).request(method, address(path), json={})
            assert answer.status_code == 403, (method, path)
            assert answer.json()["title"] == "AccessError"
    assert served.campaign.last_event() == before
    for method, path in ROLES:
        if role in ROLES[method, path]:
            answer = served.client("mia", role).request(method, address(path), json={})
            assert answer.status_code not in (401, 403), (method, path)


def of_another(served: Served) -> str:
    """An example that bob has taken, and ann has not."""
    example: str = served.annotator("bob").post("/v1/take", json={"size": 1}).json()["tasks"][0]["id"]
    return example


@pytest.mark.parametrize("which", ["another's", "nobody's", "unknown", "another kind"])
def test_an_annotator_changes_own_tasks_alone(served_over: Served, which: str) -> None:
    """A task of somebody else is answered as one that does not exist."""
    taken = of_another(served_over)
    example: Any = {"another's": taken, "nobody's": "images/20.jpg", "unknown": "no such", "another kind": 17}[which]
    ann, before = served_over.annotator("ann"), served_over.campaign.last_event()
    for path, body in (
        ("tell", {"labels": [{"id": example, "label": "cat"}]}),
        ("skip", {"skips": [{"id": example, "reason": "dark"}]}),
        ("comment", {"comments": [{"id": example, "text": "two"}]}),
        ("release", {"ids": [example]}),
    ):
        answer = ann.post(f"/v1/{path}", json=body)
        assert (answer.status_code, answer.json()["title"]) == (404, "NotFoundError"), path
        named = ann.post(f"/v1/{path}", json={**body, "annotator": "bob"})
        assert named.status_code == 403, path
    assert served_over.campaign.last_event() == before


def test_an_annotator_sees_the_content_of_own_tasks_alone(served: Served) -> None:
    """An example of somebody else is answered as one that does not exist, in the same words but for its id."""
    taken, ann = of_another(served), served.annotator("ann")
    own = ann.post("/v1/take", json={"size": 1}).json()["tasks"][0]["id"]
    assert ann.get(f"/content/{own}").status_code == 200
    for part in ("/content", "/images/0", "/images/1"):
        answers = [ann.get(f"{part}/{each}") for each in (taken, "images/20.jpg", "no such")]
        assert [each.status_code for each in answers] == [404] * 3, part
        assert {each.json()["title"] for each in answers} == {"NotFoundError"}
        assert len({each.json()["wanted"] for each in answers}) == 1, part


def test_an_annotator_speaks_for_nobody_else(served: Served) -> None:
    assert served.annotator("ann").post("/v1/take", json={"size": 1, "annotator": "bob"}).status_code == 403
    taken = served.lead.post("/v1/take", json={"size": 1, "annotator": "bob"}).json()
    assert taken["annotator"] == "bob"


def test_a_task_that_was_released_or_given_away_is_own_no_more(served: Served) -> None:
    ann = served.annotator("ann")
    first, second, third = (each["id"] for each in ann.post("/v1/take", json={"size": 3}).json()["tasks"])
    ann.post("/v1/release", json={"ids": [first]})
    served.campaign.assign([second], to="bob")
    found = served.campaign.has_taken("ann", [first, second, third, "no such"])
    assert found.tolist() == [False, False, True, False]


def test_a_late_answer_and_a_correction_are_accepted(served_over: Served) -> None:
    ann = served_over.annotator("ann")
    answer = ann.post("/v1/take", json={"size": 1, "lease_seconds": 0.001}).json()
    example = answer["tasks"][0]["id"]
    for label in ("cat", "dog"):
        assert ann.post("/v1/tell", json={"labels": [{"id": example, "label": label}]}).json()["accepted"] == 1


def test_an_annotator_is_not_told_what_others_have_said(served: Served) -> None:
    served.campaign.set(annotators_per_task=2)
    for name, label in (("ann", "cat"), ("bob", "dog")):
        client = served.annotator(name)
        taken = client.post("/v1/take", json={"size": 1}).json()
        assert set(taken["tasks"][0]) == {"id", "row"}
        told = client.post("/v1/tell", json={"labels": [{"id": taken["tasks"][0]["id"], "label": label}]}).json()
        assert (told["disputed"], told["labelled"]) == (None, None)
