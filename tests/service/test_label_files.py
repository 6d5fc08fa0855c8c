"""Files of labels over `/v1` and from the page of a lead: told as the command line tells them, within limits."""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from ladle.cli import main
from ladle.service.api.label_files import MOST_LABELS, file_name
from tests.service.pages.reading import read_page
from tests.service.served import Served, serve

HTML = {"accept": "text/html"}


def as_jsonl(table: Any) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in table.to_pylist())


def as_csv(table: Any) -> bytes:
    sink = io.BytesIO()
    pa.csv.write_csv(table, sink)
    return sink.getvalue()


def as_parquet(table: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


KINDS: dict[str, Callable[[Any], bytes]] = {"jsonl": as_jsonl, "csv": as_csv, "parquet": as_parquet}


def labels_of(served: Served, count: int = 4) -> Any:
    """Labels of the first tasks, one of a class that there is not and one of an unknown example among them."""
    ids = served.campaign.batch().ids.tolist()[:count]
    said = ["cat", "dog", "cat", "kat"][: len(ids)]
    return pa.table({"id": [*ids, "nobody"], "label": [*said, "cat"], "annotator": ["ann"] * (len(ids) + 1)})


def told(served: Served) -> list[tuple[Any, ...]]:
    return [(each.id, each.label, each.annotator) for each in served.campaign.labels()]


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_is_told_as_the_command_line_tells_it(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answers, stored = [], []
    for name in ("over http", "by command"):
        folder = tmp_path / name
        folder.mkdir()
        with serve(f"sqlite:///{folder}/birds.db", folder) as served:
            content = KINDS[kind](labels_of(served))
            if name == "over http":
                sent = served.lead.post(f"/v1/tell/file?format={kind}&name=done.{kind}", content=content)
                assert sent.status_code == 200, sent.text
                answers.append(sent.json())
            else:
                (folder / f"done.{kind}").write_bytes(content)
                capsys.readouterr()
                assert main(["campaign", "tell", f"{folder}/done.{kind}", "--db", f"{folder}/birds.db", "--json"]) == 0
                answers.append(json.loads(capsys.readouterr().out))
            stored.append((told(served), [each.reason for each in served.campaign.quarantine()]))
    for each in answers:
        del each["file"], each["notices"]
    assert answers[0] == {name: answers[1][name] for name in answers[0]}
    assert (answers[0]["accepted"], answers[0]["quarantined"]) == (3, 2)
    assert stored[0] == stored[1]


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_is_told_once(served_over: Served, kind: str) -> None:
    """By its content, and by a key, which stands for one file."""
    content = KINDS[kind](labels_of(served_over))
    path, lead, key = f"/v1/tell/file?format={kind}", served_over.lead, {"idempotency-key": "k"}
    for headers, is_repeat in (({}, False), ({}, True), (key, False), (key, True)):
        found = lead.post(path, content=content, headers=headers)
        assert found.json()["done_before"] is is_repeat, found.text
    assert len(told(served_over)) == 3
    other = KINDS[kind](labels_of(served_over, 2))
    assert lead.post(path, content=other, headers=key).json()["title"] == "ReusedKeyError"


def test_options_are_those_of_the_command_line(served: Served) -> None:
    example = served.campaign.batch().ids.tolist()[0]
    content = f"image;klass\n{example};cat\n".encode("utf-16")
    options = "id_column=image&label_column=klass&delimiter=;&encoding=utf-16&annotator=ann&source=mill&name=../a/b.csv"
    found = served.lead.post(f"/v1/tell/file?format=csv&{options}", content=content)
    assert (found.status_code, found.json()["accepted"], found.json()["file"]) == (200, 1, "b.csv"), found.text
    (label,) = served.campaign.labels()
    assert (label.annotator, label.source) == ("ann", "mill")


@pytest.mark.parametrize(
    ("kind", "content", "status", "said"),
    [
        ("csv", b"PK\x03\x04" + bytes(50), 400, "a zip archive"),
        ("jsonl", b"\x1f\x8b" + bytes(50), 400, "a gzip file"),
        ("parquet", b"PAR1" + bytes(50), 400, "labels.parquet"),
        ("jsonl", b'{"id": "images/1.jpg", "label": "cat"}\n{', 400, "line 2 of labels.jsonl"),
        ("csv", b"id,kind\nimages/1.jpg,cat\n", 400, "labels.csv"),
        ("csv", b"", 400, "labels.csv"),
        ("xlsx", b"id,label\n", 422, "format"),
    ],
)
def test_what_is_no_file_of_labels_is_refused(
    served: Served, kind: str, content: bytes, status: int, said: str
) -> None:
    before = served.campaign.last_event()
    answer = served.lead.post(f"/v1/tell/file?format={kind}", content=content)
    assert (answer.status_code, said in answer.text) == (status, True), answer.text
    assert tempfile.gettempdir() not in answer.text
    assert served.campaign.last_event() == before


def test_a_file_may_be_larger_than_other_bodies_up_to_a_limit(tmp_path: Path) -> None:
    with serve(f"sqlite:///{tmp_path}/birds.db", tmp_path, label_bytes=10_000, body_bytes=100) as served:
        content = as_csv(labels_of(served))
        assert len(content) > 100
        assert served.lead.post("/v1/tell/file?format=csv", content=content).status_code == 200
        row = b"images/1.jpg,cat,a comment that is not short\n"
        answer = served.lead.post("/v1/tell/file?format=csv", content=iter([b"id,label\n", row * 100, row * 200]))
        assert answer.status_code == 413


def bombs(served: Served) -> dict[str, bytes]:
    ids = served.campaign.batch().ids.tolist()
    long = pa.DictionaryArray.from_arrays(pa.array([0] * 200_000, pa.int32()), pa.array(["x" * 10_000]))
    return {
        "repeated text": as_parquet(pa.table({"id": [ids[0]] * 200_000, "label": long})),
        "nothing": as_parquet(pa.table({"id": pa.nulls(MOST_LABELS + 1), "label": pa.nulls(MOST_LABELS + 1)})),
        "zeros": as_parquet(pa.table({"id": [ids[0]], "label": ["cat"], "more": ["\0" * 20_000_000]})),
    }


@pytest.mark.parametrize("which", ["repeated text", "nothing", "zeros"])
def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, which: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_given: Any, **_options: Any) -> None:
        raise AssertionError("the file was read")

    monkeypatch.setattr("ladle.service.api.label_files.read_labels", never)
    with serve(f"sqlite:///{tmp_path}/birds.db", tmp_path, label_bytes=10_000_000) as served:
        content = bombs(served)[which]
        assert len(content) < 2_000_000
        answer = served.lead.post("/v1/tell/file?format=parquet", content=content)
        assert answer.status_code == 413, answer.text
        assert ("rows at most" if which == "nothing" else "unpacked") in answer.json()["wanted"]


def test_lines_without_end_are_refused(served: Served) -> None:
    answer = served.lead.post("/v1/tell/file?format=csv", content=b"id,label\n" + b"\n" * (MOST_LABELS + 1))
    assert (answer.status_code, answer.json()["title"]) == (413, "TooLargeError")


def test_nothing_is_left_on_disk(served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    for content in (as_csv(labels_of(served)), b"PK\x03\x04"):
        served.lead.post("/v1/tell/file?format=csv", content=content)
        served.lead.post("/overview/tell", files={"file": ("a.csv", content)})
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("given", "kind", "name"),
    [
        ("../../etc/a.csv", "csv", "a.csv"),
        ("C:\\x\\a.csv", "csv", "a.csv"),
        ("", "parquet", "labels.parquet"),
        ("a.CSV", "csv", "a.CSV"),
        ("a\n.csv", "csv", "a-.csv"),
        ("..", "jsonl", "labels.jsonl"),
        ("x" * 300, "csv", "x" * 100 + ".csv"),
        ("a.jsonl", "csv", "a.jsonl.csv"),
    ],
)
def test_the_name_of_a_file_leads_nowhere(given: str, kind: str, name: str) -> None:
    assert file_name(given, kind) == name


class TestThePage:
    def form(self, browser: Any) -> dict[str, str]:
        page = read_page(browser.get("/overview", headers=HTML).text)
        (form,) = page.all("form", action="/overview/tell")
        assert form.attributes["enctype"] == "multipart/form-data"
        return {"csrf": form.all("input", name="csrf")[0].attributes["value"]}

    @pytest.mark.parametrize("kind", KINDS)
    def test_a_file_from_a_browser(self, served: Served, kind: str) -> None:
        browser = served.browser()
        form = self.form(browser) | {"annotator": "", "source": "mill"}
        for said in ("3 accepted", "told already"):
            files = {"file": (f"-done <b>.{kind}", KINDS[kind](labels_of(served)))}
            answer = browser.post("/overview/tell", data=form, files=files, headers=HTML)
            text = read_page(answer.text).text
            assert said in text
            assert ("3 tasks are labelled by it." in text) == (said == "3 accepted")
            assert f"campaign tell --source=mill --db {served.campaign.url}" in answer.text
        assert len(told(served)) == 3
        assert {each.source for each in served.campaign.labels()} == {"mill"}
        assert [each.actor for each in served.campaign.audit()][-1] == "lea"

    def test_only_from_the_page_of_a_lead(self, served: Served) -> None:
        browser, files = served.browser(), {"file": ("a.csv", as_csv(labels_of(served)))}
        form, before = self.form(browser), served.campaign.last_event()
        for data, headers in (
            ({}, {}),
            ({"csrf": "wrong"}, {}),
            (form, {"origin": "https://evil.example"}),
            (form, {"sec-fetch-site": "cross-site"}),
        ):
            answer = browser.post("/overview/tell", data=data, files=files, headers=headers)
            assert answer.status_code == 403, (data, headers)
        assert browser.post("/overview/tell", data=form).status_code == 403  # no form with a file
        for client, status in ((served.reader, 403), (served.annotator(), 403), (served.client(), 401)):
            assert client.post("/overview/tell", data=form, files=files).status_code == status
        assert served.campaign.last_event() == before

    @pytest.mark.parametrize(
        ("files", "data", "status"),
        [
            ({"file": ("", b"")}, {"annotator": "x"}, 422),
            ({"file": ("a.csv", b"x" * 1_200_000)}, {}, 413),
            ({"file": ("a.xlsx", b"id,label\n")}, {}, 400),
            ({"file": ("a.csv", b"id,label\n")}, {"source": "x" * 300}, 422),
            ({"file": ("a.csv", b"id,label\n")}, {"source": "x" * 100_000}, 400),
            ([("file", ("a.csv", b"")), ("file", ("b.csv", b""))], {}, 400),
        ],
    )
    def test_what_is_wrong_is_said(self, tmp_path: Path, files: Any, data: dict[str, str], status: int) -> None:
        with serve(f"sqlite:///{tmp_path}/birds.db", tmp_path, label_bytes=1_000) as served:
            answer = served.lead.post("/overview/tell", files=files, data=data)
            assert answer.status_code == status, answer.text
            assert told(served) == []
