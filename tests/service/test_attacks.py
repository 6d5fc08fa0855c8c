"""What a hostile page, client or text may try: each is refused, or shown as plain text."""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
import time
import zlib
from pathlib import Path
from typing import Any

import pytest

from ladle.service.app import create_app
from ladle.service.config import MIB, ServiceConfig
from ladle.service.gate.guards import CSP
from ladle.service.gate.roles import Role
from ladle.service.pages.sign_in import own_path
from ladle.service.site import json_block
from tests.service.served import Served, serve

EVIL = "<script>alert(1)</script>\"'&{{7*7}}"


def csrf_of(served: Served, browser: Any) -> str:
    found = served.accounts.identify(browser.cookies[served.cookie], "session")
    assert found is not None
    return found.csrf


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-ladle-csrf": "wrong"},
        {"x-ladle-csrf": "right", "origin": "http://evil.example"},
        {"x-ladle-csrf": "right", "origin": "null"},
        {"x-ladle-csrf": "right", "sec-fetch-site": "cross-site"},
        {"x-ladle-csrf": "right", "sec-fetch-site": "same-site"},
    ],
)
def test_another_site_changes_nothing_by_a_cookie(served: Served, headers: dict[str, str]) -> None:
    browser = served.browser()
    right = csrf_of(served, browser)
    sent = {name: right if value == "right" else value for name, value in headers.items()}
    for path, body in (("/v1/take", {"size": 1}), ("/v1/exclude", {"ids": ["images/1.jpg"], "reason": "x"})):
        assert browser.post(path, json=body, headers=sent).status_code == 403
    assert browser.post("/sign-out", headers=sent).status_code == 403
    assert browser.post("/v1/take", json={"size": 1}, headers={"x-ladle-csrf": right}).status_code == 200


def test_a_form_with_the_secret_of_its_page_is_taken(served: Served) -> None:
    browser = served.browser()
    answer = browser.post("/sign-out", data={"csrf": csrf_of(served, browser)})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert (
        served.client()
        .get("/", headers={"cookie": f"{served.cookie}={browser.cookies.get(served.cookie)}"})
        .status_code
        == 401
    )


def test_signing_out_ends_the_session_on_the_server(served: Served) -> None:
    browser = served.browser()
    stolen = browser.cookies[served.cookie]
    browser.post("/sign-out", headers={"x-ladle-csrf": csrf_of(served, browser)})
    assert served.client().get("/v1/me", headers={"cookie": f"{served.cookie}={stolen}"}).status_code == 401


def test_another_site_signs_nobody_in(served: Served) -> None:
    served.accounts.add_user("ann", Role.ANNOTATOR, "correct horse")
    form = {"name": "ann", "password": "correct horse"}
    answer = served.client().post("/sign-in", data=form, headers={"origin": "http://evil.example"})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io:8765", "", "[::2]:1"])
def test_a_name_that_is_not_the_services_is_refused(served: Served, host: str) -> None:
    """DNS rebinding: a page of another name whose address has become this machine."""
    for path in ("/healthz", "/v1/me", "/sign-in", "/assets/x/style.css"):
        assert served.lead.get(path, headers={"host": host}).status_code == 421


@pytest.mark.parametrize("host", ["localhost:1", "LOCALHOST", "127.0.0.1:8765", "[::1]:8765"])
def test_names_of_this_machine_are_taken(served: Served, host: str) -> None:
    assert served.lead.get("/v1/me", headers={"host": host}).status_code == 200


PATHS = [
    *(
        "../service/app.py",
        "..%2f..%2fapp.py",
        "%2e%2e/%2e%2e/errors.py",
        "/etc/passwd",
        "..\\app.py",
        "style.css/..",
        "\x00",
    ),
    "....//app.py",
]


@pytest.mark.parametrize("path", PATHS)
def test_no_path_leaves_the_assets(served: Served, path: str) -> None:
    for digest in ("x", ".."):
        answer = served.client().get(f"/assets/{digest}/{path}".replace("\x00", "%00"))
        assert answer.status_code in (401, 404), path
        assert "import" not in answer.text


