"""Ids with line breaks and spaces, in lists, files and forms: each reaches the example that it names."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

import ladle
from ladle.cli import main
from ladle.service.app import create_app
from ladle.service.config import ServiceConfig
from tests.campaign.made import Clock
from tests.service.pages.conftest import HTML
from tests.service.pages.reading import read_page
from tests.service.served import ADDRESS, Served

IDS = ["a\nb", "a\r\nb", "a\rb", "a", "b", " c", "d ", "\u2028", 'say "e"', "'f'", '"a\\nb"', "\\n", "17", "ü,;\t"]
ALL = "0,0;65536,0;65536,65536;0,65536"


@pytest.fixture
def odd(tmp_path: Path) -> Iterator[Served]:
    """The service over a pool of such ids."""
    rng = np.random.default_rng(0)
    np.save(tmp_path / "pool.npy", rng.normal(size=(len(IDS), 4)).astype(np.float32))
    pool, database = ladle.open_pool(tmp_path / "pool.npy", ids=IDS), f"sqlite:///{tmp_path}/odd.db"
    ladle.Campaign.create(database, name="odd", pool=pool, strategy="uniform", labels=["cat"], clock=Clock()).close()
    app = create_app(ServiceConfig(database=database, name="odd", pool=pool, clock=(clock := Clock())))
    with ladle.Campaign.open(database, name="odd", pool=pool) as campaign, TestClient(app, base_url=ADDRESS):
        yield Served(app, campaign, clock)


def as_browsers_send(form: dict[str, str]) -> dict[str, str]:
    """The fields of a form: a browser writes every line break as two characters."""
    return {name: text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n") for name, text in form.items()}


def excluded(odd: Served) -> list[str]:
    known = odd.campaign.map.colours("state")
    which = known["row"][known["value"] == "excluded"]
    return sorted(odd.campaign.ids.at(which).to_pylist())


def test_the_file_of_a_list_holds_every_id_and_its_command_takes_it(odd: Served, tmp_path: Path) -> None:
    page = read_page(odd.lead.get("/map/list", params={"shape": ALL}, headers=HTML).text)
    (link,) = [each for each in page.all("a") if "download" in each.attributes]
    sent = odd.lead.get(link.attributes["href"]).content
    assert sorted(json.loads(line)["id"] for line in sent.split(b"\n")[:-1]) == sorted(IDS)
    digest = page.all("input", name="digest")[0].attributes["value"]
    form = {"shape": ALL, "digest": digest, "exclude_words": "odd"}
    asked = read_page(odd.lead.post("/map/list/exclude", data=form, headers=HTML).text)
    (tmp_path / "IDS.jsonl").write_bytes(sent)
    command = shlex.split(asked.all("code")[-1].text.replace("IDS.jsonl", str(tmp_path / "IDS.jsonl")))
    assert main(command[1:]) == 0
    assert excluded(odd) == sorted(IDS)


@pytest.mark.parametrize("example", IDS, ids=repr)
def test_a_ticked_example_and_that_of_a_page_are_the_ones_meant(odd: Served, example: str) -> None:
    page = read_page(odd.lead.get("/map/list", params={"shape": ALL}, headers=HTML).text)
    ticks = {each.attributes["aria-label"]: each.attributes["value"] for each in page.all("input", name="pick")}
    digest = page.all("input", name="digest")[0].attributes["value"]
    form = {"shape": ALL, "digest": digest, "words": "odd", "pick": ticks[f"Tick {example}"], "confirmed": "true"}
    odd.lead.post("/map/list/exclude", data=as_browsers_send(form), headers=HTML)
    assert excluded(odd) == [example]
    address = odd.lead.get("/map/list", params={"shape": ALL}, headers=HTML).text
    links = {each.attributes["href"] for each in read_page(address).all("a")}
    found = [each for each in links if each.startswith("/examples/")]
    stories = {each: read_page(odd.lead.get(each, headers=HTML).text) for each in found}
    (own,) = [each for each in stories.values() if each.all("form", action="/overview/include-examples")]
    hidden = own.all("form", action="/overview/include-examples")[0].all("input", name="example")[0]
    odd.lead.post(
        "/overview/include-examples", data=as_browsers_send({"example": hidden.attributes["value"]}), headers=HTML
    )
    assert excluded(odd) == []
    odd.lead.post("/decide", data={"example": hidden.attributes["value"], "label": "cat"}, headers=HTML)
    assert [each.id for each in odd.campaign.adjudications()] == [example]


def test_typed_ids_are_lines_or_json(odd: Served) -> None:
    typed = as_browsers_send({"ids": 'a\n c\n"a\\r\\nb"\n"\\u2028"\n', "words": "odd"})
    assert odd.lead.post("/overview/exclude-examples", data=typed, headers=HTML).status_code == 200
    assert excluded(odd) == sorted(["a", " c", "a\r\nb", "\u2028"])


def test_a_line_with_two_meanings_is_refused(odd: Served) -> None:
    """Both `"a\\nb"`, with its quotes, and what it is in JSON are ids of this pool."""
    answer = odd.lead.post("/overview/exclude-examples", data={"ids": '"a\\nb"', "words": "odd"})
    assert answer.status_code == 422
    assert "as it stands" in answer.json()["detail"]
    assert excluded(odd) == []


@pytest.mark.parametrize("text", ["a", "17", "null", '["a"]', '{"a": 1}', "", "[" * 100_000])
def test_a_field_that_is_no_text_in_json_is_refused(odd: Served, text: str) -> None:
    assert odd.lead.post("/decide", data={"example": text, "label": "cat"}).status_code == 422
    assert len(odd.campaign.adjudications()) == 0
