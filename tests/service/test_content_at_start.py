"""Content is read before a service says that it serves, and its faults stop no labelling."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote

import pytest
from fastapi import FastAPI

from ladle.errors import FileError, IdError
from ladle.notices import gathered, notices
from ladle.service.config import ServiceConfig
from ladle.service.content import ContentSources
from ladle.service.content.table_rows import open_rows
from ladle.service.serving import opened, run
from tests.campaign.made import begun, ids_of
from tests.service.served import Served


def config(tmp_path: Path, name: str = "content.jsonl") -> ServiceConfig:
    return ServiceConfig(database=str(tmp_path / "c.db"), port=0, content=ContentSources(table=tmp_path / name))


def test_missing_and_repeated_content_is_refused_before_the_address_is_taken(tmp_path: Path) -> None:
    begun(tmp_path / "c.db", tmp_path)
    with pytest.raises(FileError, match=r"content\.jsonl"):
        opened(config(tmp_path), lead="lead")
    line = json.dumps({"id": ids_of(1)[0], "text": "a"})
    (tmp_path / "content.jsonl").write_text(f"{line}\n{line}\n")
    with pytest.raises(IdError):
        opened(config(tmp_path), lead="lead")


def test_content_of_ids_that_the_pool_does_not_have_is_counted(tmp_path: Path) -> None:
    begun(tmp_path / "c.db", tmp_path)
    rows = [{"id": each, "text": "a"} for each in (ids_of(1)[0], "no such", "nor this")]
    (tmp_path / "content.jsonl").write_text("".join(f"{json.dumps(each)}\n" for each in rows))
    with gathered():
        opened(config(tmp_path), lead="lead").listener.close()
        assert any("2 rows" in each for each in notices())


def test_content_is_read_once_and_served_as_it_was_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun(tmp_path / "c.db", tmp_path)
    (tmp_path / "content.jsonl").write_text(json.dumps({"id": ids_of(1)[0], "text": "a"}) + "\n")
    read: list[Path] = []
    monkeypatch.setattr(
        "ladle.service.content.content.open_rows", lambda path, **given: read.append(path) or open_rows(path, **given)
    )
    served: list[FastAPI] = []
    monkeypatch.setattr("uvicorn.Server.run", lambda self, **_: served.append(self.config.app))
    service = opened(config(tmp_path), lead="lead")
    run(service)
    service.listener.close()
    assert read == [tmp_path / "content.jsonl"]
    assert served[0].state.content.shown(ids_of(1)[0]).text == "a"


def test_an_id_with_a_line_break_or_with_the_end_of_an_address_is_found(served: Served) -> None:
    for odd in ("line\nbreak", "a/image/0", "a/story", "\n"):
        for address in ("/content/{}", "/images/0/{}", "/v1/examples/{}/story", "/examples/{}"):
            answer = served.lead.get(address.format(quote(odd, safe="")))
            assert answer.status_code == 404
            assert "detail" in answer.json()
            assert odd.strip() in answer.json()["detail"] or repr(odd)[1:-1] in answer.json()["detail"], answer.text
