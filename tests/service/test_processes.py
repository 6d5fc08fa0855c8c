"""The service as a process: its link, its end, slow clients, several workers."""

from __future__ import annotations

import json
import signal
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

import ladle
from ladle.service import serving
from ladle.service.app import open_accounts
from ladle.service.config import ServiceConfig
from ladle.service.gate.roles import Role
from tests.campaign.made import begun, margins
from tests.service.processes import running


def prepared(url: str, folder: Path) -> str:
    """A campaign with a batch: the token of an annotator."""
    with begun(url, folder, labels=["cat", "dog"], name="birds") as campaign:
        campaign.ask(20, margins=margins())
        with open_accounts(campaign, ServiceConfig(database=url)) as accounts:
            return accounts.add_token("ann", Role.ANNOTATOR)[0]


def test_a_first_start_signs_the_lead_in_and_an_end_loses_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/birds.db"
    token = prepared(url, tmp_path)
    with running(url, tmp_path) as service:
        with service.client() as browser:
            assert browser.get(service.started["link"]).status_code == 303
            assert browser.get("/v1/me").json()["role"] == "lead"
        with service.client(token) as ann:
            (task,) = ann.post("/v1/take", json={"size": 1}).json()["tasks"]
            told = ann.post("/v1/tell", json={"labels": [{"id": task["id"], "label": "cat"}]})
            assert told.json()["accepted"] == 1
        assert service.stop() == 143
        lines = service.log.read_text().splitlines()
        requests = [json.loads(line) for line in lines if line.startswith("{")]
        assert {each["route"] for each in requests if each["event"] == "request"} >= {"/v1/take", "/v1/tell"}
        assert token not in service.log.read_text()
        assert service.started["link"].partition("token=")[2] not in service.log.read_text()
    with ladle.Campaign.open(url) as campaign:
        assert [row.id for row in campaign.labels()] == [task["id"]]
        assert campaign.verify()


def test_a_request_that_has_begun_is_answered_before_the_end(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/birds.db"
    token = prepared(url, tmp_path)
    with running(url, tmp_path) as service, socket.create_connection(("127.0.0.1", service.port), 20) as line:
        body = b'{"size": 2}'
        head = f"POST /v1/take HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        line.sendall(head.encode() + body[:5])
        time.sleep(0.5)
        service.process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        line.sendall(body[5:])
        assert b" 200 " in line.recv(10_000)
        assert service.process.wait(60) == 130


def test_a_head_that_comes_too_slowly_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In this process, so that the time can be short."""
    url = f"sqlite:///{tmp_path}/birds.db"
    prepared(url, tmp_path)
    monkeypatch.setattr(serving, "HEAD_SECONDS", 0.3)
    opened = serving.opened(ServiceConfig(database=url, port=0), lead="lea")
    server = threading.Thread(target=serving._serve, args=(opened.config, opened.listener), daemon=True)
    server.start()
    port = opened.listener.getsockname()[1]
    for begin in (b"", b"GET /healthz HTTP/1.1\r\nHost: local"):
        with socket.create_connection(("127.0.0.1", port), 20) as line:
            line.sendall(begin)
            begun_at = time.monotonic()
            with suppress(ConnectionResetError):
                assert line.recv(100) == b""
            assert time.monotonic() - begun_at < 10
    with socket.create_connection(("127.0.0.1", port), 20) as line:
        for _ in range(2):
            line.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            answer = b""
            while not answer.endswith(b"}"):
                answer += line.recv(10_000)
            assert b" 200 " in answer
    opened.listener.close()


def test_several_workers_on_postgresql(postgres_url: str, tmp_path: Path) -> None:
    token = prepared(postgres_url, tmp_path)
    with running(postgres_url, tmp_path, "--workers", "2") as service:
        taken = []
        for number in range(6):  # each time another connection, and so another worker at times
            with service.client(token) as ann:
                (task,) = ann.post("/v1/take", json={"size": 1}).json()["tasks"]
                body = {"labels": [{"id": task["id"], "label": "cat"}]}
                keyed = {"idempotency-key": f"k{number}"}
                assert [ann.post("/v1/tell", json=body, headers=keyed).json()["accepted"] for _ in range(2)] == [1, 1]
                taken.append(task["id"])
        assert service.stop() == 143
    with ladle.Campaign.open(postgres_url) as campaign:
        assert sorted(row.id for row in campaign.labels()) == sorted(taken)
        assert len(set(taken)) == 6


def test_other_machines_are_warned_of(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/birds.db"
    prepared(url, tmp_path)
    config = ServiceConfig(database=url, host="0.0.0.0", port=0)
    assert not config.is_loopback
    assert ServiceConfig(database=url).is_loopback