@pytest.mark.parametrize(
    "address", ["//evil.example", "https://evil.example", "/\\evil", "\\\\evil", "javascript:alert(1)", "/a\nb"]
)
def test_no_sign_in_ends_elsewhere(address: str) -> None:
    assert own_path(address) == "/"


def test_pages_forbid_foreign_script_and_frames(served: Served) -> None:
    for path in ("/sign-in", "/v1/openapi.json", "/no-such-page"):
        headers = served.lead.get(path, headers={"accept": "text/html"}).headers
        assert headers["content-security-policy"] == CSP.format(images="")
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
    assert "unsafe" not in CSP
    assert "http" not in CSP


def test_text_of_people_is_text_in_pages(served: Served) -> None:
    """In the name of a person, in an address, and in data for script."""
    browser = served.browser(name=EVIL)
    page = browser.get(f"/{EVIL}", headers={"accept": "text/html"})
    assert page.status_code == 404
    shown = served.client().get("/sign-in", params={"next": f"/{EVIL}"}, headers={"accept": "text/html"}).text
    problem = browser.post("/sign-out", headers={"accept": "text/html"}).text
    assert "&lt;script&gt;" in problem
    for text in (page.text, shown, problem):
        assert "<script>alert" not in text
        assert "{{7*7}}" not in text or "49" not in text
    block = str(json_block({"text": "</script><!--" + EVIL}))
    assert "<" not in block
    assert json.loads(block)["text"].endswith(EVIL)


def test_a_large_body_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with serve(f"sqlite:///{tmp_path}/birds.db", tmp_path, body_bytes=10_000, upload_bytes=10_000) as served:
        body = b'{"labels": [' + b" " * 20_000 + b"]}"
        json_type = {"content-type": "application/json"}
        answer = served.lead.post("/v1/tell", content=body, headers=json_type)
        assert (answer.status_code, answer.json()["title"]) == (413, "TooLargeError")
        in_pieces = served.lead.post("/v1/tell", content=iter([body[:9_000], body[9_000:]]), headers=json_type)
        assert in_pieces.status_code == 413
        assert served.lead.post("/v1/scores", content=b"\x93NUMPY" + bytes(20_000)).status_code == 413
        scores = served.lead.post("/v1/scores", content=iter([b"\x93NUMPY" + bytes(6_000), bytes(6_000)]))
        assert scores.status_code == 413


def test_a_bomb_is_not_unpacked(served: Served) -> None:
    packed = zlib.compress(b" " * (64 * MIB), 9)
    for encoding in ("gzip", "deflate", "br", "gzip, identity"):
        headers = {"content-encoding": encoding, "content-type": "application/json"}
        assert served.lead.post("/v1/tell", content=packed, headers=headers).status_code == 415


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 100_000,
        b'{"labels": ' + b"[" * 50_000,
        b"1" * 100_000,
        b'{"size": 1e999}',
        b'{"size": NaN}',
        b"\xff\xfe",
        b'{"labels": [{"id": "\\ud800", "label": "cat"}]}',
        b"null",
        b"",
        b'{"size": true}',
        b'{"size": "1"}',
        b'{"size": 1, "sice": 2}',
        b'{"size": 1, "size": 2}' * 2,
    ],
)
def test_an_odd_body_is_a_mistake_of_the_client(served: Served, content: bytes) -> None:
    before = served.campaign.last_event()
    for path in ("/v1/tell", "/v1/take", "/v1/ask", "/v1/exclude"):
        for kind in ("application/json", "text/plain"):
            answer = served.lead.post(path, content=content, headers={"content-type": kind})
            assert 400 <= answer.status_code < 500, (path, answer.text)
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["status"] == answer.status_code
            assert "Traceback" not in answer.text
    assert served.campaign.last_event() == before


