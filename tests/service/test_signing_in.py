"""Signing in by link, password and token; signing out; sessions that end."""

from __future__ import annotations

import pytest

from ladle.service.gate.roles import Role
from tests.service.served import Served


def test_the_link_signs_the_lead_in_once(served: Served) -> None:
    secret = served.accounts.add_link()
    client = served.client()
    answer = client.get("/sign-in/once", params={"token": secret})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert client.get("/").headers["location"] == "/overview"
    assert served.client().get("/sign-in/once", params={"token": secret}).status_code == 401


@pytest.mark.parametrize("path", ["/", "/metrics"])
def test_nobody_gets_in_without_a_session(served: Served, path: str) -> None:
    assert served.client().get(path).status_code == 401
    answer = served.client().get(path, headers={"accept": "text/html"})
    assert answer.headers["location"].startswith("/sign-in?next=")


def test_a_password_begins_a_session_which_ends(served: Served) -> None:
    served.accounts.add_user("ann", Role.ANNOTATOR, "correct horse")
    client = served.client()
    wrong = client.post("/sign-in", data={"name": "ann", "password": "wrong horse"})
    assert wrong.status_code == 401
    assert "set-cookie" not in wrong.headers
    right = client.post("/sign-in", data={"name": "ann", "password": "correct horse", "next": "//evil.example"})
    assert (right.status_code, right.headers["location"]) == (303, "/")
    assert client.get("/").headers["location"] == "/label"
    served.clock.now += 13 * 3600
    assert client.get("/").status_code == 401
