"""`/v1` over each kind of store: what a route does is what the campaign says."""

from __future__ import annotations

import io
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from ladle.errors import StoreBusyError
from ladle.service.api.once import _LOCKS, one_of_key
from tests.campaign.made import begun, ids_of, margins
from tests.service.served import Served


def taken(served: Served, name: str = "ann", size: int = 3) -> list[str]:
    answer = served.annotator(name).post("/v1/take", json={"size": size})
    assert answer.status_code == 200, answer.text
    return [each["id"] for each in answer.json()["tasks"]]


def test_take_tell_skip_comment_release(served_over: Served) -> None:
    ann, campaign = served_over.annotator(), served_over.campaign
    first, second, third = taken(served_over)
    told = ann.post("/v1/tell", json={"labels": [{"id": first, "label": "cat", "seconds": 1.5}]})
    assert (told.status_code, told.json()["accepted"]) == (200, 1)
    skipped = ann.post("/v1/skip", json={"skips": [{"id": second, "reason": "dark"}]})
    assert (skipped.status_code, skipped.json()["skipped"]) == (200, 1)
    assert ann.post("/v1/comment", json={"comments": [{"id": first, "text": "two"}]}).json() == {"changed": 1}
    assert ann.post("/v1/comment", json={"comments": [{"id": first, "text": "two"}]}).json() == {"changed": 0}
    assert ann.post("/v1/release", json={"ids": [third]}).json() == {"changed": 1}
    listed = [(row.id, row.label, row.annotator, row.seconds) for row in campaign.labels()]
    assert listed[0] == (first, "cat", "ann", 1.5)
    assert listed[1][:3] == (second, None, "ann")
    assert [row.text for row in campaign.comments()] == ["two"]
    assert campaign.outstanding()["taken_by"].tolist().count("ann") == 0
    assert [row.actor for row in campaign.audit() if row.kind == "tell"] == ["ann"]
    assert campaign.verify()


def test_ask_and_what_is_read_of_it(served_over: Served) -> None:
    lead, campaign = served_over.lead, served_over.campaign
    asked = lead.post("/v1/ask", json={"size": 4, "margins": margins().tolist(), "model": "v2"})
    assert (asked.status_code, asked.json()["number"], asked.json()["size"]) == (200, 2, 4)
    batch = campaign.batch(2)
    listed = lead.get("/v1/batches/2/tasks", params={"limit": 3}).json()
    assert [each["id"] for each in listed["items"]] == batch.ids[:3].tolist()
    rest = lead.get("/v1/batches/2/tasks", params={"after": listed["next"]}).json()
    assert ([each["id"] for each in rest["items"]], rest["next"]) == (batch.ids[3:].tolist(), None)
    assert [each["number"] for each in lead.get("/v1/batches").json()["items"]] == [1, 2]
    assert lead.get("/v1/batches/2").json()["model"] == "v2"
    assert lead.get("/v1/batches/3").status_code == 404
    assert lead.get("/v1/progress").json()["asked"] == 14
    tasks = lead.get("/v1/tasks", params={"batch": 2, "state": "open"}).json()["items"]
    assert {each["id"] for each in tasks} == set(batch.ids.tolist())


def test_scores_as_a_file(served: Served) -> None:
    lead, sink = served.lead, io.BytesIO()
    np.save(sink, margins())
    sent = lead.post("/v1/scores", content=sink.getvalue())
    assert (sent.status_code, sent.json()["rows"], sent.json()["columns"]) == (200, 40, 1)
    body = {"size": 2, "scores": sent.json()["scores"]}
    asked = lead.post("/v1/ask", json=body, headers={"Idempotency-Key": "a"})
    assert asked.json()["number"] == 2
    again = lead.post("/v1/ask", json=body, headers={"Idempotency-Key": "a"}).json()
    assert (again["number"], again["renewed"]) == (2, True)
    for content, status in ((b"PK\x03\x04 a zip", 400), (sink.getvalue()[:90], 400), (b"", 400)):
        assert lead.post("/v1/scores", content=content).status_code == status
    np.save(short := io.BytesIO(), margins(39))
    assert lead.post("/v1/scores", content=short.getvalue()).status_code == 409
    np.save(objects := io.BytesIO(), np.array([{}]), allow_pickle=True)
    assert lead.post("/v1/scores", content=objects.getvalue()).status_code == 400
    assert lead.post("/v1/ask", json={"size": 2, "scores": "0" * 64}).status_code == 404