def test_guesses_are_slowed_down(served: Served) -> None:
    served.accounts.add_user("ann", Role.ANNOTATOR, "correct horse")
    client = served.client()
    answers = [client.post("/sign-in", data={"name": "ann", "password": f"guess number {n}"}) for n in range(12)]
    assert [each.status_code for each in answers] == [401] * 10 + [429] * 2
    assert int(answers[-1].headers["retry-after"]) >= 1
    right = {"name": "ann", "password": "correct horse"}
    assert client.post("/sign-in", data=right).status_code == 429
    served.clock.now += 60
    assert client.post("/sign-in", data=right).status_code == 303


def test_a_person_who_asks_too_often_waits(tmp_path: Path) -> None:
    with serve(f"sqlite:///{tmp_path}/birds.db", tmp_path, requests_a_minute=60) as served:
        client = served.lead
        statuses = [client.get("/v1/me").status_code for _ in range(65)]
        assert statuses == [200] * 60 + [429] * 5
        assert served.reader.get("/v1/me").status_code == 200
        served.clock.now += 2
        assert client.get("/v1/me").status_code == 200


def test_a_busy_campaign_says_when_to_come_again(tmp_path: Path) -> None:
    with (
        serve(f"sqlite:///{tmp_path}/birds.db", tmp_path, wait_seconds=0.05) as served,
        served.app.state.desk.one_writer(),
    ):
        answer = served.annotator().post("/v1/take", json={"size": 1})
        assert (answer.status_code, answer.json()["title"]) == (503, "StoreBusyError")
        assert int(answer.headers["retry-after"]) >= 1
        assert served.reader.get("/v1/progress").status_code == 200


