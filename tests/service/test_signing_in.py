"""Signing in by link, password and token; signing out; sessions that end."""

from __future__ import annotations

from pathlib import Path

import pytest

from ladle.errors import NotFoundError
from ladle.service.gate.roles import Role
from tests.service.served import Served, serve


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


def test_a_link_of_a_revoked_user_signs_nobody_in(served: Served) -> None:
    served.accounts.add_user("lea", Role.LEAD, "correct horse")
    link = served.accounts.add_link("lea")
    assert served.accounts.revoke("lea") == 1
    late = served.accounts.add_link("lea")
    assert [served.accounts.use_link(each) for each in (link, late)] == [None, None]


def test_another_password_ends_links_and_sessions(served: Served) -> None:
    served.accounts.add_user("lea", Role.LEAD, "correct horse")
    browser, link = served.browser("lea"), served.accounts.add_link("lea")
    served.accounts.set_password("lea", "battery staple")
    assert browser.get("/v1/me").status_code == 401
    assert served.accounts.use_link(link) is None


def test_a_link_gives_no_more_time_than_its_user_has(served: Served) -> None:
    served.accounts.add_user("lea", Role.LEAD, "correct horse", days=0.01)
    user_end = served.accounts.users()[0].expires_at
    begun = served.accounts.use_link(served.accounts.add_link("lea"))
    assert begun is not None
    assert begun[1].expires_at == user_end
    link = served.accounts.add_link("lea")
    served.clock.now += 0.01 * 86_400
    assert served.accounts.use_link(link) is None


def test_what_a_name_without_a_user_has_is_ended(served: Served) -> None:
    """The printed link signs in a lead who is no user."""
    browser, link = served.browser("lead"), served.accounts.add_link("lead")
    program = served.client("lead")
    assert browser.get("/v1/me").status_code == program.get("/v1/me").status_code == 200
    assert served.accounts.revoke("lead") == 3
    assert browser.get("/v1/me").status_code == program.get("/v1/me").status_code == 401
    assert served.accounts.use_link(link) is None
    with pytest.raises(NotFoundError):
        served.accounts.revoke("lead")


def test_services_under_one_host_name_leave_each_other_their_sessions(tmp_path: Path) -> None:
    """A browser has one jar of cookies for all ports of a host."""
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
    first, second = (f"sqlite:///{folder}/birds.db" for folder in folders)
    with serve(first, folders[0]) as one, serve(second, folders[1]) as two:
        jar = one.browser("lea").cookies
        begun = two.client(cookies=jar)
        assert (
            begun.get("/sign-in/once", params={"token": two.accounts.add_link("ray", Role.READER)}).status_code == 303
        )
        names = [each.client(cookies=begun.cookies).get("/v1/me").json()["name"] for each in (one, two)]
        assert names == ["lea", "ray"]
        begun.get("/")
        assert begun.post("/sign-out", headers={"x-ladle-csrf": csrf_of(two, begun.cookies[two.cookie])}).is_redirect
        assert one.client(cookies=begun.cookies).get("/v1/me").json()["name"] == "lea"
        assert two.client(cookies=begun.cookies).get("/v1/me").status_code == 401


def csrf_of(served: Served, secret: str) -> str:
    found = served.accounts.identify(secret, "session")
    assert found is not None
    return found.csrf


def test_the_documentation_names_the_cookie_of_this_campaign(served: Served) -> None:
    schemes = served.client().get("/v1/openapi.json").json()["components"]["securitySchemes"]
    assert [each["name"] for each in schemes.values() if each.get("in") == "cookie"] == [served.cookie]
    assert list(served.browser().cookies) == [served.cookie]