def test_an_ask_without_numbers_and_models_says_what_to_send(served: Served) -> None:
    for body in ({"size": 3}, {"size": 3, "scores": "last"}):
        refused = served.lead.post("/v1/ask", json=body)
        assert refused.status_code == 422
        assert "ladle campaign model" in refused.json()["remedy"]
        assert "POST /v1/scores" in refused.json()["remedy"]


def test_the_same_request_twice_is_one(served_over: Served) -> None:
    ann, campaign = served_over.annotator(), served_over.campaign
    first, second, _ = taken(served_over)
    key = {"Idempotency-Key": "k1"}
    body = {"labels": [{"id": first, "label": "cat"}]}
    one, two = (ann.post("/v1/tell", json=body, headers=key).json() for _ in range(2))
    assert (one.pop("repeat_of_key"), two.pop("repeat_of_key")) == (False, True)
    assert one == two
    other = ann.post("/v1/tell", json={"labels": [{"id": first, "label": "dog"}]}, headers=key)
    assert (other.status_code, other.json()["title"]) == (422, "ReusedKeyError")
    assert campaign.labels()["label"] == ["cat"]
    body = {"ids": [second]}
    answers = [ann.post("/v1/release", json=body, headers={"Idempotency-Key": "k2"}).json() for _ in range(2)]
    assert answers == [{"changed": 1}] * 2
    other = ann.post("/v1/release", json={"ids": [first]}, headers={"Idempotency-Key": "k2"})
    assert (other.status_code, other.json()["title"]) == (422, "ReusedKeyError")


def test_a_key_belongs_to_its_sender(served: Served) -> None:
    for name in ("ann", "bob"):
        (example,) = taken(served, name, 1)
        body = {"labels": [{"id": example, "label": "cat"}]}
        assert served.annotator(name).post("/v1/tell", json=body, headers={"Idempotency-Key": "1"}).is_success
    assert served.campaign.labels()["annotator"].tolist() == ["ann", "bob"]


def test_a_key_with_slashes_belongs_to_its_sender(served: Served) -> None:
    for name, key in (("a", "b/c"), ("a/b", "c"), ("a%2Fb", "c")):
        (example,) = taken(served, name, 1)
        body = {"labels": [{"id": example, "label": "cat"}]}
        told = served.annotator(name).post("/v1/tell", json=body, headers={"Idempotency-Key": key})
        assert (told.status_code, told.json().get("repeat_of_key")) == (200, False)
    assert served.campaign.labels()["annotator"].tolist() == ["a", "a/b", "a%2Fb"]


def test_of_requests_with_one_key_at_a_time_one_is_done(served_over: Served) -> None:
    ids, key = ids_of(40), {"Idempotency-Key": "k"}
    lead = served_over.lead

    def exclude(number: int) -> int:
        body = {"ids": ids[number : number + 1], "reason": "dark"}
        return lead.post("/v1/exclude", json=body, headers=key).status_code

    with ThreadPoolExecutor(6) as threads:
        statuses = list(threads.map(exclude, range(6)))
    assert sorted(statuses) == [200] + [422] * 5
    assert served_over.campaign.progress().excluded == 1


def test_requests_of_one_key_go_one_by_one() -> None:
    with one_of_key("k", 1.0):
        with ThreadPoolExecutor(1) as threads, pytest.raises(StoreBusyError):
            threads.submit(lambda: one_of_key("k", 0.01).__enter__()).result()
        with one_of_key("another", 0.01):
            pass
    with one_of_key("k", 0.01):
        pass
    assert not _LOCKS


def test_a_key_stands_for_one_kind_of_change(served_over: Served) -> None:
    first, second, _ = taken(served_over, "lea")
    lead, key = served_over.lead, {"Idempotency-Key": "k"}
    told = {"labels": [{"id": first, "label": "cat"}]}
    assert lead.post("/v1/tell", json=told, headers=key).status_code == 200
    others = {
        "tell": {"labels": [{"id": first, "label": "cat", "seconds": 2.0}]},
        "skip": {"skips": [{"id": second, "reason": "dark"}]},
        "ask": {"size": 1, "margins": margins().tolist()},
        "exclude": {"ids": [second], "reason": "dark"},
        "take": {"size": 1},
    }
    before = served_over.campaign.last_event()
    for path, body in others.items():
        assert lead.post(f"/v1/{path}", json=body, headers=key).status_code == 422, path
    assert served_over.campaign.last_event() == before
    assert lead.post("/v1/tell", json=told, headers=key).json()["repeat_of_key"] is True