def test_a_database_that_another_process_locks_is_busy_in_time(tmp_path: Path) -> None:
    with serve(f"sqlite:///{tmp_path}/birds.db", tmp_path, wait_seconds=0.3) as served:
        reader = served.reader
        other = sqlite3.connect(tmp_path / "birds.db", isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        begun = time.monotonic()
        answer = reader.get("/v1/progress")
        assert (answer.status_code, answer.json()["title"]) == (503, "StoreBusyError")
        assert int(answer.headers["retry-after"]) >= 1
        assert time.monotonic() - begun < 5
        other.execute("ROLLBACK")
        other.close()
        assert reader.get("/v1/progress").status_code == 200


def test_a_slow_body_is_cut_off(tmp_path: Path) -> None:
    """The application alone, with a client that never sends the rest of its body."""
    with serve(f"sqlite:///{tmp_path}/birds.db", tmp_path, body_seconds=0.05) as served:
        headers = [(b"host", b"localhost"), (b"content-type", b"application/json")]
        scope = {"type": "http", "method": "POST", "path": "/v1/take", "raw_path": b"/v1/take", "query_string": b""}
        scope |= {"headers": headers, "client": ("127.0.0.1", 1), "server": ("localhost", 80), "scheme": "http"}
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            if not getattr(receive, "begun", False):
                receive.begun = True  # type: ignore[attr-defined]
                return {"type": "http.request", "body": b"{", "more_body": True}
            await asyncio.sleep(3600)
            raise AssertionError

        async def send(message: Any) -> None:
            sent.append(message)

        asyncio.run(served.app(scope | {"asgi": {"version": "3.0"}}, receive, send))
        assert sent[0]["status"] == 408


def test_logs_hold_no_secret(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    served.accounts.add_user("ann", Role.ANNOTATOR, "correct horse")
    link = served.accounts.add_link()
    with caplog.at_level(logging.INFO, logger="ladle.service"):
        served.client().get("/sign-in/once", params={"token": link})
        browser = served.browser()
        browser.post("/sign-in", data={"name": "ann", "password": "correct horse"})
        served.lead.get("/v1/tasks", params={"label": "secret-query"})
        served.lead.get("/v1/examples/secret-id/story")
    lines = [json.loads(record.getMessage()) for record in caplog.records]
    assert {"/sign-in/once", "/sign-in", "/v1/tasks", "/v1/examples/{example_id:example_id}/story"} <= {
        each["route"] for each in lines
    }
    text = "\n".join(record.getMessage() for record in caplog.records)
    secrets = [link, "correct horse", *served.tokens.values(), *browser.cookies.values(), "secret-query", "secret-id"]
    assert not [secret for secret in secrets if secret in text]


def test_the_database_holds_hashes_alone(served: Served, tmp_path: Path) -> None:
    served.accounts.add_user("ann", Role.ANNOTATOR, "correct horse")
    link, token = served.accounts.add_link(), served.accounts.add_token("bot", Role.LEAD)[0]
    browser = served.browser()
    content = (tmp_path / "birds.db").read_bytes()
    for secret in (link, token, "correct horse", browser.cookies[served.cookie]):
        assert secret.encode() not in content


def test_a_cookie_goes_over_https_alone_behind_https(tmp_path: Path) -> None:
    with serve(f"sqlite:///{tmp_path}/birds.db", tmp_path, https=True) as served:
        answer = served.client().get("/sign-in/once", params={"token": served.accounts.add_link()})
        assert "secure" in answer.headers["set-cookie"].lower()
        assert "strict-transport-security" in answer.headers


def test_revoked_and_expired_accounts_do_nothing(served: Served) -> None:
    secret, token = served.accounts.add_token("bot", Role.LEAD, days=1)
    client = served.client()
    client.headers["authorization"] = f"Bearer {secret}"
    assert client.get("/v1/me").status_code == 200
    new, _ = served.accounts.rotate_token(token.number)
    assert client.get("/v1/me").status_code == 401
    client.headers["authorization"] = f"Bearer {new}"
    assert client.get("/v1/me").status_code == 200
    served.clock.now += 86_401
    assert client.get("/v1/me").status_code == 401
    served.accounts.add_user("ann", Role.ANNOTATOR, "correct horse")
    browser = served.browser("ann", Role.ANNOTATOR)
    assert browser.get("/v1/me").status_code == 200
    served.accounts.revoke("ann")
    assert browser.get("/v1/me").status_code == 401
    assert served.accounts.sign_in("ann", "correct horse") is None


def test_an_unforeseen_error_tells_nothing(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the inside story")

    monkeypatch.setattr("ladle.campaign.Campaign.figures", fail)
    answer = served.lead.get("/v1/progress")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert "inside story" not in answer.text


def test_an_app_needs_a_campaign(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="no such file"):
        create_app(ServiceConfig(database=f"sqlite:///{tmp_path}/none.db"))


def test_more_requests_than_the_service_takes_are_told_to_wait(tmp_path: Path) -> None:
    """One that is never finished is in hand, and there is room for one."""
    with serve(f"sqlite:///{tmp_path}/birds.db", tmp_path, most_requests=1, body_seconds=5.0) as served:
        headers = [(b"host", b"localhost"), (b"content-length", b"5")]
        scope = {"type": "http", "method": "POST", "path": "/v1/take", "raw_path": b"/v1/take", "query_string": b""}
        scope |= {"headers": headers, "client": ("127.0.0.1", 1), "server": ("localhost", 80), "scheme": "http"}

        async def both() -> list[Any]:
            sent: list[Any] = []
            begun = asyncio.Event()

            async def never() -> dict[str, Any]:
                begun.set()
                await asyncio.sleep(3600)
                raise AssertionError

            async def drop(_: Any) -> None:
                pass

            async def keep(message: Any) -> None:
                sent.append(message)

            first = asyncio.create_task(served.app({**scope, "asgi": {"version": "3.0"}}, never, drop))
            await begun.wait()
            await served.app({**scope, "asgi": {"version": "3.0"}}, never, keep)
            first.cancel()
            return sent

        answer = asyncio.run(both())
        assert answer[0]["status"] == 503
        assert b"retry-after" in dict(answer[0]["headers"])
