"""Whatever is sent, the answer is deliberate: none of these requests is an unforeseen error."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from ladle.labelling import MemoryStore
from tests.campaign.made import ids_of, margins
from tests.service.fuzzing import follow_links, fuzz
from tests.service.mutations import RawRequest, run
from tests.service.served import Served, serve
from tests.service.test_who_may_what import ROLES, address

IDS = ids_of(40)
BODIES = {
    "/v1/take": {"size": 3},
    "/v1/tell": {"labels": [{"id": IDS[0], "label": "cat", "seconds": 1.5, "told_at": "2026-01-01T00:00:00Z"}]},
    "/v1/skip": {"skips": [{"id": IDS[1], "reason": "dark"}], "annotator": "ann"},
    "/v1/comment": {"comments": [{"id": IDS[2], "text": "two birds"}]},
    "/v1/release": {"ids": [IDS[0]], "annotator": None},
    "/v1/ask": {"size": 2, "margins": margins().tolist(), "gold": 0, "holder": ""},
    "/v1/exclude": {"ids": IDS[30:32], "reason": "blurred"},
    "/v1/include": {"ids": IDS[30:31]},
    "/v1/assign": {"ids": IDS[32:34], "to": "ann"},
    "/v1/unassign": {"ids": IDS[33:34], "to": None},
    "/v1/gold": {"gold": [{"id": IDS[35], "label": "dog"}]},
    "/v1/gold/remove": {"ids": [IDS[35]]},
    "/v1/adjudicate": {"labels": [{"id": IDS[3], "label": "cat"}], "reason": ""},
    "/v1/adjudicate/undo": {"ids": [IDS[3]]},
    "/v1/quarantine/close": {"numbers": [1], "reason": "seen"},
}


def seeds(served: Served, token: str) -> list[RawRequest]:
    """A good request of every route, with a key for those that change something."""
    found = []
    for number, (method, path) in enumerate(sorted(ROLES)):
        headers = [(b"host", b"localhost:8765"), (b"authorization", f"Bearer {token}".encode())]
        body = json.dumps(BODIES[path]).encode() if path in BODIES else b""
        if method == "POST":
            headers += [(b"content-type", b"application/json"), (b"idempotency-key", f"key-{number}".encode())]
        found.append(RawRequest(method, address(path).encode(), tuple(headers), body))
    assert len(found) == len(ROLES)
    return found


def sent(folder: Path, count: int, number: int = 0) -> Counter[int]:
    with serve(MemoryStore(), folder, requests_a_minute=10**9, body_bytes=100_000) as served:
        tokens = [client.headers["authorization"].split()[1] for client in (served.lead, served.annotator())]
        listed = [each for token in tokens for each in seeds(served, token)]
        statuses = run(served.app, listed, count, number)
        assert served.campaign.verify()
    return statuses


def test_mutants_are_answered_deliberately(tmp_path: Path) -> None:
    statuses = sent(tmp_path, 1_500)
    assert {200, 400, 401, 403, 404, 415, 421, 422} <= set(statuses), statuses


@pytest.mark.long
def test_many_mutants_are_answered_deliberately(tmp_path: Path) -> None:
    assert sum(sent(tmp_path, 20_000, number=1).values()) == 20_000


def test_cases_of_schemathesis_are_answered_deliberately(tmp_path: Path) -> None:
    with serve(MemoryStore(), tmp_path, requests_a_minute=10**9) as served:
        statuses = fuzz(served, each=3)
        assert {200, 422} <= set(statuses)
        assert served.campaign.verify()


@pytest.mark.long
def test_many_cases_of_schemathesis_are_answered_deliberately(tmp_path: Path) -> None:
    with serve(f"sqlite:///{tmp_path}/birds.db", tmp_path, requests_a_minute=10**9) as served:
        statuses = fuzz(served, each=60, number=1)
        assert sum(statuses.values()) > 1_000
        assert served.campaign.verify()


def test_links_lead_from_answer_to_request(tmp_path: Path) -> None:
    with serve(MemoryStore(), tmp_path, requests_a_minute=10**9) as served:
        called = follow_links(served, chains=2, steps=5)
        assert len(called) > 1, called
        assert served.campaign.verify()


@pytest.mark.long
def test_many_links_lead_from_answer_to_request(tmp_path: Path) -> None:
    with serve(MemoryStore(), tmp_path, requests_a_minute=10**9) as served:
        called = follow_links(served, chains=60, steps=15)
        assert {"POST /v1/take", "POST /v1/tell", "POST /v1/ask", "GET /v1/batches/{number}"} <= set(called)
        assert served.campaign.verify()
