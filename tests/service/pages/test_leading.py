"""What a lead does on the pages: done by the campaign in the lead's name, and by nobody else."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from urllib.parse import quote

import pytest

import ladle
from ladle.service.gate.roles import Role
from tests.service.pages.conftest import BOB, EVIL, HTML, ROWS
from tests.service.pages.reading import read_page
from tests.service.served import Served

ALL = "0,0;65536,0;65536,65536;0,65536"
POSTS = {
    "/overview/ask": {"size": "5", "key": "k", "confirmed": "true"},
    "/overview/release": {"annotator": "ann", "confirmed": "true"},
    "/overview/exclude-examples": {"ids": "a/1", "words": "w"},
    "/overview/include-examples": {"ids": "a/1"},
    "/overview/backup": {},
    "/quarantine/close": {"number": "1", "reason": "r", "confirmed": "true"},
    "/decide": {"example": '"a/1"', "label": "cat"},
    "/map/list/exclude": {"shape": ALL, "digest": "d", "words": "w"},
}


@pytest.mark.parametrize("path", POSTS)
def test_only_leads_and_only_from_their_page(led: Served, path: str) -> None:
    before = led.campaign.last_event()
    assert led.reader.post(path, data=POSTS[path]).status_code == 403
    assert led.annotator().post(path, data=POSTS[path]).status_code == 403
    assert led.client().post(path, data=POSTS[path]).status_code == 401
    browser = led.browser()
    assert browser.post(path, data=POSTS[path]).status_code == 403  # no secret of the page
    secret = read_page(browser.get("/overview", headers=HTML).text).all("meta", name="csrf")[0].attributes["content"]
    foreign = browser.post(path, data={**POSTS[path], "csrf": secret}, headers={"origin": "https://evil.example"})
    assert foreign.status_code == 403
    assert led.campaign.last_event() == before


class TestAsking:
    def test_a_batch_after_a_question(self, led: Served) -> None:
        before = len(led.campaign.batches())
        form = {"size": "7", "gold": "0", "holder": "ann", "key": "one"}
        asked = read_page(led.lead.post("/overview/ask", data=form, headers=HTML).text)
        assert len(led.campaign.batches()) == before
        fields = {each.attributes["name"]: each.attributes["value"] for each in asked.all("form")[-1].all("input")}
        for _ in range(2):  # the second is the same ask
            done = led.lead.post("/overview/ask", data=fields, headers=HTML)
            assert done.status_code == 200, done.text
        assert len(led.campaign.batches()) == before + 1
        batch = led.campaign.batch()
        assert (len(batch), batch.holder, batch.model) == (7, "ann", "v1")
        margins = led.campaign.map.margins()
        assert margins is not None
        assert list(led.campaign.audit())[-2].actor == "lea"

    def test_what_would_fail_is_refused_before_the_question(self, led: Served, empty: Served) -> None:
        answer = led.lead.post("/overview/ask", data={"size": "5000", "key": "k"}, headers=HTML)
        assert answer.status_code == 422
        assert "ladle campaign set --budget COUNT" in answer.text
        assert "Campaign.set" not in answer.text
        assert led.lead.post("/overview/ask", data={"size": "5", "gold": "4000", "key": "k"}).status_code == 422
        answer = empty.lead.post("/overview/ask", data={"size": "5", "key": "k"}, headers=HTML)
        assert answer.status_code == 422
        assert "ladle campaign model VERSION --scores SCORES.parquet" in answer.text
        text = empty.lead.get("/overview", headers=HTML).text
        assert "no recorded model has some" in text
        assert not read_page(text).all("input", name="size")

    def test_gold_that_there_is_not_is_refused_before_the_question(self, led: Served) -> None:
        led.campaign.add_gold(led.campaign.ids.at([150, 151]).to_pylist(), ["cat", "dog"])
        (field,) = read_page(led.lead.get("/overview", headers=HTML).text).all("input", name="gold")
        assert field.attributes["max"] == "2"
        answer = led.lead.post("/overview/ask", data={"size": "5", "gold": "3", "key": "k"}, headers=HTML)
        assert answer.status_code == 422
        assert "at most the 2 gold examples; got 3" in answer.text
        asked = led.lead.post("/overview/ask", data={"size": "5", "gold": "2", "key": "k"}, headers=HTML)
        assert "Choose 5 examples" in asked.text

    def test_the_size_that_is_offered_can_be_asked_for(self, led: Served) -> None:
        (field,) = read_page(led.lead.get("/overview", headers=HTML).text).all("input", name="size")
        figures = led.campaign.figures()
        assert figures.left is not None
        assert int(field.attributes["value"]) == min(1000, figures.left // 2, ROWS - figures.asked)
        led.campaign.set(budget=figures.spend + figures.reserved + 21)
        (field,) = read_page(led.lead.get("/overview", headers=HTML).text).all("input", name="size")
        assert field.attributes["value"] == "10"
        answer = led.lead.post("/overview/ask", data={"size": "10", "key": "k", "confirmed": "true"}, headers=HTML)
        assert answer.status_code == 200, answer.text

    def test_too_many_are_refused(self, led: Served) -> None:
        answer = led.lead.post("/overview/ask", data={"size": "5000", "key": "k", "confirmed": "true"}, headers=HTML)
        assert answer.status_code == 422
        assert "budget" in answer.text or "free" in answer.text


def test_release(led: Served) -> None:
    led.campaign.take("ann", 4)
    asked = led.lead.post("/overview/release", data={"annotator": "ann"}, headers=HTML)
    assert "Release all tasks that ann has and has not answered (4 tasks)" in read_page(asked.text).text
    assert led.lead.post("/overview/release", data={"annotator": "nobody"}).status_code == 404
    done = led.lead.post("/overview/release", data={"annotator": "ann", "confirmed": "true"}, headers=HTML)
    assert "4 tasks are released" in read_page(done.text).text
    assert led.lead.post("/overview/release", data={"annotator": "nobody", "confirmed": "1"}).status_code == 404


def test_exclude_and_include(led: Served) -> None:
    example = str(led.campaign.ids.at([5])[0])
    form = {"ids": f" {example} \n\n", "words": f"odd{EVIL}"}
    done = read_page(led.lead.post("/overview/exclude-examples", data=form, headers=HTML).text)
    assert "1 example is excluded" in done.text
    assert led.campaign.story(example).state == "excluded"
    again = led.lead.post("/overview/include-examples", data=form, headers=HTML)
    assert again.status_code == 200
    assert led.campaign.story(example).state != "excluded"
    assert led.lead.post("/overview/exclude-examples", data={"ids": "", "words": "x"}).status_code == 422
    assert led.lead.post("/overview/exclude-examples", data={"ids": example, "words": " "}).status_code == 422


def test_the_command_that_is_shown_does_the_same(led: Served) -> None:
    from ladle.cli import main

    example = str(led.campaign.ids.at([7])[0])  # with quotes and angle brackets
    form = {"ids": example, "words": f"it's {EVIL}"}
    done = read_page(led.lead.post("/overview/exclude-examples", data=form, headers=HTML).text)
    words = shlex.split(done.all("code")[-1].text)
    assert words[:3] == ["ladle", "campaign", "exclude"]
    led.lead.post("/overview/include-examples", data=form)
    assert main(words[1:]) == 0
    assert led.campaign.story(example).state == "excluded"


def test_a_backup_is_whole_and_recorded(led: Served, tmp_path: Path) -> None:
    answer = led.lead.post("/overview/backup")
    assert answer.status_code == 200
    assert re.search(r'filename="birds-\d{8}-\d{6}\.zip"', answer.headers["content-disposition"])
    (tmp_path / "b.zip").write_bytes(answer.content)
    restored = ladle.Campaign.restore(tmp_path / "other.db", tmp_path / "b.zip", files=str(tmp_path / "other-files"))
    assert restored.resolved() == led.campaign.resolved()
    found = led.campaign.storage()
    assert found.last_backup is not None
    assert (found.last_backup_by, found.changes_since) == ("lea", 0)


def test_a_final_word(led: Served) -> None:
    example = str(led.campaign.disputes()[0].id)
    answer = led.lead.post(
        "/decide", data={"example": json.dumps(example), "label": "cat", "reason": "seen"}, headers=HTML
    )
    assert "The final word on it is cat" in read_page(answer.text).text
    assert [each.label for each in led.campaign.resolved() if each.id == example] == ["cat"]
    assert [each.by for each in led.campaign.adjudications() if each.id == example] == ["lea"]
    led.lead.post("/decide", data={"example": json.dumps(example), "undo": "true"})
    assert led.campaign.story(example).state == "disputed"
    assert led.lead.post("/decide", data={"example": json.dumps(example), "label": "kitten"}).status_code == 422


def states(led: Served) -> dict[str, str]:
    """The state of each example with a task."""
    known = led.campaign.map.colours("state")
    return dict(zip(led.campaign.ids.at(known["row"]).to_pylist(), known["value"].tolist(), strict=True))


class TestListsFromTheMap:
    def form(self, led: Served, shape: str, words: str) -> dict[str, str]:
        found = read_page(led.lead.get("/map/list", params={"shape": shape}, headers=HTML).text)
        digest = found.all("input", name="digest")[0].attributes["value"]
        return {"shape": shape, "words": words, "digest": digest, "confirmed": "true"}

    def shape(self, led: Served) -> tuple[str, set[str]]:
        """A shape around part of the pool, and the ids within it by the layout itself."""
        import numpy as np

        text = "0,0;34000,0;34000,65536;0,65536"
        layout = led.campaign.map.layout()
        rows = layout.rows[layout.within_polygon(np.array([[0, 0], [34000, 0], [34000, 65536], [0, 65536]], float))]
        assert 0 < len(rows) < 200
        return text, set(led.campaign.ids.at(rows).to_pylist())

    def test_the_list(self, led: Served) -> None:
        shape, expected = self.shape(led)
        text = led.lead.get("/map/list.jsonl", params={"shape": shape}).text
        assert {json.loads(line)["id"] for line in text.split("\n")[:-1]} == expected
        seen: list[str] = []
        for number in (1, 2, 3, 4):
            found = read_page(led.lead.get("/map/list", params={"shape": shape, "page": number}, headers=HTML).text)
            seen += [each.text for each in found.all("span", **{"class": "thumb-id"})]
        assert sorted(seen) == sorted(expected)
        assert f"{len(expected)} examples from the map" in found.all("h1")[0].text

    def test_assign(self, led: Served) -> None:
        shape, expected = self.shape(led)
        led.lead.post("/map/list/assign", data=self.form(led, shape, "eve"), headers=HTML)
        assigned = {str(each.id) for each in led.campaign.outstanding() if "eve" in each.assigned_to.split(", ")}
        waiting = {example for example, state in states(led).items() if state in ("open", "disputed")}
        assert assigned == expected & waiting

    def test_gold_and_exclude(self, led: Served) -> None:
        shape, expected = self.shape(led)
        done = led.lead.post("/map/list/gold", data=self.form(led, shape, "cat"), headers=HTML)
        assert f"{len(expected)} examples are gold with the label cat now" in read_page(done.text).text
        gold = {each.id for each in led.campaign.resolved() if each.how == "gold"}
        assert gold <= expected
        excluded = {example for example, state in states(led).items() if state == "excluded"}
        led.lead.post("/map/list/exclude", data=self.form(led, shape, "far off"), headers=HTML)
        assert {example for example, state in states(led).items() if state == "excluded"} == expected | excluded

    @pytest.mark.parametrize(("action", "words"), [("assign", "eve"), ("gold", "cat"), ("exclude", "far off")])
    def test_a_question_comes_first(self, led: Served, action: str, words: str) -> None:
        shape, expected = self.shape(led)
        form = self.form(led, shape, "") | {f"{action}_words": words}
        del form["confirmed"], form["words"]
        before = led.campaign.last_event()
        asked = read_page(led.lead.post(f"/map/list/{action}", data=form, headers=HTML).text)
        assert f"{len(expected)} examples" in asked.text
        assert led.campaign.last_event() == before
        (link,) = [each for each in asked.all("a") if "download" in each.attributes]
        name = link.text.removeprefix("Download ")
        assert name in asked.all("code")[-1].text
        assert len(led.lead.get(link.attributes["href"]).text.splitlines()) == len(expected)
        fields = {each.attributes["name"]: each.attributes["value"] for each in asked.all("form")[-1].all("input")}
        assert led.lead.post(f"/map/list/{action}", data=fields, headers=HTML).status_code == 200
        assert led.campaign.last_event() > before
        refused = led.lead.post(f"/map/list/{action}", data=form | {f"{action}_words": " "}, headers=HTML)
        assert refused.status_code == 422

    def test_those_ticked_alone(self, led: Served) -> None:
        shape, expected = self.shape(led)
        picks = sorted(expected)[:2]
        rows = [str(row) for row in led.campaign.ids.rows_of(picks)]
        form = self.form(led, shape, "dark") | {"pick": rows}
        del form["confirmed"]
        before = {example for example, state in states(led).items() if state == "excluded"}
        asked = read_page(led.lead.post("/map/list/exclude", data=form, headers=HTML).text)
        assert "Exclude 2 examples?" in asked.text
        kept = [each.attributes["value"] for each in asked.all("form")[-1].all("input", name="pick")]
        assert kept == rows
        led.lead.post("/map/list/exclude", data=form | {"confirmed": "true"}, headers=HTML)
        assert {example for example, state in states(led).items() if state == "excluded"} == before | set(picks)
        others = form | {"pick": [str(ROWS)], "confirmed": "true"}
        assert led.lead.post("/map/list/exclude", data=others).status_code == 409

    def test_the_page_of_an_example(self, led: Served) -> None:
        example = str(led.campaign.ids.at([7])[0])
        for action, words in (("assign", "eve"), ("gold", "cat"), ("exclude", "odd"), ("include", "")):
            form = {"example": json.dumps(example), "words": words}
            answer = led.lead.post(f"/overview/{action}-examples", data=form, headers=HTML)
            assert answer.status_code == 200, answer.text
            story = str(led.campaign.story(example))
            said = {"assign": "assigned to eve", "gold": "gold: known", "exclude": "excluded", "include": "included"}
            assert said[action] in story
            address = f"/examples/{quote(example, safe='')}"
            assert address in [each.attributes["href"] for each in read_page(answer.text).all("a")]
            actions = [
                each.attributes["action"] for each in read_page(led.lead.get(address, headers=HTML).text).all("form")
            ]
            back = "include" if action == "exclude" else "exclude"
            assert f"/overview/{back}-examples" in actions

    def test_another_list_is_refused(self, led: Served) -> None:
        form = self.form(led, self.shape(led)[0], "x") | {"digest": "0" * 64}
        before = led.campaign.last_event()
        assert led.lead.post("/map/list/exclude", data=form).status_code == 409
        assert led.campaign.last_event() == before
        assert led.lead.post("/map/list/eat", data=form).status_code == 422

    @pytest.mark.parametrize(
        "shape", ["", "0,0", "0,0;1,1", "x", "0,0;1,1;2", ";".join(["1,1"] * 401), "1e3,0;1,1;2,2"]
    )
    def test_no_shape(self, led: Served, shape: str) -> None:
        assert led.lead.get("/map/list", params={"shape": shape}).status_code == 422


def test_an_annotator_sees_no_story(led: Served) -> None:
    assert led.client(BOB[:3], Role.ANNOTATOR).get("/examples/a%2F1").status_code == 403


def test_an_ask_over_v1_takes_the_scores_of_the_last_model(led: Served) -> None:
    """As the page does: without numbers, and by name. The answer says which model it was."""
    expected = led.campaign.map.margins()
    assert expected is not None
    for number, body in ((3, {"size": 4}), (4, {"size": 4, "scores": "last", "model": expected[0]})):
        answer = led.lead.post("/v1/ask", json=body)
        assert answer.status_code == 200, answer.text
        assert (answer.json()["number"], answer.json()["model"], answer.json()["size"]) == (number, expected[0], 4)
        assert answer.json()["story"]["size"] == 4
    other = led.lead.post("/v1/ask", json={"size": 4, "model": "v8"})
    assert (other.status_code, "POST /v1/scores" in other.json()["remedy"]) == (422, True)
    assert "'v1'" in other.json()["detail"]