def test_a_key_is_free_after_a_change_that_failed(served_over: Served) -> None:
    ids, key = ids_of(40), {"Idempotency-Key": "k"}
    wrong = served_over.lead.post("/v1/exclude", json={"ids": ["nosuchid"], "reason": "dark"}, headers=key)
    assert wrong.status_code == 422
    right = served_over.lead.post("/v1/exclude", json={"ids": ids[:1], "reason": "dark"}, headers=key)
    assert right.json() == {"changed": 1}


def test_a_lead_changes_the_campaign(served_over: Served) -> None:
    lead, campaign = served_over.lead, served_over.campaign
    ids = ids_of(40)
    assert lead.post("/v1/exclude", json={"ids": ids[:2], "reason": "dark"}).json() == {"changed": 2}
    assert lead.post("/v1/include", json={"ids": ids[:1]}).json() == {"changed": 1}
    assert lead.post("/v1/gold", json={"gold": [{"id": ids[30], "label": "cat"}]}).json() == {"changed": 1}
    assert lead.post("/v1/gold/remove", json={"ids": ids[30:31]}).json() == {"changed": 1}
    words = {"labels": [{"id": ids[3], "label": "dog"}], "reason": "clear"}
    assert lead.post("/v1/adjudicate", json=words).json() == {"changed": 1}
    assert [(row.id, row.by) for row in campaign.adjudications()] == [(ids[3], "lea")]
    assert lead.post("/v1/adjudicate/undo", json={"ids": [ids[3]]}).json() == {"changed": 1}
    assert lead.post("/v1/tell", json={"labels": [{"id": ids[5], "label": "emu"}]}).json()["quarantined"] == 1
    (entry,) = lead.get("/v1/quarantine").json()["items"]
    assert entry["id"] == ids[5]
    closed = {"numbers": [entry["number"]], "reason": "seen"}
    assert lead.post("/v1/quarantine/close", json=closed).json() == {"changed": 1}
    assert lead.get("/v1/quarantine").json()["items"] == []
    assert campaign.progress().excluded == 1
    story = lead.get(f"/v1/examples/{ids[3]}/story").json()
    assert (story["id"], story["state"]) == (ids[3], "open")
    assert any("lea" in line["what"] for line in story["lines"])
    assert lead.get("/v1/examples/no/such/story").status_code == 404
    kinds = [each["kind"] for each in lead.get("/v1/audit", params={"limit": 3}).json()["items"]]
    assert kinds == [row.kind for row in campaign.audit()][::-1][:3]


def test_exports_are_what_the_campaign_holds(served: Served) -> None:
    campaign = served.campaign
    ids = ids_of(40)
    campaign.tell(ids[:30], ["cat"] * 30, annotator="ann", told_at=1_790_000_000)
    campaign.tell(ids[:3], ["dog"] * 3, annotator="ann")
    campaign.skip(ids[:2], annotator="bob", reason="dark")
    wanted = [(row.id, row.label) for row in campaign.labels() if row.status == "current" and row.label is not None]
    answer = served.reader.get("/v1/exports/labels")
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [(line["id"], line["label"]) for line in lines] == wanted
    table = pq.read_table(io.BytesIO(served.reader.get("/v1/exports/labels?format=parquet").content))
    assert list(zip(table["id"].to_pylist(), table["label"].to_pylist(), strict=True)) == wanted
    read = pyarrow.csv.read_csv(io.BytesIO(served.reader.get("/v1/exports/labels?format=csv").content))
    assert list(zip(read["id"].to_pylist(), read["label"].to_pylist(), strict=True)) == wanted
    history = served.reader.get("/v1/exports/labels?history=true").text.splitlines()
    assert len(history) == len(campaign.labels()) == 35
    resolved = served.reader.get("/v1/exports/resolved").text.splitlines()
    assert len(resolved) == len(campaign.resolved())
    for table_name in ("tasks", "audit", "quarantine"):
        for kind in ("jsonl", "csv", "parquet"):
            assert served.reader.get(f"/v1/exports/{table_name}?format={kind}").status_code == 200


def test_an_export_of_many_pages_is_whole(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ladle.service.api.exports.PAGE_ROWS", 7)
    ids = ids_of(40)
    served.campaign.tell(ids, ["cat"] * 40, annotator="ann")
    for what, count in (("labels", 40), ("resolved", 40), ("tasks", 40)):
        lines = served.reader.get(f"/v1/exports/{what}").text.splitlines()
        assert sorted(json.loads(line)["id"] for line in lines) == sorted(ids)[:count]
        table = pq.read_table(io.BytesIO(served.reader.get(f"/v1/exports/{what}?format=parquet").content))
        assert sorted(table["id"].to_pylist()) == sorted(ids)
        text = served.reader.get(f"/v1/exports/{what}?format=csv").text.splitlines()
        assert len(text) == count + 1


FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"]


def test_no_cell_of_csv_is_a_formula(served: Served) -> None:
    ids = ids_of(6)
    served.campaign.skip(ids, annotator="ann", reason=["x"] * 6)
    served.campaign.tell(ids, ["cat"] * 6, annotator="=cmd", source=FORMULAS)
    path = "/v1/exports/labels?format=csv"
    read = pyarrow.csv.read_csv(
        io.BytesIO(served.reader.get(path).content), parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True)
    )
    assert read["source"].to_pylist() == [f"'{each}" for each in FORMULAS]
    assert set(read["annotator"].to_pylist()) == {"'=cmd"}
    kept = served.reader.get(f"{path}&formulas=true").text
    assert ',"=1+1",' in kept


def test_an_unknown_address_is_told_in_a_sentence(served: Served) -> None:
    html = {"accept": "text/html"}
    for path, method, sentence in (
        ("/v1/nothing", "GET", "There is nothing at /v1/nothing; /v1/openapi.json lists all addresses."),
        ("/v1/ask", "GET", "GET is not possible at /v1/ask."),
        ("/nothing", "GET", "There is nothing at /nothing."),
    ):
        assert served.lead.request(method, path).json()["detail"] == sentence
    page = served.browser().get("/nothing", headers=html)
    assert (page.status_code, "There is nothing at /nothing." in page.text) == (404, True)


def test_quarantine_says_what_is_wrong(tmp_path: Path) -> None:
    """Text where the class is a number is told as that; an unknown example is named before a wrong class."""
    with begun(f"sqlite:///{tmp_path}/n.db", tmp_path, rows=20, labels=list(range(10))) as campaign:
        campaign.tell([ids_of(1)[0], "no-such"], ["3", "cat"], annotator="ann")
        reasons = campaign.quarantine()["reason"].tolist()
    assert reasons == [
        "the class is the number 3; got the text '3'",
        "the pool has no example of this id; a label is one of 0, 1, 2, 3, 4, ...; got 'cat'",
    ]


def test_a_lead_assigns_and_ends_assignments(served_over: Served) -> None:
    lead, ids = served_over.lead, ids_of(40)
    body = {"ids": ids[30:33], "to": "ann"}
    found = lead.post("/v1/assign", json=body, headers={"Idempotency-Key": "k"})
    assert found.json() == {"examples": 3, "taken_from": {}, "left_out": 0}
    assert lead.post("/v1/assign", json=body, headers={"Idempotency-Key": "k"}).json() == found.json()
    assert lead.post("/v1/assign", json=body).json()["examples"] == 0
    assert lead.post("/v1/assign", json={"ids": ids[:1]}).status_code == 422
    assert len(served_over.campaign.task_page(assigned_to="ann")) == 3
    assert lead.post("/v1/unassign", json={"ids": ids[30:31], "to": "bob"}).status_code == 404  # nobody
    assert lead.post("/v1/unassign", json={"ids": ids[30:32]}).json() == {"changed": 2}


def test_what_is_quarantined_is_said(served_over: Served) -> None:
    first, *_ = taken(served_over, "lea")
    answer = served_over.lead.post("/v1/tell", json={"labels": [{"id": first, "label": "zebra"}]})
    assert answer.json()["quarantined"] == 1
    assert answer.json()["notices"][-1] == "1 answer is in the quarantine and no label: see /v1/quarantine."
